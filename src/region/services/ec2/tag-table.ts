/** Tags by resource id, in one table. */
import type { Tag, TagSpecification } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';

export interface TagRecord {
  readonly resourceType: string;
  readonly tags: readonly StoredTag[];
}

export interface StoredTag {
  readonly Key: string;
  readonly Value: string;
}

const none: readonly StoredTag[] = [];
const mostTags = 50;

export const tags = (scope: Scope) => scope.table<TagRecord>('ec2/tags');

export function tagsOf(scope: Scope, id: string): readonly StoredTag[] {
  return tags(scope).get(id)?.tags ?? none;
}

/** In the form of a Describe operation's output. */
export function tagList(scope: Scope, id: string): Tag[] {
  return tagsOf(scope, id).map((tag) => ({ ...tag }));
}

export function forgetTags(scope: Scope, id: string): void {
  tags(scope).delete(id);
}

/** The template's logical id, when CloudFormation made the resource. */
export function logicalIdOf(scope: Scope, id: string): string | undefined {
  return tagsOf(scope, id).find((tag) => tag.Key === 'aws:cloudformation:logical-id')?.Value;
}

/**
 * Checks the tags that a request brings. AWS's own services tag with keys that begin with `aws:`; users may not.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
 */
export function checkedTags(call: Call, given: readonly Tag[]): StoredTag[] {
  const seen = new Set<string>();
  const internal = call.via.sourceIp === 'AWS Internal';
  return given.map(({ Key: key, Value: value = '' }) => {
    if (key === undefined) throw new Fault('MissingParameter', 'The request must contain the parameter Key');
    if (key.length === 0 || key.length > 127) {
      throw new Fault('InvalidParameterValue', 'Tag key exceeds the maximum length of 127 characters or is empty');
    }
    if (value.length > 256) {
      throw new Fault('InvalidParameterValue', 'Tag value exceeds the maximum length of 256 characters');
    }
    if (!internal && key.toLowerCase().startsWith('aws:')) {
      throw new Fault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (seen.has(key)) throw new Fault('InvalidParameterValue', `Duplicate tag key '${key}' specified.`);
    seen.add(key);
    return { Key: key, Value: value };
  });
}

/** The tags of `TagSpecifications` for one resource type; a specification for a type that the request does not make is refused. */
export function specifiedTags(
  call: Call,
  specifications: readonly TagSpecification[] | undefined,
  resourceType: string,
  alsoMade: readonly string[] = [],
): StoredTag[] {
  const mine: Tag[] = [];
  for (const { ResourceType: type, Tags: given = [] } of specifications ?? []) {
    if (type !== resourceType && !(type && alsoMade.includes(type))) {
      throw new Fault(
        'InvalidParameterValue',
        `'${type ?? ''}' is not a valid taggable resource type for this operation.`,
      );
    }
    if (type === resourceType) mine.push(...given);
  }
  return withinLimit(checkedTags(call, mine));
}

export function putTags(scope: Scope, id: string, resourceType: string, given: readonly StoredTag[]): void {
  if (given.length > 0) tags(scope).put(id, { resourceType, tags: given });
}

export function withinLimit(merged: StoredTag[]): StoredTag[] {
  // Tags of AWS's own do not count.
  if (merged.filter((tag) => !tag.Key.startsWith('aws:')).length > mostTags) {
    throw new Fault('TagLimitExceeded', `The maximum number of Tags for a resource has been reached.`);
  }
  return merged;
}
