import type { Tag } from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import { invalidArgument } from './faults.ts';

const invalidTag = (message: string, key: string) =>
  new Fault('InvalidTag', message, { status: 400, members: { TagKey: key } });

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
export function checkTags(tags: readonly Tag[] | undefined, most: number, options: { system?: boolean } = {}): Tag[] {
  const list = tags ?? [];
  if (list.length > most) {
    throw new Fault(
      'BadRequest',
      most === 10 ? 'Object tags cannot be greater than 10' : 'Bucket tag count cannot be greater than 50',
      { status: 400 },
    );
  }
  const seen = new Set<string>();
  for (const { Key = '', Value = '' } of list) {
    if (Key === '' || Key.length > 128) throw invalidTag('The TagKey you have provided is invalid', Key);
    if (Value.length > 256) throw invalidTag('The TagValue you have provided is invalid', Key);
    if (!allowed.test(Key)) throw invalidTag('The TagKey you have provided is invalid', Key);
    if (!allowed.test(Value)) throw invalidTag('The TagValue you have provided is invalid', Key);
    if (!options.system && /^aws:/i.test(Key)) {
      throw invalidTag('System tags cannot be added/updated by requester', Key);
    }
    if (seen.has(Key)) throw invalidTag('Cannot provide multiple Tags with the same key', Key);
    seen.add(Key);
  }
  return list.map(({ Key, Value }) => ({ Key, Value: Value ?? '' }));
}

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** The `x-amz-tagging` header: `team=web&stage=test`. */
export function tagsOfHeader(header: string | undefined): Tag[] | undefined {
  if (header === undefined || header === '') return undefined;
  if (/%(?![0-9a-fA-F]{2})/.test(header)) {
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      'x-amz-tagging',
      header,
    );
  }
  const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
  return checkTags(tags, 10);
}

/** `{ 's3:RequestObjectTag/team': 'web', 's3:RequestObjectTagKeys': ['team'] }` */
export function tagContext(tags: readonly Tag[] | undefined): Record<string, string | readonly string[]> {
  if (!tags || tags.length === 0) return {};
  return {
    ...Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [`s3:RequestObjectTag/${Key}`, Value])),
    's3:RequestObjectTagKeys': tags.map(({ Key = '' }) => Key),
  };
}

/** `{ 's3:ExistingObjectTag/team': 'web' }` */
export function existingTagContext(tags: readonly Tag[] | undefined): Record<string, string> {
  if (!tags || tags.length === 0) return {};
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [`s3:ExistingObjectTag/${Key}`, Value]));
}
