/** Lists of parameters, without values, and their tags. */
import type {
  AddTagsToResourceRequest,
  DescribeParametersRequest,
  ListTagsForResourceRequest,
  RemoveTagsFromResourceRequest,
} from '@aws-sdk/client-ssm';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { addTags, withoutTags } from '../tags.ts';
import { details, notModelled, page, parameterArn, tagFaults } from './parameter.ts';
import { type ParameterRecord, parameters } from './state.ts';

export function describeParameters(input: DescribeParametersRequest, call: Call) {
  if (input.Shared) throw notModelled('A list of shared parameters');
  const filters = [
    ...(input.ParameterFilters ?? []).map(({ Key = '', Option, Values = [] }) => ({ Key, Option, Values })),
    ...(input.Filters ?? []).map(({ Key = '', Values = [] }) => ({
      Key,
      Option: Key === 'Name' ? 'BeginsWith' : 'Equals',
      Values,
    })),
  ];
  const all = [...parameters(call).values()].filter((record) => filters.every((filter) => passes(record, filter)));
  const { items, ...more } = page(
    all.sort((a, b) => (a.name < b.name ? -1 : 1)),
    50,
    input,
  );
  const Parameters = items.map((record) => {
    const [version] = record.versions;
    return {
      Name: record.name,
      ARN: parameterArn(call, record.name),
      Type: version.type,
      Version: version.version,
      LastModifiedDate: new Date(version.modifiedMs),
      DataType: version.dataType,
      Policies: [],
      ...details(version),
    };
  });
  return { Parameters, ...more };
}

interface Filter {
  readonly Key: string;
  readonly Option: string | undefined;
  readonly Values: readonly string[];
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html */
function passes(record: ParameterRecord, { Key, Option, Values }: Filter): boolean {
  const [version] = record.versions;
  if (Key === 'Path') {
    return Values.some((path) => {
      const prefix = path.endsWith('/') ? path : `${path}/`;
      const rest = record.name.startsWith(prefix) ? record.name.slice(prefix.length) : undefined;
      return rest !== undefined && (Option === 'Recursive' || !rest.includes('/'));
    });
  }
  const actual = Key.startsWith('tag:')
    ? record.tags.find((tag) => tag.Key === Key.slice(4))?.Value
    : { Name: record.name, Type: version.type, KeyId: version.keyId, Tier: version.tier, DataType: version.dataType }[
        Key
      ];
  if (!/^(Name|Type|KeyId|Tier|DataType|tag:.+)$/.test(Key)) {
    throw new Fault('InvalidFilterKey', `The specified key ${Key} is not valid.`);
  }
  if (actual === undefined) return false;
  if (Values.length === 0) return true;
  switch (Option ?? 'Equals') {
    case 'Equals':
      return Values.includes(actual);
    case 'BeginsWith':
      return Values.some((value) => actual.startsWith(value) || actual.startsWith(`/${value}`));
    case 'Contains':
      return Values.some((value) => actual.includes(value));
    default:
      throw new Fault('InvalidFilterOption', `The specified filter option ${Option} is not valid.`);
  }
}

function tagged(call: Call, type: string | undefined, id: string | undefined): ParameterRecord {
  if (type !== 'Parameter')
    throw new Fault('InvalidResourceType', `The resource type ${type} is not modelled by Orrery`);
  const record = parameters(call).get(id ?? '');
  if (!record) throw new Fault('InvalidResourceId', `The resource ID ${id} is not valid.`);
  return record;
}

export function addTagsToResource(input: AddTagsToResourceRequest, call: Call) {
  const record = tagged(call, input.ResourceType, input.ResourceId);
  parameters(call).put(record.name, { ...record, tags: addTags(record.tags, input.Tags, tagFaults) });
  return {};
}

export function removeTagsFromResource(input: RemoveTagsFromResourceRequest, call: Call) {
  const record = tagged(call, input.ResourceType, input.ResourceId);
  parameters(call).put(record.name, { ...record, tags: withoutTags(record.tags, input.TagKeys) });
  return {};
}

export function listTagsForResource(input: ListTagsForResourceRequest, call: Call) {
  return { TagList: [...tagged(call, input.ResourceType, input.ResourceId).tags] };
}
