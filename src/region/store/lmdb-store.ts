import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open } from 'lmdb';
import {
  bytesBeyond,
  bytesOf,
  canBeKey,
  checkIndexKey,
  checkName,
  keyOf,
  nameOf,
  rangeBytes,
  tableBytes,
} from './keys.ts';
import type { Index, Range, Store } from './store.ts';
import { MemoryTable } from './table.ts';

/** A table's record: its place in the order of insertion, its value, and its key (UTF-16) where the disk has a hash of it. */
type Stored = [order: number, value: unknown, key?: Buffer];

/** Opens (or makes) the store in `dir`. Only one process may have it open. */
export function openStore(dir: string): Store {
  const filesDir = join(dir, 'files');
  mkdirSync(filesDir, { recursive: true });
  const root = open({ path: join(dir, 'records.mdb'), maxDbs: 4, compression: false, noSubdir: true });
  const records = root.openDB<unknown, Buffer>('tables', { keyEncoding: 'binary' });
  const ordered = root.openDB<unknown, Buffer>('indexes', { keyEncoding: 'binary' });
  const tables = new Map<string, MemoryTable<unknown>>();
  const indexes = new Map<string, Index<unknown>>();
  let pending: Promise<unknown> | undefined;
  let sequence = 0;

  const write = (done: Promise<unknown>) => {
    pending = done;
    const clear = () => {
      if (pending === done) pending = undefined;
    };
    done.then(clear, clear);
  };

  function loadTable(name: string): MemoryTable<unknown> {
    const found: { key: string; order: number; value: unknown }[] = [];
    for (const { key: bytes, value } of records.getRange({ start: bytesOf(name, ''), end: bytesBeyond(name) })) {
      const [order, record, key] = value as Stored;
      found.push({ key: key?.toString('utf16le') ?? keyOf(bytes), order, value: record });
      if (order >= sequence) sequence = order + 1;
    }
    found.sort((a, b) => a.order - b.order);
    const orders = new Map(found.map(({ key, order }) => [key, order]));
    return new MemoryTable(
      found.map(({ key, value }): [string, unknown] => [key, value]),
      {
        put(key, value) {
          let order = orders.get(key);
          if (order === undefined) {
            order = sequence++;
            orders.set(key, order);
          }
          const { bytes, hashed } = tableBytes(name, key);
          const stored: Stored = hashed ? [order, value, Buffer.from(key, 'utf16le')] : [order, value];
          write(records.put(bytes, stored));
        },
        delete(key) {
          orders.delete(key);
          write(records.remove(tableBytes(name, key).bytes));
        },
      },
    );
  }

  const store: Store = {
    filesDir,
    table<T>(name: string) {
      let table = tables.get(name);
      if (!table) {
        checkName(name);
        table = loadTable(name);
        tables.set(name, table);
      }
      return table as MemoryTable<T>;
    },
    index<T>(name: string) {
      let index = indexes.get(name);
      if (!index) {
        checkName(name);
        index = lmdbIndex(ordered, name);
        indexes.set(name, index);
      }
      return index as Index<T>;
    },
    tableNames(prefix) {
      const names = new Set<string>();
      for (const [name, table] of tables) if (name.startsWith(prefix) && table.size > 0) names.add(name);
      let start: Buffer = Buffer.from(prefix);
      for (;;) {
        const [bytes] = [...records.getKeys({ start, limit: 1 })];
        const name = bytes && nameOf(bytes);
        if (!name?.startsWith(prefix)) break;
        names.add(name);
        start = bytesBeyond(name);
      }
      return [...names].filter((name) => store.table(name).size > 0).sort();
    },
    async durable() {
      // Commits are in order, so the last write's commit stands for all before it.
      while (pending) await pending;
    },
    async reset() {
      await store.durable();
      for (const table of tables.values()) table.forget();
      await Promise.all([records.clearAsync(), ordered.clearAsync()]);
      await rm(filesDir, { recursive: true, force: true });
      mkdirSync(filesDir, { recursive: true });
    },
    async close() {
      await store.durable();
      await root.close();
    },
  };
  return store;
}

function lmdbIndex<T>(db: Database<unknown, Buffer>, name: string): Index<T> {
  return {
    get: (key) => (canBeKey(key) ? (db.get(bytesOf(name, key)) as T | undefined) : undefined),
    async put(key, value) {
      checkIndexKey(key);
      await db.put(bytesOf(name, key), value);
    },
    async delete(key) {
      if (canBeKey(key)) await db.remove(bytesOf(name, key));
    },
    *range(range: Range) {
      const { limit, reverse } = range;
      const { start, exclusiveStart, end } = rangeBytes(name, range);
      // LMDB goes down from `start`, and its `end` is then the lower bound.
      const bounds = reverse
        ? { start: end, exclusiveStart: true, end: start, inclusiveEnd: !exclusiveStart, reverse }
        : { start, exclusiveStart, end };
      const found = db.getRange({ ...bounds, ...(limit === undefined ? {} : { limit }) });
      for (const { key, value } of found) yield [keyOf(key), value as T];
    },
    transaction: (change) => db.childTransaction(change) as Promise<ReturnType<typeof change>>,
  };
}
