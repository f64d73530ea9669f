import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryTable } from '../../store/table.ts';
import { memberIndex } from './member-index.ts';
import type { MemberRecord } from './state.ts';

const memberOf = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  group: fc.constantFrom('one', 'two'),
  instanceId: fc.constantFrom('i-1', 'i-2', 'i-3', undefined),
  lifecycle: fc.constantFrom('Pending', 'InService', 'Standby', 'Terminating', 'Stopped'),
  warm: fc.boolean(),
  healthy: fc.boolean(),
});
const change = fc.oneof(memberOf, fc.constantFrom('a', 'b', 'c', 'd', 'e'));

it('finds what going through the whole table would, after any changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.nat(30), (changes, before) => {
      const table = new MemoryTable<MemberRecord>();
      const make = (some: typeof changes) => {
        for (const one of some) {
          if (typeof one === 'string') table.delete(one);
          else if (![...table.values()].some(({ key, instanceId }) => instanceId === one.instanceId && key !== one.key))
            table.put(one.key, one as unknown as MemberRecord);
        }
      };
      make(changes.slice(0, before));
      const index = memberIndex(table);
      const handedOut = index.viewsOf('one').every;
      const asItWas = [...handedOut];
      make(changes.slice(before));
      const all = [...table.values()];
      for (const group of ['one', 'two']) {
        const mine = all.filter((one) => one.group === group);
        const views = index.viewsOf(group);
        // A member that changed its group and came back is the last one of it.
        expect(new Set(views.every)).toEqual(new Set(mine));
        expect(views.members).toEqual(views.every.filter(({ warm }) => !warm));
        expect(views.pool).toEqual(views.every.filter(({ warm }) => warm));
        for (const one of views.members) {
          const counts = one.lifecycle === 'Pending' || one.lifecycle === 'InService';
          expect(views.capacity.includes(one)).toBe(counts);
          if (one.lifecycle === 'Pending' || one.lifecycle === 'Terminating' || !one.healthy)
            expect(views.restless).toContain(one);
        }
        for (const one of views.pool) expect(views.restless).toContain(one);
      }
      for (const id of ['i-1', 'i-2', 'i-3']) {
        expect(index.ofInstance(id)).toBe(all.find(({ instanceId }) => instanceId === id));
      }
      expect(handedOut).toEqual(asItWas);
    }),
  );
});
