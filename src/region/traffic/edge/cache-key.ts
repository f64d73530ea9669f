/** What of a request tells one cached object from another, and what of it the origin gets to see. */
import type { BehaviourConfig, Selection } from './config.ts';
import { get, type Headers } from './headers.ts';

/** A viewer's request after its viewer-request function. */
export interface EdgeRequest {
  method: string;
  /** Percent-encoded, without the query. */
  path: string;
  /** Without `?`. */
  query: string;
  headers: Headers;
}

/** Whether `name` is meant. */
export function selects(selection: Selection, name: string): boolean {
  switch (selection.kind) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'only':
      return selection.names.includes(name);
    case 'allExcept':
      return !selection.names.includes(name);
  }
}

/**
 * `br`, `gzip`, `gzip,br` or nothing, by what viewer and policy both take.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html#cache-policy-compressed-objects
 */
export function normalisedEncoding({ cache }: Pick<BehaviourConfig, 'cache'>, accepted: string | undefined): string {
  const names = [...(cache.brotli ? ['br'] : []), ...(cache.gzip ? ['gzip'] : [])];
  return names.filter((name) => accepts(accepted, name)).join(',');
}

function accepts(accepted: string | undefined, encoding: string): boolean {
  let any = false;
  for (const part of (accepted ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name === encoding) return !refused;
    if (name === '*' && !refused) any = true;
  }
  return any;
}

export function selectQuery(query: string, ...selections: readonly Selection[]): string {
  if (query === '' || selections.some(({ kind }) => kind === 'all')) return query;
  return query
    .split('&')
    .filter((pair) => {
      const name = decoded(pair.split('=', 1)[0] ?? '');
      return selections.some((selection) => selects(selection, name));
    })
    .join('&');
}

export function selectCookies(cookie: string | undefined, ...selections: readonly Selection[]): string {
  if (cookie === undefined || selections.some(({ kind }) => kind === 'all')) return cookie ?? '';
  return cookie
    .split(/;\s*/)
    .filter((pair) => {
      const name = (pair.split('=', 1)[0] ?? '').trim();
      return name !== '' && selections.some((selection) => selects(selection, name));
    })
    .join('; ');
}

/**
 * The key, unique within a distribution: the pattern of the behaviour, the path, and what its cache policy names.
 * GET and HEAD share an object; OPTIONS has its own.
 */
export function cacheKey(behaviour: BehaviourConfig, { method, path, query, headers }: EdgeRequest): string {
  const { cache, pathPattern, origin } = behaviour;
  const parts = [method === 'OPTIONS' ? 'OPTIONS' : 'GET', pathPattern, origin.id, path];
  parts.push(selectQuery(query, cache.queryStrings));
  parts.push(selectCookies(get(headers, 'cookie'), cache.cookies));
  if (cache.headers.kind === 'only') {
    for (const name of cache.headers.names) parts.push(`${name}=${get(headers, name) ?? ''}`);
  }
  parts.push(normalisedEncoding(behaviour, get(headers, 'accept-encoding')));
  return parts.join('\n');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
