/**
 * What goes into `send` and what comes out: a packet, and a verdict with a closed set of endings in which every hop
 * names the part it passed and the rule that decided.
 */
import type { Address } from './address.ts';
import { parseAddress } from './address.ts';
import type { IcmpMatch } from './world.ts';

export interface Endpoint {
  readonly address: Address;
  /** 0 for protocols without ports. */
  readonly port: number;
}

export type Protocol = 'tcp' | 'udp' | 'icmp' | number;

export type Entry =
  | { readonly kind: 'interface'; readonly id: string }
  /** Anything outside the region's VPCs: clients, and the public addresses of AWS services. */
  | { readonly kind: 'internet' }
  /** What a service answers through a gateway endpoint. */
  | { readonly kind: 'gatewayEndpoint'; readonly id: string }
  /** What the resolver, metadata or time service answers to an interface. */
  | { readonly kind: 'linkLocal'; readonly interfaceId: string };

export interface Packet {
  readonly protocol: Protocol;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Only for `icmp`; an echo request when absent. */
  readonly icmp?: IcmpMatch | undefined;
  readonly enters: Entry;
  /**
   * The delivery that this packet answers. Groups, NAT and egress-only gateways are stateful: they let it pass when it
   * is that delivery's exact reverse. ACLs and routes are not, and decide again.
   */
  readonly replyTo?: Delivered | undefined;
  /** The delivery that opened the connection of which this is a later packet, the same way: groups let it pass, too. */
  readonly continues?: Delivered | undefined;
}

export type DeliveredEnd =
  /** at an interface */
  | 'delivered'
  /** left the VPC for an address that is neither AWS's nor an interface's */
  | 'deliveredToInternet'
  /** reached a public address of an AWS service, through a gateway endpoint or the internet gateway */
  | 'deliveredToService'
  /** the resolver, instance metadata or time service */
  | 'deliveredToLinkLocal';

export type DroppedEnd =
  | 'notAnInterface'
  | 'interfaceDetached'
  | 'sourceNotOwn'
  | 'noSuchAddress'
  | 'resolverOff'
  | 'noRoute'
  | 'blackhole'
  | 'routeNotModelled'
  | 'routeLoop'
  | 'deniedByGroupEgress'
  | 'deniedByGroupIngress'
  | 'deniedByAclEgress'
  | 'deniedByAclIngress'
  | 'noInternetGateway'
  | 'noPublicAddress'
  | 'natUnavailable'
  | 'natNoConnection'
  | 'natProtocol'
  | 'endpointUnavailable'
  | 'deniedByEgressOnlyGateway'
  /** vanished where a fault has cut something off; the rule is the fault's id */
  | 'cutByFault'
  /** a reply that was delivered, but not to the one who asked */
  | 'replyMisrouted';

export type End = DeliveredEnd | DroppedEnd;

export type HopKind =
  | 'interface'
  | 'group'
  | 'acl'
  | 'route'
  | 'internetGateway'
  | 'egressOnlyGateway'
  | 'nat'
  | 'gatewayEndpoint'
  | 'internet'
  | 'service'
  | 'linkLocal';

export interface Hop {
  readonly kind: HopKind;
  /** Where: the name of the interface, subnet or gateway. */
  readonly at: string;
  /** The AWS id of `at`. */
  readonly id: string;
  /** The name of what the rule belongs to: `PrivateAcl`, `ApiGroup`, `PrivateRoutesA`. */
  readonly part: string;
  /** The rule that decided: `PrivateAcl egress 100`, `ApiGroupFromBalancer`, `PrivateRoutesA 0.0.0.0/0`. */
  readonly rule: string;
  readonly allow: boolean;
  readonly why: string;
}

export type Via =
  | { readonly kind: 'local' }
  | { readonly kind: 'linkLocal' }
  | { readonly kind: 'internetGateway'; readonly id: string }
  | { readonly kind: 'egressOnlyGateway'; readonly id: string }
  | { readonly kind: 'nat'; readonly id: string }
  | { readonly kind: 'gatewayEndpoint'; readonly id: string }
  | { readonly kind: 'interfaceEndpoint'; readonly id: string };

/** What a NAT gateway remembers of a connection: packets to `outside` go to `inside`. */
export interface NatTranslation {
  readonly natId: string;
  readonly inside: Endpoint;
  /** The NAT interface's private address and the port it chose. */
  readonly outside: Endpoint;
}

export type Destination =
  | { readonly kind: 'interface'; readonly interfaceId: string; readonly owner: string }
  | { readonly kind: 'internet' }
  | { readonly kind: 'service'; readonly serviceName: string; readonly endpointId?: string | undefined }
  | { readonly kind: 'linkLocal'; readonly service: 'metadata' | 'resolver' | 'time' };

export interface Delivered {
  readonly delivered: true;
  readonly end: DeliveredEnd;
  readonly to: Destination;
  /** What is paid for on the way: a NAT gateway rather than the internet gateway behind it. */
  readonly via: Via;
  readonly at: string;
  readonly rule: string;
  readonly why: string;
  readonly hops: readonly Hop[];
  /** As sent. */
  readonly sent: Packet;
  /** As it arrived, after translations. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly translations: readonly NatTranslation[];
}

export interface Dropped {
  readonly delivered: false;
  readonly end: DroppedEnd;
  readonly at: string;
  readonly rule: string;
  readonly why: string;
  readonly hops: readonly Hop[];
  readonly sent: Packet;
  /** As it was when dropped, after translations. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export type Verdict = Delivered | Dropped;

export interface RoundTrip {
  /** Both ways delivered. */
  readonly delivered: boolean;
  readonly forward: Verdict;
  /** Absent when the request itself was dropped. */
  readonly reply: Verdict | undefined;
  /** The way that failed. */
  readonly direction: 'forward' | 'reply' | undefined;
  /** The failing way's ending, or the forward way's when both were delivered. */
  readonly end: End;
  readonly at: string;
  readonly rule: string;
  readonly why: string;
  readonly via: Via | undefined;
}

/** A packet from text: `packet('tcp', '10.0.1.5', 40000, '10.0.2.7', 443, { kind: 'interface', id })`. */
export function packet(
  protocol: Protocol,
  sourceAddress: string,
  sourcePort: number,
  destinationAddress: string,
  destinationPort: number,
  enters: Entry,
): Packet {
  return {
    protocol,
    source: { address: parseAddress(sourceAddress), port: sourcePort },
    destination: { address: parseAddress(destinationAddress), port: destinationPort },
    enters,
  };
}

/** The interface at which a packet arrived; undefined outside of the VPCs, or when it did not. */
export function arrivedAt(verdict: Verdict): string | undefined {
  return verdict.delivered && verdict.to.kind === 'interface' ? verdict.to.interfaceId : undefined;
}
