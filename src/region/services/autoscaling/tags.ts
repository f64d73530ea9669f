/** Tags of groups. */
import type {
  CreateOrUpdateTagsCommandInput,
  DeleteTagsCommandInput,
  DescribeTagsCommandInput,
  Filter,
  Tag,
  TagDescription,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { changeGroup, type GroupRecord, type GroupTag, groupOf, groups, invalid, page, pageSize } from './state.ts';

const mostTags = 50;

export function tagView(group: string, tag: GroupTag): TagDescription {
  return { ResourceId: group, ResourceType: 'auto-scaling-group', ...tag };
}

/** Keys that begin with `aws:` are for AWS's own services. */
export function checkedTags(call: Call, given: readonly Tag[], group: string): GroupTag[] {
  const internal = call.via.sourceIp === 'AWS Internal';
  const tags = given.map(({ Key = '', Value = '', PropagateAtLaunch = false, ResourceId, ResourceType }) => {
    if (ResourceId !== undefined && ResourceId !== group) throw invalid(`The tag's ResourceId must be ${group}`);
    if (ResourceType !== undefined && ResourceType !== 'auto-scaling-group') {
      throw invalid(`The tag's ResourceType must be auto-scaling-group, not ${ResourceType}`);
    }
    if (Key.length < 1 || Key.length > 128) throw invalid('A tag key must have 1 to 128 characters');
    if (Value.length > 256) throw invalid('A tag value must have at most 256 characters');
    if (!internal && Key.toLowerCase().startsWith('aws:')) {
      throw invalid(`Tag keys beginning with 'aws:' are reserved: ${Key}`);
    }
    return { Key, Value, PropagateAtLaunch };
  });
  const keys = new Set(tags.map(({ Key }) => Key));
  if (keys.size !== tags.length) throw invalid('Duplicate tag keys found');
  withinLimit(tags);
  return tags;
}

function withinLimit(tags: readonly GroupTag[]): void {
  if (tags.filter(({ Key }) => !Key.startsWith('aws:')).length > mostTags) {
    throw new Fault('LimitExceeded', `The maximum number of tags for an Auto Scaling group is ${mostTags}.`);
  }
}

function byGroup(call: Call, tags: readonly Tag[]): Map<GroupRecord, Tag[]> {
  const found = new Map<GroupRecord, Tag[]>();
  for (const tag of tags) {
    const group = groupOf(call, tag.ResourceId);
    found.set(group, [...(found.get(group) ?? []), tag]);
  }
  return found;
}

export function createOrUpdateTags({ Tags = [] }: CreateOrUpdateTagsCommandInput, call: Call) {
  const changed = [...byGroup(call, Tags)].map(([group, given]) => {
    const added = checkedTags(call, given, group.name);
    const kept = group.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key));
    withinLimit([...kept, ...added]);
    return [group.name, [...kept, ...added]] as const;
  });
  for (const [name, tags] of changed) changeGroup(call, name, { tags });
  return {};
}

export function deleteTags({ Tags = [] }: DeleteTagsCommandInput, call: Call) {
  for (const [group, given] of byGroup(call, Tags)) {
    const tags = group.tags.filter(
      (tag) => !given.some(({ Key, Value }) => Key === tag.Key && (Value === undefined || Value === tag.Value)),
    );
    changeGroup(call, group.name, { tags });
  }
  return {};
}

export function describeTags(input: DescribeTagsCommandInput, call: Call) {
  const fields: Readonly<Record<string, (group: GroupRecord, tag: GroupTag) => string>> = {
    'auto-scaling-group': (group) => group.name,
    key: (_, tag) => tag.Key,
    value: (_, tag) => tag.Value,
    'propagate-at-launch': (_, tag) => String(tag.PropagateAtLaunch),
  };
  const asked = (input.Filters ?? []).map(({ Name = '', Values = [] }) => {
    const field = Object.hasOwn(fields, Name) ? fields[Name] : undefined;
    if (!field)
      throw invalid(`Filter type ${Name} is not correct. Allowed Filter types are: ${Object.keys(fields).join(', ')}`);
    return { field, Values };
  });
  const found = [...groups(call).values()].flatMap((group) =>
    group.tags
      .filter((tag) => asked.every(({ field, Values }) => Values.includes(field(group, tag))))
      .map((tag) => tagView(group.name, tag)),
  );
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords));
  return { Tags: items, ...next };
}

/** `tag-key`, `tag-value` and `tag:<key>`. */
export function matchesFilters(group: GroupRecord, filters: readonly Filter[] | undefined): boolean {
  return (filters ?? []).every(({ Name = '', Values = [] }) => {
    if (Name === 'tag-key') return group.tags.some(({ Key }) => Values.includes(Key));
    if (Name === 'tag-value') return group.tags.some(({ Value }) => Values.includes(Value));
    if (Name.startsWith('tag:')) {
      return group.tags.some(({ Key, Value }) => Key === Name.slice(4) && Values.includes(Value));
    }
    throw invalid(`Filter type ${Name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>`);
  });
}
