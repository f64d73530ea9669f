/** What to do about a packet that was dropped: an instruction, and lines of a template to paste. */
import { anyRangeContains } from '../../region/network/address.ts';
import { likelyFix, type MissingRule, missingRule } from '../../region/network/describe.ts';
import type { Dropped } from '../../region/network/verdict.ts';
import type { Subnet, World } from '../../region/network/world.ts';
import type { Model } from '../model/model.ts';
import { templateText } from './paste.ts';
import type { Fix } from './result.ts';

/** Protocol numbers, as a template has them. */
const numbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };
const firstNumber = 100;
const step = 10;

export function packetFix(model: Model, dropped: Dropped): Fix | undefined {
  const { world } = model;
  const text = likelyFix(world, dropped);
  if (text === undefined) return undefined;
  const missing = missingRule(world, dropped);
  const paste = missing
    ? missing.filter === 'acl'
      ? aclEntry(model, missing, dropped)
      : groupRule(model, missing)
    : dropped.end === 'noRoute'
      ? route(model, dropped)
      : undefined;
  const service = dropped.end === 'noRoute' ? serviceAt(world, dropped) : undefined;
  if (service !== undefined) return endpointFix(model, dropped, service) ?? { text };
  return { text, ...(paste === undefined ? {} : { paste }) };
}

function serviceAt({ publicServices }: World, { destination }: Dropped): string | undefined {
  return publicServices.find(({ ranges }) => anyRangeContains(ranges, destination.address))?.serviceName;
}

/** S3 and DynamoDB have endpoints that cost nothing; for the others a NAT gateway would do as well. */
function endpointFix(model: Model, dropped: Dropped, serviceName: string): Fix | undefined {
  const subnet = model.world.subnets.get(dropped.hops[dropped.hops.length - 1]?.id ?? '');
  const sender = subnet?.vpc.byAddress.get(dropped.source.address);
  if (!subnet || !sender) return undefined;
  const existing = [...model.world.gatewayEndpoints.values()].find(
    (one) => one.serviceName === serviceName && one.vpcId === subnet.vpcId,
  );
  if (existing) return { text: `add ${subnet.routeTable.name} to the RouteTableIds of ${existing.name}` };
  const homes = homesOf(model.world, subnet);
  const service = serviceName.split('.').slice(3).join('.');
  const byGateway = service === 's3' || service === 'dynamodb';
  const common = {
    VpcId: reference(model, subnet.vpc.name),
    ServiceName: { 'Fn::Sub': `com.amazonaws.\${AWS::Region}.${service}` },
  };
  const kind = byGateway
    ? {
        RouteTableIds: [...new Set(homes.map(({ routeTable }) => routeTable.name))].map((name) =>
          reference(model, name),
        ),
      }
    : {
        VpcEndpointType: 'Interface',
        PrivateDnsEnabled: true,
        SubnetIds: [...new Map(homes.map((one) => [one.zone, one])).values()].map(({ name }) => reference(model, name)),
        SecurityGroupIds: ['…'],
      };
  const text = byGateway
    ? `add a gateway endpoint for ${service}, which is free`
    : `add an interface endpoint for ${service} with a group that lets ${sender.groupNames} in on port 443, or a route to a NAT gateway`;
  const endpoint = { Type: 'AWS::EC2::VPCEndpoint', Properties: { ...common, ...kind } };
  return { text, paste: templateText({ [`${capitalised(plain(service))}Endpoint`]: endpoint }) };
}

/** The subnets of machines beside the one at hand, which comes first. */
function homesOf({ interfaces }: World, subnet: Subnet): Subnet[] {
  const others = [...interfaces.values()].flatMap(({ kind, subnet: at }) => (kind === 'instance' ? [at] : []));
  return [...new Set([subnet, ...others.filter(({ vpc }) => vpc === subnet.vpc)])];
}

/** `{ Ref: … }` of a resource of the template, the id of another. */
export function reference(model: Model, name: string, attribute?: string): unknown {
  if (!model.resources.has(name)) return name;
  return attribute === undefined ? { Ref: name } : { 'Fn::GetAtt': [name, attribute] };
}

function aclEntry(model: Model, missing: MissingRule, { hops }: Dropped): string | undefined {
  const subnet = model.world.subnets.get(hops[hops.length - 1]?.id ?? '');
  if (!subnet) return undefined;
  const { part, way, protocol, ports, peer } = missing;
  const range = 'range' in peer ? peer.range : '';
  return templateText({
    [newId(model, part, way === 'egress' ? 'Out' : 'In', protocol, ports?.from)]: {
      Type: 'AWS::EC2::NetworkAclEntry',
      Properties: {
        NetworkAclId: reference(model, part),
        Egress: way === 'egress',
        RuleNumber: freeNumber(subnet, missing),
        RuleAction: 'allow',
        Protocol: numbers[protocol] ?? protocol.replace(/\D/g, ''),
        [range.includes(':') ? 'Ipv6CidrBlock' : 'CidrBlock']: range,
        ...(ports ? { PortRange: { From: ports.from, To: ports.to } } : {}),
        ...(protocol.startsWith('icmp') ? { Icmp: { Type: -1, Code: -1 } } : {}),
      },
    },
  });
}

/** Before the entry that denies, where one does; else after all. */
function freeNumber({ aclIngress, aclEgress }: Subnet, { way, before }: MissingRule): number {
  const taken = (way === 'egress' ? aclEgress : aclIngress).map(({ number }) => number).filter((n) => n < 32_767);
  const denier = Number(before?.split(' ').at(-1) ?? Number.NaN);
  if (Number.isNaN(denier)) return taken.length === 0 ? firstNumber : Math.min(Math.max(...taken) + step, 32_766);
  const last = Math.max(0, ...taken.filter((n) => n < denier));
  return last + Math.max(1, Math.floor((denier - last) / 2));
}

function groupRule(model: Model, { part, way, protocol, ports, peer }: MissingRule): string {
  const [group = part] = part.split(', ');
  const other = 'groups' in peer ? peer.groups.split(', ')[0] : undefined;
  const out = way === 'egress';
  const range = 'range' in peer ? peer.range : '';
  const whom =
    other === undefined
      ? { [range.includes(':') ? 'CidrIpv6' : 'CidrIp']: range }
      : { [out ? 'DestinationSecurityGroupId' : 'SourceSecurityGroupId']: reference(model, other, 'GroupId') };
  return templateText({
    [newId(model, group, out ? 'Out' : 'In', protocol, ports?.from)]: {
      Type: out ? 'AWS::EC2::SecurityGroupEgress' : 'AWS::EC2::SecurityGroupIngress',
      Properties: {
        GroupId: reference(model, group, 'GroupId'),
        IpProtocol: protocol,
        ...(ports ? { FromPort: ports.from, ToPort: ports.to } : {}),
        ...whom,
      },
    },
  });
}

/** A way out of a subnet: through the internet gateway for whoever has a public address, else through a NAT gateway. */
function route(model: Model, dropped: Dropped): string | undefined {
  const { world } = model;
  const subnet = world.subnets.get(dropped.hops[dropped.hops.length - 1]?.id ?? '');
  if (!subnet || typeof dropped.destination.address === 'bigint') return undefined;
  const table = subnet.routeTable.name;
  const sender = subnet.vpc.byAddress.get(dropped.source.address);
  const toInternet = (target: Readonly<Record<string, unknown>>) => ({
    Type: 'AWS::EC2::Route',
    Properties: { RouteTableId: reference(model, table), DestinationCidrBlock: '0.0.0.0/0', ...target },
  });
  const gateway = subnet.vpc.internetGateway;
  if (sender?.public !== undefined && gateway) {
    return templateText({ [`${plain(table)}ToInternet`]: toInternet({ GatewayId: reference(model, gateway.name) }) });
  }
  const nats = [...world.natGateways.values()].filter(({ interface: { subnet: at } }) => at.vpc === subnet.vpc);
  const nat = nats.find(({ interface: { subnet: at } }) => at.zone === subnet.zone) ?? nats[0];
  if (nat) return templateText({ [`${plain(table)}ToNat`]: toInternet({ NatGatewayId: reference(model, nat.name) }) });
  const open = publicSubnet(world, subnet);
  if (!open) return undefined;
  const [address, made] = [`${plain(open.name)}NatAddress`, `${plain(open.name)}Nat`];
  return templateText({
    [address]: { Type: 'AWS::EC2::EIP', Properties: { Domain: 'vpc' } },
    [made]: {
      Type: 'AWS::EC2::NatGateway',
      Properties: {
        SubnetId: reference(model, open.name),
        AllocationId: { 'Fn::GetAtt': [address, 'AllocationId'] },
      },
    },
    [`${plain(table)}ToNat`]: toInternet({ NatGatewayId: { Ref: made } }),
  });
}

/** Of the same zone, where there is one. */
function publicSubnet({ subnets }: World, { vpc, zone }: Subnet): Subnet | undefined {
  const open = [...subnets.values()].filter(
    (one) => one.vpc === vpc && one.routes.some(({ target }) => target.kind === 'internetGateway'),
  );
  return open.find((one) => one.zone === zone) ?? open[0];
}

const plain = (name: string) => name.replace(/[^A-Za-z0-9]/g, '');

function newId(model: Model, part: string, ...more: readonly (string | number | undefined)[]): string {
  const wanted = plain(`${part}${more.map((one) => capitalised(String(one ?? ''))).join('')}`);
  return model.resources.has(wanted) ? `${wanted}2` : wanted;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
