/**
 * What CloudFront compresses.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
 */
import type { Readable, Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import { normalisedEncoding } from './cache-key.ts';
import type { BehaviourConfig } from './config.ts';
import { get, type Headers, set } from './headers.ts';

const smallestBytes = 1_000;
const largestBytes = 10_000_000;
const statuses = new Set([200, 403, 404]);
/** Files are small and the machine is shared: a middling effort. */
const brotliQuality = 5;

const types = new Set([
  'application/dash+xml',
  'application/eot',
  'application/font',
  'application/font-sfnt',
  'application/javascript',
  'application/json',
  'application/opentype',
  'application/otf',
  'application/pdf',
  'application/pkcs7-mime',
  'application/protobuf',
  'application/rss+xml',
  'application/truetype',
  'application/ttf',
  'application/vnd.apple.mpegurl',
  'application/vnd.mapbox-vector-tile',
  'application/vnd.ms-fontobject',
  'application/wasm',
  'application/xhtml+xml',
  'application/xml',
  'application/x-font-opentype',
  'application/x-font-truetype',
  'application/x-font-ttf',
  'application/x-httpd-cgi',
  'application/x-javascript',
  'application/x-mpegurl',
  'application/x-opentype',
  'application/x-otf',
  'application/x-perl',
  'application/x-ttf',
  'font/eot',
  'font/opentype',
  'font/otf',
  'font/ttf',
  'image/svg+xml',
  'text/css',
  'text/csv',
  'text/html',
  'text/javascript',
  'text/js',
  'text/plain',
  'text/richtext',
  'text/tab-separated-values',
  'text/xml',
  'text/x-component',
  'text/x-java-source',
  'text/x-script',
  'vnd.apple.mpegurl',
]);

/** The encoding to give an answer, or undefined to leave it as it is. */
export function encodingFor(
  behaviour: BehaviourConfig,
  accepted: string | undefined,
  status: number,
  headers: Headers,
): 'br' | 'gzip' | undefined {
  if (!behaviour.compress || behaviour.cache.maxTtlMs === 0 || !statuses.has(status)) return undefined;
  if (headers.has('content-encoding')) return undefined;
  const type = (get(headers, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const length = Number(get(headers, 'content-length'));
  if (!types.has(type) || !(length >= smallestBytes && length <= largestBytes)) return undefined;
  const common = normalisedEncoding(behaviour, accepted).split(',');
  // Both taken: CloudFront prefers Brotli.
  return common.includes('br') ? 'br' : common.includes('gzip') ? 'gzip' : undefined;
}

/** Changes the head and gives the body compressed. */
export function compress(body: Readable, headers: Headers, encoding: 'br' | 'gzip'): Readable {
  headers.delete('content-length');
  headers.delete('accept-ranges');
  set(headers, 'content-encoding', encoding);
  const vary = get(headers, 'vary');
  if (!/\baccept-encoding\b|\*/i.test(vary ?? '')) {
    set(headers, 'vary', vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`);
  }
  const etag = get(headers, 'etag');
  if (etag?.startsWith('"')) set(headers, 'etag', `W/${etag}`);
  const packed: Transform =
    encoding === 'br'
      ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } })
      : createGzip();
  body.on('error', (error) => packed.destroy(error));
  packed.on('close', () => {
    if (!body.readableEnded) body.destroy();
  });
  return body.pipe(packed);
}
