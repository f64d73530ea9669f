/**
 * Unpacks release archives as they arrive: zip, tar and gzipped tar. Nothing is written outside of the given folder,
 * and neither the number of files nor their size is unbounded.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { Gunzip, Unzip, UnzipInflate } from 'fflate';
import { BootError } from './errors.ts';
import type { InstanceFiles } from './instance-files.ts';
import { TarReader } from './tar.ts';

const archiveLimits = { bytes: 2 ** 30, files: 100_000 };

export type ArchiveKind = 'zip' | 'tar' | 'tgz';

export function archiveKind(name: string): ArchiveKind | undefined {
  if (/\.zip$/i.test(name)) return 'zip';
  if (/\.(tgz|tar\.gz)$/i.test(name)) return 'tgz';
  return /\.tar$/i.test(name) ? 'tar' : undefined;
}

/** One thing in an archive, in the order of the stream. */
type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/**
 * Unpacks into an instance's folder and returns the number of files. What is there already is overwritten.
 * Throws a `BootError` for a damaged, hostile or too large archive.
 */
export async function unpack(
  files: InstanceFiles,
  folder: string,
  kind: ArchiveKind,
  source: AsyncIterable<Uint8Array>,
  limits = archiveLimits,
): Promise<number> {
  const waiting: Entry[] = [];
  let produced = 0;
  const push = (entry: Entry) => {
    if (entry.kind === 'data') produced += entry.bytes.length;
    if (produced > limits.bytes) throw new BootError(`the archive holds more than ${limits.bytes} bytes`);
    waiting.push(entry);
  };
  const reader = kind === 'zip' ? zipReader(push) : tarReader(kind, push);
  const writer = new EntryWriter(files, folder, limits.files);
  await mkdir(await files.locate(folder), { recursive: true });
  try {
    for await (const chunk of source) {
      guarded(() => reader.push(chunk));
      await writer.take(waiting);
    }
    guarded(() => reader.end());
    await writer.take(waiting);
    return writer.count;
  } finally {
    await writer.close();
  }
}

/** What the decoders throw is about the archive. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (error instanceof BootError) throw error;
    throw new BootError(`the archive is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface ArchiveReader {
  push(chunk: Uint8Array): void;
  end(): void;
}

function zipReader(push: (entry: Entry) => void): ArchiveReader {
  let failed: Error | undefined;
  let open = 0;
  const unzip = new Unzip((file) => {
    if (file.name.endsWith('/')) return push({ kind: 'folder', path: file.name });
    open++;
    // Python's zipfile, which cfn-init uses, does not restore modes.
    push({ kind: 'file', path: file.name, mode: 0o644 });
    file.ondata = (error, bytes, final) => {
      if (error) failed = error;
      else if (bytes.length > 0) push({ kind: 'data', bytes });
      if (final) open--;
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  let size = 0;
  let head = '';
  return {
    push(chunk) {
      if (size < 4) head += Buffer.from(chunk.subarray(0, 4)).toString('latin1');
      size += chunk.length;
      unzip.push(chunk);
      if (failed) throw failed;
    },
    end() {
      // A first file, or the end of an archive without files.
      if (!head.startsWith('PK\u0003\u0004') && !head.startsWith('PK\u0005\u0006'))
        throw new BootError('the archive is not a zip file');
      unzip.push(new Uint8Array(0), true);
      if (failed) throw failed;
      if (open > 0) throw new BootError('the archive is damaged: it ends in the middle of a file');
    },
  };
}

function tarReader(kind: 'tar' | 'tgz', push: (entry: Entry) => void): ArchiveReader {
  const tar = new TarReader(push);
  if (kind === 'tar') return tar;
  const gunzip = new Gunzip((bytes) => tar.push(bytes));
  return {
    push: (chunk) => gunzip.push(chunk),
    end() {
      gunzip.push(new Uint8Array(0), true);
      tar.end();
    },
  };
}

/** Writes entries one after the other; paths are the archive's, and not trusted. */
class EntryWriter {
  count = 0;
  readonly #files: InstanceFiles;
  readonly #folder: string;
  readonly #most: number;
  #open: FileHandle | undefined;
  readonly #made = new Set<string>();

  constructor(files: InstanceFiles, folder: string, most: number) {
    this.#files = files;
    this.#folder = folder;
    this.#most = most;
  }

  async take(entries: Entry[]): Promise<void> {
    for (const entry of entries.splice(0)) {
      if (entry.kind === 'data') {
        await this.#open?.write(entry.bytes);
        continue;
      }
      await this.close();
      if (++this.count > this.#most) throw new BootError(`the archive holds more than ${this.#most} files`);
      const path = this.#inside(entry.path);
      if (entry.kind === 'folder') await this.#makeFolder(path);
      else if (entry.kind === 'link') await this.#files.link(entry.target, path);
      else {
        await this.#makeFolder(posix.dirname(path));
        const place = await this.#files.locate(path);
        await rm(place, { force: true });
        this.#open = await open(place, 'w', entry.mode & 0o777);
      }
    }
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#open = undefined;
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    await mkdir(await this.#files.locate(path), { recursive: true });
    this.#made.add(path);
  }

  #inside(name: string): string {
    const path = posix.resolve(this.#folder, name.replaceAll('\\', '/'));
    if (name.startsWith('/') || (path !== this.#folder && !path.startsWith(posix.join(this.#folder, '/')))) {
      throw new BootError(`the archive holds a path that leads out of its folder: ${name}`);
    }
    return path;
  }
}
