import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { realClock } from '../../clock/clock.ts';
import { openStore } from '../../store/lmdb-store.ts';
import { bytesOf } from './crash.fixture.ts';
import { objectsOf } from './objects.ts';
import { s3Region } from './region.fixture.ts';
import { buckets } from './state.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Node 20 runs no TypeScript by itself. */
const script = `
  import { createJiti } from 'jiti';
  const jiti = createJiti(process.cwd() + '/x', { nativeModules: ['lmdb'], interopDefault: false });
  const { writeForever } = await jiti.import(process.cwd() + '/crash.fixture.ts');
  await writeForever(process.argv[1]);
`;

interface Line {
  bucket: string;
  key: string;
  name: string;
  size: number;
}

test('kill -9 loses no acknowledged object, leaves no half of one, and the next start sweeps the rest', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-s3-crash-'));
  try {
    const { acknowledged, tried } = await writeUntilKilled(dir, 60);
    const store = openStore(dir);
    const { scope, call } = s3Region({ store, clock: realClock(), seed: 2 });
    await objectsOf(scope).swept();
    // Of each key, the last acknowledged put or one that was tried after it.
    for (const [where, last] of acknowledged) {
      const { Body, Metadata, ContentLength, VersionId } = await call<GetOutput>('GetObject', {
        Bucket: last.bucket,
        Key: last.key,
      });
      const found = tried.get(Metadata.name ?? '');
      expect(found, where).toBeDefined();
      expect(ContentLength).toBe(found?.size);
      const bytes = Body instanceof Uint8Array ? Body : await buffer(Body);
      expect(Buffer.compare(bytes, bytesOf(Metadata.name ?? '', found?.size ?? -1))).toBe(0);
      const turn = (name: string) => Number(name.split('/').at(-1));
      expect(turn(Metadata.name ?? '')).toBeGreaterThanOrEqual(turn(last.name));
      if (last.bucket === 'versioned') expect(VersionId).toHaveLength(32);
    }
    // Every file is named by a record and every record's file is there.
    const named = [...buckets(scope).keys()]
      .flatMap((bucket) => [...objectsOf(scope).index.files(bucket)])
      .filter((blob) => blob !== undefined);
    const files = readdirSync(join(scope.filesDir, 'objects'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes('-'),
    );
    expect(files.map((path) => path.split('/').at(-1)).sort()).toEqual([...named].sort());
    for (const blob of named) expect(existsSync(join(scope.filesDir, 'objects', blob.slice(-2), blob))).toBe(true);
    scope.clock.stop();
    await store.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

interface GetOutput {
  Body: Uint8Array | NodeJS.ReadableStream;
  Metadata: Record<string, string>;
  ContentLength: number;
  VersionId?: string;
}

async function writeUntilKilled(dir: string, acknowledgements: number) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const acknowledged = new Map<string, Line>();
  const tried = new Map<string, Line>();
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, bucket = '', key = '', name = '', size] = line.split(' ');
    const record = { bucket, key, name, size: Number(size) };
    tried.set(name, record);
    if (what !== 'acknowledged') continue;
    acknowledged.set(`${bucket}/${key}`, record);
    // What it still says until the signal arrives counts too.
    if (++count === acknowledgements) child.kill('SIGKILL');
  }
  if (count < acknowledgements) throw new Error(`the writer ended early: ${said}`);
  return { acknowledged, tried };
}
