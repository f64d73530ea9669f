/**
 * Conditional requests. When both kinds are given, the ETag's condition goes before the date's.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
import { Fault } from '../../wire/fault.ts';
import { invalidRequest, noSuchKey, preconditionFailed } from './faults.ts';

export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
}

export type ReadVerdict =
  | { readonly send: true }
  | { readonly send: false; readonly status: 304 | 412; readonly condition: string };

export function readVerdict(conditions: ReadConditions, { etag, modifiedMs }: Validators): ReadVerdict {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  // HTTP dates know seconds only.
  const modified = Math.floor(modifiedMs / 1000) * 1000;
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, etag)) return { send: false, status: 412, condition: 'If-Match' };
  } else if (IfUnmodifiedSince && modified > IfUnmodifiedSince.getTime()) {
    return { send: false, status: 412, condition: 'If-Unmodified-Since' };
  }
  if (IfNoneMatch !== undefined) {
    if (matches(IfNoneMatch, etag)) return { send: false, status: 304, condition: 'If-None-Match' };
  } else if (IfModifiedSince && modified <= IfModifiedSince.getTime()) {
    return { send: false, status: 304, condition: 'If-Modified-Since' };
  }
  return { send: true };
}

/** Throws 412, or 304 with the headers that a cache needs. */
export function checkRead(conditions: ReadConditions, object: Validators, headers: Record<string, string>): void {
  const verdict = readVerdict(conditions, object);
  if (verdict.send) return;
  if (verdict.status === 412) throw preconditionFailed(verdict.condition);
  throw new Fault('NotModified', 'Not Modified', { status: 304, headers });
}

/** The conditions on the source of a copy: all that fail are 412. */
export function checkCopySource(
  input: {
    readonly CopySourceIfMatch?: string | undefined;
    readonly CopySourceIfNoneMatch?: string | undefined;
    readonly CopySourceIfModifiedSince?: Date | undefined;
    readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  },
  source: Validators,
): void {
  const verdict = readVerdict(
    {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    source,
  );
  if (!verdict.send) throw preconditionFailed(`x-amz-copy-source-${verdict.condition}`);
}

export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** Refuses what S3 does not take, before any byte is read. */
export function checkWriteConditions({ IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    throw new Fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      status: 501,
      members: { Header: 'If-Match,If-None-Match' },
    });
  }
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') {
    throw new Fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      status: 501,
      members: { Header: 'If-None-Match' },
    });
  }
  if (IfMatch === '') throw invalidRequest('The If-Match header must not be empty.');
}

/** Decides a conditional write against what is there now (undefined: nothing, or a delete marker). */
export function checkWrite(conditions: WriteConditions, key: string, current: Validators | undefined): void {
  if (conditions.IfNoneMatch === '*' && current) throw preconditionFailed('If-None-Match');
  if (conditions.IfMatch === undefined) return;
  if (!current) throw noSuchKey(key);
  if (!matches(conditions.IfMatch, current.etag)) throw preconditionFailed('If-Match');
}

/** `"a", W/"b"`, `*` or a bare ETag against one without quotes. */
export function matches(header: string, etag: string): boolean {
  return header.split(',').some((part) => {
    const candidate = part
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return candidate === '*' || candidate === etag;
  });
}
