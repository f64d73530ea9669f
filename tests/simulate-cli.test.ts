/** `orrery simulate`, the built command: what is wrong is said in one message, and what it finds is printed and written. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimulationResult } from '../src/insight/simulate/recording.ts';
import { type Ended, expectBuilt, runCommand } from './command.fixture.ts';
import { storyTemplate } from './story-template.ts';

const short = ['--profile', 'constant:rate=20,for=60'];
const app = ['--app', 'serviceMs=20,cpuMs=10,bootSeconds=30'];
let folder: string;

/** A group that cannot grow: there is little to search. */
const story = storyTemplate('cpu', 'api.cli.localhost').Resources;
const Group = { Type: '', ...story.Group, Properties: { ...(story.Group?.Properties as object), MaxSize: '1' } };
const small = { Resources: { ...story, Group } };

function simulate(...argv: string[]): Promise<Ended> {
  return runCommand({ cwd: folder }, 'simulate', ...argv);
}

beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-simulate-'));
  writeFileSync(join(folder, 'template.json'), JSON.stringify(small));
  const surge = { url: 'http://api', timeScale: 1, startedAt: '2026-01-01T00:00:07.000Z', seconds: [] };
  const capacity = [{ atSeconds: 0, inService: 1 }];
  writeFileSync(
    join(folder, 'surge.json'),
    JSON.stringify({ ...surge, profile: short[1], observed: { groups: [{ capacity }] } }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const template = 'template.json';
test.concurrent.each([
  ['an objective that nothing keeps to', [...short, ...app, '--objective', 'p50=1ms', '--json'], '"best": null'],
  [
    'a balancer that is not there',
    [...short, ...app, '--balancer', 'None'],
    'there is no None that forwards. There are: Balancer.',
  ],
])('what is wrong is said in one message, with exit code 1: %s', async (_, argv, message) => {
  const { code, out, error } = await simulate(template, ...argv);
  expect(code).toBe(1);
  expect(out + error).toContain(message);
  expect(error).not.toContain('mistake of its own');
});

test('for people: a table, and a page with the plots', async () => {
  const { code, out } = await simulate(template, ...short, ...app, '--report', 'report.html');
  expect(code).toBe(0);
  expect(out).toMatch(/^Requests +1,\d{3}$/m);
  expect(out).toMatch(/^Failed +none$/m);
  expect(out).toMatch(/^Machines +1 to 1 serving$/m);
  expect(out).toContain(`Plots: ${join(folder, 'report.html')}`);
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(
    /^<!doctype html>[\s\S]*Simulation of template<[\s\S]*Queueing/i,
  );
}, 30_000);

test('for programs: the result alone; with a surge, how far the two are apart', async () => {
  const { code, out, error } = await simulate(template, ...app, '--compare', 'surge.json', '--json');
  expect([code, error]).toEqual([0, '']);
  const result = JSON.parse(out) as SimulationResult & { comparison: object };
  expect(result).toMatchObject({ seed: 1, profile: short[1], stepSeconds: 1, app: { serviceMs: 20 } });
  expect(result.series.at).toHaveLength(60);
  expect(Object.keys(result.totals).sort()).toEqual([
    ...['answered', 'failed', 'fewestServing', 'instanceHours', 'mostServing'],
    ...['p50', 'p90', 'p99', 'requests', 'waiting'],
  ]);
  expect(result.comparison).toMatchObject({ samples: 6, withinOne: 6, most: 0 });
}, 30_000);

test('an objective: what was tried, and the cheapest', async () => {
  const found = await simulate(template, ...short, ...app, '--objective', 'p99=2s');
  expect([found.code, found.error]).toEqual([0, '']);
  expect(found.out).toMatch(/^ {2}targets as they are +0\.0 h {2}kept$/m);
  expect(found.out).toMatch(/^Cheapest: targets/m);
}, 30_000);
