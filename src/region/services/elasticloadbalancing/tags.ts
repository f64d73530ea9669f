import type {
  AddTagsCommandInput,
  DescribeTagsCommandInput,
  RemoveTagsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import {
  addTags as addTagsTo,
  checkTags,
  type GivenTags,
  mostTags,
  type Tag,
  type TagFaults,
  withoutTags,
} from '../tags.ts';
import { balancers, listeners, rules, targetGroups, validationError } from './state.ts';

const faults: TagFaults = {
  malformed: () => validationError('A tag key has 1 to 128 characters, its value at most 256'),
  duplicate: () => new Fault('DuplicateTagKeys', 'A tag key was specified more than once'),
  tooMany: () => new Fault('TooManyTags', `A resource has at most ${mostTags} tags`),
};

export const checkedTags = (given: GivenTags): Tag[] => checkTags(given, faults);

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
  checkedTags(Tags);
  for (const arn of ResourceArns) {
    const table = tableOf(call, arn);
    const record = table.get(arn);
    if (record) table.put(arn, { ...record, tags: addTagsTo(record.tags, Tags, faults) });
  }
  return {};
}

export function removeTags({ ResourceArns = [], TagKeys = [] }: RemoveTagsCommandInput, call: Call) {
  for (const arn of ResourceArns) {
    const table = tableOf(call, arn);
    const record = table.get(arn);
    if (record) table.put(arn, { ...record, tags: withoutTags(record.tags, TagKeys) });
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
