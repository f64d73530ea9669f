/** The DNS server's zones out of Route 53's tables; made anew only when they changed. */

import type { Table } from '../../store/store.ts';
import type { RecordSet, RecordType, Zone } from '../../traffic/dns/zones.ts';
import type { Scope } from '../service.ts';
import { plainName } from './names.ts';
import { type HostedZoneRecord, hostedZones } from './state.ts';

const built = new WeakMap<Table<HostedZoneRecord>, { version: number; zones: ReadonlyMap<string, readonly Zone[]> }>();

export function dnsZones(scope: Scope): ReadonlyMap<string, readonly Zone[]> {
  const table = hostedZones(scope);
  const known = built.get(table);
  if (known?.version === table.version) return known.zones;
  const zones = new Map<string, Zone[]>();
  for (const record of table.values()) {
    const zone = zoneView(record);
    zones.set(zone.name, [...(zones.get(zone.name) ?? []), zone]);
  }
  built.set(table, { version: table.version, zones });
  return zones;
}

function zoneView(record: HostedZoneRecord): Zone {
  const records = new Map<string, RecordSet[]>();
  for (const set of record.records) {
    const name = plainName(set.Name ?? '');
    const view: RecordSet = {
      name,
      type: set.Type as RecordType,
      ttl: Number(set.TTL ?? 0),
      values: (set.ResourceRecords ?? []).flatMap(({ Value }) => Value ?? []),
      ...(set.AliasTarget?.DNSName === undefined
        ? {}
        : { alias: plainName(set.AliasTarget.DNSName).replace(/^dualstack\./, '') }),
      ...(set.Weight === undefined ? {} : { weight: Number(set.Weight) }),
    };
    records.set(name, [...(records.get(name) ?? []), view]);
  }
  return {
    id: record.id,
    name: plainName(record.name),
    records,
    ...(record.private ? { vpcIds: record.vpcs.map(({ VPCId }) => VPCId) } : {}),
  };
}
