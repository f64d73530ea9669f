import type { CreateNetworkInterfaceResult } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange, type V4Range } from '../../network/address.ts';
import {
  addressOf,
  contains,
  isReserved,
  lowestFree,
  overlaps,
  rangeOf,
  reservedPerSubnet,
  sizeOf,
  textOf,
} from './cidr.ts';
import { pageOf } from './describe.ts';
import { flowFields } from './flow-format.ts';
import { userDataOf } from './launch-data.ts';
import { makeSubnet, makeVpc } from './network.fixture.ts';
import { zoneId } from './places.ts';
import { protocolNumber, protocolText } from './protocol.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

const v4 = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 16, max: 28 }))
  .map(([address, bits]) => parseRange(`${textOf(address >>> 0)}/${bits}`) as V4Range);

describe('ranges', () => {
  it('contain exactly the ranges whose first and last address they contain', () => {
    fc.assert(
      fc.property(v4, v4, (one, other) => {
        const last = (range: V4Range) => range.base + sizeOf(range) - 1;
        expect(contains(one, other)).toBe(one.base <= other.base && last(other) <= last(one));
        expect(overlaps(one, other)).toBe(one.base <= last(other) && other.base <= last(one));
        expect(overlaps(one, other)).toBe(overlaps(other, one));
      }),
    );
  });

  it('give out every address once, lowest first, but the five reserved ones', () => {
    fc.assert(
      fc.property(
        v4.filter((range) => range.bits >= 24),
        fc.array(fc.nat(255)),
        (range, taken) => {
          const used = new Set(taken.map((offset) => range.base + (offset % sizeOf(range))));
          const before = [...used].filter((address) => !isReserved(range, address)).length;
          const given: number[] = [];
          for (let next = lowestFree(range, used); next !== undefined; next = lowestFree(range, used)) {
            used.add(next);
            given.push(next);
          }
          expect(given).toHaveLength(sizeOf(range) - reservedPerSubnet - before);
          expect(given).toEqual([...given].sort((a, b) => a - b));
          expect(given.some((address) => isReserved(range, address))).toBe(false);
        },
      ),
    );
  });

  it('are read in canonical form, of both families, and refused when malformed', async () => {
    expect(rangeOf('10.1.2.3/16', 'cidrBlock').text).toBe('10.1.0.0/16');
    expect(rangeOf('2600:1f18:0::1/64', 'ipv6CidrBlock').text).toBe('2600:1f18::/64');
    expect(contains(rangeOf('10.0.0.0/8', 'x'), rangeOf('::/0', 'x'))).toBe(false);
    for (const text of ['10.0.0.0', '10.0.0/8', '10.0.0.0/33', '10.0.0.0/-1', '', 'x/8', '10.0.0.0/8/8']) {
      expect(await faultOf((async () => rangeOf(text, 'cidrBlock'))())).toContain('This is not a valid CIDR block.');
    }
    fc.assert(fc.property(v4, (range) => addressOf(textOf(range.base)) === range.base));
  });
});

describe('the address book', () => {
  it('gives the lowest free address after any history of interfaces made and deleted', async () => {
    const step = fc.oneof(fc.constant('make' as const), fc.nat(30));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const region = ec2Region();
        const SubnetId = await makeSubnet(region, await makeVpc(region), '10.0.0.0/27');
        const live = new Map<number, string>();
        for (const one of steps) {
          const ids = [...live];
          if (one === 'make') {
            const free = Array.from({ length: 27 }, (_, n) => n + 4).find((offset) => !live.has(offset));
            if (free === undefined) continue;
            const made = await region.call<CreateNetworkInterfaceResult>('CreateNetworkInterface', { SubnetId });
            expect(made.NetworkInterface?.PrivateIpAddress).toBe(`10.0.0.${free}`);
            live.set(free, made.NetworkInterface?.NetworkInterfaceId ?? '');
          } else if (ids.length > 0) {
            const [offset, NetworkInterfaceId] = ids[one % ids.length] ?? [0, ''];
            await region.call('DeleteNetworkInterface', { NetworkInterfaceId });
            live.delete(offset);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('pages', () => {
  it('together give every record once, whatever their size', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 5, max: 20 }), (count, MaxResults) => {
        const records = Array.from({ length: count }, (_, n) => `r-${n}`);
        const seen: string[] = [];
        let NextToken: string | undefined;
        do {
          const page = pageOf(records, { MaxResults, NextToken }, (id) => id);
          seen.push(...page.records);
          NextToken = page.NextToken;
        } while (NextToken);
        expect(seen).toEqual(records);
      }),
    );
  });
});

describe('small readers', () => {
  it.each([
    ['tcp', 6],
    ['6', 6],
    ['UDP', 17],
    ['icmpv6', 58],
    ['-1', -1],
    ['all', -1],
    ['50', 50],
  ])('protocol %s is %i', (text, number) => expect(protocolNumber(text)).toBe(number));

  it('refuses protocols that are none', async () => {
    for (const text of ['256', '-2', 'http', '', '6.0']) {
      expect(await faultOf((async () => protocolNumber(text))())).toContain('InvalidParameterValue');
    }
    expect([6, 17, 1, 58, -1, 50].map(protocolText)).toEqual(['tcp', 'udp', 'icmp', 'icmpv6', '-1', '50']);
  });

  it.each([
    ['us-east-1a', 'use1-az1'],
    ['us-west-2c', 'usw2-az3'],
    ['eu-central-1b', 'euc1-az2'],
    ['ap-northeast-1a', 'apne1-az1'],
    ['ap-southeast-2b', 'apse2-az2'],
    ['eu-north-1a', 'eun1-az1'],
  ])('zone %s has the id %s', (zone, id) => expect(zoneId(zone)).toBe(id));

  it('reads flow log formats and user data', () => {
    expect(flowFields('${srcaddr}  ${nope} x').unknown).toEqual(['${nope}', 'x']);
    expect(userDataOf(Buffer.from('#!/bin/sh\nä').toString('base64'))).toBe('#!/bin/sh\nä');
    expect(userDataOf('')).toBeUndefined();
  });
});
