/** What the compiler does not hold: time and chance have one door, and imports go one way. Each message names what to use. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const sources = listFiles('src').filter((file) => !/\.(test|suite|fixture)\.ts$/.test(file));

function listFiles(dir: string): string[] {
  const names = readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' });
  return names.flatMap((name) => (name.endsWith('.ts') ? [join(dir, name)] : [])).sort();
}

/** What may not be written outside of a room, and what to write there. */
const doors = [
  {
    what: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    say: 'take a Clock and ask clock.now() or clock.date()',
  },
  { what: /(?<![.\w])set(Timeout|Interval)\(/, say: 'take a Clock: clock.after, clock.every or clock.sleep' },
  { what: /from 'node:timers/, say: 'take a Clock: clock.sleep' },
  { what: /\bMath\.random\(|\brandom(Bytes|UUID|Int)\(|\bgetRandomValues\(/, say: 'take a Random' },
];

describe('time and chance come through src/region/clock', () => {
  for (const { what, say } of doors) {
    test(`${what.source}: ${say}`, () => {
      const found = sources
        .filter((file) => !file.startsWith('src/region/clock/'))
        .flatMap((file) =>
          withoutComments(readFileSync(join(root, file), 'utf8')).flatMap((line, i) =>
            what.test(line) ? [`${file}:${i + 1}: ${say}`] : [],
          ),
        );
      expect(found).toEqual([]);
    });
  }
});

function withoutComments(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/^\s*(\/\/|\*|\/\*).*/, '').replace(/\s\/\/ .*/, ''));
}

/** A room may import those in its list, and itself. `region/x` are the rooms of the region. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  cli: ['blueprint', 'delivery', 'insight', 'region', 'region/clock'],
  delivery: ['blueprint', 'region/clock'],
  insight: ['region', 'region/network', 'region/clock'],
  blueprint: [],
  region: [
    'region/wire',
    'region/services',
    'region/stacks',
    'region/traffic',
    'region/machines',
    'region/network',
    'region/store',
    'region/pattern',
    'region/clock',
  ],
  'region/wire': [],
  'region/services': [
    'region/wire',
    'region/stacks',
    'region/traffic',
    'region/machines',
    'region/network',
    'region/store',
    'region/pattern',
    'region/clock',
  ],
  'region/stacks': ['region/wire', 'region/store', 'region/clock', 'region/pattern'],
  'region/traffic': ['region/network', 'region/store', 'region/pattern', 'region/clock'],
  'region/machines': ['region/traffic', 'region/network', 'region/store', 'region/clock'],
  'region/network': [],
  'region/pattern': [],
  'region/store': ['region/clock'],
  'region/clock': [],
};

/** Importing only types binds nothing at run time: contracts may point back. */
const typeOnly = /^import type |^export type /;

describe('imports go one way', () => {
  test.each(Object.entries(mayImport))('%s imports only %j', (room, allowed) => {
    const found = sources
      .filter((file) => roomOf(file) === room)
      .flatMap((file) =>
        importsOf(file).flatMap((target) => {
          const other = roomOf(target);
          return other === room || other === undefined || allowed.includes(other) ? [] : [`${file} imports ${target}`];
        }),
      );
    expect(found).toEqual([]);
  });

  test('every source file is in a room', () => {
    expect(sources.filter((file) => file !== 'src/index.ts' && mayImport[roomOf(file) ?? ''] === undefined)).toEqual(
      [],
    );
  });
});

function roomOf(file: string): string | undefined {
  const parts = file.split('/');
  if (parts[0] !== 'src' || parts.length < 3) return undefined;
  if (parts[1] !== 'region') return parts[1];
  return parts.length > 3 ? `region/${parts[2]}` : 'region';
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'(\.[^']+)'/gms)]
    .filter(([statement]) => !typeOnly.test(statement) && !/^import \{(\s*type \w+( as \w+)?,?)+\s*\}/.test(statement))
    .map(([, target = '']) => relative('.', normalize(join(dirname(file), target))));
}
