/** `orrery synth`: the templates as files, to be read, reviewed, or deployed by hand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadApp } from './app.ts';
import { line } from './print.ts';

export function synthCommand(program: Command): void {
  program
    .command('synth')
    .description('write build.yml (and domain.yml, for regions other than us-east-1)')
    .argument('[dir]', "the app's folder", '.')
    .option('-o, --output <dir>', 'where to', '.')
    .action(async (dir: string, options: { output: string }) => {
      const app = await loadApp(dir);
      mkdirSync(resolve(options.output), { recursive: true });
      for (const [name, text] of [
        ['build.yml', app.template],
        ['domain.yml', app.domainTemplate],
      ] as const) {
        const file = resolve(options.output, name);
        writeFileSync(file, text);
        line(`${file}  ${Buffer.byteLength(text)} bytes`);
      }
    });
}
