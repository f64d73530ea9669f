import type { Table } from './store.ts';

/** Where a table's writes go besides memory. */
export interface Sink<T> {
  put(key: string, value: T): void;
  delete(key: string): void;
}

export class MemoryTable<T> implements Table<T> {
  readonly #records: Map<string, T>;
  readonly #sink: Sink<T> | undefined;
  readonly #watchers = new Set<(key: string, value: T | undefined) => void>();
  #version = 0;

  constructor(records: Iterable<[string, T]> = [], sink?: Sink<T>) {
    this.#records = new Map(records);
    this.#sink = sink;
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  put(key: string, value: T): void {
    this.#records.set(key, value);
    this.#sink?.put(key, value);
    this.#changed(key, value);
  }

  delete(key: string): boolean {
    if (!this.#records.delete(key)) return false;
    this.#sink?.delete(key);
    this.#changed(key, undefined);
    return true;
  }

  values(): IterableIterator<T> {
    return this.#records.values();
  }

  keys(): IterableIterator<string> {
    return this.#records.keys();
  }

  entries(): IterableIterator<[string, T]> {
    return this.#records.entries();
  }

  get size(): number {
    return this.#records.size;
  }

  get version(): number {
    return this.#version;
  }

  watch(changed: (key: string, value: T | undefined) => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Empties memory only; the store has emptied the disk. */
  forget(): void {
    const keys = [...this.#records.keys()];
    this.#records.clear();
    for (const key of keys) this.#changed(key, undefined);
  }

  #changed(key: string, value: T | undefined): void {
    this.#version++;
    for (const watcher of this.#watchers) watcher(key, value);
  }
}
