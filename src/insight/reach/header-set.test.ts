import fc from 'fast-check';
import { expect, it } from 'vitest';
import { everyHeader } from '../../region/network/match.ts';
import { detailsOf, type HeaderSet, HeaderSets, hasHeader } from './header-set.ts';

// A short line, on which every header can be tried.
const length = 24;
const span = fc.tuple(fc.nat(length - 1), fc.nat(length - 1)).map(([from, to]) => ({ from, to }));
const spans = fc.array(span, { maxLength: 5 });
const members = (set: HeaderSet) => [...Array(length).keys()].filter((header) => hasHeader(set, header));

it('does with sets what sets do', () => {
  const sets = new HeaderSets();
  fc.assert(
    fc.property(spans, spans, (left, right) => {
      const [a, b] = [sets.of(left), sets.of(right)];
      const [inA, inB] = [members(a), members(b)];
      expect(inA).toEqual([...Array(length).keys()].filter((n) => left.some(({ from, to }) => from <= n && n <= to)));
      expect(members(sets.and(a, b))).toEqual(inA.filter((n) => inB.includes(n)));
      expect(members(sets.minus(a, b))).toEqual(inA.filter((n) => !inB.includes(n)));
      expect(members(sets.or(a, b))).toEqual([...new Set([...inA, ...inB])].sort((one, other) => one - other));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

it('knows equal sets by one number, whatever they were made of', () => {
  const sets = new HeaderSets();
  fc.assert(
    fc.property(spans, spans, (left, right) => {
      const [a, b] = [sets.of(left), sets.of(right)];
      expect(a.id === b.id).toBe(members(a).join() === members(b).join());
      expect(sets.and(a, b)).toBe(sets.and(b, a));
      expect(sets.minus(a, sets.minus(a, b))).toBe(sets.and(a, b));
    }),
    { seed: 2, numRuns: 2_000 },
  );
  expect(sets.none.id).toBe(0);
  expect(sets.of([everyHeader])).toBe(sets.all);
});

it('tells the ports of one protocol', () => {
  const sets = new HeaderSets();
  expect(detailsOf(sets.of([{ from: 6 * 65536 + 443, to: 6 * 65536 + 444 }]), 6)).toEqual([{ from: 443, to: 444 }]);
  expect(detailsOf(sets.all, 17)).toEqual([{ from: 0, to: 65535 }]);
  expect(detailsOf(sets.of([{ from: 6 * 65536 + 65000, to: 7 * 65536 + 9 }]), 6)).toEqual([{ from: 65000, to: 65535 }]);
  expect(detailsOf(sets.of([{ from: 0, to: 9 }]), 6)).toEqual([]);
});
