import { describe, expect, it } from 'vitest';
import { stackResources } from './records.ts';
import { resourceType } from './resource-type.ts';
import { receiveSignal } from './signals.ts';
import { testRegion } from './testing.ts';

const Type = 'Orrery::Test::Thing';

/** Two things, the second of which uses the first. */
const pair = (first: object = {}, second: object = {}, more: object = {}) => ({
  Resources: {
    A: { Type, Properties: { Value: 'a', ...first } },
    B: { Type, Properties: { Value: 'b', Uses: [{ Ref: 'A' }], ...second } },
    ...more,
  },
  Outputs: { Arn: { Value: { 'Fn::GetAtt': ['B', 'Arn'] } } },
});

async function created(template: object = pair()) {
  const region = testRegion();
  region.create('app', template);
  await region.settle();
  expect(region.stack('app').status).toBe('CREATE_COMPLETE');
  return region;
}

const handlerMessage = (resource: string, status: string, text: string, code: string) =>
  expect.stringMatching(
    new RegExp(
      `^${resource} ${status}: Resource handler returned message: "${text}" \\(RequestToken: [0-9a-f-]{36}, HandlerErrorCode: ${code}\\)$`,
    ),
  );

describe('a creation', () => {
  it('makes resources in order and tells it as AWS does', async () => {
    const region = await created();
    expect(region.events('app', true)).toEqual([
      'app CREATE_IN_PROGRESS: User Initiated',
      'A CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS: Resource creation Initiated',
      'A CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_IN_PROGRESS: Resource creation Initiated',
      'B CREATE_COMPLETE',
      'app CREATE_COMPLETE',
    ]);
    expect(region.things().map(({ value }) => value)).toEqual(['a', 'b']);
    expect(region.things()[0]?.name).toMatch(/^app-A-[A-Z0-9]{12}$/);
    expect(region.stack('app').outputs).toEqual([{ key: 'Arn', value: 'arn:thing/thing-2' }]);
  });

  it('makes what does not depend on each other at the same time', async () => {
    const region = testRegion();
    const slow = { Type, Properties: { SleepMs: 60_000 } };
    region.create('app', { Resources: { A: slow, B: slow, C: { ...slow, DependsOn: ['A', 'B'] } } });
    await region.settle();
    const [a, b, c] = region.things();
    expect(a?.madeAt).toBe(b?.madeAt);
    expect(c?.madeAt).toBe((a?.madeAt ?? 0) + 60_000);
  });

  it('that fails is rolled back and leaves nothing', async () => {
    const region = testRegion();
    region.create('app', pair({}, { Fail: 'create' }));
    await region.settle();
    expect(region.things()).toEqual([]);
    expect(region.stack('app').status).toBe('ROLLBACK_COMPLETE');
    expect(region.events('app', true).slice(4)).toEqual([
      'B CREATE_IN_PROGRESS',
      handlerMessage('B', 'CREATE_FAILED', 'no room for B', 'ServiceLimitExceeded'),
      'app ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [B]. Rollback requested by user.',
      'B DELETE_COMPLETE',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app ROLLBACK_COMPLETE',
    ]);
  });

  it('cancels what is under way when another resource fails', async () => {
    const region = testRegion();
    const Resources = {
      Slow: { Type, Properties: { SleepMs: 3_600_000 } },
      Broken: { Type, Properties: { Fail: 'slow' } },
    };
    region.create('app', { Resources });
    await region.settle();
    expect(region.events('app', true)).toEqual(
      expect.arrayContaining([
        'Slow CREATE_FAILED: Resource creation cancelled',
        'app ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [Slow, Broken]. Rollback requested by user.',
      ]),
    );
    // It was broken after it had been made, and said its id in time.
    expect(region.things()).toEqual([]);
  });

  it.each([
    ['DO_NOTHING', 'CREATE_FAILED', ['a'], 'The following resource(s) failed to create: [B].'],
    ['DELETE', 'DELETE_COMPLETE', [], undefined],
  ] as const)('with %s ends in %s', async (onFailure, status, left, reason) => {
    const region = testRegion();
    region.create('app', pair({}, { Fail: 'create' }), { onFailure });
    await region.settle();
    expect(region.stack('app')).toMatchObject({ status, statusReason: reason });
    expect(region.things().map(({ value }) => value)).toEqual(left);
  });

  it('keeps what its policy retains, except what RetainExceptOnCreate was made by it', async () => {
    const region = testRegion();
    const Resources = {
      Kept: { Type, DeletionPolicy: 'Retain', Properties: { Value: 'kept' } },
      Undone: { Type, DeletionPolicy: 'RetainExceptOnCreate', Properties: { Value: 'undone' } },
      Broken: { Type, DependsOn: ['Kept', 'Undone'], Properties: { Fail: 'create' } },
    };
    region.create('app', { Resources });
    await region.settle();
    expect(region.things().map(({ value }) => value)).toEqual(['kept']);
    expect(region.resources('app')).toEqual({
      Kept: 'DELETE_SKIPPED',
      Undone: 'DELETE_COMPLETE',
      Broken: 'DELETE_COMPLETE',
    });
  });

  it('ends when its time is over', async () => {
    const region = testRegion();
    region.create('app', { Resources: { A: { Type, Properties: { SleepMs: 3_600_000 } } } }, { timeoutMinutes: 5 });
    const start = region.clock.now();
    await region.settle();
    expect(region.clock.now() - start).toBeLessThan(10 * 60_000);
    expect(region.events('app', true)).toContain(
      'app ROLLBACK_IN_PROGRESS: Stack creation time exceeded the specified timeout. Rollback requested by user.',
    );
  });

  it('fails a resource whose properties refer to an attribute that is not there', async () => {
    const region = testRegion();
    region.create('app', pair({}, { Value: { 'Fn::GetAtt': ['A', 'Nothing'] } }));
    await region.settle();
    expect(region.events('app', true)).toContain(
      'B CREATE_FAILED: The attribute Nothing of Orrery::Test::Thing (A) is not modelled by Orrery.',
    );
    expect(region.things()).toEqual([]);
  });

  it('asks parts of an attribute with dots', async () => {
    const region = await created(pair({}, { Value: { 'Fn::Sub': 'see ${A.Nested.Value}' } }));
    expect(region.things()[1]?.value).toBe('see a');
  });

  it('leaves out what is not modelled, when told to go on', async () => {
    const region = await created(pair({}, {}, { Fn: { Type: 'AWS::Lambda::Function' } }));
    expect(region.events('app', true)).toContain(
      'Fn CREATE_COMPLETE: AWS::Lambda::Function is not modelled by Orrery: the resource is left out',
    );
    region.delete('app');
    await region.settle();
    expect(region.stack('app').status).toBe('DELETE_COMPLETE');
  });

  it('broken off by a deletion ends with nothing', async () => {
    const region = testRegion();
    region.create('app', pair({ SleepMs: 600_000 }));
    await region.clock.advance(1000);
    region.delete('app');
    expect(region.stack('app').status).toBe('DELETE_IN_PROGRESS');
    await region.settle();
    expect(region.stack('app').status).toBe('DELETE_COMPLETE');
    expect(region.things()).toEqual([]);
  });
});

describe('a deletion', () => {
  it('goes in the reverse order', async () => {
    const region = await created();
    const before = region.events('app').length;
    region.delete('app');
    await region.settle();
    expect(region.things()).toEqual([]);
    expect(region.events('app', true).slice(before)).toEqual([
      'app DELETE_IN_PROGRESS: User Initiated',
      'B DELETE_IN_PROGRESS',
      'B DELETE_COMPLETE',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app DELETE_COMPLETE',
    ]);
  });

  it('that fails can be tried again, leaving what is in the way', async () => {
    const region = await created(pair({ Fail: 'delete' }));
    region.delete('app');
    await region.settle();
    expect(region.stack('app')).toMatchObject({
      status: 'DELETE_FAILED',
      statusReason: 'The following resource(s) failed to delete: [A].',
    });
    expect(region.resources('app')).toEqual({ A: 'DELETE_FAILED', B: 'DELETE_COMPLETE' });
    region.delete('app', ['A']);
    await region.settle();
    expect(region.stack('app').status).toBe('DELETE_COMPLETE');
    expect(region.things()).toHaveLength(1);
  });

  it('keeps what its policy retains', async () => {
    const template = pair();
    Object.assign(template.Resources.A, { DeletionPolicy: 'Retain' });
    const region = await created(template);
    region.delete('app');
    await region.settle();
    expect(region.things().map(({ value }) => value)).toEqual(['a']);
    expect(region.events('app')).toContain('A DELETE_SKIPPED');
  });
});

describe('exports', () => {
  const exporting = (Value: unknown, Name = 'shared') => ({
    Resources: { A: { Type, Properties: { Value: 'a' } } },
    Outputs: { Out: { Value, Export: { Name } } },
  });
  const importing = { Resources: { B: { Type, Properties: { Value: { 'Fn::ImportValue': 'shared' } } } } };

  it('are found by other stacks and held as long as they are used', async () => {
    const region = testRegion();
    region.create('giver', exporting({ 'Fn::GetAtt': ['A', 'Arn'] }));
    await region.settle();
    region.create('taker', importing);
    await region.settle();
    expect(region.things()[1]?.value).toBe('arn:thing/thing-1');
    region.delete('giver');
    await region.settle();
    expect(region.stack('giver')).toMatchObject({
      status: 'DELETE_FAILED',
      statusReason: 'Export shared cannot be deleted as it is in use by taker',
    });
    region.delete('taker');
    await region.settle();
    region.delete('giver');
    await region.settle();
    expect(region.stack('giver').status).toBe('DELETE_COMPLETE');
  });

  it.each([
    ['changed', exporting('another'), 'Export shared cannot be updated as it is in use by taker'],
    ['taken away', exporting('another', 'renamed'), 'Export shared cannot be deleted as it is in use by taker'],
  ])('in use cannot be %s', async (_, template, reason) => {
    const region = testRegion();
    region.create('giver', exporting('one'));
    await region.settle();
    region.create('taker', importing);
    await region.settle();
    region.update('giver', template);
    await region.settle();
    expect(region.stack('giver').status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(region.events('giver', true)).toContain(`giver UPDATE_ROLLBACK_IN_PROGRESS: ${reason}`);
  });

  it('must be unique, and must be there', async () => {
    const region = testRegion();
    region.create('giver', exporting('one'));
    await region.settle();
    region.create('second', exporting('two'));
    await region.settle();
    expect(region.events('second', true)).toContain(
      'second ROLLBACK_IN_PROGRESS: Export with name shared is already exported by stack giver. Rollback requested by user.',
    );
    region.delete('giver');
    await region.settle();
    region.create('taker', importing);
    await region.settle();
    expect(region.events('taker', true)).toContain('B CREATE_FAILED: No export named shared found');
  });
});

describe('a creation policy', () => {
  const waiting = (Count: number, Timeout = 'PT10M') => ({
    Resources: { A: { Type, CreationPolicy: { ResourceSignal: { Count, Timeout } }, Properties: { Value: 'a' } } },
  });
  const signal = (region: ReturnType<typeof testRegion>, uniqueId: string, success = true) =>
    receiveSignal(region.host, { stackId: region.stack('app').id, logicalId: 'A', uniqueId, success });

  it('holds the resource until its signals came, each counted once', async () => {
    const region = testRegion();
    region.create('app', waiting(2));
    await region.clock.advance(1000);
    signal(region, 'i-1');
    signal(region, 'i-1');
    await region.clock.advance(1000);
    expect(region.resources('app')).toEqual({ A: 'CREATE_IN_PROGRESS' });
    signal(region, 'i-2');
    await region.settle();
    expect(region.stack('app').status).toBe('CREATE_COMPLETE');
    expect(region.events('app', true)).toContain('A CREATE_IN_PROGRESS: Received SUCCESS signal with UniqueId i-2');
  });

  it('fails the resource on failures and on time', async () => {
    const region = testRegion();
    region.create('app', waiting(1));
    await region.clock.advance(1000);
    signal(region, 'i-1', false);
    await region.settle();
    expect(region.events('app', true)).toContain(
      'A CREATE_FAILED: Received 1 FAILURE signal(s) out of 1. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
    );
    region.delete('app');
    await region.settle();
    region.create('app', waiting(1));
    const start = region.clock.now();
    await region.settle();
    expect(region.clock.now() - start).toBeGreaterThanOrEqual(10 * 60_000);
    expect(region.events('app', true)).toContain(
      'A CREATE_FAILED: Failed to receive 1 resource signal(s) within the specified duration',
    );
    expect(region.things()).toEqual([]);
  });
});

describe('what surrounds a stack', () => {
  const slowTypes = (calls: string[]) => ({
    'Orrery::Test::Live': resourceType<{ Uses?: string; Tags?: unknown }>({
      honours: ['Uses', 'Tags'],
      async create({ logicalId, stackTags }) {
        calls.push(`create ${logicalId} ${stackTags.map(({ Key, Value }) => `${Key}=${Value}`)[0]}`);
        return { physicalId: logicalId, attributes: { Count: 'none yet' } };
      },
      read: async () => ({ Count: `asked ${calls.length}` }),
      delete: async () => {},
    }),
  });

  it('attributes that others change are read when they are used', async () => {
    const calls: string[] = [];
    const region = testRegion({ types: slowTypes(calls) });
    const Live = 'Orrery::Test::Live';
    region.create(
      'app',
      {
        Resources: {
          A: { Type: Live },
          B: { Type: Live, DependsOn: 'A' },
          C: { Type, DependsOn: 'B', Properties: { Value: { 'Fn::GetAtt': ['A', 'Count'] } } },
        },
        Outputs: { Count: { Value: { 'Fn::GetAtt': ['A', 'Count'] } } },
      },
      { tags: { team: 'one' } },
    );
    await region.settle();
    expect(region.things()[0]?.value).toBe('asked 2');
    expect(region.stack('app').outputs[0]?.value).toBe('asked 2');
    expect(calls[0]).toBe('create A team=one');
  });

  it('topics are told every event, and one that is not there stops nothing', async () => {
    const told: { TopicArn: string; Message: string }[] = [];
    const region = testRegion({
      invoke: async (_, __, input) => {
        told.push(input as (typeof told)[number]);
        if (told.length === 1) throw new Error('no such topic');
        return {};
      },
    });
    region.create('app', pair(), { notificationArns: ['arn:topic'] });
    await region.settle();
    expect(told).toHaveLength(region.events('app').length);
    expect(told.at(-1)).toMatchObject({
      TopicArn: 'arn:topic',
      Message: expect.stringMatching(/LogicalResourceId='app'\n.*ResourceStatus='CREATE_COMPLETE'\n/s),
    });
  });

  it('dynamic references are looked up at each use and never kept', async () => {
    const stored: Record<string, { Value: string; Type: string }> = {
      '/plain': { Value: 'one', Type: 'String' },
      '/secret:2': { Value: 'hush', Type: 'SecureString' },
    };
    const region = testRegion({
      invoke: async (_, operation, input) => {
        expect(operation).toBe('GetParameter');
        return { Parameter: stored[(input as { Name: string }).Name] };
      },
    });
    const using = (Value: string) => ({ Resources: { A: { Type, Properties: { Value } } } });
    region.create('app', using('<{{resolve:ssm:/plain}}> {{resolve:ssm-secure:/secret:2}}'));
    await region.settle();
    expect(region.things()[0]?.value).toBe('<one> hush');
    const kept = stackResources(region.host, region.stack('app').id).map(({ properties }) => properties);
    const records = JSON.stringify(kept);
    expect(records).toContain('{{resolve:ssm-secure:/secret:2}}');
    expect(records).not.toContain('<one> hush');
    region.create('plain', using('{{resolve:ssm:/secret:2}}'));
    region.create('manager', using('{{resolve:secretsmanager:x}}'));
    await region.settle();
    expect(region.events('plain', true)[2]).toBe(
      'A CREATE_FAILED: Non-secure SSM prefix was used for secure parameter: /secret:2',
    );
    expect(region.events('manager', true)[2]).toContain('secretsmanager:x}} is not modelled by Orrery');
  });
});
