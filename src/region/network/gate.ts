/**
 * The way between two addresses as a list of the filters on it. Nothing else in `follow` looks at protocols and ports, so
 * that one walk with `gates` stands for all packets between these addresses: each gate takes a part of them and refuses
 * the rest.
 */
import type { Address } from './address.ts';
import type { Verdict } from './verdict.ts';
import type { NatGateway, NetworkInterface, Subnet } from './world.ts';

export type Gate = AclGate | GroupGate | NatGate;

interface PlacedGate {
  /** Its place among the hops, where the rule that lets a packet pass would stand. */
  readonly hop: number;
  /** Of a reply: how many NAT gateways have still to give its port back. None: it is for the client's own port. */
  readonly toUndo: number;
}

export interface AclGate extends PlacedGate {
  readonly kind: 'acl';
  readonly subnet: Subnet;
  readonly egress: boolean;
  readonly peer: Address;
}

export interface GroupGate extends PlacedGate {
  readonly kind: 'group';
  readonly at: NetworkInterface;
  readonly egress: boolean;
  readonly peer: Address;
}

/** A NAT gateway carries some protocols only. */
export interface NatGate extends PlacedGate {
  readonly kind: 'nat';
  readonly nat: NatGateway;
  /** The route that led to it. */
  readonly rule: string;
}

/** Of all packets between two addresses, one way. */
export interface Way {
  readonly gates: readonly Gate[];
  /** How those end that every gate lets pass. Its protocol and ports, and the rules of its gates' hops, mean nothing. */
  readonly verdict: Verdict;
}
