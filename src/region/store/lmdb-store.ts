import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open } from 'lmdb';
import type { Index, Range, Store } from './store.ts';
import { MemoryTable } from './table.ts';

/** Opens (or makes) the store in `dir`. Only one process may have it open. */
export function openStore(dir: string): Store {
  const filesDir = join(dir, 'files');
  mkdirSync(filesDir, { recursive: true });
  const root = open({ path: join(dir, 'records.mdb'), maxDbs: 4, compression: false, noSubdir: true });
  const records = root.openDB<unknown, string[]>('tables', {});
  const ordered = root.openDB<unknown, string[]>('indexes', {});
  const tables = new Map<string, MemoryTable<unknown>>();
  const indexes = new Map<string, Index<unknown>>();
  let pending: Promise<unknown> | undefined;
  let sequence = 0;

  // Keys carry a sequence number in the value, so that a table is read back in the order of insertion.
  const write = (done: Promise<unknown>) => {
    pending = done;
    const clear = () => {
      if (pending === done) pending = undefined;
    };
    done.then(clear, clear);
  };

  function loadTable(name: string): MemoryTable<unknown> {
    const found: { key: string; order: number; value: unknown }[] = [];
    for (const { key, value } of records.getRange({ start: [name, ''], end: [`${name}\u0000`] })) {
      const [order, record] = value as [number, unknown];
      found.push({ key: key[1] ?? '', order, value: record });
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
          write(records.put([name, key], [order, value]));
        },
        delete(key) {
          orders.delete(key);
          write(records.remove([name, key]));
        },
      },
    );
  }

  const store: Store = {
    filesDir,
    table<T>(name: string) {
      let table = tables.get(name);
      if (!table) {
        table = loadTable(name);
        tables.set(name, table);
      }
      return table as MemoryTable<T>;
    },
    index<T>(name: string) {
      let index = indexes.get(name);
      if (!index) {
        index = lmdbIndex(ordered, name);
        indexes.set(name, index);
      }
      return index as Index<T>;
    },
    tableNames(prefix) {
      const names = new Set<string>();
      for (const [name, table] of tables) if (name.startsWith(prefix) && table.size > 0) names.add(name);
      let start: string[] = [prefix];
      for (;;) {
        const [key] = [...records.getKeys({ start, end: [`${prefix}\uffff`], limit: 1 })];
        const name = key?.[0];
        if (name === undefined) break;
        names.add(name);
        start = [`${name}\u0000`];
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

function lmdbIndex<T>(db: Database<unknown, string[]>, name: string): Index<T> {
  const beyond = [`${name}\u0000`];
  return {
    get: (key) => db.get([name, key]) as T | undefined,
    async put(key, value) {
      await db.put([name, key], value);
    },
    async delete(key) {
      await db.remove([name, key]);
    },
    *range({ start = '', afterStart = false, end, limit }: Range) {
      const found = db.getRange({
        start: [name, start],
        end: end === undefined ? beyond : [name, end],
        exclusiveStart: afterStart,
        ...(limit === undefined ? {} : { limit }),
      });
      for (const { key, value } of found) yield [key[1] ?? '', value as T];
    },
    transaction: (change) => db.childTransaction(change) as Promise<ReturnType<typeof change>>,
  };
}
