/** Tags of distributions and functions. */
import type {
  ListTagsForResourceCommandInput,
  TagResourceCommandInput,
  Tags,
  UntagResourceCommandInput,
} from '@aws-sdk/client-cloudfront';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { distributions, functions, type Tag } from './state.ts';

export function checkTags(given: Tags | undefined): Tag[] {
  const tags = (given?.Items ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  const bad = tags.some(({ Key, Value }) => Key.length < 1 || Key.length > 128 || Value.length > 256);
  if (bad || tags.length > 50 || new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw new Fault('InvalidTagging', 'The tagging specified is not valid.');
  }
  return tags;
}

function tagged(call: Call, arn = ''): { tags: readonly Tag[]; put(tags: readonly Tag[]): void } {
  for (const [id, record] of distributions(call).entries()) {
    if (record.arn === arn)
      return { tags: record.tags, put: (tags) => distributions(call).put(id, { ...record, tags }) };
  }
  for (const [name, record] of functions(call).entries()) {
    if (record.arn === arn) return { tags: record.tags, put: (tags) => functions(call).put(name, { ...record, tags }) };
  }
  throw new Fault('NoSuchResource', `The resource ${arn.slice(0, 200)} does not exist.`, { status: 404 });
}

export function tagResource({ Resource, Tags }: TagResourceCommandInput, call: Call) {
  const { tags, put } = tagged(call, Resource);
  const added = checkTags(Tags);
  put(checkTags({ Items: [...tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key)), ...added] }));
  return {};
}

export function untagResource({ Resource, TagKeys }: UntagResourceCommandInput, call: Call) {
  const { tags, put } = tagged(call, Resource);
  put(tags.filter(({ Key }) => !TagKeys?.Items?.includes(Key)));
  return {};
}

export function listTagsForResource({ Resource }: ListTagsForResourceCommandInput, call: Call) {
  return { Tags: { Items: [...tagged(call, Resource).tags] } };
}
