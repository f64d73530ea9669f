/** Hosted zones. */
import type {
  ChangeTagsForResourceCommandInput,
  CreateHostedZoneCommandInput,
  DeleteHostedZoneCommandInput,
  GetHostedZoneCommandInput,
  HostedZone,
  ListHostedZonesByNameCommandInput,
  ListHostedZonesCommandInput,
  ListTagsForResourceCommandInput,
  UpdateHostedZoneCommentCommandInput,
} from '@aws-sdk/client-route-53';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { changeInfo } from './change.ts';
import { normalName } from './names.ts';
import { type HostedZoneRecord, hostedZones } from './state.ts';

const soaTtl = 900;
const nsTtl = 172_800;
const topLevels = ['com', 'net', 'org', 'co.uk'];

export function bareId(id: string | undefined): string {
  return (id ?? '').replace(/^\/?hostedzone\//, '');
}

/** Throws `NoSuchHostedZone`. */
export function zoneOf(call: Call, id: string | undefined): HostedZoneRecord {
  const zone = hostedZones(call).get(bareId(id));
  if (!zone)
    throw new Fault('NoSuchHostedZone', `No hosted zone found with ID: ${bareId(id).slice(0, 64)}`, { status: 404 });
  return zone;
}

export function createHostedZone(input: CreateHostedZoneCommandInput, call: Call) {
  const name = normalName(input.Name);
  const callerReference = input.CallerReference ?? '';
  for (const zone of hostedZones(call).values()) {
    if (zone.callerReference === callerReference) {
      throw new Fault(
        'HostedZoneAlreadyExists',
        `A hosted zone has already been created with the specified caller reference.`,
        { status: 409 },
      );
    }
  }
  if (input.DelegationSetId !== undefined)
    throw new Fault('InvalidInput', 'Reusable delegation sets are not modelled by Orrery.');
  const isPrivate = input.HostedZoneConfig?.PrivateZone ?? input.VPC !== undefined;
  if (isPrivate && !input.VPC?.VPCId)
    throw new Fault('InvalidInput', 'When creating private hosted zones, the VPC is required.');
  const id = `Z${call.random.text(20)}`;
  const nameServers = topLevels.map(
    (tld, i) => `ns-${call.random.int(512) + i * 512}.awsdns-${String(call.random.int(64)).padStart(2, '0')}.${tld}`,
  );
  const soa = `${nameServers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
  const zone: HostedZoneRecord = {
    id,
    name,
    callerReference,
    ...(input.HostedZoneConfig?.Comment === undefined ? {} : { comment: input.HostedZoneConfig.Comment }),
    private: isPrivate,
    vpcs: input.VPC?.VPCId ? [{ VPCId: input.VPC.VPCId, VPCRegion: input.VPC.VPCRegion ?? call.region }] : [],
    nameServers,
    tags: [],
    records: [
      { Name: name, Type: 'NS', TTL: nsTtl, ResourceRecords: nameServers.map((server) => ({ Value: `${server}.` })) },
      { Name: name, Type: 'SOA', TTL: soaTtl, ResourceRecords: [{ Value: soa }] },
    ],
  };
  hostedZones(call).put(id, zone);
  return {
    HostedZone: zoneView(zone),
    ChangeInfo: changeInfo(call),
    ...(isPrivate ? {} : { DelegationSet: { NameServers: [...nameServers] } }),
    ...(input.VPC ? { VPC: input.VPC } : {}),
    Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${id}`,
  };
}

function zoneView(zone: HostedZoneRecord): HostedZone {
  return {
    Id: `/hostedzone/${zone.id}`,
    Name: zone.name,
    CallerReference: zone.callerReference,
    Config: { ...(zone.comment === undefined ? {} : { Comment: zone.comment }), PrivateZone: zone.private },
    ResourceRecordSetCount: zone.records.length,
  };
}

export function getHostedZone({ Id }: GetHostedZoneCommandInput, call: Call) {
  const zone = zoneOf(call, Id);
  return {
    HostedZone: zoneView(zone),
    ...(zone.private ? { VPCs: [...zone.vpcs] } : { DelegationSet: { NameServers: [...zone.nameServers] } }),
  };
}

export function deleteHostedZone({ Id }: DeleteHostedZoneCommandInput, call: Call) {
  const zone = zoneOf(call, Id);
  if (zone.records.some(({ Name, Type }) => !(Name === zone.name && (Type === 'NS' || Type === 'SOA')))) {
    throw new Fault(
      'HostedZoneNotEmpty',
      'The specified hosted zone contains non-required resource record sets and so cannot be deleted.',
    );
  }
  hostedZones(call).delete(zone.id);
  return { ChangeInfo: changeInfo(call) };
}

export function listHostedZones({ Marker, MaxItems = 100 }: ListHostedZonesCommandInput, call: Call) {
  const all = [...hostedZones(call).values()];
  const start =
    Marker === undefined
      ? 0
      : Math.max(
          0,
          all.findIndex((zone) => zone.id === bareId(Marker)),
        );
  const page = all.slice(start, start + Number(MaxItems));
  const next = all[start + page.length];
  return {
    HostedZones: page.map(zoneView),
    Marker,
    MaxItems: Number(MaxItems),
    IsTruncated: next !== undefined,
    ...(next ? { NextMarker: next.id } : {}),
  };
}

export function listHostedZonesByName({ DNSName, MaxItems = 100 }: ListHostedZonesByNameCommandInput, call: Call) {
  const from = DNSName === undefined ? '' : normalName(DNSName);
  const all = [...hostedZones(call).values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((zone) => zone.name >= from);
  const page = all.slice(0, Number(MaxItems));
  const next = all[page.length];
  return {
    HostedZones: page.map(zoneView),
    ...(DNSName === undefined ? {} : { DNSName }),
    MaxItems: Number(MaxItems),
    IsTruncated: next !== undefined,
    ...(next ? { NextDNSName: next.name, NextHostedZoneId: next.id } : {}),
  };
}

export function getHostedZoneCount(_: object, call: Call) {
  return { HostedZoneCount: hostedZones(call).size };
}

export function updateHostedZoneComment({ Id, Comment }: UpdateHostedZoneCommentCommandInput, call: Call) {
  const { comment: _, ...zone } = zoneOf(call, Id);
  const changed = { ...zone, ...(Comment === undefined ? {} : { comment: Comment }) };
  hostedZones(call).put(zone.id, changed);
  return { HostedZone: zoneView(changed) };
}

function tagged(call: Call, type: string | undefined, id: string | undefined): HostedZoneRecord {
  if (type !== 'hostedzone')
    throw new Fault('InvalidInput', `Tags of the resource type ${type} are not modelled by Orrery.`);
  return zoneOf(call, id);
}

export function changeTagsForResource(input: ChangeTagsForResourceCommandInput, call: Call) {
  const zone = tagged(call, input.ResourceType, input.ResourceId);
  const gone = new Set([...(input.RemoveTagKeys ?? []), ...(input.AddTags ?? []).map((tag) => tag.Key)]);
  const added = (input.AddTags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  hostedZones(call).put(zone.id, { ...zone, tags: [...zone.tags.filter(({ Key }) => !gone.has(Key)), ...added] });
  return {};
}

export function listTagsForResource({ ResourceType, ResourceId }: ListTagsForResourceCommandInput, call: Call) {
  const zone = tagged(call, ResourceType, ResourceId);
  return { ResourceTagSet: { ResourceType, ResourceId: zone.id, Tags: [...zone.tags] } };
}
