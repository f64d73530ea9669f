/** The built command, as a user runs it: processes, exit codes, and what stands on the screen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, get } from './region.fixture.ts';

const main = join(import.meta.dirname, '..', 'dist', 'command', 'main.js');
const started: ChildProcess[] = [];
let folder: string;

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Runs a command to its end. */
function orrery(...argv: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

const listening = (server: Server) => (server.address() as AddressInfo).port;

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ports = servers.map(listening);
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: npm run build').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'orrery-cli-'));
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('what is wrong is said in one message, with a non-zero exit', () => {
  test('a folder that is not there', async () => {
    const { code, out } = await orrery('up', 'nowhere');
    expect(code).toBe(1);
    expect(out).toContain(`There is no folder ${join(folder, 'nowhere')}.`);
  });

  test('a configuration with mistakes: each with its key, its value, and what is allowed', async () => {
    const dir = mkdtempSync(join(folder, 'mistaken-'));
    writeFileSync(
      join(dir, 'orrery.config.ts'),
      "export default { name: 'Shouting', network: { zones: 7 }, nat: true };\n",
    );
    const { code, out } = await orrery('synth', dir);
    expect(code).toBe(1);
    expect(out).toContain('orrery.config.ts has mistakes');
    expect(out).toMatch(/name.*Shouting/);
    expect(out).toMatch(/network\.zones.*7/);
    expect(out).toMatch(/nat/);
  });

  test('a port that is taken: by whom, and how to choose another', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const dir = join(folder, 'taken');
    await orrery('init', dir);
    const { code, out } = await orrery(
      'up',
      dir,
      '--port',
      '0',
      '--tls-port',
      '0',
      '--http-port',
      '0',
      '--dns-port',
      '0',
      '--aws-port',
      String(listening(server)),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(1);
    expect(out).toMatch(/is taken( by \S+ \(pid \d+\))?\./);
    expect(out).toContain('--aws-port <port>');
  });

  test('options that make no sense', async () => {
    expect(await orrery('up', '.', '--port', 'http')).toMatchObject({
      code: 1,
      out: expect.stringContaining('"http"'),
    });
    expect(await orrery('up', '.', '--root-key', 'secret')).toMatchObject({
      code: 1,
      out: expect.stringContaining('--root-key'),
    });
    expect(await orrery('frobnicate')).toMatchObject({
      code: 1,
      out: expect.stringContaining("unknown command 'frobnicate'"),
    });
    for (const command of [['status'], ['fault', 'list'], ['fault', 'zone', 'us-east-1a']]) {
      expect(await orrery(...command)).toMatchObject({
        code: 1,
        out: expect.stringContaining('No region runs for this folder'),
      });
    }
    expect(await orrery('fault', 'meteor')).toMatchObject({
      code: 1,
      out: expect.stringContaining("unknown command 'meteor'"),
    });
  });
});

describe('bad input of surge, simulate and synth: one message, no stack, nothing begun', () => {
  const template = (resources: object) => JSON.stringify({ Resources: resources });
  const files: Readonly<Record<string, string>> = {
    'empty.yml': '',
    'words.yml': 'hello',
    'circle.json': template({
      A: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::GetAtt': ['B', 'TopicName'] } } },
      B: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::GetAtt': ['A', 'TopicName'] } } },
    }),
    'topic.json': template({ A: { Type: 'AWS::SNS::Topic' } }),
    'unknown.json': template({ A: { Type: 'AWS::DynamoDB::Table' } }),
    'object.json': '{"a":1}',
    'null.json': 'null',
    'cut.json': '{',
  };
  beforeAll(() => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, 'folder.csv'));
  });

  const profile = ['--profile', 'constant:rate=1,for=60'];
  const simulated = ['--app', 'serviceMs=20,cpuMs=15', ...profile];
  test.each<[string, string[], string]>([
    ['an empty template', ['simulate', 'empty.yml', ...simulated], 'empty.yml is empty, not a template.'],
    ['words', ['simulate', 'words.yml', ...simulated], 'Template format error: unsupported structure.'],
    ['a circle', ['simulate', 'circle.json', ...simulated], 'Circular dependency between resources: [A, B]'],
    ['no balancer', ['simulate', 'topic.json', ...simulated], 'has no load balancer that forwards'],
    ['a type that is not modelled', ['simulate', 'unknown.json', ...simulated], 'AWS::DynamoDB::Table (A'],
    ['no template', ['simulate', 'none.yml', ...simulated], 'There is no folder or file'],
    ['a folder for a profile', ['simulate', 'topic.json', '--profile', 'folder.csv'], 'folder.csv is a folder'],
    ['the same of a surge', ['surge', '.', '--profile', 'folder.csv'], 'folder.csv is a folder, not a file.'],
    [
      'half a model',
      ['simulate', 'topic.json', ...profile, '--app', 'serviceMs=20'],
      'cpuMs is missing: a number from 0 to 600000.',
    ],
    [
      'words in a model',
      ['simulate', 'topic.json', ...profile, '--app', 'serviceMs=x,cpuMs=1'],
      'serviceMs must be a number from 0.001 to 600000, not "x".',
    ],
    [
      'an unknown key',
      ['simulate', 'topic.json', ...profile, '--app', 'serviceMs=1,cpuMs=1,foo=2'],
      'there is no "foo". Allowed: serviceMs,',
    ],
    ['twice', ['simulate', 'topic.json', ...profile, '--app', 'cpuMs=1,cpuMs=2'], 'cpuMs is given twice.'],
    ['a folder for a model', ['simulate', 'topic.json', ...profile, '--app', 'folder.csv'], 'is a folder, not a file'],
    ['null for a model', ['simulate', 'topic.json', ...profile, '--app', 'null.json'], 'it must be an object'],
    ['null for a surge', ['simulate', 'topic.json', '--compare', 'null.json'], 'is not the result of a surge'],
    ['cut JSON for a surge', ['simulate', 'topic.json', '--compare', 'cut.json'], 'cut.json is not JSON'],
    ['a port where nobody is', ['surge', 'http://127.0.0.1:1', ...profile], 'Nothing answers at 127.0.0.1:1'],
    ['a file for a folder', ['synth', '--output', 'empty.yml/x'], 'There is no orrery.config.ts'],
  ])('%s', async (_what, argv, message) => {
    const { code, out } = await orrery(...argv);
    expect(out).toContain(message);
    expect(out).not.toMatch(/^ {4}at |mistake of its own/m);
    expect(code).toBe(1);
  });

  test('a reader that has had enough ends it quietly', async () => {
    const child = spawn(process.execPath, [main, '--help'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    child.stdout.destroy();
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(told).toBe('');
  });
});

describe('an app from init to down', () => {
  let dir: string;
  let ports: number[];
  const portArguments = () =>
    ['--port', '--tls-port', '--http-port', '--aws-port', '--dns-port'].flatMap((option, i) => [
      option,
      String(ports[i]),
    ]);
  const pid = () => (JSON.parse(readFileSync(join(dir, '.orrery', 'region.json'), 'utf8')) as { pid: number }).pid;
  const page = (host: string, path = '/') => get(ports[0] ?? 0, `${host}.localhost`, path);
  const s3 = () =>
    new S3Client({
      endpoint: `http://127.0.0.1:${ports[3]}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIAROOT', secretAccessKey: 'of-the-test' },
    });
  const up = () => orrery('up', dir, '--detach', '--root-key', 'AKIAROOT:of-the-test', ...portArguments());

  beforeAll(async () => {
    dir = join(folder, 'My Shop');
    ports = await freePorts(5);
  });
  afterAll(() => orrery('down', dir));

  test('init makes it, and up brings it up', async () => {
    expect((await orrery('init', dir)).out).toContain('npx orrery up');
    expect((await orrery('init', dir)).code).toBe(1);
    const { code, out } = await up();
    expect(code, out).toBe(0);
    expect(out).toContain(`http://my-shop.localhost:${ports[0]}`);
    expect((await page('my-shop')).status).toBe(200);
    expect((await page('api.my-shop', '/health')).status).toBe(200);
  }, 120_000);

  test('status, for people and for programs; logs of the region and of a machine', async () => {
    const { out } = await orrery('status', dir);
    expect(out).toMatch(/my-shop +CREATE_COMPLETE/);
    const read = async () =>
      JSON.parse((await orrery('status', dir, '--json')).out) as { machines: { id: string; health: string }[] };
    const status = await eventually(read, ({ machines }) => machines.every(({ health }) => health === 'healthy'));
    expect(status.machines).toHaveLength(2);
    expect((await orrery('logs', '--dir', dir)).out).toMatch(/target|machine/);
    expect((await orrery('logs', '--dir', dir, status.machines[0]?.id ?? '')).out).toContain('cfn-init');
  });

  test('faults begin, are listed and end; what cannot be is refused with what can', async () => {
    const fault = (...argv: string[]) => orrery('fault', ...argv, '--dir', dir);
    expect((await fault('list')).out).toBe('No fault lasts.\n');
    expect(await fault('zone', 'us-east-1x')).toMatchObject({
      code: 1,
      out: expect.stringContaining('There is no zone "us-east-1x". There are us-east-1a, us-east-1b'),
    });
    expect(await fault('endpoint', 's3', '--for', 'soon')).toMatchObject({
      code: 1,
      out: expect.stringContaining('"soon" is no duration'),
    });
    const begun = await fault('endpoint', 's3', '--for', '10m');
    expect(begun).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^fault-1 {2}the endpoint s3 \(vpce-\w+\) carries nothing, until /),
    });
    const slow = JSON.parse((await fault('latency', 'us-east-1b', '20ms', '--json')).out) as Record<string, string>;
    expect(slow).toMatchObject({ id: 'fault-2', kind: 'latency', target: 'us-east-1b' });
    expect(Date.parse(slow.ends ?? '') - Date.parse(slow.began ?? '')).toBe(300_000);
    expect((await fault('list')).out).toMatch(
      /^fault-1 +until .* s3 [^\n]*\nfault-2 +until .* 20 ms longer each way\n$/,
    );
    expect(JSON.parse((await fault('list', '--json')).out)).toHaveLength(2);
    expect(await fault('clear', 'fault-7')).toMatchObject({
      code: 1,
      out: expect.stringContaining('There is no fault "fault-7". There are fault-1, fault-2.'),
    });
    expect((await fault('clear', 'fault-1')).out).toMatch(/^fault-1 is over: the endpoint s3/);
    expect((await fault('clear')).out).toMatch(/^fault-2 is over: /);
    expect((await fault('clear')).out).toBe('No fault lasts.\n');
    expect((await orrery('logs', '--dir', dir)).out).toMatch(/faults +fault-began fault-1: /);
  }, 60_000);

  test('a second up finds nothing to do; a change is delivered', async () => {
    expect((await up()).out).toContain('nothing had changed');
    const index = join(dir, 'web', 'index.html');
    writeFileSync(index, readFileSync(index, 'utf8').replace('<title>', '<title>Changed: '));
    expect((await up()).out).toMatch(/^Up \(/m);
    expect((await page('my-shop')).body).toContain('<title>Changed: ');
  }, 60_000);

  test('killed at any moment it has every acknowledged object, and goes on', async () => {
    const client = s3();
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    const Bucket = Buckets.map(({ Name }) => Name ?? '').find((name) => name.includes('databucket')) ?? '';
    const acknowledged: string[] = [];
    const children = childrenOf(pid());
    let killed = false;
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; !killed; i++) {
          const Key = `kept/${writer}-${i}`;
          try {
            await client.send(new PutObjectCommand({ Bucket, Key, Body: `object ${Key}` }));
          } catch {
            return;
          }
          acknowledged.push(Key);
          if (acknowledged.length === 200) {
            killed = true;
            process.kill(pid(), 'SIGKILL');
          }
        }
      }),
    );
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(children.length).toBeGreaterThan(0);
    await eventually(
      () => children.filter(alive),
      (left) => left.length === 0,
    );
    expect((await up()).out).toContain('nothing had changed');
    for (const Key of acknowledged) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await Body?.transformToString()).toBe(`object ${Key}`);
    }
    const answer = await eventually(
      () => page('api.my-shop', '/health'),
      ({ status }) => status === 200,
    );
    expect(answer.status).toBe(200);
  }, 120_000);

  test('down ends it and all that it started', async () => {
    const children = childrenOf(pid());
    expect((await orrery('down', dir)).out).toContain('Stopped.');
    expect(children.filter(alive)).toEqual([]);
    expect((await orrery('down', dir, '--forget')).out).toBe('Nothing was running. Its state is forgotten.\n');
    expect(existsSync(join(dir, '.orrery'))).toBe(false);
  });
});

/** All that descends from a process. */
function childrenOf(parent: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name): [number, number][] => {
        try {
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
          return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
        } catch {
          return [];
        }
      }),
  );
  const descends = (pid: number): boolean => {
    const up = parents.get(pid);
    return up === parent || (up !== undefined && up > 1 && descends(up));
  };
  return [...parents.keys()].filter(descends);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
