import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupOf, target } from './balancer.fixture.ts';
import type { TargetConfig } from './config.ts';
import { Selection, type View } from './selection.ts';

const targets = (count: number): TargetConfig[] =>
  Array.from({ length: count }, (_, n) => ({ ...target, id: `i-${n}`, zone: n % 2 === 0 ? 'a' : 'b' }));

const all: View = { epoch: 0, isHealthy: () => true, inFlight: () => 0, chance: () => 0 };

function chosen(
  times: number,
  group = groupOf('api', targets(4)),
  view: View = all,
  zone?: string,
): (string | undefined)[] {
  const selection = new Selection();
  return Array.from({ length: times }, () => selection.choose(group, zone, view, undefined)?.id);
}

describe('round robin', () => {
  it('gives each healthy target as many as any other, give or take one', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.nat(100), (healthy, times) => {
        const view: View = { ...all, isHealthy: ({ id }) => healthy[Number(id.slice(2))] ?? false };
        const counts = new Map<string | undefined, number>();
        for (const id of chosen(times, groupOf('api', targets(healthy.length)), view))
          counts.set(id, (counts.get(id) ?? 0) + 1);
        const given = [...counts.values()];
        if (given.length > 0) expect(Math.max(...given) - Math.min(...given)).toBeLessThanOrEqual(1);
        // With none healthy it fails open.
        if (healthy.includes(true)) for (const id of counts.keys()) expect(healthy[Number(id?.slice(2))]).toBe(true);
        else expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(times);
      }),
    );
  });

  it('starts anew with who is there when something has changed', () => {
    const selection = new Selection();
    const [one, two] = targets(2);
    if (!one || !two) throw new Error('there are two');
    const group = groupOf('api', [one, two]);
    const ill = { ...all, isHealthy: ({ id }: TargetConfig) => id !== 'i-0' };
    expect([0, 0].map(() => selection.choose(group, undefined, all, undefined)?.id).sort()).toEqual(['i-0', 'i-1']);
    expect([0, 0].map(() => selection.choose(group, undefined, { ...ill, epoch: 1 }, undefined)?.id)).toEqual([
      'i-1',
      'i-1',
    ]);
    const draining = groupOf('api', [one, { ...two, draining: true }]);
    expect(selection.choose(draining, undefined, { ...all, epoch: 2 }, undefined)?.id).toBe('i-0');
    expect(selection.choose(groupOf('api', []), undefined, { ...all, epoch: 3 }, undefined)).toBeUndefined();
  });

  it('stays in the zone when it must', () => {
    expect(new Set(chosen(10, undefined, all, 'b'))).toEqual(new Set(['i-1', 'i-3']));
    expect(chosen(1, undefined, all, 'c')).toEqual([undefined]);
  });
});

it('least outstanding requests goes to who has fewest, and in turn among equals', () => {
  const group = groupOf('api', targets(3), { algorithm: 'least_outstanding_requests' });
  const flying = [2, 1, 2];
  const view: View = { ...all, inFlight: ({ id }) => flying[Number(id.slice(2))] ?? 0 };
  expect(chosen(3, group, view)).toEqual(['i-1', 'i-1', 'i-1']);
  expect(new Set(chosen(3, group, all))).toEqual(new Set(['i-0', 'i-1', 'i-2']));
});

it('weighted random goes by chance', () => {
  const group = groupOf('api', targets(4), { algorithm: 'weighted_random' });
  expect([0, 0.26, 0.5, 0.99].map((chance) => chosen(1, group, { ...all, chance: () => chance })[0])).toEqual([
    'i-0',
    'i-1',
    'i-2',
    'i-3',
  ]);
});

it('a request that is bound goes to its target while that is healthy', () => {
  const group = groupOf('api', targets(4));
  const bound = (view: View) => new Selection().choose(group, undefined, view, 'i-2')?.id;
  expect(bound(all)).toBe('i-2');
  expect(bound({ ...all, isHealthy: ({ id }) => id === 'i-3' })).toBe('i-3');
});
