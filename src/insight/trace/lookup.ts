/** How a name becomes addresses: Route 53's records for clients outside, the VPC's resolver inside. */
import { isIP } from 'node:net';
import { type RecordSet, resolve } from '../../region/decisions.ts';
import { parseAddress } from '../../region/network/address.ts';
import { type Leg, leg, stoppedLeg, there, within } from './leg.ts';
import { ask, linuxPorts, tripLeg } from './packets.ts';
import type { Source } from './sources.ts';
import type { Tracing } from './tracing.ts';

export interface Found {
  readonly leg: Leg;
  readonly addresses: readonly string[];
  /** A name that nothing in the model answers for: the addresses are a stand-in for any outside. */
  readonly elsewhere?: boolean;
}

/** Of the documentation's range: nobody in the model has it. */
const anywhere = '198.51.100.10';

export function lookUp(tracing: Tracing, source: Source, name: string): Found {
  if (isIP(name) !== 0) return { leg: leg(), addresses: [name] };
  return source.at ? askResolver(tracing, source, name) : askRoute53(tracing, name, undefined);
}

/** Names that the model's DNS knows: of hosted zones, balancers and distributions. */
export function knownNames({ dns, balancers, model }: Tracing): string[] {
  const own = [...dns.zones.values()].flatMap((zones) => zones.flatMap(({ records }) => [...records.values()].flat()));
  const hosts = own.flatMap(({ type, name }) =>
    ['A', 'AAAA', 'CNAME'].includes(type) && !name.startsWith('_') ? [name] : [],
  );
  const edges = model.decisions.distributions().map(({ domainName }) => domainName);
  return [...new Set([...hosts, ...balancers.map(({ dnsName }) => dnsName), ...edges])];
}

function askRoute53(tracing: Tracing, name: string, vpcId: string | undefined): Found {
  const followed = new Set<RecordSet>();
  const asker = {
    chance: 0,
    ...(vpcId === undefined ? {} : { vpcId }),
    followed: (set: RecordSet) => void followed.add(set),
  };
  const of = (type: 'A' | 'AAAA') => resolve(tracing.dns, name, type, asker);
  const [v4, v6] = [of('A'), of('AAAA')];
  const answers = [...v4.answers, ...v6.answers].filter(({ type }) => type === 'A' || type === 'AAAA');
  const at = followed.size > 0 || v4.code !== 'REFUSED' ? 'Route 53' : 'DNS';
  if (answers.length === 0) {
    const why =
      v4.code === 'REFUSED'
        ? `no hosted zone of the template has ${name}`
        : v4.code === 'SERVFAIL'
          ? `the records of ${name} lead in a circle`
          : `${name} has no A or AAAA record`;
    const text = `make a record set of ${name}`;
    const step = {
      kind: 'dns',
      at,
      rule: [...followed].map((set) => recordName(tracing, set)).join(', '),
      why,
    } as const;
    return { leg: stoppedLeg(step, { ending: 'refused', fix: { text } }), addresses: [] };
  }
  const addresses = answers.map(({ value }) => value);
  const ttl = Math.min(...answers.map((answer) => answer.ttl));
  const said = `${addresses.map((one) => placeOf(tracing, one)).join(', ')}; TTL ${ttl} s`;
  const aliases = [...followed].flatMap(({ alias }) =>
    alias === undefined ? [] : [tracing.names.text(ownerOf(tracing, alias))],
  );
  const why = `${name}${aliases.length > 0 ? ` is ${[...new Set(aliases)].join(', ')}` : ''}: ${said}`;
  const rule = [...new Set([...followed].map((set) => recordName(tracing, set)))].join(', ') || ownerOf(tracing, name);
  return { leg: leg(there({ kind: 'dns', at, rule, why })), addresses };
}

function askResolver(tracing: Tracing, source: Source, name: string): Found {
  const { model } = tracing;
  const { at } = source;
  if (!at) return askRoute53(tracing, name, undefined);
  const { vpc } = at.subnet;
  const from = { address: at.addresses[0] ?? '', interfaceId: at.id, ports: linuxPorts };
  const to = { address: '169.254.169.253', port: 53, protocol: 'udp' } as const;
  const reached = tripLeg(tracing, from, to, ask(tracing, from, to));
  if (reached.stopped) return { leg: reached, addresses: [] };
  const known = model.decisions.resolveInVpc(vpc.id, name);
  const answer = known ? ofService(tracing, vpc.id, name, known) : askRoute53(tracing, name, vpc.id);
  if (known || !answer.leg.stopped || isOwn(tracing, name)) return answer;
  const why = `${name} is nobody's in the model: ${anywhere} stands for its address`;
  return {
    leg: leg(there({ kind: 'dns', at: `resolver of ${vpc.name}`, rule: '', why })),
    addresses: [anywhere],
    elsewhere: true,
  };
}

/** Below a zone of the template, where a missing name is a mistake. */
function isOwn({ dns }: Tracing, name: string): boolean {
  return [...dns.zones.keys()].some((zone) => name === zone || name.endsWith(`.${zone}`));
}

function ofService(tracing: Tracing, vpcId: string, name: string, addresses: readonly string[]): Found {
  const vpc = tracing.model.world.vpcs.get(vpcId);
  const endpoints = new Set(addresses.flatMap((address) => vpc?.byAddress.get(parseAddress(address))?.ownerName ?? []));
  const [endpoint] = endpoints;
  const why = endpoint
    ? `${name} is ${addresses.map((one) => placeOf(tracing, one)).join(', ')}`
    : `${name} is AWS's public ${addresses.join(', ')}`;
  const rule = endpoint ? `private DNS of ${endpoint}` : '';
  return {
    leg: within(leg(), () => leg(there({ kind: 'dns', at: `resolver of ${vpc?.name ?? vpcId}`, rule, why }))),
    addresses,
  };
}

function recordName({ names }: Tracing, { name, type }: RecordSet): string {
  const bare = (text: unknown) =>
    String(text ?? '')
      .toLowerCase()
      .replace(/\.$/, '');
  const found = names.find('AWS::Route53::RecordSet', ({ Name, Type }) => bare(Name) === name && Type === type);
  return found?.logicalId ?? `${type} ${name}`;
}

/** Whose a name of AWS's is. */
function ownerOf({ balancers, model }: Tracing, name: string): string {
  const balancer = balancers.find(({ dnsName }) => dnsName.toLowerCase() === name);
  return (
    balancer?.name ??
    model.decisions.distributions().find(({ domainName }) => domainName.toLowerCase() === name)?.name ??
    name
  );
}

/** `198.18.6.1 (us-east-1a)` */
function placeOf({ model: { world } }: Tracing, address: string): string {
  const parsed = parseAddress(address);
  const inside =
    world.byPublicAddress.get(parsed) ??
    [...world.vpcs.values()].map(({ byAddress }) => byAddress.get(parsed)).find((one) => one !== undefined);
  return inside ? `${address} (${inside.subnet.zone})` : address;
}
