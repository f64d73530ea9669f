/** Verdicts in words, for people: what happened at every hop, why it ended, and the likely fix. */
import { type Address, formatAddress } from './address.ts';
import { protocolName } from './match.ts';
import type { Delivered, Dropped, Endpoint, Hop, Packet, RoundTrip, Verdict, Via } from './verdict.ts';
import type { NetworkInterface, World } from './world.ts';

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
  const last = dropped.hops[dropped.hops.length - 1];
  const v6 = typeof dropped.destination.address === 'bigint';
  switch (dropped.end) {
    case 'deniedByAclEgress':
      return last && aclFix(world, dropped, last, 'egress', 'to', dropped.destination.address);
    case 'deniedByAclIngress':
      return last && aclFix(world, dropped, last, 'ingress', 'from', dropped.source.address);
    case 'deniedByGroupEgress':
      return last && groupFix(world, dropped, last, 'egress', 'to', dropped.destination.address);
    case 'deniedByGroupIngress':
      return last && groupFix(world, dropped, last, 'ingress', 'from', dropped.source.address);
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

function aclFix(world: World, dropped: Dropped, hop: Hop, way: string, preposition: string, peer: Address): string {
  const isLast = /327(67|68)$/.test(hop.rule);
  const add = `add an ${way} rule to ${hop.part} allowing ${portsText(world, dropped)} ${preposition} ${rangeOf(world, peer)}`;
  return isLast ? add : `${add}, with a number below that of ${hop.rule}`;
}

function groupFix(world: World, dropped: Dropped, hop: Hop, way: string, preposition: string, peer: Address): string {
  const other = interfaceAt(world, peer);
  const from = other?.groupIds.length && other.private.includes(peer) ? other.groupNames : rangeOf(world, peer);
  return `add an ${way} rule to ${hop.part} allowing ${portsText(world, dropped)} ${preposition} ${from}`;
}

/**
 * Replies go to whichever port the client chose. Linux chooses of 32768–60999; balancers, NAT gateways and clients
 * outside of 1024–65535: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 */
function portsText(world: World, { sent, destination }: Dropped): string {
  const v6 = typeof destination.address === 'bigint';
  const name = typeof sent.protocol === 'number' ? protocolName(sent.protocol) : sent.protocol;
  if (name !== 'tcp' && name !== 'udp') return v6 && name === 'icmp' ? 'icmpv6' : name;
  if (!sent.replyTo) return `${name} ${destination.port}`;
  const machine = interfaceAt(world, destination.address)?.kind === 'instance';
  const linux = machine && destination.port >= 32768 && destination.port <= 60999;
  return `${name} ${linux ? '32768-60999' : '1024-65535'}`;
}

function interfaceAt(world: World, address: Address): NetworkInterface | undefined {
  for (const vpc of world.vpcs.values()) {
    const found = vpc.byAddress.get(address);
    if (found) return found;
  }
  return world.byPublicAddress.get(address);
}

/** The subnet of an address inside, everything for one outside. */
function rangeOf(world: World, address: Address): string {
  const family = typeof address === 'bigint' ? 6 : 4;
  const inside = interfaceAt(world, address);
  const range = inside?.private.includes(address) && inside.subnet.ranges.find((other) => other.family === family);
  return range ? range.text : family === 6 ? '::/0' : '0.0.0.0/0';
}

function ruleText({ end, rule }: Dropped): string {
  if (end !== 'deniedByAclEgress' && end !== 'deniedByAclIngress') return rule;
  return `${rule.replace(/ 327(67|68)$/, ' *')} (deny)`;
}

function hopText({ kind, at, rule, allow, why }: Hop): string {
  return `  ${allow ? 'ok' : 'no'} ${kind} at ${at}: ${rule ? `${rule}, ` : ''}${why}`;
}

function packetText({ protocol, source, destination }: Packet): string {
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

function viaText(world: World, via: Via): string {
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
