import { describe, expect, it } from 'vitest';
import { testRegion } from './testing.ts';

const Type = 'Orrery::Test::Thing';

/** Two things, the second of which uses the first. */
const pair = (first: object = {}, second: object = {}) => ({
  Resources: {
    A: { Type, Properties: { Value: 'a', ...first } },
    B: { Type, Properties: { Value: 'b', Uses: [{ Ref: 'A' }], ...second } },
  },
  Outputs: { Arn: { Value: { 'Fn::GetAtt': ['B', 'Arn'] } } },
});

describe('a creation', () => {
  it('makes resources in order and tells it as AWS does', async () => {
    const region = testRegion();
    region.create('app', pair());
    await region.settle();
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

  it('that fails is rolled back and leaves nothing', async () => {
    const region = testRegion();
    region.create('app', pair({}, { Fail: 'create' }));
    await region.settle();
    expect(region.things()).toEqual([]);
    expect(region.stack('app').status).toBe('ROLLBACK_COMPLETE');
    expect(region.events('app', true).slice(4)).toEqual([
      'B CREATE_IN_PROGRESS',
      expect.stringMatching(
        /^B CREATE_FAILED: Resource handler returned message: "no room for B" \(RequestToken: [0-9a-f-]{36}, HandlerErrorCode: ServiceLimitExceeded\)$/,
      ),
      'app ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [B]. Rollback requested by user.',
      'B DELETE_COMPLETE',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'app ROLLBACK_COMPLETE',
    ]);
  });
});
