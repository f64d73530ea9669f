import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestBase64 } from './checksum.ts';
import { ObjectFiles } from './object-files.ts';

let dir: string;
let files: ObjectFiles;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-files-'));
  files = new ObjectFiles(() => join(dir, 'objects'), 'run1');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const random = (size: number) => randomFillSync(Buffer.alloc(size));
const maxBytes = 10_000_000;
const onDisk = () => readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) => /-/.test(path));

async function bytesOf(read: Promise<Buffer | Readable>): Promise<Buffer> {
  const body = await read;
  return body instanceof Readable ? buffer(body) : body;
}

test.each([0, 1, 65_536, 65_537, 3_000_000])('%d bytes come back as they went, hashed on the way', async (size) => {
  const bytes = random(size);
  function* pieces() {
    for (let at = 0; at < size; at += 10_007) yield bytes.subarray(at, at + 10_007);
  }
  const written = await files.write(Readable.from(pieces()), { algorithms: ['CRC32', 'SHA256'], maxBytes });
  expect(written.size).toBe(size);
  expect(written.md5).toBe(createHash('md5').update(bytes).digest('hex'));
  expect(written.checksums.get('CRC32')).toBe(digestBase64('CRC32', bytes));
  expect(written.checksums.get('SHA256')).toBe(digestBase64('SHA256', bytes));
  const reader = new ObjectFiles(() => join(dir, 'objects'), 'run2');
  for (const from of [files, reader])
    expect((await bytesOf(from.read([written], { first: 0, last: size - 1 }))).equals(bytes)).toBe(true);
});

test('ranges across segments', async () => {
  const bytes = random(700_000);
  const segments = [];
  for (const [start, end] of [
    [0, 300_000],
    [300_000, 300_010],
    [300_010, 700_000],
  ] as const) {
    segments.push(await files.write(bytes.subarray(start, end), { maxBytes }));
  }
  for (const [first, last] of [
    [0, 699_999],
    [299_999, 300_010],
    [300_003, 300_004],
    [500_000, 500_000],
    [10, 650_000],
  ] as const) {
    expect((await bytesOf(files.read(segments, { first, last }))).equals(bytes.subarray(first, last + 1))).toBe(true);
  }
  const [big] = segments;
  if (!big) throw new Error('no segment');
  expect((await bytesOf(files.read([big], { first: 1000, last: 1999 }))).equals(bytes.subarray(1000, 2000))).toBe(true);
});

test('a source that fails, or is too long, leaves no file', async () => {
  function* broken() {
    yield random(100_000);
    throw new Error('the client went away');
  }
  await expect(files.write(Readable.from(broken()), { maxBytes })).rejects.toThrow('the client went away');
  await expect(files.write(random(100_001), { maxBytes: 100_000 })).rejects.toMatchObject({ code: 'EntityTooLarge' });
  expect(onDisk()).toEqual([]);
});

test('a file that is being read outlives its removal until the reader is done', async () => {
  const bytes = random(2_000_000);
  const half = await files.write(bytes.subarray(0, 1_000_000), { maxBytes });
  const rest = await files.write(bytes.subarray(1_000_000), { maxBytes });
  const reading = files.stream([half, rest], { first: 0, last: 1_999_999 });
  const abandoned = files.stream([half, rest], { first: 0, last: 1_999_999 });
  files.remove([half.blob, rest.blob]);
  abandoned.destroy();
  expect((await buffer(reading)).equals(bytes)).toBe(true);
  await expect.poll(onDisk).toEqual([]);
});

test('a reader that goes away in the middle closes its file', async () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const written = await files.write(random(5_000_000), { maxBytes });
  const before = open();
  const readers = Array.from({ length: 20 }, () => files.stream([written], { first: 0, last: 4_999_999 }));
  await Promise.all(readers.map((reader) => new Promise((resolve) => reader.once('data', resolve))));
  for (const reader of readers) reader.destroy();
  await expect.poll(open).toBeLessThanOrEqual(before);
});

test('a duplicate lives on when the first is removed', async () => {
  const bytes = random(100_000);
  const first = await files.write(bytes, { maxBytes });
  const second = { ...first, blob: await files.duplicate(first.blob) };
  files.remove([first.blob]);
  await expect.poll(() => onDisk().length).toBe(1);
  expect((await bytesOf(files.read([second], { first: 0, last: 99_999 }))).equals(bytes)).toBe(true);
});

test('the sweep removes what no record names, but nothing of this run and nothing kept meanwhile', async () => {
  const [named, kept, orphan] = await Promise.all([1, 2, 3].map(() => files.write(random(10), { maxBytes })));
  if (!named || !kept || !orphan) throw new Error('nothing written');
  const next = new ObjectFiles(() => join(dir, 'objects'), 'run2');
  const fresh = await next.write(random(10), { maxBytes });
  async function* records() {
    yield named?.blob ?? '';
    next.keep(kept?.blob);
  }
  expect(await next.sweep(records)).toBe(1);
  expect(
    onDisk()
      .map((path) => path.split('/').at(-1))
      .sort(),
  ).toEqual([named.blob, kept.blob, fresh.blob].sort());
});
