/** An app's folder as the commands see it: its configuration, its templates, and what a local region keeps of it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../blueprint/config.ts';
import type { Release } from '../delivery/release.ts';
import { UserError } from '../delivery/user-error.ts';

export interface App {
  readonly dir: string;
  readonly config: Config;
  readonly template: string;
  readonly domainTemplate: string;
  /** The API's release, for commands that deliver; its failure shows when it is awaited. */
  readonly release?: Promise<Release>;
}

/** Loads `orrery.config.ts` and synthesises. Throws `UserError` and `ConfigError`. */
export async function loadApp(folder: string, { release: wanted = false } = {}): Promise<App> {
  const dir = appDir(folder);
  // CDK takes a second to load, and only commands that synthesise need it.
  const { loadConfig, synthesise } = await import('../blueprint/index.ts');
  const { config } = await loadConfig(dir);
  const release = wanted ? (await import('../delivery/deliver.ts')).releaseOf({ dir, config }) : undefined;
  release?.catch(() => {});
  const { yaml, domainYaml } = synthesise(config);
  return { dir, config, template: yaml, domainTemplate: domainYaml, ...(release ? { release } : {}) };
}

export function appDir(folder: string): string {
  const dir = resolve(folder);
  if (!existsSync(dir)) throw new UserError(`There is no folder ${dir}.`, 'Make one: orrery init DIR');
  return dir;
}
