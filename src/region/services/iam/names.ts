/** Names, paths, tags and pages as IAM takes them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
import type { Call, Scope } from '../service.ts';
import { constraint, invalidInput, limitExceeded, validationError } from './faults.ts';
import type { Tag } from './state.ts';

const nameForm = /^[\w+=,.@-]+$/;

/** `member` as in error messages: `roleName`. */
export function checkName(member: string, name: string | undefined, longest: number): string {
  if (name === undefined) throw constraint(member, undefined, 'not be null');
  if (name.length < 1) throw constraint(member, name, 'have length greater than or equal to 1');
  if (name.length > longest) throw constraint(member, name, `have length less than or equal to ${longest}`);
  if (!nameForm.test(name)) {
    throw validationError(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  }
  return name;
}

export function checkPath(path = '/'): string {
  if (path.length > 512) throw constraint('path', path, 'have length less than or equal to 512');
  if (!/^(\/|\/[!-~]+\/)$/.test(path)) {
    throw validationError(
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
    );
  }
  return path;
}

export function checkDescription(text: string | undefined): string | undefined {
  if (text !== undefined && text.length > 1000)
    throw constraint('description', text, 'have length less than or equal to 1000');
  return text === '' ? undefined : text;
}

export type GivenTags =
  | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
  | undefined;

export function checkTags(given: GivenTags): Tag[] {
  const tags = (given ?? []).map(({ Key, Value }, index) => {
    const at = `tags.${index + 1}.member`;
    if (!Key) throw constraint(`${at}.key`, Key, 'have length greater than or equal to 1');
    if (Key.length > 128) throw constraint(`${at}.key`, Key, 'have length less than or equal to 128');
    if (Value === undefined) throw constraint(`${at}.value`, undefined, 'not be null');
    if (Value.length > 256) throw constraint(`${at}.value`, Value, 'have length less than or equal to 256');
    return { Key, Value };
  });
  // Keys are compared without regard to case: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
  if (new Set(tags.map(({ Key }) => Key.toLowerCase())).size < tags.length) {
    throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  if (tags.length > 50) {
    throw limitExceeded('The number of tags has reached the maximum limit of 50.');
  }
  return tags;
}

export function addTags(before: readonly Tag[], given: GivenTags): Tag[] {
  const added = checkTags(given);
  const keys = new Set(added.map(({ Key }) => Key.toLowerCase()));
  return checkTags([...before.filter(({ Key }) => !keys.has(Key.toLowerCase())), ...added]);
}

export function withoutTags(before: readonly Tag[], keys: readonly string[] | undefined): Tag[] {
  const gone = new Set((keys ?? []).map((key) => key.toLowerCase()));
  return before.filter(({ Key }) => !gone.has(Key.toLowerCase()));
}

interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

/** One page in order of `key`, with the members that say whether there is more. */
export function page<T>(all: Iterable<T>, key: (one: T) => string, { Marker, MaxItems = 100 }: PageInput) {
  if (MaxItems < 1) throw constraint('maxItems', MaxItems, 'have value greater than or equal to 1');
  if (MaxItems > 1000) throw constraint('maxItems', MaxItems, 'have value less than or equal to 1000');
  const after = Marker === undefined ? undefined : Buffer.from(Marker, 'base64url').toString();
  if (after !== undefined && Buffer.from(after).toString('base64url') !== Marker) {
    throw validationError(`Invalid Marker: ${Marker}`);
  }
  const sorted = [...all].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const left = after === undefined ? sorted : sorted.filter((one) => key(one) > after);
  const items = left.slice(0, MaxItems);
  const last = items.at(-1);
  const more = left.length > items.length && last !== undefined;
  return { items, IsTruncated: more, ...(more ? { Marker: Buffer.from(key(last)).toString('base64url') } : {}) };
}

export function iamArn(scope: Scope, kind: string, path: string, name: string): string {
  return `arn:aws:iam::${scope.account}:${kind}${path}${name}`;
}

/** `AROA` and 17 more, as IAM's unique ids are. */
export function uniqueId(call: Call, prefix: string): string {
  return `${prefix}${call.random.text(17, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`;
}

/** IAM answers with documents URL-encoded (RFC 3986). */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
