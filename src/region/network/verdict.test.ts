import { describe, expect, it } from 'vitest';
import { formatAddress } from './address.ts';
import { describe as describeVerdict, summarise, summariseRoundTrip } from './describe.ts';
import {
  type Change,
  groupRules,
  interfaceOf,
  routes,
  withEntry,
  withoutEntry,
  withoutRule,
  worldOf,
} from './example-changes.ts';
import { replyTo, roundTrip, send } from './send.ts';
import type { Entry } from './verdict.ts';
import { packet } from './verdict.ts';
import type { AclEntryPart } from './world.ts';

const s3 = '52.216.8.8';
const elsewhere = '192.0.2.80';

function from(name: string): Entry {
  return { kind: 'interface', id: `eni-${name}` };
}

describe('translation', () => {
  it('gives the private machine the NAT address, then the Elastic IP, and undoes both', () => {
    const trip = roundTrip(worldOf(), packet('tcp', '10.0.10.30', 40123, elsewhere, 443, from('ApiA')));
    const { forward, reply } = trip;
    if (!forward.delivered || !reply?.delivered) throw new Error(trip.why);
    expect(formatAddress(forward.source.address)).toBe('198.51.100.10');
    expect(forward.source.port).toBeGreaterThanOrEqual(1024);
    expect(forward.translations.map(({ natId }) => natId)).toEqual(['nat-a']);
    expect(reply.destination).toEqual(forward.sent.source);
    expect(reply.via).toEqual({ kind: 'nat', id: 'nat-a' });
    expect(forward.hops.map(({ kind, at }) => `${kind} ${at}`)).toEqual([
      'interface ApiA',
      'group ApiA',
      'acl PrivateSubnetA',
      'route PrivateSubnetA',
      'acl PublicSubnetA',
      'nat NatA',
      'acl PublicSubnetA',
      'route PublicSubnetA',
      'internetGateway InternetGateway',
      'internet internet',
    ]);
  });

  it('a reply with another port is no reply: groups and NAT do not know it', () => {
    const world = worldOf();
    const request = send(world, packet('tcp', '10.0.0.20', 20123, '10.0.10.30', 8080, from('BalancerA')));
    if (!request.delivered) throw new Error(request.why);
    const reply = replyTo(request);
    expect(send(world, reply).end).toBe('delivered');
    const forged = { ...reply, destination: { ...reply.destination, port: 20124 } };
    expect(send(world, forged).end).toBe('deniedByGroupEgress');
  });

  it('a tracked reply survives that its rule is removed', () => {
    const request = send(worldOf(), packet('tcp', '10.0.0.20', 20123, '10.0.10.30', 8080, from('BalancerA')));
    if (!request.delivered) throw new Error(request.why);
    expect(send(worldOf([withoutRule('ApiFromBalancer')]), replyTo(request)).end).toBe('delivered');
  });

  it('a ping needs its icmp types both ways in the ACL', () => {
    const icmpEntry = (egress: boolean, type: number): AclEntryPart => ({
      number: egress ? 20 : 21,
      egress,
      action: 'allow',
      protocol: 1,
      cidr: '0.0.0.0/0',
      icmp: { type, code: -1 },
    });
    const pings = groupRules('ApiGroup', (rules) => [
      ...rules,
      { id: 'sgr-ping', egress: true, protocol: 1, icmp: { type: 8, code: -1 }, peer: { cidr: '0.0.0.0/0' } },
    ]);
    const replies = groupRules('EndpointGroup', (rules) => [
      ...rules,
      { id: 'sgr-pong', egress: false, protocol: 1, icmp: { type: -1, code: -1 }, peer: { cidr: '10.0.0.0/8' } },
    ]);
    const ping = packet('icmp', '10.0.10.30', 0, '10.0.11.40', 0, from('ApiA'));
    // One ACL serves both subnets: the echo leaves and enters, the answer too.
    const both = [true, false].flatMap((egress) => [withEntry('PrivateAcl', icmpEntry(egress, 8))]);
    expect(roundTrip(worldOf([pings, replies, ...both]), ping)).toMatchObject({
      end: 'deniedByAclEgress',
      direction: 'reply',
    });
    const every = [true, false].map((egress) => withEntry('PrivateAcl', { ...icmpEntry(egress, -1) }));
    expect(roundTrip(worldOf([pings, replies, ...every]), ping).end).toBe('delivered');
  });
});

describe('in words', () => {
  it('names the rule, the subnet, the reason and the fix', () => {
    const world = worldOf([withoutEntry('PrivateAcl', false, 120)]);
    const trip = roundTrip(world, packet('tcp', '10.0.10.30', 51234, elsewhere, 443, from('ApiA')));
    expect(summariseRoundTrip(world, trip)).toBe(
      'reply dropped: PrivateAcl ingress * (deny) at PrivateSubnetA: return port 51234 from 192.0.2.80 not allowed; ' +
        'add an ingress rule to PrivateAcl allowing tcp 32768-60999 from 0.0.0.0/0',
    );
  });

  it('knows that balancers use more ports than Linux', () => {
    const world = worldOf([withoutEntry('PrivateAcl', true, 100)]);
    const trip = roundTrip(world, packet('tcp', '10.0.0.20', 40000, '10.0.10.30', 8080, from('BalancerA')));
    expect(summariseRoundTrip(world, trip)).toContain(
      'add an egress rule to PrivateAcl allowing tcp 1024-65535 to 10.0.0.0/24',
    );
  });

  it('asks for a group reference where the peer has a group', () => {
    const world = worldOf([withoutRule('ApiFromBalancer')]);
    const verdict = send(world, packet('tcp', '10.0.0.20', 40000, '10.0.10.30', 8080, from('BalancerA')));
    expect(summarise(world, verdict)).toBe(
      'dropped: ApiGroup ingress at ApiA: no rule allows tcp port 8080 from 10.0.0.20; ' +
        'add an ingress rule to ApiGroup allowing tcp 8080 from BalancerGroup',
    );
  });

  it.each([
    ['10.0.10.99', "a subnet's", '10.0.10.0/24'],
    ['10.0.200.1', "no subnet's, but the VPC's", '10.0.0.0/16'],
    ['192.0.2.80', 'outside', '0.0.0.0/0'],
  ])('opens no more than is asked for: %s, which nobody has and is %s', (address, _, range) => {
    const world = worldOf();
    const verdict = send(world, packet('tcp', '10.0.0.20', 40000, address, 5432, from('BalancerA')));
    expect(summarise(world, verdict)).toContain(`add an egress rule to BalancerGroup allowing tcp 5432 to ${range}`);
  });

  it('prints every hop', () => {
    const world = worldOf();
    const verdict = send(world, packet('tcp', '10.0.10.30', 40000, s3, 443, from('ApiA')));
    expect(describeVerdict(world, verdict)).toEqual([
      'tcp 10.0.10.30:40000 -> 52.216.8.8:443',
      '  ok interface at ApiA: sent',
      '  ok group at ApiA: ApiToHttps, allows tcp 443 to 0.0.0.0/0',
      '  ok acl at PrivateSubnetA: PrivateAcl egress 120, allows tcp 443 to 0.0.0.0/0',
      '  ok route at PrivateSubnetA: PrivateRoutesA pl-s3, to vpce-s3',
      '  ok gatewayEndpoint at S3Endpoint: com.amazonaws.us-east-1.s3',
      'delivered: to com.amazonaws.us-east-1.s3 via gateway endpoint S3Endpoint',
    ]);
  });
});

describe('buildWorld', () => {
  it.each<[string, Change, RegExp]>([
    ['an unknown subnet', interfaceOf('ApiA', { subnetId: 'subnet-x' }), /ApiA.*subnet subnet-x/],
    ['an unknown group', interfaceOf('ApiA', { groupIds: ['sg-x'] }), /ApiA.*security group sg-x/],
    ['an address used twice', interfaceOf('ApiB', { addresses: ['10.0.10.30'] }), /10\.0\.10\.30.*eni-ApiA.*eni-ApiB/],
    [
      'a range that is none',
      routes('rtb-a', () => [{ destination: '10.0.0/8', target: { kind: 'local' } }]),
      /10\.0\.0/,
    ],
  ])('stops at %s', (_, change, message) => {
    expect(() => worldOf([change])).toThrow(message);
  });
});
