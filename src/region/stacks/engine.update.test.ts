import { describe, expect, it } from 'vitest';
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

describe('an update', () => {
  it('changes in place what can be, and nothing else', async () => {
    const region = await created();
    const before = region.events('app').length;
    region.update('app', pair({ Value: 'changed' }));
    await region.settle();
    expect(region.things().map(({ id, value }) => [id, value])).toEqual([
      ['thing-1', 'changed'],
      ['thing-2', 'b'],
    ]);
    expect(region.events('app', true).slice(before)).toEqual([
      'app UPDATE_IN_PROGRESS: User Initiated',
      'A UPDATE_IN_PROGRESS',
      'A UPDATE_COMPLETE',
      'app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'app UPDATE_COMPLETE',
    ]);
  });

  it('makes the replacement first, points the others at it, and deletes the old one at the end', async () => {
    const region = await created();
    const before = region.events('app').length;
    region.update('app', pair({ Name: 'named' }));
    await region.settle();
    expect(region.events('app', true).slice(before)).toEqual([
      'app UPDATE_IN_PROGRESS: User Initiated',
      'A UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.',
      'A UPDATE_IN_PROGRESS: Resource creation Initiated',
      'A UPDATE_COMPLETE',
      'B UPDATE_IN_PROGRESS',
      'B UPDATE_COMPLETE',
      'app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app UPDATE_COMPLETE',
    ]);
    expect(region.things()).toMatchObject([
      { id: 'thing-2', uses: ['thing-3'] },
      { id: 'thing-3', name: 'named' },
    ]);
  });

  it('keeps a replaced resource whose policy says so', async () => {
    const region = await created();
    const template = pair({ Name: 'named' });
    Object.assign(template.Resources.A, { UpdateReplacePolicy: 'Retain' });
    region.update('app', template);
    await region.settle();
    expect(region.things()).toHaveLength(3);
    expect(region.events('app')).toContain('A DELETE_SKIPPED');
  });

  it('deletes what is not in the template any more, dependents first, and adds what is new', async () => {
    const region = await created();
    region.update('app', { Resources: { C: { Type, Properties: { Value: 'c' } } } });
    await region.settle();
    expect(region.things().map(({ value }) => value)).toEqual(['c']);
    expect(region.events('app').slice(-6)).toEqual([
      'app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'B DELETE_IN_PROGRESS',
      'B DELETE_COMPLETE',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app UPDATE_COMPLETE',
    ]);
    expect(region.resources('app')).toEqual({ C: 'CREATE_COMPLETE' });
  });

  it('that fails goes back to exactly what was', async () => {
    const region = await created(pair({}, {}, { Gone: { Type, Properties: { Value: 'gone' } } }));
    const was = region.things();
    const before = region.events('app').length;
    region.update(
      'app',
      pair(
        { Value: 'changed', Name: 'named' },
        { Value: 'b2', Fail: 'update' },
        { New: { Type, Properties: { Value: 'new' } } },
      ),
    );
    await region.settle();
    expect(region.stack('app').status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(region.things()).toEqual(was);
    const told = region.events('app', true).slice(before);
    expect(told.filter((event) => !event.startsWith('New'))).toEqual([
      'app UPDATE_IN_PROGRESS: User Initiated',
      'A UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.',
      'A UPDATE_IN_PROGRESS: Resource creation Initiated',
      'A UPDATE_COMPLETE',
      'B UPDATE_IN_PROGRESS',
      handlerMessage('B', 'UPDATE_FAILED', 'thing-3 cannot be changed', 'InvalidRequest'),
      'app UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [B].',
      'A UPDATE_IN_PROGRESS',
      'A UPDATE_COMPLETE',
      'B UPDATE_IN_PROGRESS',
      'B UPDATE_COMPLETE',
      'app UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app UPDATE_ROLLBACK_COMPLETE',
    ]);
    expect(told.filter((event) => event.startsWith('New'))).toEqual([
      'New CREATE_IN_PROGRESS',
      'New CREATE_IN_PROGRESS: Resource creation Initiated',
      'New CREATE_COMPLETE',
      'New DELETE_IN_PROGRESS',
      'New DELETE_COMPLETE',
    ]);
    // And the next update starts from there.
    region.update('app', pair({ Value: 'again' }, {}, { Gone: { Type, Properties: { Value: 'gone' } } }));
    await region.settle();
    expect(region.stack('app').status).toBe('UPDATE_COMPLETE');
    expect(region.things().map(({ value }) => value)).toEqual(['again', 'gone', 'b']);
  });

  it('that fails and is told not to go back can be put right, or gone back from', async () => {
    for (const way of ['forward', 'back'] as const) {
      const region = await created();
      const was = region.things();
      region.update('app', pair({ Name: 'named' }, { Value: 'b2', Fail: 'update' }), { disableRollback: true });
      await region.settle();
      expect(region.stack('app').status).toBe('UPDATE_FAILED');
      if (way === 'back') region.engine.rollBack(region.stack('app'), { caller: {} });
      else region.update('app', pair({ Name: 'other' }, { Value: 'b3' }));
      await region.settle();
      expect(region.stack('app').status).toBe(way === 'back' ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
      if (way === 'back') expect(region.things()).toEqual(was);
      else
        expect(region.things()).toMatchObject([
          { id: 'thing-2', value: 'b3', uses: ['thing-4'] },
          { id: 'thing-4', name: 'other' },
        ]);
    }
  });

  it('cancelled goes back', async () => {
    const region = await created();
    const was = region.things();
    region.update('app', pair({ Value: 'x' }, { Value: 'y', SleepMs: 600_000 }));
    await region.clock.advance(1000);
    region.engine.cancelUpdate(region.stack('app'));
    // The way back waits as long again, as B's own properties say nothing of sleeping.
    await region.settle();
    expect(region.stack('app').status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(region.things()).toEqual(was);
    expect(region.events('app', true)).toContain('B UPDATE_FAILED: Resource update cancelled');
  });

  it('whose way back fails can be continued without what is in the way', async () => {
    // What was made cannot be changed back: an update of it always fails.
    const region = await created(pair({}, { Fail: 'update' }, { C: { Type, Properties: { Value: 'c' } } }));
    region.update(
      'app',
      pair({}, { Value: 'other' }, { C: { Type, DependsOn: 'B', Properties: { Value: 'c2', Fail: 'update' } } }),
    );
    await region.settle();
    expect(region.stack('app')).toMatchObject({
      status: 'UPDATE_ROLLBACK_FAILED',
      statusReason: 'The following resource(s) failed to update: [B].',
    });
    region.engine.rollBack(region.stack('app'), { caller: {}, skip: ['B'] });
    await region.settle();
    expect(region.stack('app').status).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  it('says so when the clean-up leaves something, and lets go of it', async () => {
    const region = await created(pair({}, {}, { Stuck: { Type, Properties: { Fail: 'delete' } } }));
    region.update('app', pair());
    await region.settle();
    expect(region.stack('app')).toMatchObject({
      status: 'UPDATE_COMPLETE',
      statusReason: 'Update successful. One or more resources could not be deleted.',
    });
    expect(region.resources('app')).toEqual({ A: 'CREATE_COMPLETE', B: 'CREATE_COMPLETE' });
    expect(region.events('app').filter((event) => event === 'Stuck DELETE_FAILED')).toHaveLength(1);
  });

  it('of metadata alone reaches the record and calls nothing', async () => {
    const region = await created(pair({}, { Fail: 'update' }));
    const template = pair({}, { Fail: 'update' });
    Object.assign(template.Resources.B, { Metadata: { Version: 2 } });
    region.update('app', template);
    await region.settle();
    expect(region.stack('app').status).toBe('UPDATE_COMPLETE');
    expect(region.events('app')).toContain('B UPDATE_COMPLETE');
  });
});
