/** Files that a command is given, read whole. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { UserError } from '../delivery/user-error.ts';

/** Throws `UserError`, which names the file. */
export function readInput(file: string, mostBytes: number): Buffer {
  if (!existsSync(file)) throw new UserError(`There is no file ${file}.`);
  const found = statSync(file);
  if (found.isDirectory()) throw new UserError(`${file} is a folder, not a file.`);
  if (found.size > mostBytes)
    throw new UserError(
      `${file} has ${found.size.toLocaleString('en-GB')} bytes; at most ${mostBytes.toLocaleString('en-GB')} are read.`,
    );
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
