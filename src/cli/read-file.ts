/** Files that a user names. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { UserError } from '../delivery/user-error.ts';
import { count } from '../insight/words.ts';

/** Throws `UserError` for what is not there, is a folder, or is larger than that. */
export function readText(file: string, mostBytes: number): string {
  if (!existsSync(file)) throw new UserError(`There is no file ${file}.`);
  const stat = statSync(file);
  if (stat.isDirectory()) throw new UserError(`${file} is a folder, not a file.`);
  if (stat.size > mostBytes)
    throw new UserError(`${file} has ${count(stat.size)} bytes; at most ${count(mostBytes)} are read.`);
  // Windows puts a mark of the encoding before the text.
  return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
}

/** Throws `UserError` for what is not JSON, too. */
export function readJson(file: string, mostBytes: number): unknown {
  const text = readText(file, mostBytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}
