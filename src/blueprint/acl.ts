/**
 * Network ACLs: every rule of both subnets' borders, in both directions, each with its why.
 *
 * An ACL keeps no state, so a connection takes four rules at a border between two of them: the request out of one and
 * into the other, and its reply back. Replies to Linux go to its ephemeral ports 32768 to 60999; balancer nodes, NAT
 * gateways and unknown clients use 1024 to 65535.
 * https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 *
 * ACLs take no prefix lists, and S3 has public addresses behind its gateway endpoint, too: what goes to S3 or comes
 * from it is therefore written for all addresses. DNS, instance metadata and time never pass an ACL.
 */
import type { CfnResource } from 'aws-cdk-lib';
import { CfnNetworkAcl, CfnNetworkAclEntry, CfnSubnetNetworkAclAssociation } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { cidrText, joined } from './cidr.ts';
import type { Config } from './config.ts';
import { type Network, subnetRanges } from './network.ts';

export interface AclRule {
  readonly acl: 'PublicAcl' | 'PrivateAcl';
  readonly direction: 'In' | 'Out';
  /** What follows acl and direction in the logical id. */
  readonly name: string;
  readonly number: number;
  readonly action: 'allow' | 'deny';
  readonly protocol: 'tcp' | 'all' | 'icmp' | 'icmpv6';
  /** IPv4 or IPv6. */
  readonly range: string;
  readonly ports?: readonly [from: number, to: number];
  readonly why: string;
}

const linux = [32768, 60999] as const;
const any = [1024, 65535] as const;
const https = [443, 443] as const;
const everywhere = '0.0.0.0/0';
const everywhere6 = '::/0';
const protocolNumbers = { all: -1, icmp: 1, tcp: 6, icmpv6: 58 } as const;

type Entry = Omit<AclRule, 'acl' | 'direction' | 'number' | 'action' | 'protocol' | 'range'> &
  Partial<Pick<AclRule, 'action' | 'protocol'>> & { readonly ranges: readonly string[] };

/** All rules, in the order in which they are asked. */
export function aclRules(config: Pick<Config, 'network' | 'api'>): readonly AclRule[] {
  const subnets = subnetRanges(config);
  const publics = joined(subnets.public).map(cidrText);
  const privates = joined(subnets.private).map(cidrText);
  const api = [config.api.port, config.api.port] as const;
  const { nat, ipv6, cidr } = config.network;
  const throughNat = nat !== 'none';
  const v6 = (entry: Entry): Entry[] => (ipv6 ? [{ ...entry, name: `${entry.name}6` }] : []);
  const out6 = (entry: Entry) => (throughNat ? v6(entry) : []);
  const mtu = 'path MTU discovery: else large packets vanish';
  const pathMtu: Entry = { name: 'PathMtu', ranges: [everywhere], protocol: 'icmp', why: mtu };
  const pathMtu6: Entry = { ...pathMtu, ranges: [everywhere6], protocol: 'icmpv6' };

  return [
    ...rules('PrivateAcl', 'In', [
      { name: 'FromBalancer', ranges: publics, ports: api, why: 'requests of the balancer to the API' },
      {
        name: 'ToEndpoints',
        ranges: privates,
        ports: https,
        why: 'machines to the interface endpoints of other zones',
      },
      {
        name: 'Replies',
        ranges: [everywhere],
        ports: linux,
        why: `replies to machines: of endpoints, S3${throughNat ? ', and through NAT' : ''}`,
      },
      pathMtu,
      ...out6({ name: 'Replies', ranges: [everywhere6], ports: linux, why: 'replies to machines over IPv6' }),
      ...out6(pathMtu6),
    ]),
    ...rules('PrivateAcl', 'Out', [
      { name: 'ToBalancer', ranges: publics, ports: any, why: 'replies of the API to the balancer' },
      {
        name: 'Https',
        ranges: [everywhere],
        ports: https,
        why: `machines to endpoints, S3${throughNat ? ', and out through NAT' : ''}`,
      },
      {
        name: 'FromEndpoints',
        ranges: privates,
        ports: linux,
        why: 'replies of the interface endpoints to other zones',
      },
      ...out6({ name: 'Https', ranges: [everywhere6], ports: https, why: 'machines out over IPv6' }),
    ]),
    ...rules('PublicAcl', 'In', [
      {
        name: 'Https',
        ranges: [everywhere],
        ports: https,
        why: `clients to the balancer${throughNat ? '; machines to NAT' : ''}`,
      },
      {
        name: 'Http',
        ranges: [everywhere],
        ports: [80, 80],
        why: 'to the balancer: redirected, or CloudFront',
      },
      throughNat
        ? {
            name: 'Replies',
            ranges: [everywhere],
            ports: any,
            why: 'replies to NAT gateways, and of machines to the balancer',
          }
        : { name: 'Replies', ranges: privates, ports: any, why: 'replies of machines to the balancer' },
      pathMtu,
      ...v6({ name: 'Https', ranges: [everywhere6], ports: https, why: 'clients to the balancer over IPv6' }),
      ...v6({ name: 'Http', ranges: [everywhere6], ports: [80, 80], why: 'the same over IPv6' }),
      ...v6(pathMtu6),
    ]),
    ...rules('PublicAcl', 'Out', [
      { name: 'ToApi', ranges: privates, ports: api, why: 'requests of the balancer to machines' },
      ...(throughNat
        ? [
            {
              name: 'NatReplies',
              ranges: privates,
              ports: linux,
              why: 'replies from NAT to machines',
            },
          ]
        : []),
      {
        name: 'NothingElse',
        ranges: [cidr],
        action: 'deny',
        protocol: 'all',
        why: 'nothing else in the VPC, which the next rules would allow',
      },
      { name: 'Replies', ranges: [everywhere], ports: any, why: 'replies of the balancer to clients' },
      ...(throughNat ? [{ name: 'Https', ranges: [everywhere], ports: https, why: 'NAT on to the internet' }] : []),
      ...v6({
        name: 'Replies',
        ranges: [everywhere6],
        ports: any,
        why: 'replies of the balancer to clients over IPv6',
      }),
    ]),
  ];
}

function rules(acl: AclRule['acl'], direction: AclRule['direction'], entries: readonly Entry[]): AclRule[] {
  return entries
    .flatMap(({ ranges, name, ...entry }) =>
      ranges.map((range, index) => ({ ...entry, range, name: index === 0 ? name : `${name}Too` })),
    )
    .map((entry, index) => ({ action: 'allow', protocol: 'tcp', ...entry, acl, direction, number: 100 + 10 * index }));
}

/** What neither a boot nor a request of the balancer needs: machines need not wait for it. */
const forOthers = /PathMtu|PublicAcl(InHttp6?|InHttps6|OutNothingElse|OutReplies6?)$/;

/** Returns what must be there before machines boot. */
export function makeAcls(scope: Construct, config: Config, { vpc, zones }: Network): readonly CfnResource[] {
  const acls = {
    PublicAcl: new CfnNetworkAcl(scope, 'PublicAcl', { vpcId: vpc.ref }),
    PrivateAcl: new CfnNetworkAcl(scope, 'PrivateAcl', { vpcId: vpc.ref }),
  };
  const entries = aclRules(config).map((rule) => {
    const made = new CfnNetworkAclEntry(scope, `${rule.acl}${rule.direction}${rule.name}`, {
      networkAclId: acls[rule.acl].ref,
      ...(rule.direction === 'Out' ? { egress: true } : {}),
      ruleNumber: rule.number,
      ruleAction: rule.action,
      protocol: protocolNumbers[rule.protocol],
      ...rangeOf(rule.range),
      ...(rule.ports ? { portRange: { from: rule.ports[0], to: rule.ports[1] } } : {}),
      // Destination unreachable: fragmentation needed; and packet too big.
      ...(rule.protocol === 'icmp' ? { icmp: { type: 3, code: 4 } } : {}),
      ...(rule.protocol === 'icmpv6' ? { icmp: { type: 2, code: 0 } } : {}),
    });
    made.addMetadata('Why', rule.why);
    return made;
  });
  const associations = zones.flatMap((zone) => [
    associate(scope, `PublicSubnet${zone.letter}Acl`, acls.PublicAcl.ref, zone.public.ref),
    associate(scope, `PrivateSubnet${zone.letter}Acl`, acls.PrivateAcl.ref, zone.private.ref),
  ]);
  return [...entries.filter((entry) => !forOthers.test(entry.node.id)), ...associations];
}

function associate(scope: Construct, id: string, networkAclId: string, subnetId: string): CfnResource {
  return new CfnSubnetNetworkAclAssociation(scope, id, { networkAclId, subnetId });
}

function rangeOf(range: string): { cidrBlock: string } | { ipv6CidrBlock: string } {
  return range.includes(':') ? { ipv6CidrBlock: range } : { cidrBlock: range };
}
