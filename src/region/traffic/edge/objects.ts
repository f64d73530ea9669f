/**
 * Objects by way of the cache: fresh ones from memory, expired ones after asking the origin, one fetch for all who ask for
 * the same at the same time.
 */
import { PassThrough, type Readable } from 'node:stream';
import type { Clock } from '../../clock/clock.ts';
import { type CachedObject, invalidates, ObjectCache } from './cache.ts';
import { cacheKey, type EdgeRequest, selectQuery } from './cache-key.ts';
import { compress, encodingFor } from './compression.ts';
import { errorPage } from './error-page.ts';
import { errorFreshness, errorPauseMs, type Freshness, freshness } from './freshness.ts';
import { copy, endToEnd, get, type Headers, set } from './headers.ts';
import { type OriginAnswer, OriginError, type Origins } from './origin.ts';
import { forwardsCookies, originRequest } from './origin-request.ts';
import type { Exchange } from './serve.ts';

export interface Fetched {
  readonly status: number;
  /** The receiver's own. */
  readonly headers: Headers;
  readonly body: Buffer | Readable;
  /** What of X-Cache comes before `from cloudfront`. */
  readonly result: string;
}

export interface ObjectSource {
  /** Never rejects for what origins do: that becomes an error page. */
  fetch(exchange: Exchange, request: EdgeRequest): Promise<Fetched>;
  /** Returns how many objects were evicted. */
  invalidate(distributionId: string, patterns: readonly string[]): number;
  forget(distributionId: string): void;
}

export interface ObjectSourceOptions {
  readonly clock: Clock;
  readonly origins: Origins;
  readonly cacheBytes: number;
  /** Larger bodies are not kept. */
  readonly objectBytes: number;
  originFailed(exchange: Exchange, error: OriginError): void;
}

/** A fetch into the cache that is under way. */
interface Filling {
  readonly distributionId: string;
  readonly path: string;
  /** The object; undefined when it is not kept. */
  readonly done: Promise<CachedObject | undefined>;
  /** Set by an invalidation: what comes is older than it. */
  dropped: boolean;
}

const conditions = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range'];

export function objectSource({ clock, origins, ...options }: ObjectSourceOptions): ObjectSource {
  const cache = new ObjectCache(options.cacheBytes);
  /** The one that others wait for, by key; and all of them. */
  const fillings = new Map<string, Filling>();
  const underWay = new Set<Filling>();

  async function fetch(exchange: Exchange, request: EdgeRequest): Promise<Fetched> {
    const { behaviour, config } = exchange;
    if (behaviour.cache.maxTtlMs === 0 || !behaviour.cachedMethods.includes(request.method)) {
      return pass(exchange, request);
    }
    const key = `${config.id}\n${cacheKey(behaviour, request)}`;
    const found = cache.get(key);
    const nowMs = clock.now();
    if (found && nowMs < found.freshUntilMs) return hit(found, 'Hit');
    if (found && nowMs < found.freshUntilMs + found.whileRevalidateMs) {
      if (!fillings.has(key)) void inBackground(key, exchange, request, found);
      return hit(found, 'Hit');
    }
    const filling = fillings.get(key);
    const shared = filling && (await filling.done);
    if (shared) return hit(shared, 'Hit');
    // Neither fills the cache: one has no body, the other only a part of it.
    if (request.method === 'HEAD' || (!found && request.headers.has('range'))) return pass(exchange, request);
    return fill(key, exchange, request, found);
  }

  function hit(object: CachedObject, result: string): Fetched {
    const headers = copy(object.headers);
    const ageMs = clock.now() - object.validatedMs + object.initialAgeMs;
    set(headers, 'age', String(Math.max(0, Math.floor(ageMs / 1000))));
    return { status: object.status, headers, body: object.body, result: object.status >= 400 ? 'Error' : result };
  }

  /** To the origin and back, past the cache. */
  async function pass(exchange: Exchange, request: EdgeRequest): Promise<Fetched> {
    const answer = await ask(exchange, request);
    const { status, headers, body } = 'page' in answer ? answer.page : answer;
    if (!forwardsCookies(exchange.behaviour)) headers.delete('set-cookie');
    return { status, headers, body, result: status >= 400 ? 'Error' : 'Miss' };
  }

  async function ask(
    exchange: Exchange,
    request: EdgeRequest,
    signal = exchange.signal,
  ): Promise<OriginAnswer | { page: { status: number; headers: Headers; body: Buffer } }> {
    const { behaviour, viewer, via, requestId, config, body, edgeAddress } = exchange;
    const { origin } = behaviour;
    const sent = originRequest(behaviour, request, viewer, { via, requestId });
    const call = { config, request: sent, body, secure: viewer.scheme === 'https', edgeAddress, signal };
    try {
      const answer = await (origin.kind === 's3' ? origins.s3(origin, call) : origins.custom(origin, call));
      endToEnd(answer.headers);
      return answer;
    } catch (error) {
      if (!(error instanceof OriginError)) throw error;
      if (!signal.aborted) options.originFailed(exchange, error);
      return { page: errorPage(error.status, error.message, requestId) };
    }
  }

  async function inBackground(
    key: string,
    exchange: Exchange,
    request: EdgeRequest,
    found: CachedObject,
  ): Promise<void> {
    const { body } = await fill(key, exchange, request, found);
    if (!Buffer.isBuffer(body)) body.resume();
  }

  async function fill(
    key: string,
    exchange: Exchange,
    request: EdgeRequest,
    found: CachedObject | undefined,
  ): Promise<Fetched> {
    let settle: (object: CachedObject | undefined) => void = () => {};
    const done = new Promise<CachedObject | undefined>((resolve) => {
      settle = resolve;
    });
    const { cache: policy } = exchange.behaviour;
    const query = selectQuery(request.query, policy.queryStrings);
    const path = query === '' ? request.path : `${request.path}?${query}`;
    const filling: Filling = { distributionId: exchange.config.id, path, done, dropped: false };
    // Another fetch of the same may be under way whose answer was not kept: then each goes for itself.
    const first = !fillings.has(key);
    if (first) fillings.set(key, filling);
    underWay.add(filling);
    const finish = (object: CachedObject | undefined) => {
      if (fillings.get(key) === filling) fillings.delete(key);
      underWay.delete(filling);
      const kept = filling.dropped ? undefined : object;
      if (kept) cache.put(key, kept);
      settle(kept);
    };
    try {
      return await fillWith(filling, exchange, request, found, finish);
    } catch (error) {
      finish(undefined);
      throw error;
    }
  }

  async function fillWith(
    filling: Filling,
    exchange: Exchange,
    request: EdgeRequest,
    found: CachedObject | undefined,
    finish: (object: CachedObject | undefined) => void,
  ): Promise<Fetched> {
    const { behaviour, config } = exchange;
    const asked = { ...request, headers: copy(request.headers) };
    for (const name of conditions) asked.headers.delete(name);
    if (found?.etag !== undefined) set(asked.headers, 'if-none-match', found.etag);
    if (found?.lastModified !== undefined) set(asked.headers, 'if-modified-since', found.lastModified);
    // Others may wait for this object: it is fetched to its end even when the viewer who began goes away.
    const answer = await ask({ ...exchange, body: undefined }, asked, new AbortController().signal);
    const nowMs = clock.now();
    const { status, headers } = 'page' in answer ? answer.page : answer;
    const configured = config.errorResponses.find(({ errorCode }) => errorCode === status);
    const ifErrorMs = found && found.status < 400 ? found.ifErrorMs : -1;
    if (found && status >= 500 && nowMs <= found.freshUntilMs + ifErrorMs) {
      discardBody(answer);
      const kept = { ...found, freshUntilMs: nowMs + errorPauseMs(configured) };
      finish(kept);
      return hit(kept, 'Hit');
    }
    if (found && status === 304) {
      discardBody(answer);
      const merged = mergeHeaders(found.headers, headers);
      const kept = { ...found, headers: merged, ...times(freshness(behaviour.cache, merged, nowMs), headers, nowMs) };
      finish(kept);
      return hit(kept, 'RefreshHit');
    }
    if (!forwardsCookies(behaviour)) headers.delete('set-cookie');
    const rule =
      status >= 400
        ? errorFreshness(status, configured, headers, nowMs)
        : status === 206 || status === 304
          ? undefined
          : freshness(behaviour.cache, headers, nowMs);
    const validators = { etag: get(headers, 'etag'), lastModified: get(headers, 'last-modified') };
    // What expires at once is worth keeping only when the origin can be asked about it.
    const worth =
      rule?.store && (rule.ttlMs > 0 || validators.etag !== undefined || validators.lastModified !== undefined);
    const result = status >= 400 ? 'Error' : 'Miss';
    const make = (body: Buffer): CachedObject | undefined =>
      worth && rule
        ? {
            distributionId: config.id,
            path: filling.path,
            status,
            headers: keptHeaders(headers, body),
            body,
            ...validators,
            ...times(rule, headers, nowMs),
          }
        : undefined;
    if ('page' in answer) {
      const { body } = answer.page;
      finish(make(body));
      return { status, headers: copy(headers), body, result };
    }
    const encoding = encodingFor(behaviour, get(request.headers, 'accept-encoding'), status, headers);
    const body = encoding ? compress(answer.body, headers, encoding) : answer.body;
    if (!worth || Number(get(headers, 'content-length')) > options.objectBytes) {
      finish(undefined);
      return { status, headers, body, result };
    }
    const shown = copy(headers);
    const recorded = record(body, options.objectBytes, (whole) => finish(whole && make(whole)));
    return { status, headers: shown, body: recorded, result };
  }

  return {
    fetch,
    invalidate(distributionId, patterns) {
      const hits = (one: { distributionId: string; path: string }) =>
        one.distributionId === distributionId && patterns.some((pattern) => invalidates(pattern, one.path));
      for (const filling of underWay) if (hits(filling)) filling.dropped = true;
      return cache.evict(hits);
    },
    forget(distributionId) {
      for (const filling of underWay) if (filling.distributionId === distributionId) filling.dropped = true;
      cache.evict((object) => object.distributionId === distributionId);
    },
  };
}

function times(rule: Freshness, headers: Headers, nowMs: number) {
  const seconds = Number(get(headers, 'age') ?? 0);
  return {
    validatedMs: nowMs,
    initialAgeMs: seconds > 0 && seconds < 1e9 ? seconds * 1000 : 0,
    freshUntilMs: nowMs + rule.ttlMs,
    whileRevalidateMs: rule.whileRevalidateMs,
    ifErrorMs: rule.ifErrorMs,
  };
}

function keptHeaders(headers: Headers, body: Buffer): Headers {
  const kept = copy(headers);
  kept.delete('age');
  set(kept, 'content-length', String(body.length));
  return kept;
}

/** What a 304 says anew counts, except of the body that it does not have. */
function mergeHeaders(kept: Headers, said: Headers): Headers {
  const merged = copy(kept);
  for (const [name, values] of said) {
    if (['content-length', 'content-encoding', 'content-type', 'etag', 'age', 'vary'].includes(name)) continue;
    merged.set(name, values);
  }
  return merged;
}

function discardBody(answer: OriginAnswer | { page: unknown }): void {
  // Read to its end, so that the connection can be used again.
  if (!('page' in answer)) answer.body.resume();
}

/**
 * The body for the viewer, recorded on its way for the cache. While it may still be kept it is read as fast as the origin
 * gives it, for those who wait; beyond the limit the viewer sets the pace.
 */
function record(source: Readable, limitBytes: number, done: (whole: Buffer | undefined) => void): Readable {
  const shown = new PassThrough({ highWaterMark: limitBytes });
  let chunks: Buffer[] | undefined = [];
  let bytes = 0;
  shown.on('error', () => {});
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (chunks && bytes > limitBytes) {
      chunks = undefined;
      done(undefined);
    }
    chunks?.push(chunk);
    if (shown.destroyed) {
      if (!chunks) source.destroy();
    } else if (!shown.write(chunk) && !chunks) source.pause();
  });
  shown.on('drain', () => source.resume());
  shown.on('close', () => {
    if (!chunks) source.destroy();
  });
  source.on('end', () => {
    if (chunks) done(Buffer.concat(chunks, bytes));
    chunks = undefined;
    shown.end();
  });
  const broken = (error?: Error) => {
    if (source.readableEnded) return;
    if (chunks) done(undefined);
    chunks = undefined;
    shown.destroy(error ?? new Error('the origin broke off'));
  };
  source.on('error', broken);
  source.on('close', () => broken());
  // An origin's answer waits for its reader.
  source.resume();
  return shown;
}
