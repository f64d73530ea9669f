import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openStore } from './lmdb-store.ts';
import { memoryStore } from './memory-store.ts';
import type { Range, Store } from './store.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-store-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const stores: [string, () => Store][] = [
  ['lmdb', () => openStore(folder())],
  ['memory', () => memoryStore()],
];

describe.each(stores)('%s store', (_, open) => {
  test('a table reads its own writes, keeps insertion order, counts versions and tells watchers', async () => {
    const store = open();
    const table = store.table<{ n: number }>('t');
    const seen: [string, { n: number } | undefined][] = [];
    table.watch((key, value) => seen.push([key, value]));
    table.put('b', { n: 1 });
    table.put('a', { n: 2 });
    table.put('b', { n: 3 });
    expect([...table.entries()]).toEqual([
      ['b', { n: 3 }],
      ['a', { n: 2 }],
    ]);
    expect(table.version).toBe(3);
    expect(table.delete('b')).toBe(true);
    expect(table.delete('b')).toBe(false);
    expect(seen.at(-1)).toEqual(['b', undefined]);
    expect(store.tableNames('')).toEqual(['t']);
    expect(store.table('t')).toBe(table);
    await store.close();
  });

  test('an index ranges in byte order, with bounds and limits', async () => {
    const store = open();
    const index = store.index<number>('i');
    store.index<number>('i2').put('zzz', 9);
    for (const [key, n] of Object.entries({ b: 2, 'a/1': 1, a: 0, é: 4, '😀': 6, '\uffee': 5 }))
      await index.put(key, n);
    expect([...index.range({})].map(([, n]) => n)).toEqual([0, 1, 2, 4, 5, 6]);
    expect([...index.range({ start: 'a', afterStart: true, end: 'b' })]).toEqual([['a/1', 1]]);
    expect([...index.range({ limit: 2 })].map(([key]) => key)).toEqual(['a', 'a/1']);
    const down = (range: Range) => [...index.range({ ...range, reverse: true })].map(([, n]) => n);
    expect(down({})).toEqual([6, 5, 4, 2, 1, 0]);
    expect(down({ limit: 2 })).toEqual([6, 5]);
    expect(down({ start: 'a', end: 'b' })).toEqual([1, 0]);
    expect(down({ start: 'a', afterStart: true, end: 'é' })).toEqual([2, 1]);
    expect(down({ start: 'c', end: 'd' })).toEqual([]);
    await index.delete('a');
    expect(index.get('a')).toBeUndefined();
    await store.close();
  });

  test('a transaction that throws leaves nothing behind', async () => {
    const store = open();
    const index = store.index<number>('i');
    await index.put('kept', 1);
    const failed = index.transaction(() => {
      void index.put('kept', 2);
      expect(index.get('kept')).toBe(2);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(index.get('kept')).toBe(1);
    await store.close();
  });

  test('reset empties tables and indexes and tells watchers', async () => {
    const store = open();
    store.table('t').put('k', 1);
    await store.index('i').put('k', 1);
    const gone: string[] = [];
    store.table('t').watch((key) => gone.push(key));
    await store.reset();
    expect(store.table('t').size).toBe(0);
    expect(store.index('i').get('k')).toBeUndefined();
    expect(gone).toEqual(['k']);
    await store.close();
  });
});

/** What clients can make up: control characters, NUL, what sorts oddly, halves of surrogate pairs, and lengths around limits. */
const oddPiece = fc.constantFrom(
  '\0',
  '\x01',
  '\x04',
  '\x05',
  '\x1b',
  'a',
  '/',
  '\x7f',
  'é',
  '\uffff',
  '😀',
  '\ud83d',
  '\ude00',
);
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(oddPiece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc
    .tuple(oddPiece, fc.constantFrom(60, 63, 64, 65, 128, 945, 1_899, 1_900, 1_901, 5_000))
    .map(([c, n]) => c.repeat(n)),
);
const nameText = fc.oneof(fc.constantFrom('t', 't/', 't2', 'é', 'n'.repeat(63), 'n'.repeat(64)), oddText);
/** A name or an index's key that is refused, by what is written in `store.ts`. */
const tooLong = (text: string, bytes: number) =>
  Buffer.byteLength(text) > bytes || !Buffer.from(text).toString().includes(text);
const refusedName = (name: string) => name === '' || tooLong(name, 64) || /\p{Cc}/u.test(name);

function attempt(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

describe.each<[string, boolean]>([
  ['lmdb', true],
  ['memory', false],
])('%s store with odd names and keys', (_, durable) => {
  test('a table holds any key, under any name that is not refused, and has it again when opened again', async () => {
    const writes = fc.array(
      fc.record({ name: nameText, key: oddText, value: fc.option(fc.nat(), { nil: undefined }) }),
      {
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(writes, async (writes) => {
        const dir = folder();
        const model = new Map<string, Map<string, number>>();
        let store = durable ? openStore(dir) : memoryStore();
        for (const { name, key, value } of writes) {
          expect(attempt(() => store.table(name))).toBe(!refusedName(name));
          if (refusedName(name)) continue;
          const held = model.get(name) ?? new Map<string, number>();
          model.set(name, held);
          if (value === undefined) expect(store.table(name).delete(key)).toBe(held.delete(key));
          else {
            store.table(name).put(key, value);
            held.set(key, value);
          }
        }
        const names = [...model].flatMap(([name, held]) => (held.size > 0 ? [name] : []));
        const check = () => {
          for (const prefix of ['', 't', 'é', 'n', '\uffff']) {
            expect(store.tableNames(prefix)).toEqual(names.filter((name) => name.startsWith(prefix)).sort());
          }
          for (const [name, held] of model) expect([...store.table(name).entries()]).toEqual([...held]);
        };
        check();
        if (durable) {
          await store.durable();
          await store.close();
          store = openStore(dir);
          check();
        }
        await store.close();
      }),
      { numRuns: durable ? 40 : 100 },
    );
  });

  test('an index refuses what it cannot hold, and ranges over the rest in byte order between any bounds', async () => {
    const bound = fc.option(oddText, { nil: undefined });
    const world = fc.record({
      keys: fc.array(oddText, { maxLength: 25 }),
      gone: fc.array(oddText, { maxLength: 5 }),
      start: bound,
      end: bound,
      afterStart: fc.boolean(),
      reverse: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ keys, gone, start, end, afterStart, reverse }) => {
        const dir = folder();
        let store = durable ? openStore(dir) : memoryStore();
        const model = new Map<string, number>();
        await store.index<number>('h').put('\uffff', -1);
        await store.index<number>('j').put('', -1);
        for (const [n, key] of keys.entries()) {
          const held = await store
            .index<number>('i')
            .put(key, n)
            .then(
              () => true,
              () => false,
            );
          expect(held).toBe(!tooLong(key, 1_900));
          if (held) model.set(key, n);
        }
        for (const key of [...gone, ...keys.slice(0, 2)]) {
          await store.index('i').delete(key);
          model.delete(key);
        }
        if (durable) {
          await store.close();
          store = openStore(dir);
        }
        const index = store.index<number>('i');
        const bytes = Buffer.from;
        const wanted = [...model]
          .filter(([key]) => Buffer.compare(bytes(key), bytes(start ?? '')) >= (afterStart ? 1 : 0))
          .filter(([key]) => end === undefined || Buffer.compare(bytes(key), bytes(end)) < 0)
          .sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)));
        if (reverse) wanted.reverse();
        const range = {
          afterStart,
          reverse,
          ...(start === undefined ? {} : { start }),
          ...(end === undefined ? {} : { end }),
        };
        expect([...index.range(range)]).toEqual(wanted);
        for (const key of [...keys, ...gone]) expect(index.get(key)).toBe(model.get(key));
        await store.close();
      }),
      { numRuns: durable ? 40 : 100 },
    );
  });
});

test('what was durable is there when the store is opened again, in the same order', async () => {
  const dir = folder();
  const first = openStore(dir);
  for (const key of ['z', 'y', 'x']) first.table<string>('t').put(key, key.toUpperCase());
  first.table('t').delete('y');
  await first.index('i').put('k', { deep: [1, 2] });
  await first.durable();
  await first.close();
  const again = openStore(dir);
  expect([...again.table<string>('t').entries()]).toEqual([
    ['z', 'Z'],
    ['x', 'X'],
  ]);
  expect(again.index('i').get('k')).toEqual({ deep: [1, 2] });
  again.table<string>('t').put('w', 'W');
  expect([...again.table<string>('t').keys()]).toEqual(['z', 'x', 'w']);
  await again.close();
});
