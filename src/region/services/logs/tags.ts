/** Tags of log groups, by the operations of today and by the older ones for groups alone. */
import type {
  ListTagsForResourceCommandInput,
  ListTagsLogGroupCommandInput,
  TagLogGroupCommandInput,
  TagResourceCommandInput,
  UntagLogGroupCommandInput,
  UntagResourceCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call } from '../service.ts';
import { mostTags } from '../tags.ts';
import { constraint, invalid, missing } from './faults.ts';
import { findGroup, groupArn, nameOfArn, tagContext } from './names.ts';
import { type GroupRecord, groups } from './state.ts';

type Tags = Readonly<Record<string, string>>;

const keyPattern = '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)';
const valuePattern = '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)';

export function checkTags(tags: Tags): Tags {
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) {
      throw constraint(
        tags,
        'tags',
        `satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ${keyPattern}]`,
      );
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw constraint(
        tags,
        'tags',
        `satisfy constraint: [Member must have length less than or equal to 256, Member must satisfy regular expression pattern: ${valuePattern}]`,
      );
    }
    if (/^aws:/i.test(key)) throw invalid('User-defined tag keys can\'t start with "aws:"');
  }
  if (Object.keys(tags).length > mostTags) throw tooMany();
  return { ...tags };
}

const tooMany = () =>
  new Fault('TooManyTagsException', `You have exceeded the limit of tags. You can have up to ${mostTags} tags.`);

function tag(call: Call, group: GroupRecord, given: Tags | undefined) {
  if (!given || Object.keys(given).length === 0) {
    throw constraint(given, 'tags', given ? 'have length greater than or equal to 1' : 'not be null');
  }
  const tags = { ...group.tags, ...checkTags(given) };
  if (Object.keys(tags).length > mostTags) throw tooMany();
  groups(call).put(group.name, { ...group, tags });
  return {};
}

function untag(call: Call, group: GroupRecord, keys: readonly string[] | undefined, member: string) {
  if (!keys) throw constraint(undefined, member, 'not be null');
  const tags = Object.fromEntries(Object.entries(group.tags).filter(([key]) => !keys.includes(key)));
  groups(call).put(group.name, { ...group, tags });
  return {};
}

interface NamesTagged {
  readonly resourceArn?: string | undefined;
  readonly logGroupName?: string | undefined;
  readonly tags?: Tags | undefined;
}

export function tagAccess({ resourceArn, logGroupName, tags }: NamesTagged, call: Call): Access {
  const name = logGroupName ?? nameOfArn(call, resourceArn ?? '');
  const group = name === undefined ? undefined : groups(call).get(name);
  return {
    action: `logs:${call.operation}`,
    resource: name === undefined ? (resourceArn ?? '*') : groupArn(call, name),
    context: { ...tagContext('ResourceTag', group?.tags), ...tagContext('RequestTag', tags) },
  };
}

/** The ARN that tags are asked with has no `:*`. */
function tagged(call: Call, { resourceArn }: NamesTagged): GroupRecord {
  if (resourceArn === undefined) throw constraint(undefined, 'resourceArn', 'not be null');
  const name = resourceArn.endsWith(':*') ? undefined : nameOfArn(call, resourceArn);
  if (name === undefined) throw invalid('The specified resource ARN is invalid.');
  const group = groups(call).get(name);
  if (!group) throw missing('The specified resource does not exist.');
  return group;
}

export const tagResource = (input: TagResourceCommandInput, call: Call) => tag(call, tagged(call, input), input.tags);

export const untagResource = (input: UntagResourceCommandInput, call: Call) =>
  untag(call, tagged(call, input), input.tagKeys, 'tagKeys');

export const listTagsForResource = (input: ListTagsForResourceCommandInput, call: Call) => ({
  tags: { ...tagged(call, input).tags },
});

export const tagLogGroup = (input: TagLogGroupCommandInput, call: Call) =>
  tag(call, findGroup(call, input), input.tags);

export const untagLogGroup = (input: UntagLogGroupCommandInput, call: Call) =>
  untag(call, findGroup(call, input), input.tags, 'tags');

export const listTagsLogGroup = (input: ListTagsLogGroupCommandInput, call: Call) => ({
  tags: { ...findGroup(call, input).tags },
});
