import { expect, test } from 'vitest';
import type { Fault } from '../../wire/fault.ts';
import { checkWrite, type ReadConditions, readVerdict, type WriteConditions } from './conditions.ts';
import { byteRange, copyRange } from './range.ts';

const modifiedMs = Date.UTC(2026, 0, 1, 12, 0, 0, 500);
const before = new Date(Date.UTC(2026, 0, 1, 11));
// Half a second before the object's time: the same second, as far as HTTP can say.
const same = new Date(Date.UTC(2026, 0, 1, 12));
const after = new Date(Date.UTC(2026, 0, 1, 13));

test.each<[string, ReadConditions, string]>([
  ['nothing asked', {}, 'send'],
  ['the right ETag', { IfMatch: '"e"' }, 'send'],
  ['the right ETag without quotes', { IfMatch: 'e' }, 'send'],
  ['any ETag', { IfMatch: '*' }, 'send'],
  ['one of several', { IfMatch: '"x", "e"' }, 'send'],
  ['another ETag', { IfMatch: '"x"' }, '412'],
  ['the right ETag, though changed since', { IfMatch: '"e"', IfUnmodifiedSince: before }, 'send'],
  ['changed since', { IfUnmodifiedSince: before }, '412'],
  ['not changed since', { IfUnmodifiedSince: same }, 'send'],
  ['known', { IfNoneMatch: '"e"' }, '304'],
  ['known, weakly', { IfNoneMatch: 'W/"e"' }, '304'],
  ['known, though changed since', { IfNoneMatch: '"e"', IfModifiedSince: before }, '304'],
  ['not known, though not changed since', { IfNoneMatch: '"x"', IfModifiedSince: after }, 'send'],
  ['changed since, as wished', { IfModifiedSince: before }, 'send'],
  ['not changed in the same second', { IfModifiedSince: same }, '304'],
  ['both kinds', { IfMatch: '"e"', IfNoneMatch: '"e"' }, '304'],
  ['precondition before cache', { IfMatch: '"x"', IfNoneMatch: '"e"' }, '412'],
])('read: %s', (_, conditions, expected) => {
  const verdict = readVerdict(conditions, { etag: 'e', modifiedMs });
  expect(verdict.send ? 'send' : String(verdict.status)).toBe(expected);
});

test.each<[string, WriteConditions, string | undefined, string | undefined]>([
  ['free to create', { IfNoneMatch: '*' }, undefined, undefined],
  ['taken', { IfNoneMatch: '*' }, 'e', 'PreconditionFailed'],
  ['as I know it', { IfMatch: '"e"' }, 'e', undefined],
  ['changed meanwhile', { IfMatch: '"e"' }, 'f', 'PreconditionFailed'],
  ['gone meanwhile', { IfMatch: '"e"' }, undefined, 'NoSuchKey'],
])('write: %s', (_, conditions, etag, code) => {
  const found = faultCode(() => checkWrite(conditions, 'k', etag === undefined ? undefined : { etag, modifiedMs }));
  expect(found).toBe(code);
});

function faultCode(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as Fault).code;
  }
}

test.each<[string | undefined, number, [number, number] | 'whole' | 'InvalidRange']>([
  [undefined, 10, 'whole'],
  ['bytes=0-0', 10, [0, 0]],
  ['bytes=2-5', 10, [2, 5]],
  ['bytes=2-', 10, [2, 9]],
  ['bytes=2-99', 10, [2, 9]],
  ['bytes=-3', 10, [7, 9]],
  ['bytes=-99', 10, [0, 9]],
  ['bytes=9-', 10, [9, 9]],
  ['bytes=10-', 10, 'InvalidRange'],
  ['bytes=-0', 10, 'InvalidRange'],
  ['bytes=0-', 0, 'InvalidRange'],
  ['bytes=-1', 0, 'InvalidRange'],
  ['bytes=5-2', 10, 'whole'],
  ['bytes=0-1,3-4', 10, 'whole'],
  ['bytes=a-b', 10, 'whole'],
  ['bytes=-', 10, 'whole'],
  ['items=0-1', 10, 'whole'],
])('range %s of %d bytes', (header, size, expected) => {
  let found: unknown;
  const fault = faultCode(() => {
    const range = byteRange(header, size);
    found = range ? [range.first, range.last] : 'whole';
  });
  expect(fault ?? found).toEqual(expected);
});

test.each<[string, number, [number, number] | 'InvalidArgument']>([
  ['bytes=0-4', 5, [0, 4]],
  ['bytes=0-5', 5, 'InvalidArgument'],
  ['bytes=3-', 5, 'InvalidArgument'],
  ['bytes=3-1', 5, 'InvalidArgument'],
])('copy range %s of %d bytes', (header, size, expected) => {
  let found: unknown;
  const fault = faultCode(() => {
    const range = copyRange(header, size);
    found = range && [range.first, range.last];
  });
  expect(fault ?? found).toEqual(expected);
});
