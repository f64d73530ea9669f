import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkIndexKey, checkName } from './keys.ts';
import type { Index, Range, Store } from './store.ts';
import { MemoryTable } from './table.ts';

/** A store that forgets everything when closed: for analysis of a template, and for tests. */
export function memoryStore(): Store {
  const tables = new Map<string, MemoryTable<unknown>>();
  const indexes = new Map<string, MemoryIndex<unknown>>();
  let filesDir: string | undefined;
  const store: Store = {
    table<T>(name: string) {
      checkName(name);
      const table = tables.get(name) ?? new MemoryTable<unknown>();
      tables.set(name, table);
      return table as MemoryTable<T>;
    },
    index<T>(name: string) {
      checkName(name);
      const index = indexes.get(name) ?? new MemoryIndex<unknown>();
      indexes.set(name, index);
      return index as MemoryIndex<T>;
    },
    tableNames: (prefix) =>
      [...tables].flatMap(([name, table]) => (name.startsWith(prefix) && table.size > 0 ? [name] : [])).sort(),
    durable: async () => {},
    // Made on first use: an analysis that stores no object leaves no folder behind.
    get filesDir() {
      filesDir ??= mkdtempSync(join(tmpdir(), 'orrery-'));
      return filesDir;
    },
    async reset() {
      for (const table of tables.values()) table.forget();
      for (const index of indexes.values()) index.forget();
      if (filesDir) await rm(filesDir, { recursive: true, force: true });
      filesDir = undefined;
    },
    close: () => store.reset(),
  };
  return store;
}

class MemoryIndex<T> implements Index<T> {
  #records = new Map<string, T>();
  /** Sorted keys; undefined after a change of the set of keys. */
  #sorted: string[] | undefined = [];

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  async put(key: string, value: T): Promise<void> {
    checkIndexKey(key);
    if (!this.#records.has(key)) this.#sorted = undefined;
    this.#records.set(key, value);
  }

  async delete(key: string): Promise<void> {
    if (this.#records.delete(key)) this.#sorted = undefined;
  }

  *range({
    start = '',
    afterStart = false,
    end,
    limit = Number.POSITIVE_INFINITY,
  }: Range): IterableIterator<[string, T]> {
    this.#sorted ??= [...this.#records.keys()].sort(byBytes);
    let left = limit;
    for (const key of this.#sorted) {
      if (left <= 0) return;
      if (byBytes(key, start) < (afterStart ? 1 : 0)) continue;
      if (end !== undefined && byBytes(key, end) >= 0) return;
      left--;
      yield [key, this.#records.get(key) as T];
    }
  }

  async transaction<R>(change: () => R): Promise<R> {
    const before = new Map(this.#records);
    try {
      return change();
    } catch (error) {
      this.#records = before;
      this.#sorted = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#records.clear();
    this.#sorted = [];
  }
}

/** UTF-16 order differs from UTF-8's only where surrogates are involved. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
