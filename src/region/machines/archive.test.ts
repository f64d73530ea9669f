import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { gzipSync, strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveKind, unpack } from './archive.ts';
import { type InstanceFiles, instanceFiles, prepareFiles } from './instance-files.ts';

let folder: string;
let files: InstanceFiles;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-archive-'));
  files = instanceFiles(folder, 'i-1');
  await prepareFiles(files);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function zip(content: Record<string, string>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(content).map(([name, text]) => [name, strToU8(text)])));
}

const hasTar = spawnSync('tar', ['--version']).status === 0;
if (!hasTar) console.warn('The tests that make a tar are skipped: install tar.');

/** A tar of this machine's own program. */
function tar(content: Record<string, string>, links: Record<string, string> = {}): Buffer {
  const from = join(folder, 'from');
  for (const [name, text] of Object.entries(content)) {
    mkdirSync(join(from, name, '..'), { recursive: true });
    writeFileSync(join(from, name), text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  mkdirSync(from, { recursive: true });
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(from, name));
  return execFileSync('tar', ['-C', from, '-cf', '-', '.'], { maxBuffer: 1 << 26 });
}

describe('unpacking', () => {
  it('knows archives by their names', () => {
    expect(['a.zip', 'b.tgz', 'c.tar.gz', 'd.tar', 'e.rar'].map(archiveKind)).toEqual([
      'zip',
      'tgz',
      'tgz',
      'tar',
      undefined,
    ]);
  });

  it('writes the files of a zip under the folder, whatever pieces it comes in', async () => {
    const long = 'x'.repeat(200_000);
    const bytes = zip({ 'server.js': 'one', 'lib/deep/two.js': long, 'empty.txt': '' });
    await unpack(files, '/opt/app', 'zip', pieces(bytes, 1000));
    expect(readFileSync(files.place('/opt/app/server.js'), 'utf8')).toBe('one');
    expect(readFileSync(files.place('/opt/app/lib/deep/two.js'), 'utf8')).toBe(long);
    expect(readFileSync(files.place('/opt/app/empty.txt'), 'utf8')).toBe('');
    await unpack(files, '/opt/app', 'zip', pieces(zip({ 'server.js': 'new' })));
    expect(readFileSync(files.place('/opt/app/server.js'), 'utf8')).toBe('new');
  });

  it.skipIf(!hasTar)('writes the files of a tar with their modes, long names and links', async () => {
    const long = `${'a'.repeat(90)}/${'b'.repeat(90)}/${'c'.repeat(90)}.txt`;
    const bytes = tar({ 'run.sh': '#!/bin/sh', [long]: 'far' }, { 'to.sh': 'run.sh' });
    for (const [kind, content] of [
      ['tar', bytes],
      ['tgz', gzipSync(bytes)],
    ] as const) {
      await unpack(files, `/opt/${kind}`, kind, pieces(content, 333));
      expect(statSync(files.place(`/opt/${kind}/run.sh`)).mode & 0o777).toBe(0o755);
      expect(readFileSync(files.place(`/opt/${kind}/${long}`), 'utf8')).toBe('far');
      expect(readlinkSync(files.place(`/opt/${kind}/to.sh`))).toBe('run.sh');
    }
  });

  it.each(['../evil', '/etc/evil', 'a/../../evil', '..\\evil'])('refuses the path %s', async (name) => {
    await expect(unpack(files, '/opt/app', 'zip', pieces(zip({ [name]: 'x' })))).rejects.toThrow(
      'leads out of its folder',
    );
  });

  it.skipIf(!hasTar)('keeps links inside of the instance, and refuses a file through one that leads out', async () => {
    const outside = tar({}, { out: '../../../../../../../etc' });
    await unpack(files, '/opt/app', 'tar', pieces(outside, 512));
    expect(readlinkSync(files.place('/opt/app/out'))).toBe(files.place('/etc'));
    symlinkSync(folder, files.place('/opt/sneaky'));
    await expect(unpack(files, '/opt/sneaky', 'zip', pieces(zip({ a: 'x' })))).rejects.toThrow(
      'leads out of the instance',
    );
  });

  it('refuses too much, and what is damaged', async () => {
    const bomb = zip({ zeros: '0'.repeat(5_000_000) });
    await expect(unpack(files, '/opt/a', 'zip', pieces(bomb), { bytes: 100_000, files: 10 })).rejects.toThrow(
      'more than 100000 bytes',
    );
    const many = zip(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, 'x'])));
    await expect(unpack(files, '/opt/a', 'zip', pieces(many), { bytes: 1000, files: 10 })).rejects.toThrow(
      'more than 10 files',
    );
    await expect(unpack(files, '/opt/a', 'zip', pieces(bomb.subarray(0, 2000)))).rejects.toThrow('damaged');
    await expect(unpack(files, '/opt/a', 'zip', pieces(strToU8('<Error>AccessDenied</Error>')))).rejects.toThrow(
      'not a zip file',
    );
    await expect(unpack(files, '/opt/a', 'tar', pieces(strToU8('y'.repeat(2000))))).rejects.toThrow('damaged');
  });

  it('survives any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 1500 }),
        fc.constantFrom('zip', 'tar', 'tgz'),
        async (bytes, kind) => {
          await unpack(files, '/opt/any', kind as 'zip', pieces(bytes, 300)).catch((error: Error) => {
            expect(error.name).toMatch(/BootError|PathEscape/);
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the instance’s file system', () => {
  it('keeps every path inside', async () => {
    expect(files.place('/../../etc/passwd')).toBe(join(files.root, 'etc/passwd'));
    expect(files.place('../x', '/opt')).toBe(join(files.root, 'x'));
    expect(files.nameOf(files.place('/opt/a'))).toBe('/opt/a');
    symlinkSync('/etc', files.place('/opt/etc'));
    await expect(files.locate('/opt/etc/passwd')).rejects.toThrow('leads out');
    await expect(files.write('/opt/etc/new', 'x')).rejects.toThrow('leads out');
    symlinkSync('/nowhere/at/all', files.place('/opt/dangling'));
    await expect(files.locate('/opt/dangling')).rejects.toThrow('leads out');
    await files.link('/opt/app', '/usr/bin/app');
    await files.write('/opt/app', 'program');
    expect(readFileSync(files.place('/usr/bin/app'), 'utf8')).toBe('program');
  });
});
