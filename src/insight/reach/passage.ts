/** What the ways between two sites let pass, all but the security groups' part, which differs from class to class. */
import type { Gate, GroupGate, Way } from '../../region/network/gate.ts';
import { detailCount, echoTypes, icmp, icmpv6, type Span, tcp, udp } from '../../region/network/match.ts';
import { natPorts } from '../../region/network/nat.ts';
import type { PortRange } from '../../region/network/world.ts';
import type { Decisions } from './decisions.ts';
import { detailsOf, type HeaderSet, type HeaderSets, protocolSpan } from './header-set.ts';
import type { Ways } from './ways.ts';

export interface Passage {
  /** Requests that ACLs, NAT gateways and routes let arrive, and that some reply can answer. */
  readonly open: HeaderSet;
  /** The groups that a request passes on top of that. Replies pass groups by connection tracking. */
  readonly groups: readonly GroupGate[];
  /** The ports of the client's from which it gets replies; every port where the protocol has none. */
  clientPorts(protocol: number): readonly PortRange[];
  /** The ports of NAT gateways, of 1024–65535, on which replies get back to them. Undefined where there is none. */
  natPorts(protocol: number): readonly PortRange[] | undefined;
}

export function passageOf(sets: HeaderSets, decisions: Decisions, ways: Ways): Passage {
  const { forward, reply } = ways;
  const gates = forward.gates.filter((gate) => gate.kind !== 'group');
  const arrives = forward.verdict.delivered ? allowedBy(sets, decisions, gates) : sets.none;
  const answer = reply?.verdict.delivered ? reply : undefined;
  const byClient = answer
    ? allowedBy(
        sets,
        decisions,
        answer.gates.filter(({ toUndo }) => toUndo === 0),
      )
    : sets.none;
  const nat = answer && natGates(answer);
  const byNat = nat && sets.and(allowedBy(sets, decisions, nat), natPortsOnly(sets));
  const v6 = typeof ways.walked.destination === 'bigint';
  return {
    open: sets.and(arrives, answered(sets, byClient, byNat, v6)),
    groups: forward.gates.filter((gate) => gate.kind === 'group'),
    clientPorts: (protocol) => detailsOf(byClient, protocol),
    natPorts: (protocol) => byNat && detailsOf(byNat, protocol),
  };
}

function natGates(reply: Way): readonly Gate[] | undefined {
  const gates = reply.gates.filter(({ toUndo }) => toUndo > 0);
  return gates.length > 0 ? gates : undefined;
}

function allowedBy(sets: HeaderSets, decisions: Decisions, gates: readonly Gate[]): HeaderSet {
  return gates.reduce((allowed, gate) => sets.and(allowed, decisions.of(gate).allowed), sets.all);
}

/** All headers but the tcp and udp ports that no NAT gateway takes. */
export function natPortsOnly(sets: HeaderSets): HeaderSet {
  const never = [tcp, udp].map((protocol): Span => {
    const { from } = protocolSpan(protocol);
    return { from, to: from + natPorts.from - 1 };
  });
  return sets.minus(sets.all, sets.of(never));
}

/**
 * The requests that can get a reply through what is open to replies. The reply's port is not the request's: it gets
 * through from some client ports or from none.
 */
function answered(sets: HeaderSets, byClient: HeaderSet, byNat: HeaderSet | undefined, v6: boolean): HeaderSet {
  const both = byNat ? sets.and(byClient, byNat) : byClient;
  const ported = [tcp, udp].map(protocolSpan);
  const some = [tcp, udp].filter((protocol) =>
    [byClient, byNat].every((set) => !set || detailsOf(set, protocol).length > 0),
  );
  const echoes = [icmp, icmpv6].map((protocol) => echoOf(protocol, v6));
  const echoed = echoes.filter(({ reply }) => sets.and(both, sets.of([reply])).id !== 0);
  const inKind = sets.minus(both, sets.of([...ported, ...echoes.map(({ request }) => request)]));
  return sets.of([...inKind.spans, ...some.map(protocolSpan), ...echoed.map(({ request }) => request)]);
}

/** Echo requests of every code, and the one header of what answers them. */
function echoOf(protocol: number, v6: boolean): { request: Span; reply: Span } {
  const types = echoTypes(v6);
  const first = protocol * detailCount;
  const reply = first + types.reply * 256;
  const request = first + types.request * 256;
  return { request: { from: request, to: request + 255 }, reply: { from: reply, to: reply } };
}

/** The headers that replies to these requests have: any port of the client's, the type that answers an ICMP type. */
export function repliesTo(sets: HeaderSets, requests: HeaderSet, v6: boolean): HeaderSet {
  const spans: Span[] = [];
  for (const protocol of [tcp, udp]) if (detailsOf(requests, protocol).length > 0) spans.push(protocolSpan(protocol));
  let rest = sets.minus(requests, sets.of([tcp, udp].map(protocolSpan)));
  for (const protocol of [icmp, icmpv6]) {
    const { request, reply } = echoOf(protocol, v6);
    const asked = sets.of([request]);
    if (sets.and(rest, asked).id === 0) continue;
    spans.push(reply);
    rest = sets.minus(rest, asked);
  }
  return sets.of([...rest.spans, ...spans]);
}
