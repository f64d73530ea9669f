/**
 * What the API answers: one row a route. A handler returns its answer or throws an `HttpError`; `server.js` sends it.
 */
import { performance } from 'node:perf_hooks';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { burn, longestBurnMs } from './burn.js';
import { HttpError, looksLike, pictureTypes, readTitle, signatureBytes, singleRange, wholeNumber } from './http.js';
import { isMissing, isPictureId } from './pictures.js';
import { places } from './places.js';

const longestWaitMs = 5000;
const inPlace = places(4);
const largestPictureBytes = 10 * 1024 * 1024;
const largestSide = 30_000;
const pageSize = { usual: 24, most: 60 };

/**
 * @typedef {object} Asked
 * @property {import('node:http').IncomingMessage} request
 * @property {URLSearchParams} query
 * @property {string} id The path's variable part, if it has one.
 * @property {AbortSignal} signal Aborted when the client has gone.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} [headers]
 * @property {unknown} [json]
 * @property {import('node:stream').Readable} [stream]
 *
 * @typedef {{ pictures: ReturnType<typeof import('./pictures.js').openPictures>,
 *   identity: () => Promise<import('./identity.js').Identity> }} Parts
 * @typedef {(asked: Asked) => Promise<Answer>} Handler
 */

/** @param {Parts} parts @returns {readonly { path: RegExp, methods: Readonly<Record<string, Handler>> }[]} */
export function routes({ pictures, identity }) {
  /** @type {Handler} */
  const health = async () => ({ status: 200, json: { ok: true } });

  /** @type {Handler} */
  const whoami = async () => ({
    status: 200,
    json: { ...(await identity()), uptimeSeconds: Math.round(process.uptime()) },
  });

  /** @type {Handler} */
  const burning = async ({ query }) => {
    const ms = wholeNumber(query, 'ms', { min: 1, max: longestBurnMs }) ?? 500;
    const start = performance.now();
    await burn(ms);
    return { status: 200, json: { burntMs: ms, tookMs: Math.round(performance.now() - start) } };
  };

  /**
   * Keeps no processor busy, but one of a few places: as an API does that asks a slow neighbour over few connections.
   * @type {Handler}
   */
  const waitingFor = async ({ query, signal }) => {
    const ms = wholeNumber(query, 'ms', { min: 1, max: longestWaitMs }) ?? 200;
    await inPlace(() => setTimeout(ms, undefined, { signal }));
    return { status: 200, json: { waitedMs: ms } };
  };

  /** @type {Handler} */
  const list = async ({ query }) => {
    const limit = wholeNumber(query, 'limit', { min: 1, max: pageSize.most }) ?? pageSize.usual;
    const after = query.get('after');
    if (after !== null && !isPictureId(after)) throw new HttpError(400, 'after: not the id of a picture.');
    return { status: 200, json: await pictures.list(limit, after) };
  };

  /** @type {Handler} */
  const add = async ({ request, query, signal }) => {
    const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (!pictureTypes.includes(contentType)) {
      const allowed = pictureTypes.join(', ');
      throw new HttpError(415, `Content-Type: "${contentType}" is not taken. Allowed: ${allowed}.`, {
        Accept: allowed,
      });
    }
    const bytes = Number(request.headers['content-length'] ?? Number.NaN);
    if (!Number.isSafeInteger(bytes)) throw new HttpError(411, 'Say the size of the picture (Content-Length).');
    if (bytes > largestPictureBytes) {
      throw new HttpError(413, `This picture has ${bytes} bytes; at most ${largestPictureBytes} are taken.`);
    }
    const picture = {
      title: readTitle(query.get('title')),
      contentType,
      bytes,
      width: wholeNumber(query, 'width', { min: 1, max: largestSide }) ?? null,
      height: wholeNumber(query, 'height', { min: 1, max: largestSide }) ?? null,
    };
    if (bytes < signatureBytes || !looksLike(contentType, await firstBytes(request, signatureBytes))) {
      throw new HttpError(400, `What was sent does not begin like ${contentType}.`);
    }
    // What the SDK gets is a stream that never fails: it listens to a body's errors on a stream of its own, on which
    // nobody listens any more when the request to S3 is aborted, and the process would end. An upload that breaks off
    // is seen by `signal`.
    const body = request.pipe(new PassThrough());
    try {
      const added = await pictures.add(body, picture, signal);
      return { status: 201, headers: { Location: `/items/${added.id}` }, json: added };
    } finally {
      request.unpipe(body);
      body.destroy();
      // The rest of an upload that failed is read all the same: else its sender would never read the answer.
      request.resume();
    }
  };

  /** @type {Handler} */
  const details = async ({ id }) => ({ status: 200, json: await pictures.find(id).catch(notThere) });

  /** @type {Handler} */
  const remove = async ({ id }) => {
    await pictures.remove(id);
    return { status: 204 };
  };

  /** @type {Handler} */
  const image = async ({ id, request, signal }) => {
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch, 'if-modified-since': since } = request.headers;
    const single = singleRange(range, typeof ifRange === 'string' ? ifRange : undefined);
    const sinceMs = Date.parse(since ?? '');
    const conditions = {
      ...(single === undefined ? {} : { range: single }),
      ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
      // If-None-Match, where given, decides alone (RFC 9110, 13.2.2).
      ...(ifNoneMatch === undefined && !Number.isNaN(sinceMs) ? { ifModifiedSince: new Date(sinceMs) } : {}),
    };
    return pictures
      .open(id, conditions, request.method === 'HEAD', signal)
      .then((object) => found(object, single), notServed);
  };

  const item = '([0-9a-z-]{1,40})';
  return [
    { path: /^\/health$/, methods: { GET: health } },
    { path: /^\/whoami$/, methods: { GET: whoami } },
    { path: /^\/burn$/, methods: { GET: burning } },
    { path: /^\/wait$/, methods: { GET: waitingFor } },
    { path: /^\/items$/, methods: { GET: list, POST: add, PUT: add } },
    { path: new RegExp(`^/items/${item}$`), methods: { GET: details, DELETE: remove } },
    { path: new RegExp(`^/items/${item}/image$`), methods: { GET: image } },
  ];
}

/**
 * @param {import('@aws-sdk/client-s3').GetObjectCommandOutput | import('@aws-sdk/client-s3').HeadObjectCommandOutput} object
 * @param {string | undefined} range
 * @returns {Answer}
 */
function found(object, range) {
  const body = 'Body' in object ? object.Body : undefined;
  const headers = {
    'Content-Type': object.ContentType ?? 'application/octet-stream',
    ...(object.ContentLength === undefined ? {} : { 'Content-Length': String(object.ContentLength) }),
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'public, max-age=86400, immutable',
    ...(object.ETag === undefined ? {} : { ETag: object.ETag }),
    ...(object.LastModified === undefined ? {} : { 'Last-Modified': object.LastModified.toUTCString() }),
    ...(object.ContentRange === undefined ? {} : { 'Content-Range': object.ContentRange }),
    // Anyone uploads: even if a browser took a picture for a page, it could do nothing.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
  const status = range !== undefined && object.ContentRange !== undefined ? 206 : 200;
  return body === undefined
    ? { status, headers }
    : { status, headers, stream: /** @type {import('node:stream').Readable} */ (/** @type {unknown} */ (body)) };
}

/** S3's refusals that are answers of HTTP. @param {unknown} error @returns {Answer} */
function notServed(error) {
  const status = s3Status(error);
  if (status === 304) return { status: 304, headers: { 'Cache-Control': 'public, max-age=86400, immutable' } };
  if (status === 416) throw new HttpError(416, 'The picture has no such range of bytes.');
  return notThere(error);
}

/** @param {unknown} error @returns {never} */
function notThere(error) {
  if (isMissing(error)) throw new HttpError(404, 'There is no such picture.');
  throw error;
}

/** @param {unknown} error @returns {number | undefined} */
export function s3Status(error) {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  return typeof status === 'number' ? status : undefined;
}

/**
 * Looks at the beginning of a body and leaves it there.
 * @param {import('node:stream').Readable} stream @param {number} count Not more than the body has.
 * @returns {Promise<Buffer>}
 */
function firstBytes(stream, count) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const head = stream.read(count);
      if (head === null) return;
      settle();
      stream.unshift(head);
      resolve(head);
    };
    const gone = () => {
      settle();
      reject(new HttpError(400, 'The upload broke off.'));
    };
    const settle = () => stream.off('readable', look).off('error', gone).off('close', gone);
    stream.on('readable', look).on('error', gone).on('close', gone);
  });
}
