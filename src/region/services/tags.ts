/** Tags of one resource, as most services take them: keys differ by case, at most fifty, values may be empty. */
import type { Fault } from '../wire/fault.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export type GivenTags =
  | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
  | undefined;

/** What each service says of tags that it refuses. */
export interface TagFaults {
  /** A key that is empty or longer than 128 characters, or a value longer than 256. */
  malformed(): Fault;
  duplicate(): Fault;
  tooMany(): Fault;
}

export const mostTags = 50;

export function checkTags(given: GivenTags, faults: TagFaults): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (tags.some(({ Key, Value }) => Key.length < 1 || Key.length > 128 || Value.length > 256)) throw faults.malformed();
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw faults.duplicate();
  if (tags.length > mostTags) throw faults.tooMany();
  return tags;
}

/** The tags with those that are given, which replace those of the same key. */
export function addTags(before: readonly Tag[], given: GivenTags, faults: TagFaults): Tag[] {
  const added = checkTags(given, faults);
  return checkTags([...withoutTags(before, keysOf(added)), ...added], faults);
}

export function withoutTags(before: readonly Tag[], keys: readonly string[] | undefined = []): Tag[] {
  const gone = new Set(keys);
  return before.filter(({ Key }) => !gone.has(Key));
}

/**
 * What CloudFormation asks a service to tag a resource with: the stack's tags, and its own, which win. For services
 * whose API takes no `aws:` tags from anybody.
 */
export function resourceTags(
  { stackTags }: { readonly stackTags: readonly Tag[] },
  own: readonly { readonly Key: string; readonly Value: unknown }[] = [],
): Tag[] {
  const stack = stackTags.filter(({ Key }) => !Key.startsWith('aws:'));
  return [...withoutTags(stack, keysOf(own)), ...own.map(({ Key, Value }) => ({ Key, Value: String(Value) }))];
}

const keysOf = (tags: readonly { readonly Key: string }[]) => tags.map(({ Key }) => Key);
