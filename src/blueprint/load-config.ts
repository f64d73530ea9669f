/** Reads `orrery.config.ts` of an app's folder. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createJiti } from 'jiti';
import { type Config, ConfigError, defineConfig, parseConfig } from './config.ts';

const names = ['orrery.config.ts', 'orrery.config.js', 'orrery.config.mjs'];

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute; `web.dir` and `api.dir` are inside its folder. */
  readonly path: string;
}

/**
 * `folder`: of the app. Throws a `ConfigError` where there is no configuration, it cannot be run, exports nothing, or has
 * mistakes. It gets `defineConfig` of `orrery/blueprint` whether
 * or not that is installed there.
 */
export async function loadConfig(folder: string): Promise<LoadedConfig> {
  const path = names.map((name) => resolve(folder, name)).find((one) => existsSync(one));
  if (path === undefined) {
    throw new ConfigError([
      `There is no ${names[0]} in ${resolve(folder)}. \`orrery init DIR\` makes a new app with one.`,
    ]);
  }
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: false,
    virtualModules: { 'orrery/blueprint': { defineConfig } },
  });
  const file = basename(path);
  let module: unknown;
  try {
    module = await jiti.import(path);
  } catch (error) {
    throw new ConfigError([`${file} cannot be run: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const exported = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (exported === undefined) {
    throw new ConfigError([`${file} exports no default. Allowed: export default defineConfig({ … }).`]);
  }
  try {
    return { config: parseConfig(exported), path };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(error.mistakes.map((mistake) => `${file}: ${mistake}`));
    throw error;
  }
}
