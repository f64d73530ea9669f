/** Verdicts in words, for people: what happened at every hop, why it ended, and the likely fix. */
import { type Address, formatAddress, rangeContains } from './address.ts';
import { protocolName } from './match.ts';
import type { Delivered, Dropped, Endpoint, Hop, Packet, RoundTrip, Verdict, Via } from './verdict.ts';
import type { NetworkInterface, PortRange, World } from './world.ts';

/**
 * One line: `delivered: to ApiMachine via nat NatA`, or
 * `dropped: PrivateAcl ingress * (deny) at PrivateSubnetA: return port 40000 from 203.0.113.9 not allowed; add …`.
 */
export function summarise(world: World, verdict: Verdict): string {
  if (verdict.delivered) return `delivered: to ${destinationText(world, verdict)} via ${viaText(world, verdict.via)}`;
  const fix = likelyFix(world, verdict);
  const rule = verdict.rule && verdict.rule !== verdict.at ? `${ruleText(verdict)} at ${verdict.at}` : verdict.at;
  return `dropped: ${rule}: ${verdict.why}${fix ? `; ${fix}` : ''}`;
}

/** The packet, a line a hop, and the summary. */
export function describe(world: World, verdict: Verdict): string[] {
  return [packetText(verdict.sent), ...verdict.hops.map(hopText), summarise(world, verdict)];
}

/** One line for a log: the way that failed, or the request's when both got through. */
export function summariseRoundTrip(world: World, trip: RoundTrip): string {
  if (trip.reply && trip.direction === 'reply') return `reply ${summarise(world, trip.reply)}`;
  return summarise(world, trip.forward);
}

/** What would most likely let the packet through, as an instruction without a full stop; undefined where it depends. */
export function likelyFix(world: World, dropped: Dropped): string | undefined {
  const missing = missingRule(world, dropped);
  if (missing) return missingRuleText(missing);
  const v6 = typeof dropped.destination.address === 'bigint';
  switch (dropped.end) {
    case 'noRoute':
      return v6
        ? `add a ::/0 route to ${dropped.rule} to an internet gateway or egress-only internet gateway`
        : `add a route to ${dropped.rule}: a NAT gateway or an endpoint for a private subnet, an internet gateway for a public one`;
    case 'blackhole':
      return 'point the route at something that exists, or delete it';
    case 'noPublicAddress':
      return 'give the interface an Elastic IP, or route its subnet to a NAT gateway instead';
    case 'noInternetGateway':
      return 'attach an internet gateway to the VPC';
    case 'routeLoop':
      return 'put the NAT gateway in a public subnet, one whose 0.0.0.0/0 route leads to an internet gateway';
    case 'natNoConnection':
      return dropped.sent.replyTo
        ? 'route the subnet to the internet gateway that its public addresses are reached through'
        : undefined;
    case 'cutByFault':
      return `it ends by itself, or now: orrery fault clear ${dropped.rule}`;
    case 'resolverOff':
      return 'set EnableDnsSupport of the VPC to true';
    default:
      return undefined;
  }
}

/** The rule that a filter lacks for a packet that it dropped; undefined where something else stopped the packet. */
export interface MissingRule {
  readonly filter: 'acl' | 'group';
  /** The name of the ACL, or of the groups. */
  readonly part: string;
  readonly way: 'ingress' | 'egress';
  /** `tcp`, `icmpv6`, a number */
  readonly protocol: string;
  readonly ports: PortRange | undefined;
  /** A range, or the names of the other side's groups. */
  readonly peer: { readonly range: string } | { readonly groups: string };
  /** The entry of the ACL before which it must come; undefined: it may be the last. */
  readonly before: string | undefined;
}

export function missingRule(world: World, dropped: Dropped): MissingRule | undefined {
  const last = dropped.hops[dropped.hops.length - 1];
  if (!last) return undefined;
  switch (dropped.end) {
    case 'deniedByAclEgress':
      return ofAcl(world, dropped, last, 'egress', dropped.destination.address);
    case 'deniedByAclIngress':
      return ofAcl(world, dropped, last, 'ingress', dropped.source.address);
    case 'deniedByGroupEgress':
      return ofGroup(world, dropped, last, 'egress', dropped.destination.address);
    case 'deniedByGroupIngress':
      return ofGroup(world, dropped, last, 'ingress', dropped.source.address);
    default:
      return undefined;
  }
}

function ofAcl(world: World, dropped: Dropped, hop: Hop, way: MissingRule['way'], peer: Address): MissingRule {
  const isLast = /327(67|68)$/.test(hop.rule);
  const range = { range: rangeOf(world, hop, peer) };
  return {
    filter: 'acl',
    part: hop.part,
    way,
    ...portsOf(world, dropped),
    peer: range,
    before: isLast ? undefined : hop.rule,
  };
}

function ofGroup(world: World, dropped: Dropped, hop: Hop, way: MissingRule['way'], peer: Address): MissingRule {
  const other = interfaceAt(world, peer);
  const groups = other?.groupIds.length && other.private.includes(peer) ? other.groupNames : undefined;
  return {
    filter: 'group',
    part: hop.part,
    way,
    ...portsOf(world, dropped),
    peer: groups === undefined ? { range: rangeOf(world, hop, peer) } : { groups },
    before: undefined,
  };
}

function missingRuleText({ part, way, protocol, ports, peer, before }: MissingRule): string {
  const which = ports ? (ports.from === ports.to ? ` ${ports.from}` : ` ${ports.from}-${ports.to}`) : '';
  const whom = 'range' in peer ? peer.range : peer.groups;
  const add = `add an ${way} rule to ${part} allowing ${protocol}${which} ${way === 'egress' ? 'to' : 'from'} ${whom}`;
  return before === undefined ? add : `${add}, with a number below that of ${before}`;
}

/**
 * Replies go to whichever port the client chose. Linux chooses of 32768–60999; balancers, NAT gateways and clients
 * outside of 1024–65535: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 */
function portsOf(world: World, { sent, destination }: Dropped): Pick<MissingRule, 'protocol' | 'ports'> {
  const v6 = typeof destination.address === 'bigint';
  const name = typeof sent.protocol === 'number' ? protocolName(sent.protocol) : sent.protocol;
  if (name !== 'tcp' && name !== 'udp') return { protocol: v6 && name === 'icmp' ? 'icmpv6' : name, ports: undefined };
  if (!sent.replyTo) return { protocol: name, ports: { from: destination.port, to: destination.port } };
  const machine = interfaceAt(world, destination.address)?.kind === 'instance';
  const linux = machine && destination.port >= 32768 && destination.port <= 60999;
  return { protocol: name, ports: linux ? { from: 32768, to: 60999 } : { from: 1024, to: 65535 } };
}

function interfaceAt(world: World, address: Address): NetworkInterface | undefined {
  for (const vpc of world.vpcs.values()) {
    const found = vpc.byAddress.get(address);
    if (found) return found;
  }
  return world.byPublicAddress.get(address);
}

/** The subnet of an address inside, or its VPC where it is in none; everything for one outside. */
function rangeOf(world: World, { id }: Hop, address: Address): string {
  const inside = interfaceAt(world, address);
  const vpc = (world.subnets.get(id) ?? world.interfaces.get(id)?.subnet)?.vpc;
  const subnets = inside?.private.includes(address)
    ? [inside.subnet]
    : [...world.subnets.values()].filter((one) => one.vpc === vpc);
  const found = [...subnets, ...(vpc ? [vpc] : [])]
    .flatMap(({ ranges }) => ranges)
    .find((range) => rangeContains(range, address));
  return found ? found.text : typeof address === 'bigint' ? '::/0' : '0.0.0.0/0';
}

function ruleText({ end, rule }: Dropped): string {
  if (end !== 'deniedByAclEgress' && end !== 'deniedByAclIngress') return rule;
  return `${rule.replace(/ 327(67|68)$/, ' *')} (deny)`;
}

function hopText({ kind, at, rule, allow, why }: Hop): string {
  return `  ${allow ? 'ok' : 'no'} ${kind} at ${at}: ${rule ? `${rule}, ` : ''}${why}`;
}

export function packetText({ protocol, source, destination }: Packet): string {
  const name = typeof protocol === 'number' ? protocolName(protocol) : protocol;
  const ports = name === 'tcp' || name === 'udp';
  return `${name} ${endpointText(source, ports)} -> ${endpointText(destination, ports)}`;
}

function endpointText({ address, port }: Endpoint, withPort: boolean): string {
  const text = formatAddress(address);
  if (!withPort) return text;
  return typeof address === 'bigint' ? `[${text}]:${port}` : `${text}:${port}`;
}

function destinationText(world: World, { to }: Delivered): string {
  switch (to.kind) {
    case 'interface':
      return world.interfaces.get(to.interfaceId)?.ownerName ?? to.owner;
    case 'internet':
      return 'the internet';
    case 'service':
      return to.serviceName;
    case 'linkLocal':
      return `the ${to.service} service`;
  }
}

export function viaText(world: World, via: Via): string {
  switch (via.kind) {
    case 'local':
      return 'the local route';
    case 'linkLocal':
      return 'the link-local address';
    case 'internetGateway':
      return `internet gateway ${world.gateways.get(via.id)?.name ?? via.id}`;
    case 'egressOnlyGateway':
      return `egress-only internet gateway ${world.gateways.get(via.id)?.name ?? via.id}`;
    case 'nat':
      return `NAT gateway ${world.natGateways.get(via.id)?.name ?? via.id}`;
    case 'gatewayEndpoint':
      return `gateway endpoint ${world.gatewayEndpoints.get(via.id)?.name ?? via.id}`;
    case 'interfaceEndpoint':
      return `interface endpoint ${world.interfaceEndpoints.get(via.id)?.name ?? via.id}`;
  }
}
