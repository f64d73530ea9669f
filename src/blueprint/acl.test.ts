import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aclRules } from './acl.ts';
import { block, cidrText, joined, parseCidr, type Range } from './cidr.ts';
import { parseConfig } from './config.ts';
import { subnetRanges } from './network.ts';

const range = (text: string): Range => {
  const found = parseCidr(text);
  if (!found) throw new Error(text);
  return found;
};

describe('ranges', () => {
  it.each([
    [['10.0.0.0/20', '10.0.16.0/20'], ['10.0.0.0/19']],
    [
      ['10.0.0.0/20', '10.0.16.0/20', '10.0.32.0/20'],
      ['10.0.0.0/19', '10.0.32.0/20'],
    ],
    [
      ['10.0.16.0/20', '10.0.32.0/20'],
      ['10.0.16.0/20', '10.0.32.0/20'],
    ],
    [['10.0.0.0/20', '10.0.16.0/20', '10.0.32.0/20', '10.0.48.0/20'], ['10.0.0.0/18']],
  ])('%j are joined to %j', (ranges, expected) => {
    expect(joined(ranges.map(range)).map(cidrText)).toEqual(expected);
  });

  it.each(['10.0.0.1/16', '10.0.0.0/33', '256.0.0.0/8', '10.0.0.0', 'x', ''])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('cover exactly the addresses that they were joined from', () => {
    const subsets = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1 });
    fc.assert(
      fc.property(subsets, (indexes) => {
        const blocks = indexes.map((index) => block(range('172.16.0.0/16'), 4, index));
        const size = (all: readonly Range[]) => all.reduce((sum, one) => sum + 2 ** (32 - one.prefix), 0);
        const result = joined(blocks);
        expect(size(result)).toBe(size(blocks));
        for (const { first } of blocks) {
          expect(result.some((one) => first >= one.first && first < one.first + 2 ** (32 - one.prefix))).toBe(true);
        }
      }),
    );
  });
});

const networks = fc.record({
  zones: fc.constantFrom(2, 3, 4),
  nat: fc.constantFrom('per-zone', 'one', 'none'),
  ipv6: fc.boolean(),
  cidr: fc.constantFrom('10.0.0.0/16', '10.9.0.0/23', '192.168.128.0/18'),
});
const configOf = (network: unknown) => parseConfig({ name: 'app', network });

describe('rules of the ACLs', () => {
  it('stay within 19 for a direction and a family, with numbers and names of their own', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const rules = aclRules(configOf(network));
        expect(new Set(rules.map(({ acl, direction, name }) => acl + direction + name)).size).toBe(rules.length);
        expect(new Set(rules.map((rule) => `${rule.acl} ${rule.direction} ${rule.number}`)).size).toBe(rules.length);
        for (const acl of ['PublicAcl', 'PrivateAcl']) {
          for (const direction of ['In', 'Out']) {
            const own = rules.filter((rule) => rule.acl === acl && rule.direction === direction);
            const six = own.filter((rule) => rule.range.includes(':')).length;
            expect(Math.max(six, own.length - six)).toBeLessThanOrEqual(19);
          }
        }
      }),
    );
  });

  it('decide something each: none is covered by one before it', () => {
    const covers = (outer: string, inner: string) => {
      if (outer.includes(':') !== inner.includes(':')) return false;
      if (outer.includes(':')) return outer === inner;
      const [a, b] = [range(outer), range(inner)];
      return b.prefix >= a.prefix && b.first >= a.first && b.first < a.first + 2 ** (32 - a.prefix);
    };
    fc.assert(
      fc.property(networks, (network) => {
        const rules = aclRules(configOf(network));
        for (const [index, rule] of rules.entries()) {
          const covered = rules
            .slice(0, index)
            .find(
              (before) =>
                before.acl === rule.acl &&
                before.direction === rule.direction &&
                (before.protocol === 'all' || before.protocol === rule.protocol) &&
                covers(before.range, rule.range) &&
                (!before.ports || (rule.ports && before.ports[0] <= rule.ports[0] && before.ports[1] >= rule.ports[1])),
            );
          expect(covered, rule.name).toBeUndefined();
        }
      }),
    );
  });

  it('leave the port of the API to the balancer: it is no ephemeral port of machines', () => {
    const config = configOf({ zones: 3 });
    const open = aclRules(config).filter(
      ({ acl, direction, ports, action }) =>
        acl === 'PrivateAcl' &&
        direction === 'In' &&
        action === 'allow' &&
        ports &&
        ports[0] <= 8080 &&
        ports[1] >= 8080,
    );
    expect(open.map((rule) => rule.range)).toEqual(joined(subnetRanges(config).public).map(cidrText));
  });
});
