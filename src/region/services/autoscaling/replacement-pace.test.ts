import { describe, expect, test } from 'vitest';
import { ends, type HealthyBounds, launches, type Standing } from './replacement-pace.ts';

/** Those that have a successor end first. */
function pace(bounds: HealthyBounds, now: Standing) {
  const end = ends(bounds, now);
  const endAhead = Math.min(end, now.ahead);
  const waiting = now.old - end - (now.ahead - endAhead);
  return { launch: launches(bounds, { desired: now.desired, capacity: now.capacity - endAhead, waiting }), end };
}

describe('how many are launched and ended at the start', () => {
  test.each<[string, HealthyBounds, number, { launch: number; end: number }]>([
    ['90 % of ten: one ends while its successor is launched', { min: 90 }, 10, { launch: 0, end: 1 }],
    ['90 % of two: one, though it is more than 10 %', { min: 90 }, 2, { launch: 0, end: 1 }],
    ['100 % without an upper bound: one at a time', { min: 100 }, 10, { launch: 0, end: 1 }],
    ['0 %: all of them', { min: 0 }, 4, { launch: 0, end: 4 }],
    ['50 %', { min: 50 }, 5, { launch: 0, end: 2 }],
    ['100 to 100 %: the successor first, one over', { min: 100, max: 100 }, 4, { launch: 1, end: 0 }],
    ['100 to 110 % of two: one over', { min: 100, max: 110 }, 2, { launch: 1, end: 0 }],
    ['100 to 150 % of two', { min: 100, max: 150 }, 2, { launch: 1, end: 0 }],
    ['100 to 200 %: all successors first', { min: 100, max: 200 }, 3, { launch: 3, end: 0 }],
    ['90 to 120 %: as few as nine, as many as twelve', { min: 90, max: 120 }, 10, { launch: 2, end: 1 }],
    ['90 to 100 %: as without an upper bound', { min: 90, max: 100 }, 10, { launch: 0, end: 1 }],
  ])('%s', (_, bounds, size, expected) => {
    const all = { desired: size, capacity: size, ready: size, old: size, oldUnready: 0, ahead: 0, succeeded: 0 };
    expect(pace(bounds, all)).toEqual(expected);
  });
});

test('nothing more happens until what is under way is ready', () => {
  expect(
    pace({ min: 90 }, { desired: 2, capacity: 2, ready: 1, old: 1, oldUnready: 0, ahead: 0, succeeded: 0 }),
  ).toEqual({
    launch: 0,
    end: 0,
  });
  const successorComes = { desired: 2, capacity: 3, ready: 2, old: 2, oldUnready: 0, ahead: 1, succeeded: 0 };
  expect(pace({ min: 100, max: 150 }, successorComes)).toEqual({ launch: 0, end: 0 });
  expect(pace({ min: 100, max: 150 }, { ...successorComes, ready: 3 })).toEqual({ launch: 1, end: 1 });
});

test('what serves nobody may go as long as enough others serve', () => {
  const sick = { desired: 4, capacity: 4, ready: 3, old: 4, oldUnready: 1, ahead: 0, succeeded: 0 };
  expect(pace({ min: 75, max: 100 }, sick).end).toBe(1);
  expect(pace({ min: 100, max: 125 }, sick)).toEqual({ launch: 1, end: 0 });
});

test('a group in which nothing serves is replaced, too', () => {
  const sick = { desired: 4, capacity: 4, ready: 0, old: 4, oldUnready: 4, ahead: 0, succeeded: 0 };
  expect(pace({ min: 100, max: 110 }, sick)).toEqual({ launch: 1, end: 0 });
  const first = { ...sick, capacity: 5, ahead: 1 };
  expect(pace({ min: 100, max: 110 }, first)).toEqual({ launch: 0, end: 0 });
  expect(pace({ min: 100, max: 110 }, { ...first, ready: 1, succeeded: 1 })).toEqual({ launch: 1, end: 1 });
  expect(pace({ min: 50, max: 100 }, sick)).toEqual({ launch: 0, end: 2 });
  expect(pace({ min: 90 }, sick)).toEqual({ launch: 0, end: 1 });
});

test('a group replaced to its end stays within its bounds at every step, whatever they are', () => {
  for (const size of [1, 2, 3, 5, 10, 17]) {
    for (const min of [0, 34, 50, 90, 100]) {
      for (const max of [undefined, 100, 110, 134, 150, 200]) {
        if (max !== undefined && max - min > 100) continue;
        const bounds = max === undefined ? { min } : { min, max };
        let [old, ahead, fresh] = [size, 0, 0];
        const least = Math.ceil((size * min) / 100);
        const most = Math.floor((size * (max ?? 100)) / 100);
        for (let steps = 0; old > 0; steps++) {
          expect(steps, JSON.stringify({ size, ...bounds })).toBeLessThan(100);
          // Everything that was launched is ready by the next step.
          const capacity = old + fresh;
          const { launch, end } = pace(bounds, {
            desired: size,
            capacity,
            ready: capacity,
            old,
            oldUnready: 0,
            ahead,
            succeeded: 0,
          });
          expect(launch + end).toBeGreaterThan(0);
          // One at least, where the bounds leave no room.
          expect(capacity - end).toBeGreaterThanOrEqual(Math.min(least, max === undefined ? size - 1 : least));
          const endAhead = Math.min(end, ahead);
          fresh += end - endAhead + launch;
          old -= end;
          ahead += launch - endAhead;
          expect(old + fresh).toBeLessThanOrEqual(Math.max(most, size + (least >= size && max !== undefined ? 1 : 0)));
        }
        expect(fresh).toBe(size);
      }
    }
  }
});
