/** `orrery init`: a new app that runs at once. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { line } from './print.ts';

const packageDir = dirname(fileURLToPath(import.meta.resolve('orrery/package.json')));

export function initCommand(program: Command): void {
  program
    .command('init')
    .description('make a new app: web/, api/ and orrery.config.ts')
    .argument('<dir>', 'the folder to make')
    .action((dir: string) => {
      const folder = resolve(dir);
      if (existsSync(folder) && readdirSync(folder).length > 0)
        throw new UserError(`${folder} is not empty.`, 'Choose a folder that does not exist yet.');
      const name = appName(basename(folder));
      mkdirSync(folder, { recursive: true });
      const example = join(packageDir, 'examples', 'gallery');
      for (const part of ['web', 'api'])
        cpSync(join(example, part), join(folder, part), {
          recursive: true,
          filter: (source) => !/\.test\.ts$/.test(source),
        });
      writeFileSync(join(folder, 'orrery.config.ts'), configText(name));
      writeFileSync(join(folder, '.gitignore'), 'node_modules/\n.orrery/\nbuild.yml\ndomain.yml\n');
      line(`Made ${folder}: web/ (the page), api/ (the API) and orrery.config.ts.\nRun it: npx orrery up ${dir}`);
    });
}

/** A name that the configuration takes: lower-case letters, digits and single hyphens, beginning with a letter. */
function appName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 32);
  return name.length >= 2 ? name : 'my-app';
}

function configText(name: string): string {
  return `import { defineConfig } from 'orrery/blueprint';

export default defineConfig({
  name: '${name}',
  domain: '${name}.com',
  data: { access: 'read-write' },
});
`;
}
