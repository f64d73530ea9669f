/** Record sets: a batch of changes is applied whole or not at all. */
import { isIPv4, isIPv6 } from 'node:net';
import type {
  Change,
  ChangeResourceRecordSetsCommandInput,
  ListResourceRecordSetsCommandInput,
  ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { changeInfo } from './change.ts';
import { normalName, sortKey } from './names.ts';
import { hostedZones } from './state.ts';
import { zoneOf } from './zone.ts';

const types = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SPF', 'SRV', 'TXT'];
const notModelled = [
  'Failover',
  'GeoLocation',
  'GeoProximityLocation',
  'CidrRoutingConfig',
  'MultiValueAnswer',
  'Region',
  'HealthCheckId',
  'TrafficPolicyInstanceId',
] as const;
const mostChanges = 1_000;

export function changeResourceRecordSets(
  { HostedZoneId, ChangeBatch }: ChangeResourceRecordSetsCommandInput,
  call: Call,
) {
  const zone = zoneOf(call, HostedZoneId);
  const list = ChangeBatch?.Changes ?? [];
  if (list.length === 0 || list.length > mostChanges)
    throw new Fault('InvalidInput', `A change batch has 1 to ${mostChanges} changes, not ${list.length}.`);
  const records = new Map(zone.records.map((set) => [identity(set), set]));
  const problems = list.flatMap((change) => apply(records, zone.name, change) ?? []);
  if (problems.length > 0) {
    throw new Fault('InvalidChangeBatch', `[${problems.join(', ')}]`, { members: { messages: problems } });
  }
  const sorted = [...records.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  hostedZones(call).put(zone.id, { ...zone, records: sorted });
  return { ChangeInfo: changeInfo(call, ChangeBatch?.Comment) };
}

/** One set of a name and type, or one of several told apart by their identifier. */
function identity({ Name, Type, SetIdentifier }: ResourceRecordSet): string {
  return `${Name} ${Type} ${SetIdentifier ?? ''}`;
}

function order(set: ResourceRecordSet): string {
  return `${sortKey(set.Name ?? '')} ${set.Type} ${set.SetIdentifier ?? ''}`;
}

/** Changes `records`, or says why not in AWS's words. */
function apply(
  records: Map<string, ResourceRecordSet>,
  zoneName: string,
  { Action, ResourceRecordSet: given }: Change,
): string | undefined {
  if (!given) return 'The change has no ResourceRecordSet';
  const set = normal(given);
  const key = identity(set);
  const shown = `[name='${set.Name}', type='${set.Type}']`;
  const apex = set.Name === zoneName;
  if (!apex && !set.Name?.endsWith(`.${zoneName}`))
    return `RRSet with DNS name ${set.Name} is not permitted in zone ${zoneName}`;
  if (Action === 'DELETE') {
    const existing = records.get(key);
    if (!existing) return `Tried to delete resource record set ${shown} but it was not found`;
    if (apex && (set.Type === 'NS' || set.Type === 'SOA'))
      return `A HostedZone must contain exactly one SOA record and at least one NS record for the zone itself.`;
    if (JSON.stringify(contents(existing)) !== JSON.stringify(contents(set))) {
      return `Tried to delete resource record set ${shown} but the values provided do not match the current values`;
    }
    records.delete(key);
    return undefined;
  }
  const invalid = check(set, apex);
  if (invalid) return invalid;
  if (Action === 'CREATE' && records.has(key))
    return `Tried to create resource record set ${shown} but it already exists`;
  for (const other of records.values()) {
    if (other.Name !== set.Name || identity(other) === key) continue;
    if ((other.Type === 'CNAME') !== (set.Type === 'CNAME')) {
      return `RRSet of type ${set.Type} with DNS name ${set.Name} is not permitted because a conflicting RRSet of type ${other.Type} with the same DNS name already exists in zone ${zoneName}`;
    }
    if (other.Type === set.Type && (other.SetIdentifier === undefined) !== (set.SetIdentifier === undefined)) {
      return `RRSet with DNS name ${set.Name}, type ${set.Type} cannot be created as other RRSets exist with the same name and type.`;
    }
  }
  records.set(key, set);
  return undefined;
}

function normal(set: ResourceRecordSet): ResourceRecordSet {
  const { AliasTarget: alias } = set;
  return {
    ...set,
    Name: normalName(set.Name),
    ...(alias
      ? {
          AliasTarget: {
            ...alias,
            DNSName: normalName(alias.DNSName),
            EvaluateTargetHealth: alias.EvaluateTargetHealth ?? false,
          },
        }
      : {}),
  };
}

function contents({ TTL, ResourceRecords, AliasTarget, Weight }: ResourceRecordSet): unknown {
  return [TTL, ResourceRecords?.map(({ Value }) => Value), AliasTarget, Weight];
}

function check(set: ResourceRecordSet, apex: boolean): string | undefined {
  if (!types.includes(set.Type ?? '')) return `The record type ${set.Type} is not modelled by Orrery`;
  const unmodelled = notModelled.find((member) => set[member] !== undefined);
  if (unmodelled) return `${unmodelled} of a record set is not modelled by Orrery`;
  if (set.Type === 'CNAME' && apex)
    return `RRSet of type CNAME with DNS name ${set.Name} is not permitted at apex in zone ${set.Name}`;
  if ((set.Weight === undefined) !== (set.SetIdentifier === undefined))
    return 'A weighted record set needs both Weight and SetIdentifier';
  if (set.AliasTarget) {
    if (set.TTL !== undefined || set.ResourceRecords?.length)
      return 'Invalid request: an alias has neither TTL nor resource records';
    if (set.AliasTarget.EvaluateTargetHealth && set.AliasTarget.DNSName?.endsWith('.cloudfront.net.')) {
      return 'EvaluateTargetHealth must be false for an alias to a CloudFront distribution';
    }
    return undefined;
  }
  const values = set.ResourceRecords ?? [];
  if (values.length === 0)
    return `Missing field 'ResourceRecords' in Change with [Name='${set.Name}', Type='${set.Type}']`;
  if (set.TTL === undefined || set.TTL < 0 || set.TTL > 2_147_483_647)
    return `Missing field 'TTL' in Change with [Name='${set.Name}', Type='${set.Type}']`;
  if (set.Type === 'CNAME' && values.length > 1) return 'CNAME records can have only one value';
  const bad = values.find(({ Value }) => !validValue(set.Type ?? '', Value ?? ''));
  return bad && `Invalid Resource Record: 'FATAL problem: ${problem(set.Type ?? '')} encountered with '${bad.Value}''`;
}

function validValue(type: string, value: string): boolean {
  switch (type) {
    case 'A':
      return isIPv4(value);
    case 'AAAA':
      return isIPv6(value);
    case 'TXT':
    case 'SPF':
      return /^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/.test(value);
    case 'MX':
      return /^\d{1,5}\s+\S+$/.test(value);
    case 'SRV':
      return /^\d{1,5}\s+\d{1,5}\s+\d{1,5}\s+\S+$/.test(value);
    case 'CAA':
      return /^\d{1,3}\s+\S+\s+".*"$/.test(value);
    default:
      return value.length > 0;
  }
}

function problem(type: string): string {
  if (type === 'A') return 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)';
  if (type === 'AAAA') return 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)';
  if (type === 'TXT' || type === 'SPF') return 'InvalidCharacterString (Value should be enclosed in quotation marks)';
  return 'RRDATANotValid (Value is not valid)';
}

export function listResourceRecordSets(input: ListResourceRecordSetsCommandInput, call: Call) {
  const { records } = zoneOf(call, input.HostedZoneId);
  const from =
    input.StartRecordName === undefined
      ? ''
      : `${sortKey(normalName(input.StartRecordName))} ${input.StartRecordType ?? ''}`;
  const most = Math.min(Number(input.MaxItems ?? 300), 300);
  const rest = records.filter((set) => order(set) >= from);
  const page = rest.slice(0, most);
  const next = rest[page.length];
  return {
    ResourceRecordSets: page,
    IsTruncated: next !== undefined,
    MaxItems: most,
    ...(next ? { NextRecordName: next.Name, NextRecordType: next.Type } : {}),
  };
}
