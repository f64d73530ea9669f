/**
 * One page of a listing over anything ordered by key: prefix, delimiter, common prefixes, truncation.
 * Keys under a common prefix are jumped over, not read.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
 */
import { invalidArgument } from './faults.ts';

export interface PageRequest<T> {
  /** What comes after the marker, in order of keys. */
  readonly first: Iterable<T>;
  /** Everything from this key on. */
  readonly seek: (key: string) => Iterable<T>;
  readonly keyOf: (item: T) => string;
  readonly prefix: string;
  readonly delimiter: string;
  /** A common prefix that an earlier page has returned already. */
  readonly seen?: (commonPrefix: string) => boolean;
  readonly max: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** What the next page goes on after. */
  readonly last: { readonly item: T } | { readonly commonPrefix: string } | undefined;
}

export function page<T>(request: PageRequest<T>): Page<T> {
  const { seek, keyOf, prefix, delimiter, seen, max } = request;
  const items: T[] = [];
  const commonPrefixes: string[] = [];
  let last: Page<T>['last'];
  let source: Iterable<T> | undefined = max > 0 ? request.first : undefined;
  while (source) {
    const run: Iterable<T> = source;
    source = undefined;
    for (const item of run) {
      const key = keyOf(item);
      if (!key.startsWith(prefix)) break;
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const commonPrefix = at < 0 ? undefined : key.slice(0, at + delimiter.length);
      const skip = commonPrefix !== undefined && seen?.(commonPrefix);
      if (!skip) {
        if (items.length + commonPrefixes.length === max) return { items, commonPrefixes, truncated: true, last };
        if (commonPrefix === undefined) {
          items.push(item);
          last = { item };
        } else {
          commonPrefixes.push(commonPrefix);
          last = { commonPrefix };
        }
      }
      if (commonPrefix !== undefined) {
        const beyond = keyAfterPrefix(commonPrefix);
        source = beyond === undefined ? undefined : seek(beyond);
        break;
      }
    }
  }
  return { items, commonPrefixes, truncated: false, last };
}

/** The lowest key, by UTF-8 bytes, that is above every key with this prefix. Undefined when there is none. */
export function keyAfterPrefix(prefix: string): string | undefined {
  const points = [...prefix];
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    const code = point.codePointAt(0) ?? 0;
    if (code >= 0x10ffff) continue;
    // Surrogates are no characters of their own.
    const next = code === 0xd7ff ? 0xe000 : code + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

/** The greater of two keys by their UTF-8 bytes. */
export function laterKey(a: string, b: string): string {
  return compareKeys(a, b) >= 0 ? a : b;
}

export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Values above 1,000 are taken for 1,000, as S3 does. */
export function pageSize(value: number | undefined, name: string): number {
  if (value === undefined) return 1000;
  if (!Number.isInteger(value) || value < 0 || value > 2147483647) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, value);
  }
  return Math.min(value, 1000);
}

/** As S3 does for `encoding-type=url`: like a form, but with slashes left alone. */
export function encoder(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text;
  if (encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType);
  }
  return (text) =>
    encodeURIComponent(text)
      .replace(/%20/g, '+')
      .replace(/%2F/g, '/')
      .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
