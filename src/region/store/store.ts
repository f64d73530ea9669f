/**
 * Durable state of a region. Control-plane records live in `Table`s: read from memory, written through to disk.
 * Large ordered sets (a bucket's keys) live in an `Index`: read from and written to disk.
 * A write is acknowledged to a client only after `durable()`; then it survives `kill -9`.
 */

/** Records by key, which may be any string. Values are plain data and never changed in place: put a new one. */
export interface Table<T> {
  get(key: string): T | undefined;
  has(key: string): boolean;
  put(key: string, value: T): void;
  /** True when there was such a record. */
  delete(key: string): boolean;
  /** In order of insertion. */
  values(): IterableIterator<T>;
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[string, T]>;
  readonly size: number;
  /** Counts the writes: equal versions mean equal contents. */
  readonly version: number;
  /** Calls `changed` after each put (with the value) and delete (with undefined). Returns how to stop. */
  watch(changed: (key: string, value: T | undefined) => void): () => void;
}

export interface Range {
  /** First key, inclusive unless `afterStart`. */
  start?: string;
  afterStart?: boolean;
  /** First key beyond the range. */
  end?: string;
  limit?: number;
  /** From the last key of the range down to the first; `limit` counts from there. */
  reverse?: boolean;
}

/** Ordered records on disk; keys compare by their UTF-8 bytes and hold at most 1,900 of them: longer ones are refused. */
export interface Index<T> {
  get(key: string): T | undefined;
  /** Resolves when committed: visible to `get` and `range`, safe from a crash of the process. */
  put(key: string, value: T): Promise<void>;
  delete(key: string): Promise<void>;
  range(range: Range): IterableIterator<[string, T]>;
  /** Runs `change` alone, with writes visible at once inside; all of them are committed or none. */
  transaction<R>(change: () => R): Promise<R>;
}

export interface Store {
  /** The table of that name, which has at most 64 bytes and no control characters; the same object each time. */
  table<T>(name: string): Table<T>;
  index<T>(name: string): Index<T>;
  /** Names of the tables that hold a record and start with `prefix`. */
  tableNames(prefix: string): string[];
  /** Resolves when every write to a table made so far has been committed. */
  durable(): Promise<void>;
  /** A folder of the store's own for objects and the like. */
  readonly filesDir: string;
  /** Forgets everything: tables, indexes and files. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
