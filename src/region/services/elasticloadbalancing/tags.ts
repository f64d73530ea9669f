import type {
  AddTagsCommandInput,
  DescribeTagsCommandInput,
  RemoveTagsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { balancers, listeners, rules, type Tag, targetGroups, validationError } from './state.ts';

const mostTags = 50;

export function checkTags(
  given: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw new Fault('DuplicateTagKeys', 'A tag key was specified more than once');
  if (tags.length > mostTags) throw new Fault('TooManyTags', `A resource has at most ${mostTags} tags`);
  if (tags.some(({ Key, Value }) => Key.length < 1 || Key.length > 128 || Value.length > 256))
    throw validationError('A tag key has 1 to 128 characters, its value at most 256');
  return tags;
}

interface Tagged {
  readonly tags: readonly Tag[];
}

function tableOf(scope: Scope, arn: string): Table<Tagged> {
  const tables = [balancers(scope), targetGroups(scope), listeners(scope), rules(scope)] as unknown as Table<Tagged>[];
  const table = tables.find((one) => one.has(arn));
  if (table) return table;
  const noun = arn.includes(':targetgroup/')
    ? 'TargetGroup'
    : arn.includes(':listener/')
      ? 'Listener'
      : arn.includes(':listener-rule/')
        ? 'Rule'
        : 'LoadBalancer';
  throw new Fault(`${noun}NotFound`, `One or more of the resources were not found: ${arn}`);
}

export function addTags({ ResourceArns = [], Tags }: AddTagsCommandInput, call: Call) {
  const added = checkTags(Tags);
  for (const arn of ResourceArns) {
    const table = tableOf(call, arn);
    const record = table.get(arn);
    if (!record) continue;
    const kept = record.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key));
    table.put(arn, { ...record, tags: checkTags([...kept, ...added]) });
  }
  return {};
}

export function removeTags({ ResourceArns = [], TagKeys = [] }: RemoveTagsCommandInput, call: Call) {
  for (const arn of ResourceArns) {
    const table = tableOf(call, arn);
    const record = table.get(arn);
    if (record) table.put(arn, { ...record, tags: record.tags.filter(({ Key }) => !TagKeys.includes(Key)) });
  }
  return {};
}

export function describeTags({ ResourceArns = [] }: DescribeTagsCommandInput, call: Call) {
  return {
    TagDescriptions: ResourceArns.map((ResourceArn) => ({
      ResourceArn,
      Tags: [...(tableOf(call, ResourceArn).get(ResourceArn)?.tags ?? [])],
    })),
  };
}
