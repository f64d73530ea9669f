import fc from 'fast-check';
import { expect, it } from 'vitest';
import { everyHeader } from '../../region/network/match.ts';
import { detailsOf, type HeaderSet, HeaderSets, hasHeader, headersText } from './header-set.ts';

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

it('says in words what is in it', () => {
  const sets = new HeaderSets();
  const line = (protocol: number, from: number, to: number) => ({
    from: protocol * 65536 + from,
    to: protocol * 65536 + to,
  });
  const set = sets.of([line(6, 443, 443), line(6, 1024, 65535), line(17, 0, 65535), line(1, 8 * 256, 8 * 256 + 255)]);
  expect(headersText(set)).toEqual(['icmp type 8', 'tcp 443', 'tcp 1024-65535', 'udp on every port']);
  expect(headersText(sets.of([line(58, 0, 65535), line(47, 0, 65535)]))).toEqual(['protocol 47', 'icmpv6']);
  expect(headersText(sets.all)).toEqual(['all traffic']);
  expect(headersText(sets.of([line(18, 0, 65535), { from: 19 * 65536, to: 58 * 65536 - 1 }]))).toEqual([
    'protocols 18-57',
  ]);
  expect(headersText(sets.none)).toEqual([]);
});
