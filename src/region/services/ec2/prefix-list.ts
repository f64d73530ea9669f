/**
 * AWS-managed prefix lists: S3 and DynamoDB behind gateway endpoints, and CloudFront's origin-facing addresses.
 * Their ids and ranges are of the form that AWS has; the ranges are the model's own (see `public-services.ts`).
 */
import type {
  DescribeManagedPrefixListsRequest,
  DescribeManagedPrefixListsResult,
  DescribePrefixListsRequest,
  DescribePrefixListsResult,
  GetManagedPrefixListEntriesRequest,
  GetManagedPrefixListEntriesResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { pageOf, select } from './describe.ts';
import { cloudFrontOrigins, publicRanges } from './public-services.ts';

interface ManagedPrefixList {
  readonly id: string;
  readonly name: string;
  readonly cidrs: readonly string[];
  /** How many rules it counts for in a group, as AWS documents for each list. */
  readonly weight: number;
  readonly family: 'IPv4' | 'IPv6';
  /** Only those that gateway endpoints use are in DescribePrefixLists. */
  readonly gateway: boolean;
}

/** Ids that AWS publishes for its regions; other regions have an id made from their name. */
const knownIds: Readonly<Record<string, string>> = {
  'us-east-1 s3': 'pl-63a5400a',
  'us-east-2 s3': 'pl-7ba54012',
  'us-west-1 s3': 'pl-6ba54002',
  'us-west-2 s3': 'pl-68a54001',
  'eu-west-1 s3': 'pl-6da54004',
  'eu-central-1 s3': 'pl-6ea54007',
  'us-east-1 dynamodb': 'pl-02cd2c6b',
  'us-east-2 dynamodb': 'pl-4ca54025',
  'us-west-2 dynamodb': 'pl-00a54069',
  'eu-west-1 dynamodb': 'pl-6fa54006',
  'eu-central-1 dynamodb': 'pl-66a5400f',
  'us-east-1 cloudfront': 'pl-3b927c52',
  'us-east-2 cloudfront': 'pl-b6a144df',
  'us-west-1 cloudfront': 'pl-4ea04527',
  'us-west-2 cloudfront': 'pl-82a045eb',
  'eu-west-1 cloudfront': 'pl-4fa04526',
  'eu-central-1 cloudfront': 'pl-a3a144ca',
};

const memo = new Map<string, readonly ManagedPrefixList[]>();

export function managedPrefixLists(scope: Pick<Scope, 'region'>): readonly ManagedPrefixList[] {
  const { region } = scope;
  let lists = memo.get(region);
  if (!lists) {
    const idOf = (name: string) => knownIds[`${region} ${name}`] ?? `pl-${hash(`${region} ${name}`)}`;
    const gateway = (name: string) => ({
      id: idOf(name),
      name: `com.amazonaws.${region}.${name}`,
      cidrs: publicRanges(region, name),
      weight: 1,
      family: 'IPv4' as const,
      gateway: true,
    });
    lists = [
      gateway('s3'),
      gateway('dynamodb'),
      {
        id: idOf('cloudfront'),
        name: 'com.amazonaws.global.cloudfront.origin-facing',
        cidrs: cloudFrontOrigins,
        weight: 55,
        family: 'IPv4',
        gateway: false,
      },
    ];
    memo.set(region, lists);
  }
  return lists;
}

function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0');
}

export function needPrefixList(scope: Scope, id: string): ManagedPrefixList {
  const found = managedPrefixLists(scope).find((list) => list.id === id);
  if (found) return found;
  throw new Fault('InvalidPrefixListID.NotFound', `The prefix list ID '${id}' does not exist`);
}

/** Of a gateway endpoint's service. */
export function prefixListIdOf(scope: Pick<Scope, 'region'>, serviceName: string): string | undefined {
  return managedPrefixLists(scope).find((list) => list.name === serviceName)?.id;
}

export function describePrefixLists(input: DescribePrefixListsRequest, call: Call): DescribePrefixListsResult {
  const { records, NextToken } = select(call, input, {
    table: managedPrefixLists(call).filter((list) => list.gateway),
    id: (list) => list.id,
    fields: { 'prefix-list-id': (list) => list.id, 'prefix-list-name': (list) => list.name },
    ids: input.PrefixListIds,
    need: needPrefixList,
  });
  return {
    PrefixLists: records.map((list) => ({
      PrefixListId: list.id,
      PrefixListName: list.name,
      Cidrs: [...list.cidrs],
    })),
    NextToken,
  };
}

export function describeManagedPrefixLists(
  input: DescribeManagedPrefixListsRequest,
  call: Call,
): DescribeManagedPrefixListsResult {
  const { records, NextToken } = select(call, input, {
    table: managedPrefixLists(call),
    id: (list) => list.id,
    fields: {
      'owner-id': () => 'AWS',
      'prefix-list-id': (list) => list.id,
      'prefix-list-name': (list) => list.name,
    },
    ids: input.PrefixListIds,
    need: needPrefixList,
    pageSize: { min: 1, max: 100 },
  });
  return {
    PrefixLists: records.map((list) => ({
      PrefixListId: list.id,
      PrefixListName: list.name,
      PrefixListArn: `arn:aws:ec2:${call.region}:aws:prefix-list/${list.id}`,
      AddressFamily: list.family,
      State: 'create-complete',
      OwnerId: 'AWS',
      MaxEntries: list.weight > 1 ? list.weight : undefined,
      Tags: [],
    })),
    NextToken,
  };
}

export function getManagedPrefixListEntries(
  input: GetManagedPrefixListEntriesRequest,
  call: Call,
): GetManagedPrefixListEntriesResult {
  const { cidrs } = needPrefixList(call, input.PrefixListId ?? '');
  const { records, NextToken } = pageOf(cidrs, input, (cidr) => cidr, { min: 1, max: 100 });
  return { Entries: records.map((Cidr) => ({ Cidr })), NextToken };
}
