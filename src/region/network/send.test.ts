import { describe, expect, it } from 'vitest';
import {
  aclEntries,
  type Change,
  groupRules,
  interfaceOf,
  routes,
  withEntry,
  withoutEntry,
  withoutRule,
  worldOf,
} from './example-changes.ts';
import { type NetworkFault, withFaults } from './faults.ts';
import { roundTrip } from './send.ts';
import type { DroppedEnd, End, Entry, Protocol } from './verdict.ts';
import { packet } from './verdict.ts';

const client = '203.0.113.9';
const balancer = '198.51.100.20';
const s3 = '52.216.8.8';
const elsewhere = '192.0.2.80';

function from(name: string): Entry {
  return { kind: 'interface', id: `eni-${name}` };
}
const internet: Entry = { kind: 'internet' };

const noEndpoint: Change = (parts) => ({ ...parts, gatewayEndpoints: [] });
const noRoutes = (table: string) => routes(table, () => []);
const natInPrivateSubnet: Change = (parts) => ({
  ...interfaceOf('NatA', { subnetId: 'subnet-PrivateSubnetA', addresses: ['10.0.10.10'] })(parts),
  natGateways: parts.natGateways.map((nat) =>
    nat.id === 'nat-a' ? { ...nat, subnetId: 'subnet-PrivateSubnetA' } : nat,
  ),
});

const dualStackBalancer: Change = (parts) => {
  const addresses = ['10.0.0.20', '2600:1f18:aa:100::20'];
  const v6 = { id: 'sgr-v6', name: 'BalancerFromInternetV6', egress: false, protocol: 6, peer: { cidr: '::/0' } };
  const rules = groupRules('BalancerGroup', (all) => [...all, v6]);
  return rules(interfaceOf('BalancerA', { addresses })(parts));
};

const zoneA = { id: 'fault-1', kind: 'zone', zone: 'us-east-1a' } as const;

interface Row {
  name: string;
  change?: Change[];
  faults?: NetworkFault[];
  protocol?: Protocol;
  source: string;
  sourcePort?: number;
  destination: string;
  port: number;
  enters: Entry;
  end: End;
  direction?: 'forward' | 'reply';
  at?: string;
  rule?: string;
  via?: string;
}

const fromClient = { source: client, sourcePort: 50123, destination: balancer, port: 443, enters: internet };
const toApi = {
  source: '10.0.0.20',
  sourcePort: 20123,
  destination: '10.0.10.30',
  port: 8080,
  enters: from('BalancerA'),
};
const toS3 = { source: '10.0.10.30', sourcePort: 40123, destination: s3, port: 443, enters: from('ApiA') };
const toOut = { ...toS3, destination: elsewhere };
const toMetrics = { ...toS3, destination: '10.0.10.40' };
const v6Out = { ...toS3, source: '2600:1f18:aa:10a::30', destination: '2001:db8::80' };

const rows: Row[] = [
  { name: 'client to balancer', ...fromClient, end: 'delivered', rule: 'BalancerFromInternet', via: 'igw-1' },
  { name: 'balancer to machine', ...toApi, end: 'delivered', rule: 'ApiFromBalancer', via: 'local' },
  { name: 'balancer to the other zone', ...toApi, destination: '10.0.11.30', end: 'delivered', via: 'local' },
  {
    name: 'machine to S3 by the gateway endpoint',
    ...toS3,
    end: 'deliveredToService',
    rule: 'PrivateRoutesA pl-s3',
    via: 'vpce-s3',
  },
  {
    name: 'machine to S3 over NAT without the endpoint',
    change: [noEndpoint],
    ...toS3,
    end: 'deliveredToService',
    via: 'nat-a',
  },
  { name: 'machine to the internet over NAT', ...toOut, end: 'deliveredToInternet', via: 'nat-a' },
  {
    name: 'machine to CloudWatch in its own subnet',
    ...toMetrics,
    end: 'delivered',
    rule: 'EndpointFromApi',
    via: 'vpce-monitoring',
  },
  {
    name: 'machine to CloudWatch in the other zone',
    ...toMetrics,
    destination: '10.0.11.40',
    end: 'delivered',
    rule: 'EndpointFromApi',
    via: 'vpce-monitoring',
  },
  {
    name: 'machine to the balancer by its public address',
    ...toOut,
    destination: balancer,
    end: 'delivered',
    rule: 'BalancerFromInternet',
    via: 'nat-a',
  },
  {
    name: 'machine to metadata',
    ...toS3,
    destination: '169.254.169.254',
    port: 80,
    end: 'deliveredToLinkLocal',
    via: 'linkLocal',
  },
  {
    name: 'machine to the resolver, past every filter',
    protocol: 'udp',
    change: [noRoutes('rtb-a'), groupRules('ApiGroup', () => [])],
    ...toS3,
    destination: '10.0.0.2',
    port: 53,
    end: 'deliveredToLinkLocal',
    via: 'linkLocal',
  },
  { name: 'machine out over IPv6', ...v6Out, end: 'deliveredToInternet', via: 'eigw-1' },

  {
    name: 'client to a dual-stack balancer over IPv6',
    change: [dualStackBalancer],
    ...fromClient,
    source: '2001:db8::9',
    destination: '2600:1f18:aa:100::20',
    end: 'delivered',
    rule: 'BalancerFromInternetV6',
    via: 'igw-1',
  },
  {
    name: 'only the primary address has the public one',
    change: [
      interfaceOf('BalancerA', { addresses: ['10.0.0.20', '10.0.0.21'] }),
      groupRules('BalancerGroup', () => [{ id: 'sgr-all', egress: true, protocol: -1, peer: { cidr: '0.0.0.0/0' } }]),
    ],
    ...toOut,
    source: '10.0.0.21',
    enters: from('BalancerA'),
    end: 'noPublicAddress',
    at: 'BalancerA',
  },

  // The planted mistakes.
  {
    name: 'no ephemeral reply to the balancer',
    change: [withoutEntry('PrivateAcl', true, 100)],
    ...toApi,
    end: 'deniedByAclEgress',
    direction: 'reply',
    at: 'PrivateSubnetA',
    rule: 'PrivateAcl egress 32767',
  },
  {
    name: 'only Linux ports back to the balancer',
    change: [
      withoutEntry('PrivateAcl', true, 100),
      withEntry('PrivateAcl', {
        number: 105,
        egress: true,
        action: 'allow',
        protocol: 6,
        cidr: '10.0.0.0/24',
        ports: { from: 32768, to: 60999 },
      }),
    ],
    ...toApi,
    end: 'deniedByAclEgress',
    direction: 'reply',
    rule: 'PrivateAcl egress 32767',
  },
  {
    name: 'no ephemeral replies to machines',
    change: [withoutEntry('PrivateAcl', false, 120)],
    ...toOut,
    end: 'deniedByAclIngress',
    direction: 'reply',
    at: 'PrivateSubnetA',
    rule: 'PrivateAcl ingress 32767',
  },
  {
    name: 'no ephemeral replies to machines, from S3',
    change: [withoutEntry('PrivateAcl', false, 120)],
    ...toS3,
    end: 'deniedByAclIngress',
    direction: 'reply',
    at: 'PrivateSubnetA',
    rule: 'PrivateAcl ingress 32767',
  },
  {
    name: 'public ACL refuses replies to NAT',
    change: [withoutEntry('PublicAcl', false, 120)],
    ...toOut,
    end: 'deniedByAclIngress',
    direction: 'reply',
    at: 'PublicSubnetA',
    rule: 'PublicAcl ingress 32767',
  },
  {
    name: 'public ACL refuses what machines send to NAT',
    change: [withoutEntry('PublicAcl', false, 100)],
    ...toOut,
    end: 'deniedByAclIngress',
    direction: 'forward',
    at: 'PublicSubnetA',
    rule: 'PublicAcl ingress 32767',
  },
  {
    name: 'public ACL refuses replies from NAT to machines',
    change: [withoutEntry('PublicAcl', true, 110)],
    ...toOut,
    end: 'deniedByAclEgress',
    direction: 'reply',
    at: 'PublicSubnetA',
    rule: 'PublicAcl egress 32767',
  },
  {
    name: 'ACL without the balancer',
    change: [withoutEntry('PrivateAcl', false, 100)],
    ...toApi,
    end: 'deniedByAclIngress',
    direction: 'forward',
    at: 'PrivateSubnetA',
    rule: 'PrivateAcl ingress 32767',
  },
  {
    name: 'ACL without a way out',
    change: [withoutEntry('PrivateAcl', true, 120)],
    ...toOut,
    end: 'deniedByAclEgress',
    direction: 'forward',
    at: 'PrivateSubnetA',
    rule: 'PrivateAcl egress 32767',
  },
  {
    name: 'IPv6 has its own last rule',
    change: [withoutEntry('PrivateAcl', true, 200)],
    ...v6Out,
    end: 'deniedByAclEgress',
    rule: 'PrivateAcl egress 32768',
  },
  {
    name: 'a lower deny wins',
    change: [withEntry('PrivateAcl', { number: 90, egress: true, action: 'deny', protocol: -1, cidr: '192.0.2.0/24' })],
    ...toOut,
    end: 'deniedByAclEgress',
    rule: 'PrivateAcl egress 90',
  },
  {
    name: 'a higher deny does not',
    change: [withEntry('PrivateAcl', { number: 900, egress: true, action: 'deny', protocol: -1, cidr: '0.0.0.0/0' })],
    ...toOut,
    end: 'deliveredToInternet',
  },
  {
    name: 'ACLs do not stand within a subnet',
    change: [aclEntries('PrivateAcl', () => [])],
    ...toMetrics,
    end: 'delivered',
    rule: 'EndpointFromApi',
  },
  {
    name: 'ACLs stand between subnets that share one',
    change: [aclEntries('PrivateAcl', () => [])],
    ...toMetrics,
    destination: '10.0.11.40',
    end: 'deniedByAclEgress',
  },
  {
    name: 'no NAT',
    change: [noRoutes('rtb-a')],
    ...toOut,
    end: 'noRoute',
    direction: 'forward',
    at: 'PrivateSubnetA',
    rule: 'PrivateRoutesA',
  },
  {
    name: 'neither NAT nor endpoint',
    change: [noRoutes('rtb-a'), noEndpoint],
    ...toS3,
    end: 'noRoute',
    at: 'PrivateSubnetA',
  },
  { name: 'NAT in a private subnet', change: [natInPrivateSubnet], ...toOut, end: 'routeLoop', at: 'NatA' },
  {
    name: 'NAT in a subnet with no way out',
    change: [noRoutes('rtb-public')],
    ...toOut,
    end: 'noRoute',
    at: 'PublicSubnetA',
    rule: 'PublicRoutes',
  },
  {
    name: 'NAT without Elastic IP',
    change: [interfaceOf('NatA', { publicAddress: undefined })],
    ...toOut,
    end: 'noPublicAddress',
    at: 'NatA',
  },
  {
    name: 'NAT still pending',
    change: [
      (parts) => ({ ...parts, natGateways: parts.natGateways.map((nat) => ({ ...nat, state: 'pending' as const })) }),
    ],
    ...toOut,
    end: 'natUnavailable',
    at: 'NatA',
  },
  {
    name: 'NAT deleted',
    change: [(parts) => ({ ...parts, natGateways: [] })],
    ...toOut,
    end: 'blackhole',
    rule: 'PrivateRoutesA 0.0.0.0/0',
  },
  {
    name: 'NAT carries no GRE',
    change: [
      groupRules('ApiGroup', (rules) => [
        ...rules,
        { id: 'sgr-all', egress: true, protocol: -1, peer: { cidr: '0.0.0.0/0' } },
      ]),
      withEntry('PrivateAcl', { number: 10, egress: true, action: 'allow', protocol: 47, cidr: '0.0.0.0/0' }),
      withEntry('PublicAcl', { number: 10, egress: false, action: 'allow', protocol: 47, cidr: '0.0.0.0/0' }),
    ],
    protocol: 47,
    ...toOut,
    port: 0,
    end: 'natProtocol',
    at: 'NatA',
  },
  {
    name: 'private subnet straight to the internet gateway',
    change: [routes('rtb-a', () => [{ destination: '0.0.0.0/0', target: { kind: 'internetGateway', id: 'igw-1' } }])],
    ...toOut,
    end: 'noPublicAddress',
    at: 'ApiA',
  },
  {
    name: 'internet gateway detached',
    change: [(parts) => ({ ...parts, internetGateways: [{ id: 'igw-1', name: 'InternetGateway' }] })],
    ...toOut,
    end: 'noInternetGateway',
  },
  {
    name: 'nothing attached for those outside',
    change: [(parts) => ({ ...parts, internetGateways: [] })],
    ...fromClient,
    end: 'noInternetGateway',
    at: 'Vpc',
  },
  {
    name: 'blackhole',
    change: [routes('rtb-a', () => [{ destination: '0.0.0.0/0', target: { kind: 'blackhole', id: 'nat-gone' } }])],
    ...toOut,
    end: 'blackhole',
    rule: 'PrivateRoutesA 0.0.0.0/0',
  },
  {
    name: 'a transit gateway is said to be unmodelled',
    change: [
      routes('rtb-a', () => [
        { destination: '0.0.0.0/0', target: { kind: 'notModelled', id: 'tgw-1', type: 'transit gateway' } },
      ]),
    ],
    ...toOut,
    end: 'routeNotModelled',
  },
  {
    name: 'endpoint not available',
    change: [
      (parts) => ({
        ...parts,
        gatewayEndpoints: parts.gatewayEndpoints.map((each) => ({ ...each, available: false })),
      }),
    ],
    ...toS3,
    end: 'endpointUnavailable',
    at: 'S3Endpoint',
  },
  {
    name: 'a static route beats the prefix list of the same length',
    change: [routes('rtb-a', (all) => [...all, { destination: '52.216.0.0/15', target: { kind: 'blackhole' } }])],
    ...toS3,
    end: 'blackhole',
    rule: 'PrivateRoutesA 52.216.0.0/15',
  },
  {
    name: 'a more specific route beats local',
    change: [routes('rtb-a', (all) => [...all, { destination: '10.0.11.0/24', target: { kind: 'blackhole' } }])],
    ...toMetrics,
    destination: '10.0.11.40',
    end: 'blackhole',
    rule: 'PrivateRoutesA 10.0.11.0/24',
  },
  {
    name: 'machine group without the balancer',
    change: [withoutRule('ApiFromBalancer')],
    ...toApi,
    end: 'deniedByGroupIngress',
    at: 'ApiA',
    rule: 'ApiGroup ingress',
  },
  {
    name: 'balancer group without the machines',
    change: [withoutRule('BalancerToApi')],
    ...toApi,
    end: 'deniedByGroupEgress',
    at: 'BalancerA',
    rule: 'BalancerGroup egress',
  },
  {
    name: 'endpoint group without the machines',
    change: [withoutRule('EndpointFromApi')],
    ...toMetrics,
    end: 'deniedByGroupIngress',
    at: 'MonitoringA',
    rule: 'EndpointGroup ingress',
  },
  {
    name: 'no egress rule is no egress',
    change: [groupRules('ApiGroup', () => [])],
    ...toOut,
    end: 'deniedByGroupEgress',
    rule: 'ApiGroup egress',
  },
  {
    name: 'a group reference means private addresses only',
    change: [
      groupRules('BalancerGroup', () => [{ id: 'sgr-x', egress: false, protocol: 6, peer: { groupId: 'sg-api' } }]),
    ],
    ...toOut,
    destination: balancer,
    end: 'deniedByGroupIngress',
    at: 'BalancerA',
  },
  { name: 'another port', ...toApi, port: 22, end: 'deniedByGroupEgress' },
  {
    name: 'client straight to a machine',
    ...fromClient,
    destination: '10.0.10.30',
    port: 8080,
    end: 'noSuchAddress',
    at: 'internet',
  },
  {
    name: 'client to the NAT',
    ...fromClient,
    destination: '198.51.100.10',
    port: 2000,
    end: 'natNoConnection',
    at: 'NatA',
  },
  { name: 'client with a private source', ...fromClient, source: '10.0.10.30', end: 'sourceNotOwn' },
  {
    name: 'balancer in a subnet without a way back',
    change: [noRoutes('rtb-public')],
    ...fromClient,
    end: 'noRoute',
    direction: 'reply',
    at: 'PublicSubnetA',
  },
  {
    name: 'balancer in a subnet that goes out over NAT',
    change: [routes('rtb-public', () => [{ destination: '0.0.0.0/0', target: { kind: 'nat', id: 'nat-a' } }])],
    ...fromClient,
    end: 'natNoConnection',
    direction: 'reply',
    at: 'NatA',
  },
  {
    name: 'a reply by an endpoint to one who came from outside',
    change: [
      (parts) => ({
        ...parts,
        gatewayEndpoints: parts.gatewayEndpoints.map((each) => ({ ...each, routeTableIds: ['rtb-public'] })),
      }),
    ],
    ...fromClient,
    source: s3,
    end: 'replyMisrouted',
    direction: 'reply',
  },
  {
    name: 'from outside over IPv6 past the egress-only gateway',
    ...fromClient,
    source: '2001:db8::9',
    destination: '2600:1f18:aa:10a::30',
    end: 'deniedByEgressOnlyGateway',
    at: 'EgressOnlyGateway',
  },
  { name: 'address of nobody', ...toMetrics, destination: '10.0.10.99', end: 'noSuchAddress', at: 'PrivateSubnetA' },
  { name: 'private address outside the VPC', ...toOut, destination: '172.16.0.1', end: 'noSuchAddress' },
  {
    name: 'stopped machine',
    change: [interfaceOf('ApiA', { attached: false })],
    ...toApi,
    end: 'interfaceDetached',
    at: 'ApiA',
  },
  { name: 'an interface that is not there', ...toApi, enters: from('Nowhere'), end: 'notAnInterface' },
  { name: 'a source that is not the sender', ...toOut, source: '10.0.10.31', end: 'sourceNotOwn', at: 'ApiA' },
  {
    name: 'resolver with DNS support off',
    change: [(parts) => ({ ...parts, vpcs: parts.vpcs.map((vpc) => ({ ...vpc, enableDnsSupport: false })) })],
    ...toS3,
    destination: '169.254.169.253',
    port: 53,
    end: 'resolverOff',
    at: 'Vpc',
  },
  {
    name: 'the balancer to a machine in a zone that is down',
    faults: [zoneA],
    ...toApi,
    source: '10.0.1.20',
    enters: from('BalancerB'),
    end: 'cutByFault',
    at: 'ApiA',
    rule: 'fault-1',
  },
  { name: 'what a zone that is down sends', faults: [zoneA], ...toApi, end: 'cutByFault', at: 'BalancerA' },
  { name: 'a zone that is up beside it', faults: [{ ...zoneA, zone: 'us-east-1b' }], ...toApi, end: 'delivered' },
  { name: 'a client to a zone that is down', faults: [zoneA], ...fromClient, end: 'cutByFault', at: 'BalancerA' },
  { name: 'the resolver in a zone that is down', faults: [zoneA], ...toS3, destination: '10.0.0.2', end: 'cutByFault' },
  {
    name: 'through a NAT gateway that is down',
    faults: [{ id: 'fault-1', kind: 'nat', natGatewayIds: ['nat-a'] }],
    ...toOut,
    end: 'cutByFault',
    at: 'NatA',
  },
  {
    name: 'past a NAT gateway that is down',
    faults: [{ id: 'fault-1', kind: 'nat', natGatewayIds: ['nat-a'] }],
    ...toS3,
    end: 'deliveredToService',
    via: 'vpce-s3',
  },
  {
    name: 'a gateway endpoint that is down has no stand-in',
    faults: [{ id: 'fault-1', kind: 'endpoint', endpointIds: ['vpce-s3'] }],
    ...toS3,
    end: 'cutByFault',
    at: 'S3Endpoint',
  },
  {
    name: 'an interface endpoint that is down',
    faults: [{ id: 'fault-1', kind: 'endpoint', endpointIds: ['vpce-monitoring'] }],
    ...toMetrics,
    end: 'cutByFault',
    at: 'MonitoringA',
  },
  {
    name: 'a slow machine that is called sick is still reached',
    faults: [
      { id: 'fault-1', kind: 'latency', of: 'i-a', delayMs: 500 },
      { id: 'fault-2', kind: 'health', instanceId: 'i-a' },
    ],
    ...toApi,
    end: 'delivered',
  },
];

describe('round trips over the architecture', () => {
  for (const row of rows) {
    it(row.name, () => {
      const { protocol = 'tcp', source, sourcePort = 40000, destination, port, enters } = row;
      const world = withFaults(worldOf(row.change), row.faults ?? []);
      const trip = roundTrip(world, packet(protocol, source, sourcePort, destination, port, enters));
      expect(trip).toMatchObject({
        end: row.end,
        delivered: row.end.startsWith('delivered'),
        ...(row.direction && { direction: row.direction }),
        ...(row.at && { at: row.at }),
        ...(row.rule && { rule: row.rule }),
      });
      if (row.via) expect(trip.via && ('id' in trip.via ? trip.via.id : trip.via.kind)).toBe(row.via);
    });
  }

  it('leaves no ending untested', () => {
    const all: Record<DroppedEnd, true> = {
      notAnInterface: true,
      interfaceDetached: true,
      sourceNotOwn: true,
      noSuchAddress: true,
      resolverOff: true,
      noRoute: true,
      blackhole: true,
      routeNotModelled: true,
      routeLoop: true,
      deniedByGroupEgress: true,
      deniedByGroupIngress: true,
      deniedByAclEgress: true,
      deniedByAclIngress: true,
      noInternetGateway: true,
      noPublicAddress: true,
      natUnavailable: true,
      natNoConnection: true,
      natProtocol: true,
      endpointUnavailable: true,
      deniedByEgressOnlyGateway: true,
      cutByFault: true,
      replyMisrouted: true,
    };
    const seen = new Set(rows.map((row) => row.end));
    expect(Object.keys(all).filter((end) => !seen.has(end as DroppedEnd))).toEqual([]);
  });
});
