import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openStore } from './lmdb-store.ts';
import { memoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

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
