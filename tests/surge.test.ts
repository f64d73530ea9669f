/** `orrery surge`, the built command, onto a gallery that runs: what is sent, seen, told and refused. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AutoScalingClient, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeRunning } from '../src/cli/running.ts';
import type { SurgeResult } from '../src/insight/surge/surge.ts';
import { startGallery } from './gallery.fixture.ts';
import { eventually } from './region.fixture.ts';

const main = join(import.meta.dirname, '..', 'dist', 'command', 'main.js');
const started: ChildProcess[] = [];
let folder: string;
let gallery: Awaited<ReturnType<typeof startGallery>>;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>;
  /** Resolves when its first second is told. */
  readonly begun: Promise<void>;
}

function start(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [main, 'surge', ...argv], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const texts = { out: '', error: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.error += text;
  });
  const begun = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      texts.out += text;
      if (/^ +0:00 /m.test(texts.out)) resolve();
    });
  });
  const ended = new Promise<{ code: number | null; out: string; error: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...texts })),
  );
  return { child, begun, ended };
}

const surge = (...argv: string[]) => start(argv).ended;

beforeAll(async () => {
  expect(existsSync(main), 'dist/ is missing: npm run build').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'orrery-surge-'));
  writeFileSync(join(folder, 'orrery.config.ts'), "export default { name: 'gallery', domain: 'myapp.com' };\n");
  gallery = await startGallery();
  await gallery.deliver();
  // Until both nodes have seen both machines healthy, requests go to all that are registered, one that boots among them.
  await eventually(
    () => gallery.eventTexts('target-healthy'),
    (texts) => texts.length >= 4,
  );
  const { ports } = gallery.region;
  const rootKey = { accessKeyId: 'test', secretAccessKey: 'test' };
  writeRunning(folder, { pid: process.pid, ports, region: 'us-east-1', rootKey });
}, 120_000);
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await gallery?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe('a surge onto the app of a folder', () => {
  test('for programs: what was sent and answered, by route and second, and what the region did; and a page', async () => {
    const mix = ['--path', '/items', '--path', '/missing:1', '--path', '/whoami:2'];
    const profile = ['--profile', 'step:from=10,to=60,at=1,for=3', '--arrivals', 'even', '--seed', '7'];
    const { code, out, error } = await surge(folder, ...profile, ...mix, '--json', '--report', 'page.html');
    expect(code, error).toBe(0);
    const result = JSON.parse(out) as SurgeResult;
    const { total, routes, seconds, observed } = result;
    expect(result).toMatchObject({
      url: `http://api.myapp.localhost:${gallery.region.ports.https}`,
      timeScale: 1,
      seed: 7,
      interrupted: false,
    });
    expect(total).toMatchObject({ due: 130, sent: 130, answered: 130, errors: { 404: expect.any(Number) } });
    expect(routes.map(({ route, weight }) => [route, weight])).toEqual([
      ['GET /items', 1],
      ['GET /missing', 1],
      ['GET /whoami', 2],
    ]);
    expect(routes[1]?.errors).toEqual({ 404: routes[1]?.answered });
    expect(routes[0]?.errors).toEqual({});
    expect(seconds.slice(0, 3).map(({ atSeconds, due }) => [atSeconds, due])).toEqual([
      [0, 10],
      [1, 60],
      [2, 60],
    ]);
    expect(total.p50).toBeLessThanOrEqual(total.p99);
    expect(observed?.groups).toMatchObject([{ capacity: [{ desired: 2, inService: 2 }] }]);
    expect(observed?.alarms.length).toBeGreaterThan(4);
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('Surge on api.myapp.localhost');
    expect(page).toContain('GET /whoami');
  });

  test('for people: a line for each second, a machine that is added, and a summary', async () => {
    const running = start([folder, '--profile', 'constant:rate=20,for=5', '--path', '/whoami']);
    await running.begun;
    const AutoScalingGroupName = (await gallery.outputs('gallery')).AutoScalingGroupName ?? '';
    const client = new AutoScalingClient(gallery.config);
    await client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3 }));
    const { code, out, error } = await running.ended;
    expect(code, error).toBe(0);
    expect(out).toMatch(
      /^About 100 requests to http:\/\/api\.myapp\.localhost:\d+: constant:rate=20,for=5 \(seed \d+\)$/m,
    );
    expect(out).toMatch(/^ +0:02 +\d+\/s +p50 .* \d\/3 in service$/m);
    expect(out).toMatch(/^Sent +(\d+) of \1 in 5 s$/m);
    expect(out).toMatch(/^Answered +\d+ \(100\.00 %\)$/m);
    expect(out).toMatch(/^Errors +none$/m);
    expect(out).toMatch(/^Activities +0:0\d Launching a new EC2 instance: i-\w+/m);
  });

  test('interrupted, it still reports', async () => {
    const { child, begun, ended } = start([folder, '--profile', 'constant:rate=20,for=600', '--path', '/whoami']);
    await begun;
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(out).toMatch(/^Sent .*, ended early$/m);
  });

  test('a body from a file, and a profile from rows, onto a server that is no region', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, 'body.json'), '{"a":1}');
    writeFileSync(join(folder, 'day.csv'), 'seconds,requestsPerSecond\n0,10\n1,20\n');
    const { code, out, error } = await surge(
      `http://127.0.0.1:${port}/v1/`,
      '--profile',
      'day.csv',
      '--arrivals',
      'even',
      '--path',
      'POST /things @body.json',
      '--json',
    );
    await new Promise((resolve) => server.close(resolve));
    expect(code, error).toBe(0);
    expect((JSON.parse(out) as SurgeResult).observed).toBeUndefined();
    expect(seen).toHaveLength(30);
    expect(new Set(seen)).toEqual(new Set(['POST /v1/things application/json {"a":1}']));
  });

  test('a name that is not there', async () => {
    const { ports } = gallery.region;
    const url = `http://gone.myapp.localhost:${ports.https}`;
    const { code, out } = await surge(url, '--profile', 'constant:rate=20,for=1', '--json', '--dir', folder);
    expect(code).toBe(0);
    const { total } = JSON.parse(out) as SurgeResult;
    expect(total).toMatchObject({ sent: 0, errors: { 'name not found': total.due } });
  });
});

describe('what is refused, before anything is sent', () => {
  const short = ['--profile', 'constant:rate=1,for=1'];
  const ports = () => gallery.region.ports;
  test.each<[string, () => readonly string[], string]>([
    ['no profile', () => [folder], "required option '--profile <profile>'"],
    ['a CSV that is not there', () => [folder, '--profile', 'none.csv'], 'There is no file none.csv.'],
    ['too much', () => [folder, '--profile', 'constant:rate=20001,for=1'], 'at most 20,000 are sent'],
    ['too long', () => [folder, '--profile', 'constant:rate=1,for=61m'], 'at most 60 are allowed'],
    [
      'a body that is not there',
      () => [folder, ...short, '--path', 'POST /a @none.json'],
      'There is no file none.json',
    ],
    ['a seed that is none', () => [folder, ...short, '--seed', 'lucky'], '--seed must be a whole number'],
    ['a report where no folder is', () => [folder, ...short, '--report', 'no/page.html'], 'There is no folder'],
    ['a stack that is not there', () => [folder, ...short, '--stack', 'shop'], 'There is no stack shop'],
    ['an address with a query', () => ['http://127.0.0.1:1/?a=1', ...short], 'must be an address alone'],
    [
      'the door with TLS',
      () => [`https://api.myapp.localhost:${ports().tls}`, ...short, '--dir', folder],
      "the region's door with TLS",
    ],
    [
      'the front door without a name',
      () => [`http://127.0.0.1:${ports().https}`, ...short, '--dir', folder],
      'needs the name of the app',
    ],
    ['somebody else', () => ['https://example.com', ...short], 'example.com is not on this machine.'],
    ['a name that looks like here', () => ['http://127.0.0.1.example.com', ...short], 'is not on this machine.'],
  ])('%s', async (_what, argv, message) => {
    const { code, out, error } = await surge(...argv());
    expect(error).toContain(message);
    expect(code).toBe(1);
    expect(out).toBe('');
  });

  test('a path that is not given, where the app has nothing at /', async () => {
    const { code, out, error } = await surge(folder, '--profile', 'constant:rate=20,for=1');
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain('it answers 404');
    expect(error).toContain('--path /items');
  });

  test('somebody else, even with --yes: it must be what the own stack printed', async () => {
    const argv = ['https://example.com', ...short, '--yes', '--dir', folder];
    const env = { AWS_ENDPOINT_URL: gallery.region.endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const { code, error } = await start(argv, env).ended;
    expect(code).toBe(1);
    expect(error).toContain(
      'example.com is not an address of your deployment: the stack gallery in us-east-1 has https://api.',
    );
  });
});

test('one that is gone while it is under attack shows as refused, and the surge goes on', async () => {
  const server = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { begun, ended } = start([`http://127.0.0.1:${port}`, '--profile', 'constant:rate=50,for=3']);
  await begun;
  await eventually(
    () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
    (count) => count > 0,
  );
  server.close();
  server.closeAllConnections();
  const { code, out } = await ended;
  expect(code).toBe(0);
  expect(out).toMatch(/^Errors .*connection refused \d+/m);
});
