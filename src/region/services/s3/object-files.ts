/**
 * The bytes of objects, in files that are written once and never changed. A file counts only when a record of the
 * index names it: a write that was cut short leaves a nameless file, which the next start sweeps away.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Fault } from '../../wire/fault.ts';
import { type ChecksumName, digestOf } from './checksum.ts';
import type { ByteRange } from './range.ts';

export interface Segment {
  readonly blob: string;
  readonly size: number;
}

export interface Written extends Segment {
  /** Hex. */
  readonly md5: string;
  /** Base64, by algorithm asked for. */
  readonly checksums: ReadonlyMap<ChecksumName, string>;
}

export type Source = Uint8Array | AsyncIterable<Uint8Array>;

/** Up to here an object is read and written in one go, and kept in memory for the next reader. */
const smallBytes = 64 * 1024;
const cacheBytes = 16 * 1024 * 1024;
const chunkBytes = 256 * 1024;

export class ObjectFiles {
  readonly #dir: () => string;
  /** Begins the names of all files of this run, so that the sweep leaves them alone. */
  readonly #run: string;
  #counter = 0;
  readonly #cache = new Map<string, Buffer>();
  #cached = 0;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();
  #candidates: Set<string> | undefined;

  /** @param dir where the files are; asked each time, since a reset may move it. */
  constructor(dir: () => string, run: string) {
    this.#dir = dir;
    this.#run = run;
  }

  /** Writes a new file. Rejects, leaving nothing, when the source fails or is longer than `maxBytes`. */
  async write(source: Source, options: { algorithms?: readonly ChecksumName[]; maxBytes: number }): Promise<Written> {
    const { algorithms = [], maxBytes } = options;
    const md5 = createHash('md5');
    const digests = algorithms.map((name) => [name, digestOf(name)] as const);
    const blob = this.#nextName();
    let size = 0;
    let held: Uint8Array[] = [];
    let file: FileHandle | undefined;
    try {
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        size += chunk.byteLength;
        if (size > maxBytes) throw tooLarge(size, maxBytes);
        md5.update(chunk);
        for (const [, digest] of digests) digest.update(chunk);
        if (file) {
          await writeAll(file, chunk);
          continue;
        }
        held.push(chunk);
        if (size <= smallBytes) continue;
        file = await this.#make(blob, (path) => open(path, 'wx'));
        for (const early of held) await writeAll(file, early);
        held = [];
      }
      if (!file) {
        const bytes = Buffer.concat(held, size);
        await this.#make(blob, (path) => writeFile(path, bytes, { flag: 'wx' }));
        this.#remember(blob, bytes);
      }
    } catch (error) {
      await file?.close();
      file = undefined;
      await unlink(this.#path(blob)).catch(() => {});
      throw error;
    } finally {
      await file?.close();
    }
    const checksums = new Map(digests.map(([name, digest]) => [name, digest.digest().toString('base64')]));
    return { blob, size, md5: md5.digest('hex'), checksums };
  }

  /** A second name for the same bytes, which lives on when the first is removed. */
  async duplicate(blob: string): Promise<string> {
    const copy = this.#nextName();
    const from = this.#path(blob);
    await this.#make(copy, (path) =>
      // Not every file system has hard links, and those that do limit their number.
      link(from, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw error;
        return copyFile(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      }),
    );
    return copy;
  }

  /** The bytes of the range: at once when they are few, else as a stream that holds one file open at a time. */
  async read(segments: readonly Segment[], range: ByteRange): Promise<Buffer | Readable> {
    const length = range.last - range.first + 1;
    const [only] = segments;
    if (segments.length === 1 && only && length <= smallBytes) return this.#readSmall(only, range);
    return this.stream(segments, range);
  }

  stream(segments: readonly Segment[], range: ByteRange): Readable {
    const names = segments.map(({ blob }) => blob);
    for (const blob of names) this.#readers.set(blob, (this.#readers.get(blob) ?? 0) + 1);
    const stream = Readable.from(this.#chunks(segments, range), { objectMode: false, highWaterMark: chunkBytes });
    // 'close' comes for readers that finish and for those that go away in the middle.
    stream.once('close', () => {
      for (const blob of names) this.#release(blob);
    });
    return stream;
  }

  /** Forgets files that no record names any more; those being read go when the last reader is done. */
  remove(blobs: Iterable<string>): void {
    for (const blob of blobs) {
      const bytes = this.#cache.get(blob);
      if (bytes) {
        this.#cache.delete(blob);
        this.#cached -= weight(bytes);
      }
      if (this.#readers.has(blob)) this.#doomed.add(blob);
      // What cannot be removed now is an orphan for the next sweep.
      else unlink(this.#path(blob)).catch(() => {});
    }
  }

  /**
   * Removes files of earlier runs that none of `named` mentions. Records may change meanwhile, as long as each
   * write is told to `keep`.
   */
  async sweep(named: () => AsyncIterable<string>): Promise<number> {
    const candidates = new Set<string>();
    for (const folder of await readdir(this.#dir()).catch(() => [] as string[])) {
      for (const blob of await readdir(join(this.#dir(), folder)).catch(() => [] as string[])) {
        if (!blob.startsWith(this.#run)) candidates.add(blob);
      }
    }
    if (candidates.size === 0) return 0;
    this.#candidates = candidates;
    try {
      for await (const blob of named()) candidates.delete(blob);
      for (const blob of candidates) await unlink(this.#path(blob)).catch(() => {});
      return candidates.size;
    } finally {
      this.#candidates = undefined;
    }
  }

  keep(blob: string | undefined): void {
    if (blob !== undefined) this.#candidates?.delete(blob);
  }

  async #readSmall({ blob, size }: Segment, { first, last }: ByteRange): Promise<Buffer> {
    const cached = this.#cache.get(blob);
    if (cached) {
      // The one used last is evicted last.
      this.#cache.delete(blob);
      this.#cache.set(blob, cached);
      return cached.subarray(first, last + 1);
    }
    if (size <= smallBytes) {
      const bytes = await readFile(this.#path(blob));
      this.#remember(blob, bytes);
      return bytes.subarray(first, last + 1);
    }
    const file = await open(this.#path(blob), 'r');
    try {
      const bytes = Buffer.allocUnsafe(last - first + 1);
      let at = 0;
      while (at < bytes.length) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, first + at);
        if (bytesRead === 0) throw new Error(`the file of object ${blob} is shorter than its record says`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }

  async *#chunks(segments: readonly Segment[], { first, last }: ByteRange): AsyncGenerator<Buffer> {
    let start = 0;
    for (const { blob, size } of segments) {
      const from = Math.max(first - start, 0);
      const end = Math.min(last - start + 1, size);
      start += size;
      if (from >= end) continue;
      const file = await open(this.#path(blob), 'r');
      try {
        for (let at = from; at < end; ) {
          // A new buffer each time: the reader may still hold the last one.
          const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - at));
          const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
          if (bytesRead === 0) throw new Error(`the file of object ${blob} is shorter than its record says`);
          at += bytesRead;
          yield bytesRead === chunk.length ? chunk : chunk.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    }
  }

  #release(blob: string): void {
    const left = (this.#readers.get(blob) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(blob, left);
      return;
    }
    this.#readers.delete(blob);
    if (this.#doomed.delete(blob)) this.remove([blob]);
  }

  #remember(blob: string, bytes: Buffer): void {
    if (this.#cache.has(blob)) return;
    this.#cache.set(blob, bytes);
    this.#cached += weight(bytes);
    for (const [oldest, held] of this.#cache) {
      if (this.#cached <= cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cached -= weight(held);
    }
  }

  #nextName(): string {
    return `${this.#run}-${(this.#counter++).toString(16).padStart(8, '0')}`;
  }

  #path(blob: string): string {
    return join(this.#dir(), blob.slice(-2), blob);
  }

  /** Makes the folder when it is missing; that is cheaper than looking first. */
  async #make<T>(blob: string, make: (path: string) => Promise<T>): Promise<T> {
    const path = this.#path(blob);
    try {
      return await make(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(join(this.#dir(), blob.slice(-2)), { recursive: true });
      return make(path);
    }
  }
}

/** Empty objects take room too. */
const weight = (bytes: Buffer) => bytes.length + 200;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at);
    at += bytesWritten;
  }
}

function tooLarge(size: number, maxBytes: number): Fault {
  return new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    status: 400,
    members: { ProposedSize: String(size), MaxSizeAllowed: String(maxBytes) },
  });
}
