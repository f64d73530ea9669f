/** Zones, regions and account attributes. */
import type {
  AvailabilityZone,
  DescribeAccountAttributesRequest,
  DescribeAccountAttributesResult,
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { limits } from './limits.ts';

const zoneIds = new Map<string, string>();

/** `use1-az1` of `us-east-1a`. On AWS the mapping differs by account; here the letters are in order. */
export function zoneId(zone: string): string {
  const known = zoneIds.get(zone);
  if (known !== undefined) return known;
  const region = zone.slice(0, -1);
  const [area = '', direction = '', number = ''] = region.split('-');
  const short = direction.replace(
    /^(north|south|central|east|west)(east|west)?$/,
    (_, first: string, second?: string) => `${first.charAt(0)}${second?.charAt(0) ?? ''}`,
  );
  const id = `${area}${short}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
  zoneIds.set(zone, id);
  return id;
}

function needZone(scope: Scope, zone: string): string {
  if (scope.zones.includes(zone)) return zone;
  throw new Fault(
    'InvalidParameterValue',
    `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${scope.zones.join(', ')}.`,
  );
}

/** A zone by name or id, or the first one. */
export function zoneFrom(scope: Scope, name: string | undefined, id: string | undefined): string {
  if (name !== undefined) return needZone(scope, name);
  if (id === undefined) return scope.zones[0] ?? `${scope.region}a`;
  const found = scope.zones.find((zone) => zoneId(zone) === id);
  if (found) return found;
  throw new Fault('InvalidParameterValue', `Value (${id}) for parameter availabilityZoneId is invalid.`);
}

const zoneFields: FilterFields<AvailabilityZone> = {
  'group-name': (zone) => zone.GroupName,
  'opt-in-status': (zone) => zone.OptInStatus,
  'region-name': (zone) => zone.RegionName,
  state: (zone) => zone.State,
  'zone-id': (zone) => zone.ZoneId,
  'zone-name': (zone) => zone.ZoneName,
  'zone-type': (zone) => zone.ZoneType,
};

export function describeAvailabilityZones(
  input: DescribeAvailabilityZonesRequest,
  call: Call,
): DescribeAvailabilityZonesResult {
  const all = call.zones.map(
    (zone): AvailabilityZone => ({
      State: 'available',
      OptInStatus: 'opt-in-not-required',
      Messages: [],
      RegionName: call.region,
      ZoneName: zone,
      ZoneId: zoneId(zone),
      GroupName: `${call.region}-zg-1`,
      NetworkBorderGroup: call.region,
      ZoneType: 'availability-zone',
    }),
  );
  const named = (input.ZoneNames ?? []).map((name) => pick(all, name, 'ZoneName', 'availability zone'));
  const byId = (input.ZoneIds ?? []).map((id) => pick(all, id, 'ZoneId', 'availability zone ID'));
  const asked = named.length + byId.length > 0 ? [...named, ...byId] : all;
  const { records } = select(call, input, { table: asked, id: (zone) => zone.ZoneName ?? '', fields: zoneFields });
  return { AvailabilityZones: [...records] };
}

function pick<T, K extends keyof T>(all: readonly T[], value: string, key: K, noun: string): T {
  const found = all.find((one) => one[key] === value);
  if (found) return found;
  throw new Fault('InvalidParameterValue', `Invalid ${noun}: [${value}]`);
}

const regionNames = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
];

export function describeRegions(input: DescribeRegionsRequest, call: Call): DescribeRegionsResult {
  const all = regionNames.map((name) => ({
    RegionName: name,
    Endpoint: `ec2.${name}.amazonaws.com`,
    OptInStatus: 'opt-in-not-required',
  }));
  const asked = input.RegionNames?.length
    ? input.RegionNames.map((name) => pick(all, name, 'RegionName', 'region name'))
    : all;
  const { records } = select(call, input, {
    table: asked,
    id: (region) => region.RegionName,
    fields: {
      endpoint: (region) => region.Endpoint,
      'opt-in-status': (region) => region.OptInStatus,
      'region-name': (region) => region.RegionName,
    },
  });
  return { Regions: [...records] };
}

export function describeAccountAttributes(
  input: DescribeAccountAttributesRequest,
  call: Call,
): DescribeAccountAttributesResult {
  const defaultVpc = [...call.table<{ vpcId: string; isDefault: boolean }>('ec2/vpcs').values()].find(
    (vpc) => vpc.isDefault,
  );
  const attributes: Record<string, readonly string[]> = {
    'supported-platforms': ['VPC'],
    'default-vpc': [defaultVpc?.vpcId ?? 'none'],
    'max-instances': ['20'],
    'vpc-max-security-groups-per-interface': [String(limits.groupsPerInterface)],
    'max-elastic-ips': [String(limits.addresses)],
    'vpc-max-elastic-ips': [String(limits.addresses)],
  };
  for (const name of input.AttributeNames ?? []) {
    if (!Object.hasOwn(attributes, name)) {
      throw new Fault('InvalidParameterValue', `Value (${name}) for parameter attributeName is invalid.`);
    }
  }
  return {
    AccountAttributes: Object.entries(attributes)
      .filter(([name]) => !input.AttributeNames?.length || input.AttributeNames.includes(name as never))
      .map(([AttributeName, values]) => ({
        AttributeName,
        AttributeValues: values.map((AttributeValue) => ({ AttributeValue })),
      })),
  };
}
