/** `orrery.config.ts` of a folder, loaded without a build step. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { type Config, ConfigError, parseConfig } from './config.ts';

const names = ['orrery.config.ts', 'orrery.config.mts', 'orrery.config.js', 'orrery.config.mjs'];

/** Throws a `ConfigError` when the file is missing, does not load, or has mistakes. */
export async function loadConfig(dir: string): Promise<Config> {
  const file = names.map((name) => join(dir, name)).find((path) => existsSync(path));
  if (!file) throw new ConfigError([`${dir} has no orrery.config.ts. "orrery init DIR" makes an app with one.`]);
  // An app made a minute ago has no node_modules: the package it names is this one.
  const jiti = createJiti(import.meta.url, {
    alias: { 'orrery/blueprint': fileURLToPath(new URL('./config.ts', import.meta.url)).replace(/\.ts$/, extension) },
  });
  let exported: unknown;
  try {
    exported = await jiti.import(file, { default: true });
  } catch (error) {
    throw new ConfigError([`${file} does not load: ${error instanceof Error ? error.message : String(error)}`]);
  }
  return parseConfig(exported);
}

/** Built, the room is JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
