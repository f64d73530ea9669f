/** Templates drawn at random: whatever the order, nothing is made before what it needs, nor ended before what needs it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testRegion } from './testing.ts';

const Type = 'Orrery::Test::Thing';

interface Node {
  readonly needs: readonly number[];
  readonly sleepMs: number;
  readonly value: number;
  readonly named: boolean;
}

const nodes = fc
  .array(
    fc.record({
      needs: fc.uniqueArray(fc.nat(9), { maxLength: 3 }),
      sleepMs: fc.constantFrom(0, 0, 300, 2000),
      value: fc.nat(3),
      named: fc.boolean(),
    }),
    { minLength: 1, maxLength: 9 },
  )
  // Needs point to earlier ones only: no circles.
  .map((list) => list.map((node, index): Node => ({ ...node, needs: node.needs.filter((need) => need < index) })));

function templateOf(list: readonly Node[], failing?: { at: number; how: string }) {
  const entries = list.map(({ needs, sleepMs, value, named }, index) => [
    `N${index}`,
    {
      Type,
      Properties: {
        Value: `${value}`,
        Uses: needs.map((need) => ({ Ref: `N${need}` })),
        SleepMs: sleepMs,
        ...(named ? { Name: `name-${index}-${value}` } : {}),
        ...(failing && failing.at % list.length === index ? { Fail: failing.how } : {}),
      },
    },
  ]);
  // The order in the template says nothing.
  return { Resources: Object.fromEntries(entries.reverse()) };
}

const runs = { numRuns: 60, seed: 20_260_101 };

describe('random templates', () => {
  it('are made in order and deleted in reverse', async () => {
    await fc.assert(
      fc.asyncProperty(nodes, async (list) => {
        const region = testRegion();
        // A thing that uses another is refused while that is not there, and a thing in use is not deleted.
        region.create('app', templateOf(list));
        await region.settle();
        expect(region.stack('app').status).toBe('CREATE_COMPLETE');
        expect(region.things()).toHaveLength(list.length);
        region.delete('app');
        await region.settle();
        expect(region.stack('app').status).toBe('DELETE_COMPLETE');
        expect(region.things()).toEqual([]);
      }),
      runs,
    );
  });

  it('leave nothing when one resource fails', async () => {
    await fc.assert(
      fc.asyncProperty(nodes, fc.nat(8), fc.constantFrom('create', 'slow'), async (list, at, how) => {
        const region = testRegion();
        region.create('app', templateOf(list, { at, how }));
        await region.settle();
        expect(region.stack('app').status).toBe('ROLLBACK_COMPLETE');
        expect(region.things()).toEqual([]);
      }),
      runs,
    );
  });

  it('become any other by an update, or stay what they were when it fails', async () => {
    await fc.assert(
      fc.asyncProperty(nodes, nodes, fc.option(fc.nat(8)), async (first, second, at) => {
        const region = testRegion();
        region.create('app', templateOf(first));
        await region.settle();
        const was = region.things();
        region.update('app', templateOf(second, at === null ? undefined : { at, how: 'create update' }));
        await region.settle();
        const { status } = region.stack('app');
        if (status === 'UPDATE_COMPLETE') {
          // What fails need not have been touched.
          const fresh = testRegion();
          fresh.create('app', templateOf(second));
          await fresh.settle();
          expect(shape(region.things())).toEqual(shape(fresh.things()));
        } else {
          expect(at).not.toBeNull();
          expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
          expect(shape(region.things())).toEqual(shape(was));
        }
      }),
      runs,
    );
  });
});

function shape(things: readonly { id: string; name: string; value: string }[]): string[] {
  const all = things as readonly { id: string; name: string; value: string; uses: string[] }[];
  const names = new Map(all.map(({ id, name }) => [id, name.replace(/-[A-Z0-9]{12}$/, '')]));
  return all
    .map(({ id, value, uses }) => `${names.get(id)}=${value} uses ${uses.map((used) => names.get(used))}`)
    .sort();
}
