/** The single-page app in its bucket: what changed is uploaded with its cache headers, what is gone is deleted. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { DeleteObjectsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Target } from './target.ts';
import { UserError } from './user-error.ts';

export interface SiteFile {
  readonly key: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.mp4': 'video/mp4',
};

const yearLong = 'public, max-age=31536000, immutable';
/** Kept by browsers and the CDN, but asked for again each time: a release is seen at once. */
const revalidated = 'no-cache';

/** Reads the folder; names below `assets` carry a hash and are kept for a year. */
export async function readSite(webDir: string, assets: string, config: object): Promise<SiteFile[]> {
  const found = await stat(webDir).catch(() => undefined);
  if (!found?.isDirectory())
    throw new UserError(
      `There is no folder ${webDir}.`,
      'web.dir in orrery.config.ts names the folder of the built single-page app.',
    );
  const names = (await readdir(webDir, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && !/\.test\.[cm]?[jt]s$/.test(entry.name),
  );
  const files = await Promise.all(
    names.map(async (entry): Promise<SiteFile> => {
      const path = join(entry.parentPath, entry.name);
      const key = relative(webDir, path).split(sep).join('/');
      return {
        key,
        body: await readFile(path),
        contentType: types[extname(key).toLowerCase()] ?? 'application/octet-stream',
        cacheControl: `/${key}`.startsWith(`${assets}/`) ? yearLong : revalidated,
      };
    }),
  );
  if (!files.some(({ key }) => key === 'index.html'))
    throw new UserError(
      `${webDir} has no index.html.`,
      'web.dir in orrery.config.ts names the folder of the built single-page app.',
    );
  const configFile: SiteFile = {
    key: 'config.json',
    body: new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`),
    contentType: 'application/json',
    cacheControl: revalidated,
  };
  return [...files.filter(({ key }) => key !== 'config.json'), configFile].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export interface SyncResult {
  readonly uploaded: readonly string[];
  readonly deleted: readonly string[];
}

/** Objects under these prefixes are not the site's: uploads by signed URLs. */
const foreign = ['uploads/'];

export async function syncSite(target: Target, Bucket: string, files: readonly SiteFile[]): Promise<SyncResult> {
  const existing = await listEtags(target, Bucket);
  const changed = files.filter(({ key, body }) => existing.get(key) !== createHash('md5').update(body).digest('hex'));
  // The page last: what it refers to is there when it is.
  const ordered = [...changed].sort((a, b) => Number(a.key.endsWith('.html')) - Number(b.key.endsWith('.html')));
  for (const { key: Key, body: Body, contentType: ContentType, cacheControl: CacheControl } of ordered) {
    await target.s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType, CacheControl }));
  }
  const wanted = new Set(files.map(({ key }) => key));
  const gone = [...existing.keys()].filter(
    (key) => !wanted.has(key) && !foreign.some((prefix) => key.startsWith(prefix)),
  );
  for (let i = 0; i < gone.length; i += 1000) {
    await target.s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: gone.slice(i, i + 1000).map((Key) => ({ Key })), Quiet: true },
      }),
    );
  }
  return { uploaded: changed.map(({ key }) => key), deleted: gone };
}

async function listEtags(target: Target, Bucket: string): Promise<Map<string, string>> {
  const etags = new Map<string, string>();
  let ContinuationToken: string | undefined;
  do {
    const page = await target.s3.send(
      new ListObjectsV2Command({ Bucket, ...(ContinuationToken ? { ContinuationToken } : {}) }),
    );
    for (const { Key = '', ETag = '' } of page.Contents ?? []) etags.set(Key, ETag.replaceAll('"', ''));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return etags;
}

/** Evicts what changed; `index.html` is also what every route of the app is answered with. */
export async function invalidate(
  target: Target,
  DistributionId: string,
  { uploaded, deleted }: SyncResult,
  reference: string,
): Promise<void> {
  const changed = [...uploaded, ...deleted];
  if (changed.length === 0) return;
  const paths =
    changed.length > 15 || changed.includes('index.html')
      ? ['/*']
      : changed.map((key) => `/${key.split('/').map(encodeURIComponent).join('/')}`);
  await target.cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId,
      InvalidationBatch: { CallerReference: reference, Paths: { Quantity: paths.length, Items: paths } },
    }),
  );
}
