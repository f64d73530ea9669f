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
    reverse = false,
  }: Range): IterableIterator<[string, T]> {
    this.#sorted ??= [...this.#records.keys()].sort(byBytes);
    const keys = this.#sorted;
    const first = placeOf(keys, start, afterStart);
    const beyond = Math.max(first, end === undefined ? keys.length : placeOf(keys, end, false));
    const count = Math.min(limit, beyond - first);
    for (let at = 0; at < count; at++) {
      const key = keys[reverse ? beyond - 1 - at : first + at] as string;
      const value = this.#records.get(key);
      // One that was deleted while this went on.
      if (value !== undefined) yield [key, value];
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

/** How many keys are less than `bound`, or equal to it when `after`. */
function placeOf(keys: readonly string[], bound: string, after: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byBytes(keys[middle] as string, bound) < (after ? 1 : 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** UTF-16 order differs from UTF-8's only where surrogates are involved. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
