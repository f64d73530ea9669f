import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allowedAt } from './allowed.ts';
import { ConfigError, configSchema, parseConfig } from './config.ts';
import { loadConfig } from './load-config.ts';

function mistakes(input: unknown): readonly string[] {
  try {
    parseConfig(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('a configuration', () => {
  it('needs no more than a name', () => {
    expect(parseConfig({ name: 'gallery' })).toMatchObject({
      api: { port: 8080, start: 'server.js', min: 2, max: 6 },
      network: { zones: 2, nat: 'per-zone', cidr: '10.0.0.0/16' },
      scaling: { cpu: 60 },
    });
  });

  const wrong: [unknown, string][] = [
    [undefined, 'The configuration: undefined is not allowed. Allowed: an object with the keys name, domain, web,'],
    [{}, 'name is missing. Allowed: 2 to 32 lower-case letters'],
    [{ name: 'Gallery' }, 'name: "Gallery" is not allowed. Allowed: 2 to 32 lower-case letters'],
    [
      { name: 'app', domain: 'MyApp.com' },
      'domain: "MyApp.com" is not allowed. Allowed: a domain in lower case, such as \'myapp.com\'.',
    ],
    [{ name: 'app', domain: 'localhost' }, 'domain: "localhost" is not allowed.'],
    [{ name: 'app', api: { port: 80 } }, 'api.port: 80 is not allowed. Allowed: a whole number from 1024 to 32767.'],
    [{ name: 'app', api: { port: '8080' } }, 'api.port: "8080" is not allowed.'],
    [
      { name: 'app', api: { min: 3, max: 3 } },
      'api.max: 3 is not allowed. Allowed: a whole number from 2 to 500 machines, more than api.min.',
    ],
    [{ name: 'app', api: { start: '../x.js' } }, 'api.start: "../x.js" is not allowed.'],
    [
      { name: 'app', api: { environment: { PORT: '1' } } },
      'api.environment.PORT: "1" is not allowed. Allowed: names of letters,',
    ],
    [{ name: 'app', api: { environment: { A: 'x\ny' } } }, 'api.environment.A: "x\\ny" is not allowed.'],
    [{ name: 'app', web: 'dist' }, 'web: "dist" is not allowed. Allowed: an object with the keys dir, assets,'],
    [{ name: 'app', web: { dir: '/etc' } }, 'web.dir: "/etc" is not allowed. Allowed: a folder inside the app\'s own'],
    [{ name: 'app', network: { zones: 5 } }, 'network.zones: 5 is not allowed. Allowed: 2, 3 or 4.'],
    [
      { name: 'app', network: { nat: 'two' } },
      "network.nat: \"two\" is not allowed. Allowed: 'per-zone', 'one', 'none'.",
    ],
    [
      { name: 'app', network: { cidr: '10.0.0.0/8' } },
      'network.cidr: "10.0.0.0/8" is not allowed. Allowed: a private IPv4 range',
    ],
    [{ name: 'app', network: { cidr: '8.8.0.0/16' } }, 'network.cidr: "8.8.0.0/16" is not allowed.'],
    [
      { name: 'app', scaling: { cpu: 0 } },
      'scaling.cpu: 0 is not allowed. Allowed: a number from 1 to 100 (per cent), or false for none.',
    ],
    [{ name: 'app', scaling: { cpu: true } }, 'scaling.cpu: true is not allowed.'],
    [
      { name: 'app', monitoring: { webhook: 'http://x' } },
      'monitoring.webhook: "http://x" is not allowed. Allowed: an https:// URL.',
    ],
    [{ name: 'app', api: { ports: 1 } }, 'api.ports is not a key. Did you mean port? Allowed: dir, start, node, port,'],
    [{ name: 'app', retion: 1 }, 'retion is not a key. Allowed: name, domain,'],
    [{ name: 'app', api: { port: 'x'.repeat(200) } }, `api.port: "${'x'.repeat(78)}… is not allowed.`],
  ];
  it.each(wrong)('%j is told so', (input, expected) => {
    expect(mistakes(input)).toHaveLength(1);
    expect(mistakes(input)[0]).toContain(expected);
  });

  it('is told of all its mistakes at once', () => {
    expect(mistakes({ name: 'A', api: { port: 1, max: 1 }, network: { zones: 1 } })).toHaveLength(4);
  });

  it('has words for every key', () => {
    const leaves = (schema: z.ZodType, path: string[]): string[][] => {
      let inner: z.ZodType = schema;
      while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
        inner = inner.def.innerType as z.ZodType;
      }
      if (!(inner instanceof z.ZodObject)) return [path];
      return Object.entries(inner.shape).flatMap(([key, one]) => leaves(one as z.ZodType, [...path, key]));
    };
    const all = leaves(configSchema, []);
    expect(all.length).toBeGreaterThan(30);
    for (const path of all) expect(allowedAt(configSchema, path), path.join('.')).toMatch(/\w/);
  });
});

describe('orrery.config.ts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const load = (text: string) => {
    writeFileSync(join(folder, 'orrery.config.ts'), text);
    return loadConfig(folder);
  };

  it('is TypeScript that takes defineConfig from orrery/blueprint, and may import', async () => {
    writeFileSync(join(folder, 'names.ts'), "export const name: string = 'shop';\n");
    const { config, path } = await load(
      "import { defineConfig } from 'orrery/blueprint';\nimport { name } from './names.ts';\nexport default defineConfig({ name, api: { port: 3000 as number } });\n",
    );
    expect(config).toMatchObject({ name: 'shop', api: { port: 3000 } });
    expect(path).toBe(join(folder, 'orrery.config.ts'));
  });

  it('is read anew each time', async () => {
    expect((await load("export default { name: 'one' };")).config.name).toBe('one');
    expect((await load("export default { name: 'two' };")).config.name).toBe('two');
  });

  it.each([
    ["export default { name: 'x!' };", 'orrery.config.ts: name: "x!" is not allowed.'],
    ["export const config = { name: 'app' };", 'orrery.config.ts exports no default.'],
    ["throw new Error('oh no');", 'orrery.config.ts cannot be run: oh no'],
    ['export default {', 'orrery.config.ts cannot be run:'],
    ["import 'nowhere-to-be-found';\nexport default {};", 'orrery.config.ts cannot be run: Cannot find'],
  ])('%j is told so', async (text, expected) => {
    await expect(load(text)).rejects.toThrow(expected);
  });

  it('is missed', async () => {
    await expect(loadConfig(join(folder, 'nowhere'))).rejects.toThrow('There is no orrery.config.ts in');
  });
});
