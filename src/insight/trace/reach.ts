/** From a source to what was asked for: names, packets, and whoever is at the other end. */
import { isIP } from 'node:net';
import type { NodeConfig } from '../../region/decisions.ts';
import { parseAddress } from '../../region/network/address.ts';
import { arrivedAt, type RoundTrip } from '../../region/network/verdict.ts';
import type { NetworkInterface } from '../../region/network/world.ts';
import { atService, outsideAtAws } from './at-service.ts';
import { balancerWays } from './balancer.ts';
import { cdnWays } from './cdn.ts';
import { around, type Leg, leg, stoppedLeg, there, type Way, within, withNotes } from './leg.ts';
import { lostToNobody, whoListens } from './listeners.ts';
import { type Found, knownNames, lookUp } from './lookup.ts';
import { ask, seenFrom, tripLeg } from './packets.ts';
import type { TracedRequest } from './request.ts';
import { type Stop, TraceError } from './result.ts';
import { bucketNamed, hostOfBucket, serviceOfHost } from './services.ts';
import { internet, type Source, senderOf } from './sources.ts';
import type { Tracing } from './tracing.ts';

/** Every way that the request may take from there. Throws a `TraceError` for a name that nobody has. */
export async function reach(tracing: Tracing, source: Source, request: TracedRequest): Promise<readonly Way[]> {
  const asked = request.kind === 's3' ? atBucket(tracing, request) : request;
  const { host } = asked;
  const service = serviceOfHost(host, tracing.model.region);
  if (!source.at && service !== undefined) return [outsideAtAws(tracing, asked, service)];
  const found = lookUp(tracing, source, host);
  if (!source.at && found.addresses.length === 0 && isNobodys(found)) throw new TraceError(nobody(tracing, host));
  if (found.leg.stopped) return [{ name: '', leg: found.leg }];
  const address = isIP(host) ? host : undefined;
  if (isEdge(tracing, found.addresses)) return atEdge(tracing, source, asked, found);
  return around(found.leg, () =>
    preferred(address === undefined ? found.addresses : [address]).flatMap((one) =>
      toAddress(tracing, source, asked, one, found.elsewhere === true),
    ),
  );
}

function atBucket(tracing: Tracing, request: TracedRequest): TracedRequest {
  const bucket = bucketNamed(tracing, request.host);
  if (bucket === undefined) {
    const known = [...tracing.model.resources.values()].filter(({ type }) => type === 'AWS::S3::Bucket');
    throw new TraceError(
      `There is no bucket "${request.host}" in ${tracing.model.name}.\nThere are: ${known.map(({ logicalId }) => logicalId).join(', ') || 'none'}`,
    );
  }
  return { ...request, host: hostOfBucket(bucket, tracing.model.region) };
}

function isNobodys({ leg: { stopped } }: Found): boolean {
  return stopped?.at === 'DNS';
}

function nobody(tracing: Tracing, host: string): string {
  const known = knownNames(tracing);
  const named =
    known.length > 0
      ? `Names it has: ${known.join(', ')}`
      : 'It has no names: no hosted zone, balancer or distribution.';
  return `Nobody in ${tracing.model.name} has the name "${host}".\n${named}`;
}

/** Of one family: IPv4 where there is any, as all nodes and machines have it. */
function preferred(addresses: readonly string[]): readonly string[] {
  const v4 = addresses.filter((one) => isIP(one) === 4);
  return v4.length > 0 ? v4 : addresses;
}

function isEdge({ model }: Tracing, addresses: readonly string[]): boolean {
  const [any] = model.decisions.distributions();
  const edge = any && model.decisions.edgeAddresses(any.domainName);
  return edge !== undefined && addresses.some((one) => edge.ipv4.includes(one) || edge.ipv6.includes(one));
}

async function atEdge(tracing: Tracing, source: Source, request: TracedRequest, found: Found): Promise<readonly Way[]> {
  const { scheme } = request;
  const [address = ''] = preferred(found.addresses);
  const way = source.at
    ? outLeg(tracing, source, request, address)
    : { leg: leg(), seen: senderOf(source, 4)?.address ?? '' };
  const before = within(found.leg, () => way.leg);
  if (before.stopped || (scheme !== 'http' && scheme !== 'https')) return [{ name: '', leg: before }];
  const ways = await cdnWays(tracing, { ...request, scheme }, way.seen, (host, port, sent) => {
    const origin = lookUp(tracing, internet, host);
    const asked = { ...request, scheme: sent.scheme, host, port, path: sent.path, query: sent.query };
    if (origin.leg.stopped) {
      const why = `${host} is nobody's in the model: what the origin answers is not known`;
      return [{ name: '', leg: stoppedLeg({ kind: 'origin', at: host, rule: '', why }, { ending: 'unknown' }) }];
    }
    const headers = Object.fromEntries([...sent.headers].map(([name, values]) => [name, values.join(', ')]));
    return around(origin.leg, () =>
      preferred(origin.addresses).flatMap((one) =>
        toAddress(tracing, edgeServer, asked, one, false, headers, headers.host?.replace(/:\d+$/, '') ?? host),
      ),
    );
  });
  return around(before, () => ways);
}

/** An edge location on its way to an origin. */
const edgeServer: Source = { name: 'CloudFront', at: undefined };

function outLeg(tracing: Tracing, source: Source, request: TracedRequest, address: string) {
  const from = senderOf(source, isIP(address) === 6 ? 6 : 4);
  if (!from) return { leg: noFamily(source, address), seen: '' };
  const to = { address, port: request.port };
  const trip = ask(tracing, from, to);
  return { leg: tripLeg(tracing, from, to, trip), seen: seenFrom(trip) };
}

function noFamily({ name }: Source, address: string): Leg {
  const why = `${name} has no IPv${isIP(address)} address to ask ${address} from`;
  return stoppedLeg({ kind: 'interface', at: name, rule: '', why }, { ending: 'dropped' });
}

function toAddress(
  tracing: Tracing,
  source: Source,
  request: TracedRequest,
  address: string,
  elsewhere: boolean,
  headers: Readonly<Record<string, string>> = {},
  host = request.host,
): readonly Way[] {
  const from =
    source === edgeServer
      ? { address: tracing.edgeAddress, ports: [1024, 65_535] as const }
      : senderOf(source, isIP(address) === 6 ? 6 : 4);
  if (!from) return [{ name: '', leg: noFamily(source, address) }];
  const to = { address, port: request.port, protocol: request.scheme === 'udp' ? 'udp' : 'tcp' } as const;
  const trip = ask(tracing, from, to);
  const way = tripLeg(tracing, from, to, trip);
  const isThere = ({ publicIp, privateIp }: NodeConfig) => [publicIp, privateIp].includes(address);
  const balancer = tracing.balancers.find(({ nodes }) => nodes.some(isThere));
  const node = balancer?.nodes.find(isThere);
  // Stopped before it arrived: the choice has a name all the same.
  const endpoint = source.at?.subnet.vpc.byAddress.get(parseAddress(address));
  const through = endpoint?.kind === 'endpoint' ? `through ${endpoint.name}` : '';
  if (way.stopped && node && !source.at && node.publicIp === undefined) return [inside(node, way.stopped)];
  if (way.stopped && node && balancer)
    return [{ name: `node ${node.zone}`, leg: lostToNobody(tracing, balancer, request.port, way) }];
  if (way.stopped) return [{ name: through, leg: way }];
  return around(way, () => arrival(tracing, source, request, trip, elsewhere, headers, host));
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#load-balancer-scheme */
function inside({ zone, privateIp }: NodeConfig, { at }: Stop): Way {
  const why = `the balancer is internal: ${privateIp} is an address of the VPC, which nobody outside can reach`;
  const fix = { text: "make the balancer's Scheme internet-facing, or trace from inside: --from" };
  const step = { kind: 'internet', at, rule: '', why } as const;
  return { name: `node ${zone}`, leg: stoppedLeg(step, { ending: 'dropped', fix }) };
}

function arrival(
  tracing: Tracing,
  source: Source,
  request: TracedRequest,
  trip: RoundTrip,
  elsewhere: boolean,
  headers: Readonly<Record<string, string>>,
  host: string,
): readonly Way[] {
  const { forward } = trip;
  if (!forward.delivered) return [];
  const { world } = tracing.model;
  const at = world.interfaces.get(arrivedAt(forward) ?? '');
  if (at) return atInterface(tracing, source, request, trip, at, headers, host);
  if (forward.to.kind === 'service')
    return [
      { name: '', leg: atService(tracing, source, request, trip, forward.to.serviceName, forward.to.endpointId) },
    ];
  const note = elsewhere
    ? 'what is outside of the template is not modelled: that it answers is taken for granted'
    : undefined;
  return [{ name: '', leg: withNotes(leg(), ...(note === undefined ? [] : [note])) }];
}

function atInterface(
  tracing: Tracing,
  source: Source,
  request: TracedRequest,
  trip: RoundTrip,
  at: NetworkInterface,
  headers: Readonly<Record<string, string>>,
  host: string,
): readonly Way[] {
  if (at.kind === 'endpoint') {
    const { serviceName = '' } = tracing.model.world.interfaceEndpoints.get(at.owner) ?? {};
    return [{ name: `through ${at.name}`, leg: atService(tracing, source, request, trip, serviceName, at.owner) }];
  }
  const config = tracing.balancers.find(({ nodes }) => nodes.some(({ interfaceId }) => interfaceId === at.id));
  const node = config?.nodes.find(({ interfaceId }) => interfaceId === at.id);
  if (config && node) {
    const { scheme, path, query, method } = request;
    const { port } = trip.forward.destination;
    if (scheme !== 'http' && scheme !== 'https') {
      const open = config.listeners.some((one) => one.port === port);
      const why = open ? `it listens on port ${port}` : whoListens(tracing, config, port);
      const step = { kind: 'listener', at: config.name, rule: '', why } as const;
      return [{ name: `node ${node.zone}`, leg: open ? leg(there(step)) : stoppedLeg(step, { ending: 'refused' }) }];
    }
    const arriving = {
      scheme,
      host,
      path,
      query,
      method,
      port,
      headers: { ...headers, host },
      clientAddress: seenFrom(trip),
    };
    return balancerWays(tracing, config, node, arriving).map((way) =>
      way.name === '' ? { ...way, name: `node ${node.zone}` } : way,
    );
  }
  const { port } = trip.forward.destination;
  const why = at.kind === 'instance' ? `whoever listens on port ${port} there takes it` : `it arrives on port ${port}`;
  return [
    {
      name: '',
      ...(at.kind === 'instance' ? { machine: at.owner } : {}),
      leg: leg(there({ kind: 'machine', at: at.ownerName, rule: '', why })),
    },
  ];
}
