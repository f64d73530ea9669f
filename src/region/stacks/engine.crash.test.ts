/** The region killed after every single write, and started again: each operation must end as if nothing had happened. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../clock/clock.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Table } from '../store/store.ts';
import { type TestRegion, testRegion } from './testing.ts';

interface Write {
  readonly table: string;
  readonly key: string;
  readonly value: unknown;
}

/** A store that remembers every write in order, as a disk's log would. */
function journalled() {
  const store = memoryStore();
  const writes: Write[] = [];
  const watched = new Set<string>();
  return {
    writes,
    table<T>(name: string): Table<T> {
      const table = store.table<T>(name);
      if (!watched.has(name)) {
        watched.add(name);
        table.watch((key, value) => writes.push({ table: name, key, value }));
      }
      return table;
    },
  };
}

function restarted(writes: readonly Write[], now: number): TestRegion {
  const store = memoryStore();
  for (const { table, key, value } of writes) {
    if (value === undefined) store.table(table).delete(key);
    else store.table(table).put(key, value);
  }
  const region = testRegion({ store, clock: new VirtualClock(now), seed: 99 });
  region.engine.resume();
  return region;
}

/** What there is, without ids and the random ends of names. */
function outcome(region: TestRegion) {
  const things = region.things() as (ReturnType<TestRegion['things']>[number] & { uses: string[] })[];
  const contents = new Map(things.map(({ id, value }) => [id, value]));
  const stack = region.stack('app');
  return {
    status: stack.status,
    things: things
      .map(
        ({ value, name, uses }) =>
          `${name.replace(/-[A-Z0-9]{12}$/, '')} ${value} ${uses.map((id) => contents.get(id) ?? 'nothing')}`,
      )
      .sort(),
    resources: region.resources('app'),
    outputs: stack.outputs.map(({ key }) => key),
  };
}

const Type = 'Orrery::Test::Thing';
const template = (a: object = {}, b: object = {}, c: object = {}) => ({
  Resources: {
    A: { Type, Properties: { Value: 'a', ...a } },
    B: { Type, Properties: { Value: 'b', Uses: [{ Ref: 'A' }], ...b } },
    C: { Type, Properties: { Value: 'c', SleepMs: 500, ...c } },
  },
  Outputs: { Name: { Value: { Ref: 'B' } } },
});
const changed = {
  Resources: {
    A: { Type, Properties: { Value: 'a2', Name: 'named' } },
    B: { Type, Properties: { Value: 'b2', Uses: [{ Ref: 'A' }] } },
    D: { Type, DependsOn: 'B', Properties: { Value: 'd' } },
  },
};
const failing = {
  Resources: { ...changed.Resources, D: { Type, DependsOn: 'B', Properties: { Value: 'd', Fail: 'create' } } },
};

const scenarios: Record<
  string,
  { before?: (region: TestRegion) => void; act: (region: TestRegion) => void; status: string }
> = {
  'a creation': { act: (region) => region.create('app', template()), status: 'CREATE_COMPLETE' },
  'a creation that fails': {
    act: (region) => region.create('app', template({}, { Fail: 'create' })),
    status: 'ROLLBACK_COMPLETE',
  },
  'a creation that breaks half-way': {
    act: (region) => region.create('app', template({}, { Fail: 'slow' })),
    status: 'ROLLBACK_COMPLETE',
  },
  'an update with a replacement, an addition and a removal': {
    before: (region) => region.create('app', template()),
    act: (region) => region.update('app', changed),
    status: 'UPDATE_COMPLETE',
  },
  'an update that fails': {
    before: (region) => region.create('app', template()),
    act: (region) => region.update('app', failing),
    status: 'UPDATE_ROLLBACK_COMPLETE',
  },
  'a deletion': {
    before: (region) => region.create('app', template()),
    act: (region) => region.delete('app'),
    status: 'DELETE_COMPLETE',
  },
  'a deletion that fails': {
    before: (region) => region.create('app', template({ Fail: 'delete' })),
    act: (region) => region.delete('app'),
    status: 'DELETE_FAILED',
  },
};

describe.each(Object.entries(scenarios))('%s', (_, { before, act, status }) => {
  it('ends the same after a crash at any write', async () => {
    const store = journalled();
    const region = testRegion({ store });
    before?.(region);
    await region.settle();
    const start = store.writes.length;
    act(region);
    const begun = store.writes.length;
    await region.settle();
    const expected = outcome(region);
    expect(expected.status).toBe(status);
    expect(store.writes.length - start).toBeGreaterThan(5);
    for (let end = begun; end <= store.writes.length; end++) {
      const again = restarted(store.writes.slice(0, end), region.clock.now());
      await again.settle();
      expect(outcome(again), `killed after write ${end - start}`).toEqual(expected);
    }
  });
});
