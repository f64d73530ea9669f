/** Who reaches whom as a table: of each pair of places what passes both ways and by what, or what stops it. */
import { packetText, viaText } from '../../region/network/describe.ts';
import { detailCount, everyHeader, type Header, tcp } from '../../region/network/match.ts';
import type { World } from '../../region/network/world.ts';
import { type Passes, questionOf } from './answer.ts';
import type { Flow } from './flow.ts';
import { hasHeader, headersText } from './header-set.ts';
import { hopsOf, type Obstacle } from './obstacle.ts';
import { PlaceError, shortName } from './place.ts';
import type { Reach } from './reach.ts';

export interface ReachRow {
  readonly from: string;
  readonly to: string;
  /** Empty: nothing at all passes between any two of their addresses. */
  readonly passes: readonly Passing[];
  /** Of nothing: the packet that gets furthest, what stops it, and the smallest change that would not. */
  readonly stopped?: {
    readonly packet: string;
    readonly rule: string;
    readonly text: string;
    readonly fix: string | undefined;
  };
}

export interface Passing {
  /** `tcp 443`, `tcp 1024-65535`, `icmp type 8`, `all traffic` */
  readonly traffic: readonly string[];
  /** `internet gateway InternetGateway`, `the local route` */
  readonly by: string;
  /** `sometimes`: replies to some of the client's ports are lost. */
  readonly replies: Exclude<Passes, 'never'>;
  /** A packet that passes. */
  readonly witness: string;
}

/** More would be a table that nobody reads. */
const mostPlaces = 60;

/** Of these places, or of all owners of interfaces, the internet, and the services with an endpoint. Throws a `PlaceError`. */
export function reachTable(reach: Reach, names: readonly string[] = []): ReachRow[] {
  const { world } = reach;
  const services = servicesIn(world);
  const all = names.length > 0 ? names : ['internet', ...ownersIn(world), ...services];
  if (all.length > mostPlaces)
    throw new PlaceError(`${all.length} places are more than a table shows (${mostPlaces}): name some of them`);
  return all.flatMap((from) =>
    reach.place(from).services.length > 0
      ? []
      : all.flatMap((to) => (from === 'internet' && to === 'internet' ? [] : (rowOf(reach, from, to) ?? []))),
  );
}

/** Undefined where there are no two addresses of which one could be the other's client. */
function rowOf(reach: Reach, from: string, to: string): ReachRow | undefined {
  const passes = new Map<string, Passing>();
  const known = new Set<string>();
  for (const flow of reach.passing(from, to)) {
    const key = `${flow.allowed.id} ${flow.via && viaText(reach.world, flow.via)} ${repliesOf(reach, flow)}`;
    if (known.has(key)) continue;
    const found = passingOf(reach, flow);
    if (!found) continue;
    known.add(key);
    passes.set(JSON.stringify([found.traffic, found.by, found.replies]), found);
  }
  if (passes.size > 0) return { from, to, passes: [...passes.values()] };
  const flows = reach.some(from, to);
  const nearest = furthest(reach, flows);
  if (!nearest) return flows.length === 0 && from !== 'internet' ? undefined : { from, to, passes: [] };
  const { rule, text, fix, lost } = nearest;
  return { from, to, passes: [], stopped: { packet: packetText(lost.packet), rule, text, fix } };
}

const https = tcp * detailCount + 443;

/**
 * What gets as far as the last refusal, which all others let pass: refusals are in the order in which packets meet them.
 * Of a reply that is lost, what had arrived.
 */
function lastStopped(flow: Flow): Header | undefined {
  const refusals = flow.refusals();
  const last = refusals.at(-1);
  if (last?.direction === 'forward') return hasHeader(last.headers, https) ? https : last.headers.spans[0]?.from;
  const forward = refusals.filter(({ direction }) => direction === 'forward').map(({ headers }) => headers);
  const arrives = (header: Header) => !forward.some((set) => hasHeader(set, header));
  const edges = forward.flatMap(({ spans }) => spans.map(({ to }) => to + 1));
  return [https, ...edges, 0].find((header) => header <= everyHeader.to && arrives(header));
}

function furthest(reach: Reach, flows: readonly Flow[]): Obstacle | undefined {
  return [...new Set(flows.flatMap((flow) => lastStopped(flow) ?? []))]
    .flatMap((header) => reach.obstacles(flows, questionOf(header))[0] ?? [])
    .reduce<Obstacle | undefined>((best, one) => (best && hopsOf(best) >= hopsOf(one) ? best : one), undefined);
}

/** Of the first of what passes. */
function repliesOf(reach: Reach, flow: Flow): Passes {
  const [first] = flow.allowed.spans;
  return first ? reach.answer(flow, questionOf(first.from)).passes : 'never';
}

function passingOf(reach: Reach, flow: Flow): Passing | undefined {
  const [first] = flow.allowed.spans;
  const replies = repliesOf(reach, flow);
  const witness = first && reach.witness(flow, questionOf(first.from));
  if (replies === 'never' || !witness || !flow.via) return undefined;
  return {
    traffic: headersText(flow.allowed),
    by: viaText(reach.world, flow.via),
    replies,
    witness: packetText(witness.packet),
  };
}

/** Those of an Auto Scaling group are called `ApiGroup i-0a…`. */
function ownersIn({ interfaces }: World): string[] {
  return [...new Set([...interfaces.values()].map(({ ownerName }) => ownerName.split(' ')[0] ?? ownerName))];
}

function servicesIn({ gatewayEndpoints, interfaceEndpoints }: World): string[] {
  const endpoints = [...gatewayEndpoints.values(), ...interfaceEndpoints.values()];
  return [...new Set(endpoints.map(({ serviceName }) => shortName(serviceName)))].sort();
}
