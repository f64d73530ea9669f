/** Options that commands with a profile share. All that is wrong with them is found before anything is begun. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../delivery/user-error.ts';
import { type Profile, parseProfile, profileLimits, profileOfCsv } from '../insight/profile.ts';
import { readInput } from './input-file.ts';

export function readProfile(given: string): { profile: Profile; source: { spec: string; csv?: string } } {
  if (!existsSync(given)) {
    if (/\.csv$/i.test(given)) throw new UserError(`There is no file ${given}.`);
    return { profile: parseProfile(given), source: { spec: given } };
  }
  const csv = readInput(given, profileLimits.characters).toString('utf8');
  const spec = basename(given);
  return { profile: profileOfCsv(csv, spec), source: { spec, csv } };
}

export function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(`${option} must be a whole number from ${least} to ${most}, not "${text}".`);
}

export function checkReportFile(file: string): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new UserError(`There is no folder ${folder} for the report.`);
  if (existsSync(file) && statSync(file).isDirectory())
    throw new UserError(`${file} is a folder, not a file for the report.`);
}
