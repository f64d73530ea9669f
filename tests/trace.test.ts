/** `orrery trace`, the built command: its codes and what it says of bad input; and a real request through the gallery. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { synthesise } from '../src/blueprint/synthesise.ts';
import { writeRunning } from '../src/cli/running.ts';
import { traceRunning } from '../src/cli/trace-live.ts';
import type { TraceResult } from '../src/insight/trace/result.ts';
import { traceText } from '../src/insight/trace/text.ts';
import { expectBuilt, runCommand } from './command.fixture.ts';
import { startGallery } from './gallery.fixture.ts';

let folder: string;

beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-trace-'));
  writeFileSync(join(folder, 'build.yml'), synthesise({ name: 'gallery', domain: 'myapp.com' }).yaml);
  writeFileSync(join(folder, 'circle.yml'), 'Resources:\n  A: { Type: AWS::SNS::Topic, DependsOn: A }\n');
  writeFileSync(join(folder, 'words.txt'), 'no template: at all: [');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function orrery(...argv: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return runCommand({ cwd: folder }, ...argv);
}

describe('the command', () => {
  test('ends with 0 when the request gets there and back, and with 1 when it does not', async () => {
    const delivered = await orrery('trace', 'https://myapp.com/', 'build.yml', '--json');
    expect(delivered).toMatchObject({ code: 0, error: '' });
    expect((JSON.parse(delivered.out) as TraceResult).parts[0]?.shown.ending).toBe('delivered');
    const refused = await orrery('trace', 's3://SpaBucket/index.html', 'build.yml');
    expect(refused).toMatchObject({ code: 1, error: '' });
    expect(refused.out).toMatch(/Refused on the way there, at SpaBucket/);
  });

  test.each([
    ['no URL', ['myapp.com', 'build.yml'], '"myapp.com" is not a URL'],
    ['no such file', ['https://myapp.com/', 'none.yml'], 'There is no folder or file'],
    ['no template', ['https://myapp.com/', 'words.txt'], 'words.txt could not be made in memory'],
    ['a circle', ['https://myapp.com/', 'circle.yml'], 'ircular'],
    ['a name of nobody', ['https://other.com/', 'build.yml'], 'Names it has: myapp.com, api.myapp.com'],
    ['an unknown source', ['https://myapp.com/', 'build.yml', '--from', 'Nobody'], 'There are: internet, ApiGroup'],
    ['a method that is none', ['https://myapp.com/', 'build.yml', '--method', 'G T'], 'is no HTTP method'],
    ['live without a region', ['https://myapp.com/', '.', '--live'], 'No region runs for this folder'],
    ['live from inside', ['https://myapp.com/', '.', '--live', '--from', 'ApiGroup'], 'only come from outside'],
  ])('says what is wrong: %s', async (_name, argv, message) => {
    const { code, out, error } = await orrery('trace', ...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toContain(message);
    expect(error).not.toMatch(/mistake of its own|\n {4}at /);
  });
});

describe('live', () => {
  let gallery: Awaited<ReturnType<typeof startGallery>>;
  beforeAll(async () => {
    gallery = await startGallery();
    await gallery.deliver();
    const { accessKeyId, secretAccessKey } = gallery.config.credentials;
    const { ports } = gallery.region;
    writeRunning(folder, { pid: process.pid, ports, region: 'us-east-1', rootKey: { accessKeyId, secretAccessKey } });
  }, 120_000);
  afterAll(() => gallery?.close());

  test('a request to the API: who took it at each hop, and how long each took', async () => {
    const { live, delivered } = await traceRunning(folder, { url: 'https://api.myapp.com/items' });
    expect(delivered).toBe(true);
    expect(live).toMatchObject({ url: 'https://api.myapp.localhost/items', status: 200 });
    const names = ['dns', 'connect', 'tls', 'first byte', 'last byte', 'balancer', 'target', 'response'];
    expect(live?.phases.map(({ name }) => name)).toEqual(names);
    for (const { ms } of live?.phases ?? []) expect(ms).toBeGreaterThanOrEqual(0);
    expect(live?.machine?.name).toMatch(/^ApiGroup i-[0-9a-f]{17}$/);
    expect(live?.machine?.zone).toMatch(/^us-east-1[ab]$/);
    const { phases = [], ms = 0 } = live ?? {};
    const seen = phases.slice(0, 5).reduce((sum, phase) => sum + (phase.ms ?? 0), 0);
    expect(seen).toBeLessThanOrEqual(ms);
  });

  test('a URL as the region tells it, with the port of a door, is one of port 443 or 80', async () => {
    const { https } = gallery.region.ports;
    const { live, delivered } = await traceRunning(folder, { url: `http://api.myapp.localhost:${https}/items` });
    expect({ delivered, url: live?.url, status: live?.status }).toEqual({
      delivered: true,
      url: 'https://api.myapp.localhost/items',
      status: 200,
    });
  });

  test('a request to the site: from the bucket, then from the cache', async () => {
    const cached = async () => {
      const result = await traceRunning(folder, { url: 'https://myapp.com/assets/../index.html' });
      return result.live?.phases.find(({ name }) => name === 'cdn')?.text;
    };
    expect(await cached()).toMatch(/^Miss from cloudfront, at /);
    expect(await cached()).toMatch(/Hit from cloudfront, at /);
  });

  test('a redirect is answered by the edge, and told of as such', async () => {
    const result = await traceRunning(folder, { url: 'http://api.myapp.com/items' });
    expect(result.live).toMatchObject({ status: 301 });
    expect(traceText(result)).toMatch(
      /balancer .*ApiBalancer node us-east-1[ab] .*port 80, the default rule: redirect, status 301/,
    );
  });

  test('what the front door would not connect is told with its reason', async () => {
    const Filters = [{ Name: 'tag:aws:cloudformation:logical-id', Values: ['BalancerSecurityGroup'] }];
    const { region } = gallery;
    const { SecurityGroups } = await region.invoke<{ SecurityGroups: { GroupId: string }[] }>(
      'ec2',
      'DescribeSecurityGroups',
      { Filters },
    );
    const https = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const rule = { GroupId: SecurityGroups[0]?.GroupId, IpPermissions: [https] };
    await region.invoke('ec2', 'RevokeSecurityGroupIngress', rule);
    const { live } = await traceRunning(folder, { url: 'https://api.myapp.com/items' });
    expect(live?.status).toBe(504);
    expect(live?.phases.at(-1)?.text).toMatch(/No connection to api\.myapp\.localhost .*dropped/);
  });
});
