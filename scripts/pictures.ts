/** Draws the pictures of the documentation, as `orrery draw` does: `npm run pictures`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigInput, loadConfig, synthesise } from '../src/blueprint/index.ts';
import { draw } from '../src/insight/index.ts';

const root = join(import.meta.dirname, '..');

const zones = (count: 2 | 3 | 4): ConfigInput => ({ name: 'my-app', domain: 'myapp.com', network: { zones: count } });

interface Picture {
  readonly title: string;
  template(): Promise<string>;
  /** What it is compared with. */
  before?(): Promise<string>;
}

/** By file, below the repository. */
const pictures: Readonly<Record<string, Picture>> = {
  'docs/images/architecture.svg': {
    title: 'gallery',
    template: async () => synthesise((await loadConfig(join(root, 'examples', 'gallery'))).config).yaml,
  },
  ...Object.fromEntries(
    ([2, 3, 4] as const).map((count): [string, Picture] => [
      `docs/images/architecture-${count}-zones.svg`,
      { title: `${count} zones`, template: async () => synthesise(zones(count)).yaml },
    ]),
  ),
  'docs/images/change.svg': {
    title: 'Two zones → three, and one NAT gateway for all',
    template: async () => synthesise({ ...zones(3), network: { zones: 3, nat: 'one' } }).yaml,
    before: async () => synthesise(zones(2)).yaml,
  },
};

export const pictureFiles = Object.keys(pictures);

/** What a file should hold. */
export async function pictureText(file: string): Promise<string> {
  const { title, template, before } = pictures[file] ?? {};
  if (title === undefined || !template) throw new Error(`There is no picture ${file}`);
  const drawing = await draw({
    template: await template(),
    name: title,
    title,
    format: 'svg',
    ...(before ? { before: { template: await before(), name: 'before' } } : {}),
  });
  return String(drawing.content);
}

export function currentPicture(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

if (process.argv[1] === import.meta.filename) {
  for (const file of pictureFiles) {
    writeFileSync(join(root, file), await pictureText(file));
    console.log(file);
  }
}
