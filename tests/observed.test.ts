/** `orrery check --observed`: what the machines of a region that runs were seen to do, held against their role. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectBuilt, runCommand } from './command.fixture.ts';
import { eventually, get } from './region.fixture.ts';

let folder: string;
let app: string;
const orrery = (...argv: string[]) => runCommand({ cwd: folder }, ...argv);

beforeAll(async () => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-observed-'));
  app = join(folder, 'app');
});
afterAll(async () => {
  await orrery('down', app);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

interface Told {
  readonly findings: readonly { readonly rule: string; readonly logicalId?: string; readonly message: string }[];
}

async function unused(): Promise<readonly string[]> {
  const { out, error } = await orrery('check', app, '--observed', '--json');
  expect(error).toBe('');
  const { findings } = JSON.parse(out) as Told;
  return findings.filter(({ rule }) => rule === 'role-unused').map(({ message }) => message);
}

test('permissions that no machine used are told, and those that one used are not', async () => {
  await orrery('init', app);
  const free = ['--port', '--tls-port', '--http-port', '--aws-port', '--dns-port'].flatMap((one) => [one, '0']);
  const { code, error } = await orrery('up', app, '--detach', ...free);
  expect(code, error).toBe(0);
  const { ports } = JSON.parse(readFileSync(join(app, '.orrery', 'region.json'), 'utf8')) as {
    readonly ports: { readonly https: number };
  };
  const items = () => get(ports.https, 'api.app.localhost', '/items');
  expect((await eventually(items, ({ status }) => status === 200)).status).toBe(200);

  const ofData = (told: readonly string[]) => told.find((one) => one.includes('statement UseData'));
  // The pictures were listed; none was hung, looked at or taken down.
  expect(ofData(await unused())).toBe(
    'MachineRole was not seen to use s3:GetObject, s3:PutObject and s3:DeleteObject (statement UseData of policy machine).',
  );
  const hung = await get(ports.https, 'api.app.localhost', '/items', {
    method: 'POST',
    headers: { 'content-type': 'image/gif', 'content-length': '26' },
    body: 'GIF89a, and no more of it.',
  });
  expect(hung.status, hung.body).toBe(201);
  const after = ofData(await unused());
  expect(after).toMatch(/s3:DeleteObject/);
  expect(after).not.toMatch(/s3:PutObject/);
}, 180_000);

test('where no region runs it says so, and how to start one', async () => {
  await orrery('down', app);
  expect(await orrery('check', app, '--observed')).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^No region runs for .*\nStart one: orrery up\n$/),
  });
}, 60_000);
