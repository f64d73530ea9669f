/** The one object store of an account: its index and its files, shared by all regions of the process. */
import { join } from 'node:path';
import type { Scope } from '../service.ts';
import { ObjectFiles } from './object-files.ts';
import { ObjectIndex } from './object-index.ts';
import { buckets } from './state.ts';

export interface Objects {
  readonly index: ObjectIndex;
  readonly files: ObjectFiles;
  /** Removes files that a crash left without a record. Runs once; resolves with how many there were. */
  swept(): Promise<number>;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const made = new WeakMap<object, Objects>();

export function objectsOf(scope: Scope): Objects {
  const index = scope.globalIndex<unknown>('s3/objects');
  const known = made.get(index);
  if (known) return known;
  const { random } = scope;
  const table = buckets(scope);
  const files = new ObjectFiles(() => join(scope.filesDir, 'objects'), random.hex(12));
  const objectIndex = new ObjectIndex({
    index,
    bucket: (name) => table.get(name),
    randomId: () => random.text(23, letters),
    keep: (blob) => files.keep(blob),
  });
  async function* named() {
    let seen = 0;
    for (const bucket of [...table.keys()]) {
      for (const blob of objectIndex.files(bucket)) {
        if (blob !== undefined) yield blob;
        // Requests go first: the sweep has time.
        if (++seen % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
  let sweep: Promise<number> | undefined;
  const objects: Objects = {
    index: objectIndex,
    files,
    swept: () => {
      sweep ??= files.sweep(named);
      return sweep;
    },
  };
  made.set(index, objects);
  return objects;
}
