/** A viewer's conditions and ranges, answered out of the cache. RFC 9110, sections 13 and 14. */
import { get, type Headers } from './headers.ts';

/** True when the viewer has it already: 304. */
export function notModified(request: Headers, answer: Headers): boolean {
  const noneMatch = get(request, 'if-none-match');
  if (noneMatch !== undefined) {
    const etag = get(answer, 'etag');
    if (etag === undefined) return false;
    if (noneMatch.trim() === '*') return true;
    return tags(noneMatch).some((tag) => weak(tag) === weak(etag));
  }
  const since = get(request, 'if-modified-since');
  const modified = get(answer, 'last-modified');
  if (since === undefined || modified === undefined) return false;
  return Date.parse(modified) <= Date.parse(since);
}

function tags(list: string): string[] {
  return list.match(/(W\/)?"[^"]*"/g) ?? [];
}

function weak(tag: string): string {
  return tag.replace(/^W\//, '');
}

/** What a 304 must not say: the header of a body that is not there. */
export function withoutBody(headers: Headers): Headers {
  for (const name of ['content-length', 'content-type', 'content-encoding', 'content-range']) headers.delete(name);
  return headers;
}

export type RangeAnswer = { readonly first: number; readonly last: number } | 'unsatisfiable' | undefined;

/** One range of bytes; several, or what cannot be read, is answered with the whole. */
export function rangeOf(request: Headers, answer: Headers, size: number): RangeAnswer {
  const text = get(request, 'range');
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? '');
  if (!match || !ifRange(request, answer)) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const count = Math.min(Number(to), size);
    return count === 0 ? 'unsatisfiable' : { first: size - count, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first >= size) return 'unsatisfiable';
  return last < first ? undefined : { first, last };
}

function ifRange(request: Headers, answer: Headers): boolean {
  const condition = get(request, 'if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === get(answer, 'etag');
  return condition === get(answer, 'last-modified');
}
