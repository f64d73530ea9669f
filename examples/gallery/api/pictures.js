/**
 * The pictures, kept in the data bucket under `pictures/`. A picture never changes once it is there, so what is known
 * of one may be remembered. Title and size are the object's metadata.
 */
import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

const prefix = 'pictures/';
const remembered = 2000;
const lastMoment = 36 ** 9 - 1;

/** Errors that came out of the SDK, missing credentials and broken connections among them. @type {WeakSet<Error>} */
const ofStore = new WeakSet();

/** @param {unknown} error @returns {error is Error} */
export function isStoreError(error) {
  return error instanceof Error && ofStore.has(error);
}

/**
 * @typedef {object} Picture
 * @property {string} id
 * @property {string} title
 * @property {string} contentType
 * @property {number} bytes
 * @property {number | null} width Pixels, as the uploader said.
 * @property {number | null} height
 * @property {string} uploadedAt ISO 8601.
 */

/**
 * Ids count down with time: S3 lists keys in their order, so the newest comes first without an index.
 * @param {number} atMs Milliseconds since 1970. @param {Buffer} chance 6 bytes.
 */
export function pictureId(atMs, chance) {
  return `${(lastMoment - atMs).toString(36).padStart(9, '0')}-${chance.toString('hex')}`;
}

/** @param {string} text */
export function isPictureId(text) {
  return /^[0-9a-z]{9}-[0-9a-f]{12}$/.test(text);
}

/** @param {string} bucket */
export function openPictures(bucket) {
  // Credentials, region and endpoint come from the SDK's own chain: the instance profile on a machine.
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, socketTimeout: 30_000 },
  });
  s3.middlewareStack.add(
    (next) => async (call) => {
      try {
        return await next(call);
      } catch (error) {
        if (error instanceof Error) ofStore.add(error);
        throw error;
      }
    },
    { step: 'initialize', priority: 'high', name: 'markErrors' },
  );
  /** @type {Map<string, Picture>} */
  const known = new Map();

  /** @param {Picture} picture */
  function remember(picture) {
    known.set(picture.id, picture);
    const oldest = known.size > remembered ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return picture;
  }

  /** @param {string} id @returns {Promise<Picture>} */
  async function find(id) {
    const object = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + id }));
    return remember({
      id,
      title: decoded(object.Metadata?.title),
      contentType: object.ContentType ?? 'application/octet-stream',
      bytes: object.ContentLength ?? 0,
      width: Number(object.Metadata?.width) || null,
      height: Number(object.Metadata?.height) || null,
      uploadedAt: (object.LastModified ?? new Date(0)).toISOString(),
    });
  }

  return {
    /** Asks each time: another machine may have deleted it. */
    find,

    /**
     * Newest first. A listing has no titles, so each picture not yet known is asked for.
     * @param {number} limit @param {string | null} after The id that the page before ended with.
     * @returns {Promise<{ items: Picture[], next: string | null }>}
     */
    async list(limit, after) {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          MaxKeys: limit,
          ...(after === null ? {} : { StartAfter: prefix + after }),
        }),
      );
      const ids = (page.Contents ?? []).map((object) => (object.Key ?? '').slice(prefix.length));
      const items = await Promise.all(
        ids.filter(isPictureId).map((id) => known.get(id) ?? find(id).catch(ignoreMissing)),
      );
      return {
        items: items.filter((item) => item !== undefined),
        next: page.IsTruncated === true ? (ids.at(-1) ?? null) : null,
      };
    },

    /**
     * The object itself: S3 decides on conditions and range.
     * @param {string} id @param {{ range?: string, ifNoneMatch?: string, ifModifiedSince?: Date }} asked
     * @param {boolean} headOnly @param {AbortSignal} signal
     */
    async open(id, asked, headOnly, signal) {
      const input = {
        Bucket: bucket,
        Key: prefix + id,
        ...(asked.range === undefined ? {} : { Range: asked.range }),
        ...(asked.ifNoneMatch === undefined ? {} : { IfNoneMatch: asked.ifNoneMatch }),
        ...(asked.ifModifiedSince === undefined ? {} : { IfModifiedSince: asked.ifModifiedSince }),
      };
      if (headOnly) return s3.send(new HeadObjectCommand(input), { abortSignal: signal });
      return s3.send(new GetObjectCommand(input), { abortSignal: signal });
    },

    /**
     * Streamed to S3 as it comes.
     * @param {import('node:stream').Readable} body
     * @param {{ title: string, contentType: string, bytes: number, width: number | null, height: number | null }} picture
     * @param {AbortSignal} signal
     */
    async add(body, picture, signal) {
      const at = new Date();
      const id = pictureId(at.getTime(), randomBytes(6));
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: prefix + id,
          Body: body,
          ContentLength: picture.bytes,
          ContentType: picture.contentType,
          // Metadata is ASCII.
          Metadata: {
            title: encodeURIComponent(picture.title),
            ...(picture.width === null ? {} : { width: String(picture.width) }),
            ...(picture.height === null ? {} : { height: String(picture.height) }),
          },
        }),
        { abortSignal: signal },
      );
      return remember({ id, ...picture, uploadedAt: at.toISOString() });
    },

    /** Gone already is gone too, as in S3. @param {string} id */
    async remove(id) {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + id }));
      known.delete(id);
    },
  };
}

/** What S3 says of a key that is not there. @param {unknown} error */
export function isMissing(error) {
  return error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}

/** Deleted between listing and asking. @param {unknown} error @returns {undefined} */
function ignoreMissing(error) {
  if (!isMissing(error)) throw error;
}

/** @param {string | undefined} text */
function decoded(text) {
  try {
    return decodeURIComponent(text ?? '') || 'Untitled';
  } catch {
    return 'Untitled';
  }
}
