import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure } from './failure.ts';
import { simulateCommand } from './simulate.ts';

/** What stands in the folder is named so. */
const file = (name: string) => join(folder, name);
const short = ['--profile', 'constant:rate=20,for=60'];
const app = ['--app', 'serviceMs=20,cpuMs=10,bootSeconds=30'];
const folder = mkdtempSync(join(tmpdir(), 'orrery-simulate-'));
const template = file('template.json');

beforeAll(() => {
  writeFileSync(template, '{"Resources": {}}');
  writeFileSync(file('none.json'), '{"Resources": 1}');
  writeFileSync(file('broken.json'), '{"serviceMs": ');
  writeFileSync(file('app.json'), '{"serviceMs": 20, "cpuMs": 10, "threads": 4}');
  const surge = { url: 'http://api', timeScale: 1, startedAt: '2026-01-01T00:00:07.000Z', seconds: [] };
  writeFileSync(file('surge.json'), JSON.stringify({ ...surge, profile: short[1] }));
  writeFileSync(file('csv-surge.json'), JSON.stringify({ ...surge, profile: 'day.csv (24 rows)' }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of the command line. */
async function said(argv: readonly string[]): Promise<string> {
  const program = new Command();
  simulateCommand(program);
  const error: unknown = await program.parseAsync(['simulate', ...argv], { from: 'user' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return failure(error);
}

const mistakes: readonly (readonly [argv: readonly string[], message: string])[] = [
  [[template], '--profile is missing.\nFor example: --profile step:'],
  [[template, ...short], '--app is missing: '],
  [[template, '--profile', 'wave', ...app], 'unknown kind "wave"'],
  [['nowhere.json', ...short, ...app], `There is no folder or file `],
  [[template, ...short, '--app', 'nowhere.json'], 'There is no file nowhere.json.'],
  [[template, ...short, '--app', folder], ' is a folder, not a file.'],
  [[template, ...short, '--app', file('broken.json')], 'broken.json is not JSON: '],
  [[template, ...short, '--app', file('app.json')], 'there is no "threads". Allowed: serviceMs, '],
  [[template, ...short, '--app', 'serviceMs=20,cpuMs='], 'cpuMs must be a number from 0 to 600000, not "".'],
  [[template, ...app, '--compare', file('app.json')], 'app.json is not the result of a surge: its url is missing'],
  [
    [template, ...app, '--compare', file('csv-surge.json')],
    'was the file day.csv (24 rows).\nGive it again with --profile.',
  ],
  [[template, ...short, ...app, '--objective', 'fast'], '--objective: "fast" is not understood. Allowed: p50, p90'],
  [[template, ...app, '--compare', file('surge.json'), '--objective', 'p99=1s'], '--objective and --compare exclude'],
  [[template, ...short, ...app, '--calibrate'], '--calibrate and --app exclude each other.'],
  [[template, ...short, ...app, '--path', '/items'], '--path is for --calibrate alone.'],
  [[folder, '--calibrate', '--objective', 'p99=1s'], '--profile is missing.'],
  [[template, ...short, ...app, '--seed', 'x'], '--seed must be a whole number'],
  [[template, ...short, ...app, '--report', 'no/where.html'], 'There is no folder '],
  [[file('none.json'), ...short, ...app], 'The stack could not be made: '],
];

it.each(mistakes.map(([argv, message]) => ({ argv, message })))('$message', async ({ argv, message }) => {
  const text = await said(argv);
  expect(text).toContain(message);
  expect(text).not.toContain('mistake of its own');
  expect(text.trim().split('\n').length).toBeLessThanOrEqual(2);
});
