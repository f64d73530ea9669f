/**
 * A question in, an answer out; pure. The server is authoritative for the zones of the snapshot and for AWS's own names.
 * Aliases are followed here and never shown as CNAME:
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
 */
import type { DnsSnapshot, RecordSet, RecordType, Zone } from './zones.ts';

export interface ResolvedRecord {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly value: string;
}

export interface Resolution {
  /** `REFUSED`: no zone of ours. `SERVFAIL`: a loop of aliases or CNAMEs. */
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'SERVFAIL';
  readonly answers: readonly ResolvedRecord[];
  /** The SOA, where there is no answer (RFC 2308). */
  readonly authority: readonly ResolvedRecord[];
}

export interface Asker {
  /** Inside this VPC: its private zones are seen. Undefined for the internet. */
  readonly vpcId?: string;
  /** A number in [0, 1) to choose between weighted records. */
  readonly chance: number;
  /** Told of each record set that the answer is made of, in turn: aliases, CNAMEs, and those with values. */
  readonly followed?: (set: RecordSet, zone: Zone) => void;
}

const longestChain = 8;
const refused: Resolution = { code: 'REFUSED', answers: [], authority: [] };

export function resolve(snapshot: DnsSnapshot, name: string, type: string, asker: Asker): Resolution {
  const answers: ResolvedRecord[] = [];
  let current = name.toLowerCase();
  for (let step = 0; step < longestChain; step++) {
    const aws = awsAnswers(snapshot, current, type);
    if (aws) return { code: 'NOERROR', answers: [...answers, ...aws], authority: [] };
    const zone = zoneOf(snapshot, current, asker.vpcId);
    // A CNAME that leads out of our zones is the whole of our answer.
    if (!zone) return answers.length > 0 ? { code: 'NOERROR', answers, authority: [] } : refused;
    const sets = recordsAt(zone, current);
    if (!sets) return { code: 'NXDOMAIN', answers, authority: startOfAuthority(zone) };
    const wanted = choose(
      sets.filter((set) => type === 'ANY' || set.type === type),
      asker.chance,
    );
    if (wanted.length > 0) {
      for (const set of wanted) asker.followed?.(set, zone);
      const found = wanted.flatMap((set) =>
        set.alias === undefined ? values(set, current) : aliasAnswers(snapshot, set, current, asker),
      );
      if (found.includes(undefined)) return { code: 'SERVFAIL', answers: [], authority: [] };
      const all = [...answers, ...found.filter((record) => record !== undefined)];
      return { code: 'NOERROR', answers: all, authority: found.length > 0 ? [] : startOfAuthority(zone) };
    }
    const [canonical] = choose(
      sets.filter((set) => set.type === 'CNAME'),
      asker.chance,
    );
    const target = canonical?.values[0];
    if (!canonical || target === undefined) return { code: 'NOERROR', answers, authority: startOfAuthority(zone) };
    asker.followed?.(canonical, zone);
    answers.push(...values(canonical, current));
    current = bare(target);
  }
  return { code: 'SERVFAIL', answers: [], authority: [] };
}

/** The addresses of a name, following everything: what a client connects to. */
export function addresses(snapshot: DnsSnapshot, name: string, asker: Asker): string[] {
  return (['A', 'AAAA'] as const).flatMap((type) =>
    resolve(snapshot, name, type, asker).answers.flatMap((record) => (record.type === type ? [record.value] : [])),
  );
}

function awsAnswers(snapshot: DnsSnapshot, name: string, type: string): ResolvedRecord[] | undefined {
  const known = snapshot.awsName(name);
  if (!known) return undefined;
  const of = (recordType: 'A' | 'AAAA', list: readonly string[]) =>
    type === recordType || type === 'ANY'
      ? list.map((value) => ({ name, type: recordType, ttl: known.ttl, value }))
      : [];
  return [...of('A', known.ipv4), ...of('AAAA', known.ipv6)];
}

/** An alias answers under its own name, with the target's values. Undefined marks a loop. */
function aliasAnswers(
  snapshot: DnsSnapshot,
  set: RecordSet,
  name: string,
  asker: Asker,
  depth = 0,
): (ResolvedRecord | undefined)[] {
  if (depth >= longestChain) return [undefined];
  const target = bare(set.alias ?? '');
  const aws = awsAnswers(snapshot, target, set.type);
  if (aws) return aws.map((record) => ({ ...record, name }));
  const zone = zoneOf(snapshot, target, asker.vpcId);
  const sets = zone ? recordsAt(zone, target)?.filter((other) => other.type === set.type) : undefined;
  return choose(sets ?? [], asker.chance).flatMap((other) => {
    if (zone) asker.followed?.(other, zone);
    return other.alias === undefined ? values(other, name) : aliasAnswers(snapshot, other, name, asker, depth + 1);
  });
}

/** The most specific zone; a private one of the asker's VPC goes before a public one of the same name. */
function zoneOf(snapshot: DnsSnapshot, name: string, vpcId: string | undefined): Zone | undefined {
  for (let suffix = name; ; suffix = suffix.slice(suffix.indexOf('.') + 1)) {
    const zones = snapshot.zones.get(suffix);
    const seen =
      zones?.find((zone) => vpcId !== undefined && zone.vpcIds?.includes(vpcId)) ??
      zones?.find((zone) => zone.vpcIds === undefined);
    if (seen) return seen;
    if (!suffix.includes('.')) return undefined;
  }
}

/** Undefined: no such name. Empty: the name is only a parent of others. */
function recordsAt(zone: Zone, name: string): readonly RecordSet[] | undefined {
  const exact = zone.records.get(name);
  if (exact) return exact;
  if (hasChildren(zone, name)) return [];
  // A wildcard stands for names below its parent that do not exist (RFC 4592): the closest existing ancestor decides.
  for (let parent = name; parent !== zone.name; ) {
    parent = parent.slice(parent.indexOf('.') + 1);
    const wildcard = zone.records.get(`*.${parent}`);
    if (wildcard) return wildcard;
    if (zone.records.has(parent) || hasChildren(zone, parent)) return undefined;
  }
  return undefined;
}

function hasChildren(zone: Zone, name: string): boolean {
  const suffix = `.${name}`;
  for (const other of zone.records.keys()) if (other.endsWith(suffix)) return true;
  return false;
}

/** All sets without weights, and one of the weighted ones, by weight. */
function choose(sets: readonly RecordSet[], chance: number): readonly RecordSet[] {
  const weighted = sets.filter((set) => set.weight !== undefined);
  if (weighted.length === 0) return sets;
  const total = weighted.reduce((sum, set) => sum + (set.weight ?? 0), 0);
  let left = chance * total;
  const chosen = weighted.find((set) => {
    left -= set.weight ?? 0;
    return left < 0;
  });
  return [...sets.filter((set) => set.weight === undefined), ...(chosen ? [chosen] : weighted.slice(0, 1))];
}

function values(set: RecordSet, name: string): ResolvedRecord[] {
  return set.values.map((value) => ({ name, type: set.type, ttl: set.ttl, value }));
}

/** For a negative answer the TTL is the lesser of the record's and the SOA's minimum. */
function startOfAuthority(zone: Zone): ResolvedRecord[] {
  const soa = zone.records.get(zone.name)?.find((set) => set.type === 'SOA');
  const minimum = Number(soa?.values[0]?.split(/\s+/).at(-1) ?? Number.POSITIVE_INFINITY);
  return soa ? values({ ...soa, ttl: Math.min(soa.ttl, minimum) }, zone.name) : [];
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
