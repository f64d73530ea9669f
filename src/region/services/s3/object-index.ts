/**
 * Which objects there are. One ordered index of the account, with a key space per kind (· separates):
 *
 *     <bucket> · o <key>             the newest version, unless it is a delete marker: what a listing shows
 *     <bucket> · v <key> · <age>     older versions and delete markers, newest first
 *     <bucket> · m <id>              the parts of a multipart object
 *     <bucket> · u <key> · <id>      a multipart upload under way
 *     <bucket> · p <id> · <number>   its parts
 *
 * So a listing reads no old version, and a bucket that was never versioned has only `o`. Every change of a key is one
 * transaction, which decides conditions against what is there at that moment.
 */
import type { Index } from '../../store/store.ts';
import { invalidPart, noSuchBucket, noSuchUpload } from './faults.ts';
import { compareKeys } from './listing.ts';
import {
  age,
  beyond,
  escapeKey,
  manifestPath,
  objectPath,
  orderOf,
  orderOfVersionId,
  partPath,
  separator,
  uploadPath,
  versionIdOf,
  versionPath,
} from './object-path.ts';
import type { BucketRecord, Manifest, ObjectVersion, Part, Upload } from './state.ts';

export interface Change {
  /** Files that no record names any more. */
  readonly freed: readonly string[];
}

/** A version to be put; the index gives its order and id. */
export type NewVersion = Omit<ObjectVersion, 'order' | 'versionId'>;

export class ObjectIndex {
  readonly #index: Index<unknown>;
  /** The bucket as it is now; undefined when it was deleted meanwhile. */
  readonly #bucket: (name: string) => BucketRecord | undefined;
  readonly #randomId: () => string;
  readonly #keep: (blob: string | undefined) => void;

  constructor(options: {
    index: Index<unknown>;
    bucket: (name: string) => BucketRecord | undefined;
    /** 23 characters of A–Z, a–z and 0–9. */
    randomId: () => string;
    /** Told of every file that a written record names. */
    keep: (blob: string | undefined) => void;
  }) {
    this.#index = options.index;
    this.#bucket = options.bucket;
    this.#randomId = options.randomId;
    this.#keep = options.keep;
  }

  // Reading

  /** The newest version, undefined when there is none or it is a delete marker. */
  current(bucket: string, key: string): ObjectVersion | undefined {
    return this.#index.get(objectPath(bucket, key)) as ObjectVersion | undefined;
  }

  /** The newest version, delete markers included. */
  latest(bucket: string, key: string): ObjectVersion | undefined {
    return this.current(bucket, key) ?? this.#older(bucket, key).next().value;
  }

  version(bucket: string, key: string, versionId: string): ObjectVersion | undefined {
    const current = this.current(bucket, key);
    if (current?.versionId === versionId) return current;
    if (versionId === 'null') {
      for (const older of this.#older(bucket, key)) if (older.versionId === 'null') return older;
      return undefined;
    }
    const order = orderOfVersionId(versionId);
    if (order === undefined) return undefined;
    const found = this.#index.get(versionPath(bucket, key, order)) as ObjectVersion | undefined;
    return found?.versionId === versionId ? found : undefined;
  }

  /** Newest versions by key, from `start` (or just after it). */
  *objects(bucket: string, start: string, afterStart = false): Generator<ObjectVersion> {
    const range = { start: objectPath(bucket, start), afterStart, end: `${bucket}${separator}p` };
    for (const [, record] of this.#index.range(range)) yield record as ObjectVersion;
  }

  /** All versions and delete markers: by key, and of a key the newest first. */
  *versions(bucket: string, start: string, after?: { order?: number }): Generator<VersionEntry> {
    const newest = this.objects(bucket, start, after !== undefined && after.order === undefined);
    const olderStart = `${bucket}${separator}v${escapeKey(start)}${after ? `${separator}${after.order === undefined ? '\u{10ffff}' : age(after.order)}` : ''}`;
    const older = this.#range<ObjectVersion>(olderStart, `${bucket}${separator}w`, after?.order !== undefined);
    let a = newest.next().value;
    let b = older.next().value;
    if (after?.order !== undefined && a?.key === start && a.order >= after.order) a = newest.next().value;
    // Of the marker's own key something newer has been returned.
    let lastKey = after?.order === undefined ? undefined : start;
    try {
      while (a || b) {
        const useNewest: boolean = a !== undefined && (b === undefined || compareKeys(a.key, b.key) <= 0);
        const version: ObjectVersion | undefined = useNewest ? a : b;
        if (!version) return;
        yield { version, isLatest: version.key !== lastKey };
        lastKey = version.key;
        if (useNewest) a = newest.next().value;
        else b = older.next().value;
      }
    } finally {
      newest.return(undefined);
      older.return(undefined);
    }
  }

  manifest(bucket: string, id: string): Manifest | undefined {
    return this.#index.get(manifestPath(bucket, id)) as Manifest | undefined;
  }

  upload(bucket: string, key: string, uploadId: string): Upload | undefined {
    return this.#index.get(uploadPath(bucket, key, uploadId)) as Upload | undefined;
  }

  /** By key, then by upload id, which begins with the time of its start. */
  uploads(bucket: string, start: string, after?: { uploadId?: string }): Generator<Upload> {
    const from = `${bucket}${separator}u${escapeKey(start)}${after ? `${separator}${after.uploadId ?? '\u{10ffff}'}` : ''}`;
    return this.#range<Upload>(from, `${bucket}${separator}v`, after?.uploadId !== undefined);
  }

  part(bucket: string, uploadId: string, number: number): Part | undefined {
    return this.#index.get(partPath(bucket, uploadId, number)) as Part | undefined;
  }

  parts(bucket: string, uploadId: string, afterNumber = 0): Generator<Part> {
    return this.#range<Part>(
      partPath(bucket, uploadId, afterNumber),
      `${bucket}${separator}p${uploadId}${beyond}`,
      true,
    );
  }

  /** All files that records of the bucket name. */
  *files(bucket: string): Generator<string | undefined> {
    for (const [key, record] of this.#index.range({ start: `${bucket}${separator}`, end: `${bucket}${beyond}` })) {
      if (key.startsWith(`${bucket}${separator}m`)) for (const { blob } of (record as Manifest).parts) yield blob;
      else yield (record as { blob?: string }).blob;
    }
  }

  // Changing

  /**
   * Puts a version on top. `check` sees what is there now and may throw, which leaves everything as it was.
   * @param manifest of a multipart object, with the upload that ends by this
   */
  put(
    bucket: string,
    version: NewVersion,
    check: (current: ObjectVersion | undefined) => void,
    ends?: { manifest: Manifest; uploadId: string },
  ): Promise<{ put: ObjectVersion } & Change> {
    const { key } = version;
    return this.#change(bucket, ({ versioning }) => {
      const current = this.current(bucket, key);
      check(current);
      const freed = this.#makeRoom(bucket, key, current, versioning, version.modifiedMs);
      const put = this.#identify(bucket, version, current, versioning);
      this.#write(objectPath(bucket, key), put);
      if (ends) {
        if (!this.upload(bucket, key, ends.uploadId)) throw noSuchUpload(ends.uploadId);
        const used = new Set(ends.manifest.parts.map(({ blob }) => blob));
        for (const { blob } of this.parts(bucket, ends.uploadId)) if (!used.delete(blob)) freed.push(blob);
        // A part that was uploaded anew since the manifest was made.
        if (used.size > 0) throw invalidPart();
        for (const { blob } of ends.manifest.parts) this.#keep(blob);
        void this.#index.put(manifestPath(bucket, put.manifest), ends.manifest);
        this.#dropUpload(bucket, key, ends.uploadId);
      }
      return { put, freed };
    });
  }

  /** Deletes without naming a version: for good, or by a delete marker where the bucket is versioned. */
  deleteLatest(
    bucket: string,
    key: string,
    nowMs: number,
    check: (current: ObjectVersion | undefined) => void = () => {},
  ): Promise<{ marker?: ObjectVersion } & Change> {
    return this.#change(bucket, ({ versioning }) => {
      const current = this.current(bucket, key);
      check(current);
      if (!versioning) {
        if (!current) return { freed: [] };
        this.#delete(objectPath(bucket, key));
        return { freed: this.#free(bucket, current) };
      }
      const freed = this.#makeRoom(bucket, key, current, versioning, nowMs);
      if (current) this.#delete(objectPath(bucket, key));
      const marker = this.#identify(
        bucket,
        { key, modifiedMs: nowMs, deleteMarker: true, etag: '', size: 0 },
        current,
        versioning,
      );
      this.#write(versionPath(bucket, key, marker.order), marker);
      return { marker, freed };
    });
  }

  /** Deletes one version for good; what was below it becomes the newest. */
  deleteVersion(
    bucket: string,
    key: string,
    versionId: string,
    check: (version: ObjectVersion | undefined) => void = () => {},
  ): Promise<{ version?: ObjectVersion } & Change> {
    return this.#change(bucket, () => {
      const version = this.version(bucket, key, versionId);
      check(version);
      if (!version) return { freed: [] };
      const current = this.current(bucket, key);
      const top = current ?? this.#older(bucket, key).next().value;
      if (version.order === current?.order) this.#delete(objectPath(bucket, key));
      else this.#delete(versionPath(bucket, key, version.order));
      if (top?.order === version.order) this.#promote(bucket, key, version.order);
      return { version, freed: this.#free(bucket, version) };
    });
  }

  /** Changes a version in place (its tags, its storage class). False when it is gone. */
  amend(bucket: string, version: ObjectVersion, change: Partial<ObjectVersion>): Promise<boolean> {
    const { key, order } = version;
    return this.#change(bucket, () => {
      const current = this.current(bucket, key);
      const path = current?.order === order ? objectPath(bucket, key) : versionPath(bucket, key, order);
      const now = this.#index.get(path) as ObjectVersion | undefined;
      if (now?.versionId !== version.versionId) return false;
      this.#write(path, { ...now, ...change });
      return true;
    });
  }

  begin(bucket: string, upload: Upload): Promise<void> {
    return this.#change(bucket, () => {
      void this.#index.put(uploadPath(bucket, upload.key, upload.uploadId), upload);
    });
  }

  /** Puts a part; undefined when the upload is gone. Returns the file of the part it replaces. */
  putPart(bucket: string, key: string, uploadId: string, part: Part): Promise<{ replaced?: string } | undefined> {
    return this.#change(bucket, () => {
      if (!this.upload(bucket, key, uploadId)) return undefined;
      const before = this.part(bucket, uploadId, part.number);
      this.#keep(part.blob);
      void this.#index.put(partPath(bucket, uploadId, part.number), part);
      return before ? { replaced: before.blob } : {};
    });
  }

  /** Ends an upload without an object; the files of its parts. Undefined when there is none. */
  abort(bucket: string, key: string, uploadId: string): Promise<string[] | undefined> {
    return this.#change(bucket, () => {
      if (!this.upload(bucket, key, uploadId)) return undefined;
      const blobs = [...this.parts(bucket, uploadId)].map(({ blob }) => blob);
      this.#dropUpload(bucket, key, uploadId);
      return blobs;
    });
  }

  /**
   * Runs `ifEmpty` when the bucket has no version left, with nothing put in between. Uploads do not keep a bucket
   * alive: they end with it. Undefined when it is not empty.
   */
  whenEmpty(bucket: string, ifEmpty: () => void): Promise<Change | undefined> {
    return this.#index.transaction(() => {
      for (const space of ['o', 'v']) {
        const first = this.#range(
          `${bucket}${separator}${space}`,
          `${bucket}${separator}${String.fromCharCode(space.charCodeAt(0) + 1)}`,
        ).next();
        if (!first.done) return undefined;
      }
      const freed: string[] = [];
      for (const { key, uploadId } of [...this.uploads(bucket, '')]) {
        for (const { blob } of this.parts(bucket, uploadId)) freed.push(blob);
        this.#dropUpload(bucket, key, uploadId);
      }
      ifEmpty();
      return { freed };
    });
  }

  #change<R>(bucket: string, change: (record: BucketRecord) => R): Promise<R> {
    return this.#index.transaction(() => {
      const record = this.#bucket(bucket);
      if (!record) throw noSuchBucket(bucket);
      return change(record);
    });
  }

  /** Moves the newest version down, or drops the null version that the new one replaces. */
  #makeRoom(
    bucket: string,
    key: string,
    current: ObjectVersion | undefined,
    versioning: BucketRecord['versioning'],
    nowMs: number,
  ): string[] {
    const path = (version: ObjectVersion) => versionPath(bucket, key, version.order);
    if (versioning !== 'Enabled') {
      // At most one null version exists, and the next one takes its place.
      if (current?.versionId === 'null') return this.#free(bucket, current);
      const nullVersion = versioning && this.version(bucket, key, 'null');
      if (current) this.#write(path(current), { ...current, noncurrentSinceMs: nowMs });
      if (!nullVersion) return [];
      this.#delete(path(nullVersion));
      return this.#free(bucket, nullVersion);
    }
    if (current) this.#write(path(current), { ...current, noncurrentSinceMs: nowMs });
    return [];
  }

  /** The files of a version whose record goes. */
  #free(bucket: string, version: ObjectVersion): string[] {
    if (!version.manifest) return version.blob === undefined ? [] : [version.blob];
    const blobs = this.manifest(bucket, version.manifest)?.parts.map(({ blob }) => blob) ?? [];
    this.#delete(manifestPath(bucket, version.manifest));
    return blobs;
  }

  #identify(
    bucket: string,
    version: NewVersion,
    current: ObjectVersion | undefined,
    versioning: BucketRecord['versioning'],
  ): ObjectVersion {
    const below = current ?? (versioning ? this.#older(bucket, version.key).next().value : undefined);
    const order = Math.max(orderOf(version.modifiedMs), (below?.order ?? 0) + 1);
    const versionId = versioning === 'Enabled' ? versionIdOf(order, this.#randomId()) : 'null';
    return { ...version, order, versionId };
  }

  #promote(bucket: string, key: string, belowOrder: number): void {
    const next = this.#range<ObjectVersion>(
      versionPath(bucket, key, belowOrder),
      `${bucket}${separator}v${escapeKey(key)}${beyond}`,
      true,
    ).next().value;
    if (!next || next.deleteMarker) return;
    this.#delete(versionPath(bucket, key, next.order));
    const { noncurrentSinceMs: _, ...current } = next;
    this.#write(objectPath(bucket, key), current);
  }

  #dropUpload(bucket: string, key: string, uploadId: string): void {
    for (const { number } of [...this.parts(bucket, uploadId)]) this.#delete(partPath(bucket, uploadId, number));
    this.#delete(uploadPath(bucket, key, uploadId));
  }

  /** Versions below the newest, newest first. */
  #older(bucket: string, key: string): Generator<ObjectVersion> {
    const path = `${bucket}${separator}v${escapeKey(key)}`;
    return this.#range<ObjectVersion>(`${path}${separator}`, `${path}${beyond}`);
  }

  *#range<T>(start: string, end: string, afterStart = false): Generator<T, undefined> {
    for (const [, record] of this.#index.range({ start, end, afterStart })) yield record as T;
    return undefined;
  }

  // Inside a transaction writes count at once; the transaction's own promise says when all are committed.
  #write(path: string, version: ObjectVersion): void {
    this.#keep(version.blob);
    void this.#index.put(path, version);
  }

  #delete(path: string): void {
    void this.#index.delete(path);
  }
}

export interface VersionEntry {
  readonly version: ObjectVersion;
  readonly isLatest: boolean;
}
