/** CreateTags, DeleteTags, DescribeTags. */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  DescribeTagsResult,
  ResourceType,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { missing } from './faults.ts';
import { checkedTags, type TagRecord, tags, tagsOf, withinLimit } from './tag-table.ts';

/** By id prefix: the table that holds the resource, and its type in tag specifications. */
const kinds: Readonly<Record<string, readonly [table: string, resourceType: string]>> = {
  vpc: ['ec2/vpcs', 'vpc'],
  subnet: ['ec2/subnets', 'subnet'],
  rtb: ['ec2/route-tables', 'route-table'],
  igw: ['ec2/internet-gateways', 'internet-gateway'],
  eigw: ['ec2/egress-only-gateways', 'egress-only-internet-gateway'],
  eipalloc: ['ec2/addresses', 'elastic-ip'],
  nat: ['ec2/nat-gateways', 'natgateway'],
  acl: ['ec2/network-acls', 'network-acl'],
  sg: ['ec2/security-groups', 'security-group'],
  vpce: ['ec2/vpc-endpoints', 'vpc-endpoint'],
  fl: ['ec2/flow-logs', 'vpc-flow-log'],
  eni: ['ec2/network-interfaces', 'network-interface'],
  i: ['ec2/instances', 'instance'],
  vol: ['ec2/volumes', 'volume'],
  lt: ['ec2/launch-templates', 'launch-template'],
};

function resourceTypeOf(scope: Scope, id: string): string {
  const prefix = id.slice(0, id.lastIndexOf('-'));
  if (prefix === 'sgr') {
    for (const group of scope.table<{ rules: readonly { ruleId: string }[] }>('ec2/security-groups').values()) {
      if (group.rules.some((rule) => rule.ruleId === id)) return 'security-group-rule';
    }
  }
  const kind = Object.hasOwn(kinds, prefix) ? kinds[prefix] : undefined;
  if (!kind || !scope.table(kind[0]).has(id)) throw new Fault('InvalidID', `The ID '${id}' is not valid`);
  return kind[1];
}

export function createTags(input: CreateTagsRequest, call: Call): object {
  if (!input.Resources?.length) throw missing('resourceIdSet');
  if (!input.Tags?.length) throw missing('tagSet');
  const given = checkedTags(call, input.Tags);
  const types = input.Resources.map((id) => [id, resourceTypeOf(call, id)] as const);
  for (const [id, resourceType] of types) {
    const kept = tagsOf(call, id).filter((old) => !given.some((tag) => tag.Key === old.Key));
    tags(call).put(id, { resourceType, tags: withinLimit([...kept, ...given]) });
  }
  return {};
}

/** Without `Tags` all but AWS's own go; with a value only that one; a value not given matches any. */
export function deleteTags(input: DeleteTagsRequest, call: Call): object {
  if (!input.Resources?.length) throw missing('resourceIdSet');
  const internal = call.via.sourceIp === 'AWS Internal';
  for (const tag of input.Tags ?? []) {
    if (!internal && tag.Key?.toLowerCase().startsWith('aws:')) {
      throw new Fault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    }
  }
  const types = input.Resources.map((id) => [id, resourceTypeOf(call, id)] as const);
  for (const [id, resourceType] of types) {
    const kept = tagsOf(call, id).filter((old) =>
      input.Tags?.length
        ? !input.Tags.some((tag) => tag.Key === old.Key && (tag.Value === undefined || tag.Value === old.Value))
        : old.Key.startsWith('aws:'),
    );
    if (kept.length > 0) tags(call).put(id, { resourceType, tags: kept });
    else tags(call).delete(id);
  }
  return {};
}

interface FlatTag {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly value: string;
}

const fields: FilterFields<FlatTag> = {
  key: (tag) => tag.key,
  'resource-id': (tag) => tag.id,
  'resource-type': (tag) => tag.type,
  value: (tag) => tag.value,
};

export function describeTags(input: DescribeTagsRequest, call: Call): DescribeTagsResult {
  const { records, NextToken } = select(call, input, {
    table: flat(tags(call).entries()),
    id: (tag) => `${tag.id} ${tag.key}`,
    tagId: (tag) => tag.id,
    fields,
    pageSize: { min: 5, max: 1000 },
  });
  return {
    Tags: records.map((tag) => ({
      ResourceId: tag.id,
      ResourceType: tag.type as ResourceType,
      Key: tag.key,
      Value: tag.value,
    })),
    NextToken,
  };
}

function* flat(entries: Iterable<[string, TagRecord]>): Generator<FlatTag> {
  for (const [id, record] of entries) {
    for (const tag of record.tags) yield { id, type: record.resourceType, key: tag.Key, value: tag.Value };
  }
}
