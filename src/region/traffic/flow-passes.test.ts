import { describe, expect, it } from 'vitest';
import { formatAddress } from '../network/address.ts';
import { aclEntries, type Change, routes, withoutEntry, withoutRule, worldOf } from '../network/example-changes.ts';
import { type NetworkFault, withFaults } from '../network/faults.ts';
import { roundTrip } from '../network/send.ts';
import { packet } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import { type Pass, passesOf } from './flow-passes.ts';

const browser = '203.0.113.9';
const balancer = '10.0.0.20';
const api = '10.0.10.30';

type Trip = readonly [from: string, to: string, port: number, interfaceId?: string];
const browse: Trip = [browser, '198.51.100.20', 443];
const forward: Trip = [balancer, api, 8080, 'eni-BalancerA'];
const out: Trip = [api, '203.0.113.80', 443, 'eni-ApiA'];
const s3: Trip = [api, '52.216.1.1', 443, 'eni-ApiA'];
const metrics: Trip = [api, '10.0.10.40', 443, 'eni-ApiA'];

function text({ interfaceId, way, direction, accepted, source, destination, ...pass }: Pass): string {
  const ends = `${formatAddress(source.address)}>${formatAddress(destination.address)}`;
  const packets = `${formatAddress(pass.packetSource)}>${formatAddress(pass.packetDestination)}`;
  const at = interfaceId.replace('eni-', '');
  return `${at} ${way} ${direction} ${ends}${packets === ends ? '' : ` (${packets})`} ${accepted ? 'ACCEPT' : 'REJECT'}`;
}

function passes(trip: Trip, ...changes: Change[]): string[] {
  return passesIn(worldOf(changes), trip);
}

function passesIn(world: World, [from, to, port, id]: Trip): string[] {
  const enters = id === undefined ? ({ kind: 'internet' } as const) : ({ kind: 'interface', id } as const);
  return passesOf(world, roundTrip(world, packet('tcp', from, 40_000, to, port, enters))).map(text);
}

const denyFromApi = aclEntries('PublicAcl', (entries) => [
  { number: 1, egress: false, action: 'deny', protocol: 6, cidr: '10.0.10.0/24' },
  ...entries,
]);

describe('the interfaces that a connection passes', () => {
  it.each<[string, Trip, Change[], string[]]>([
    [
      'a browser at the balancer, whose private address the record has',
      browse,
      [],
      ['BalancerA request ingress 203.0.113.9>10.0.0.20 ACCEPT', 'BalancerA reply egress 10.0.0.20>203.0.113.9 ACCEPT'],
    ],
    [
      'the balancer and the machine',
      forward,
      [],
      [
        'BalancerA request egress 10.0.0.20>10.0.10.30 ACCEPT',
        'ApiA request ingress 10.0.0.20>10.0.10.30 ACCEPT',
        'ApiA reply egress 10.0.10.30>10.0.0.20 ACCEPT',
        'BalancerA reply ingress 10.0.10.30>10.0.0.20 ACCEPT',
      ],
    ],
    [
      // https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-nat
      'a NAT gateway, twice each way',
      out,
      [],
      [
        'ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT',
        'NatA request ingress 10.0.10.30>10.0.0.10 (10.0.10.30>203.0.113.80) ACCEPT',
        'NatA request egress 10.0.0.10>203.0.113.80 ACCEPT',
        'NatA reply ingress 203.0.113.80>10.0.0.10 ACCEPT',
        'NatA reply egress 10.0.0.10>10.0.10.30 (203.0.113.80>10.0.10.30) ACCEPT',
        'ApiA reply ingress 203.0.113.80>10.0.10.30 ACCEPT',
      ],
    ],
    [
      'a gateway endpoint, which has no interface',
      s3,
      [],
      ['ApiA request egress 10.0.10.30>52.216.1.1 ACCEPT', 'ApiA reply ingress 52.216.1.1>10.0.10.30 ACCEPT'],
    ],
    [
      'an interface endpoint',
      metrics,
      [],
      [
        'ApiA request egress 10.0.10.30>10.0.10.40 ACCEPT',
        'MonitoringA request ingress 10.0.10.30>10.0.10.40 ACCEPT',
        'MonitoringA reply egress 10.0.10.40>10.0.10.30 ACCEPT',
        'ApiA reply ingress 10.0.10.40>10.0.10.30 ACCEPT',
      ],
    ],
    ['no metadata service', [api, '169.254.169.254', 80, 'eni-ApiA'], [], []],
    ['nothing when it is sent to itself', [api, api, 443, 'eni-ApiA'], [], []],
    [
      'a group that lets nothing out',
      forward,
      [withoutRule('BalancerToApi')],
      ['BalancerA request egress 10.0.0.20>10.0.10.30 REJECT'],
    ],
    [
      'a group that lets nothing in',
      forward,
      [withoutRule('ApiFromBalancer')],
      ['BalancerA request egress 10.0.0.20>10.0.10.30 ACCEPT', 'ApiA request ingress 10.0.0.20>10.0.10.30 REJECT'],
    ],
    [
      'an ACL that lets the request in and not the reply out: accepted, then rejected, at one interface',
      forward,
      [withoutEntry('PrivateAcl', true, 100)],
      [
        'BalancerA request egress 10.0.0.20>10.0.10.30 ACCEPT',
        'ApiA request ingress 10.0.0.20>10.0.10.30 ACCEPT',
        'ApiA reply egress 10.0.10.30>10.0.0.20 REJECT',
      ],
    ],
    [
      'an ACL that does not let the reply in again',
      out,
      [withoutEntry('PrivateAcl', false, 120)],
      [
        'ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT',
        'NatA request ingress 10.0.10.30>10.0.0.10 (10.0.10.30>203.0.113.80) ACCEPT',
        'NatA request egress 10.0.0.10>203.0.113.80 ACCEPT',
        'NatA reply ingress 203.0.113.80>10.0.0.10 ACCEPT',
        'NatA reply egress 10.0.0.10>10.0.10.30 (203.0.113.80>10.0.10.30) ACCEPT',
        'ApiA reply ingress 203.0.113.80>10.0.10.30 REJECT',
      ],
    ],
    [
      'an ACL that lets nothing out of the subnet',
      out,
      [withoutEntry('PrivateAcl', true, 120)],
      ['ApiA request egress 10.0.10.30>203.0.113.80 REJECT'],
    ],
    [
      'an ACL before the NAT gateway',
      out,
      [denyFromApi],
      [
        'ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT',
        'NatA request ingress 10.0.10.30>10.0.0.10 (10.0.10.30>203.0.113.80) REJECT',
      ],
    ],
    [
      'an ACL behind the NAT gateway',
      out,
      [withoutEntry('PublicAcl', true, 100)],
      [
        'ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT',
        'NatA request ingress 10.0.10.30>10.0.0.10 (10.0.10.30>203.0.113.80) ACCEPT',
        'NatA request egress 10.0.0.10>203.0.113.80 REJECT',
      ],
    ],
    [
      'no route: accepted, and lost',
      out,
      [routes('rtb-a', () => [])],
      ['ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT'],
    ],
    [
      'no way back to the internet',
      browse,
      [routes('rtb-public', () => [])],
      ['BalancerA request ingress 203.0.113.9>10.0.0.20 ACCEPT', 'BalancerA reply egress 10.0.0.20>203.0.113.9 ACCEPT'],
    ],
    ['nobody’s address', [browser, '198.51.100.99', 443], [], []],
  ])('%s', (_, trip, changes, expected) => {
    expect(passes(trip, ...changes)).toEqual(expected);
  });

  it.each<[string, Trip, NetworkFault, string[]]>([
    ['nothing leaves a zone that is down', forward, { id: 'f', kind: 'zone', zone: 'us-east-1a' }, []],
    [
      'what is for a NAT gateway that is down is sent',
      out,
      { id: 'f', kind: 'nat', natGatewayIds: ['nat-a'] },
      ['ApiA request egress 10.0.10.30>203.0.113.80 ACCEPT'],
    ],
    [
      'and what is for an endpoint',
      metrics,
      { id: 'f', kind: 'endpoint', endpointIds: ['vpce-monitoring'] },
      ['ApiA request egress 10.0.10.30>10.0.10.40 ACCEPT'],
    ],
  ])('%s', (_, trip, fault, expected) => {
    expect(passesIn(withFaults(worldOf(), [fault]), trip)).toEqual(expected);
  });
});
