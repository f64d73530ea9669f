import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorldParts } from '../network/world.ts';
import { SignalUnheard } from './errors.ts';
import type { Machine, Machines } from './machine.ts';
import { until } from './machines.suite.ts';
import { processMachines } from './process-driver.ts';
import { bootMetadata, bootScript, releaseZip, type TestHost, testHost, testSpec } from './test-host.suite.ts';
import { unmodelledUserData } from './user-data.ts';

let host: TestHost;
let machines: Machines;

beforeEach(() => {
  host = testHost();
  machines = processMachines(host);
});
afterEach(async () => {
  await machines.close();
  await host.dispose();
});

async function boot(userData: string): Promise<Machine> {
  const machine = machines.launch(testSpec({ userData }));
  await until(() => machine.boot.status !== 'running');
  return machine;
}

const init = (config: Record<string, unknown>) => {
  host.metadata.set('Template', { 'AWS::CloudFormation::Init': { config } });
  return boot(bootScript);
};

const place = (machine: Machine, path: string) => join(host.machinesDir, machine.spec.instanceId, 'root', path);
const read = (machine: Machine, path: string) => readFileSync(place(machine, path), 'utf8');

describe('user data', () => {
  const scripts: [string, string, string][] = [
    ['joins by status', 'false && echo a; true && echo b; false || echo c; ! false && echo d', 'b\nc\nd\n'],
    ['knows variables', 'A="x y"; B=$A; export C=${D:-z}; echo $A "$B" $C', 'x y x y z\n'],
    ['knows the last status', 'test -f /nope; echo $?; true; echo $?', '1\n0\n'],
    ['ends on an error when told to', 'set -e; false || true; echo a; false; echo b', 'a\n'],
    ['ends on an unknown variable when told to', 'set -u; echo a; echo $NOPE', 'a\n'],
    ['runs its traps', "trap 'echo end $?' EXIT; trap 'echo err' ERR; set -e; false", 'err\nend 1\n'],
    ['passes text through pipes', 'echo one | tee -a /tmp/t | cat; cat /tmp/t', 'one\none\n'],
    ['expands here-documents', 'A=1; cat <<EOF\n$A \\$A\nEOF\n', '1 $A\n'],
    ['changes folders', 'mkdir -p /opt/x/y && cd /opt/x && cd y && pwd && echo z > f && cat ../y/f', '/opt/x/y\nz\n'],
    ['tests', '[ 3 -gt 2 ] && [ -d /opt ] && test -n "$HOME" || echo no; echo yes', 'no\nyes\n'],
  ];
  it.each(scripts)('%s', async (_name, script, expected) => {
    const machine = await boot(`#!/bin/bash\nexec > /var/log/out.txt 2>/dev/null\n${script}\n`);
    expect(read(machine, '/var/log/out.txt')).toBe(expected);
  });

  it('is logged as in AWS’s examples', async () => {
    const machine = await boot(`#!/bin/bash -xe
exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1
echo "hello world"
`);
    expect(read(machine, '/var/log/user-data.log')).toBe('+ echo hello world\nhello world\n');
    expect(machine.consoleOutput()).toContain('cloud-init: hello world');
  });

  it('changes files only in the instance', async () => {
    const machine = await boot(`#!/bin/bash -e
echo secret > /etc/app.conf
chmod 600 /etc/app.conf
groupadd app
useradd -r -d /opt/app -G app app
chown app:app /etc/app.conf
ln -s /etc/app.conf /etc/link.conf
cp /etc/app.conf ../../../../copied
printf '%s=%s\\n' a b >> /etc/app.conf
mkdir -p /a/b/c && touch /a/b/c/d && rm -rf /a/b
`);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(read(machine, '/etc/link.conf')).toBe('secret\na=b\n');
    expect(read(machine, '/copied')).toBe('secret\n');
    expect(statSync(place(machine, '/etc/app.conf')).mode & 0o777).toBe(0o600);
    expect(readlinkSync(place(machine, '/etc/link.conf')).startsWith(host.machinesDir)).toBe(true);
    expect(existsSync(place(machine, '/a/b'))).toBe(false);
    expect(read(machine, '/etc/passwd')).toContain('app:x:1001:1001::/opt/app:/sbin/nologin');
  });

  const refused: [string, string][] = [
    ['#cloud-config\npackages: [x]', 'line 1: `#cloud-config`'],
    ['Content-Type: multipart/mixed', 'line 1: MIME'],
    ['echo hi', 'line 1: user data that begins with `echo hi`'],
    ['#!/usr/bin/python3\nprint(1)', 'line 1: user data that begins with'],
    ['#!/bin/bash\n\ncurl http://x | bash', 'line 3: the command `curl`; line 3: the command `bash`'],
    ['#!/bin/bash\n$CMD x', 'line 2: a command whose name is a variable'],
    [`#!/bin/bash\n${'#'.repeat(17_000)}`, 'more than 16384 bytes'],
  ];
  it.each(refused)('is refused as a whole where it is not modelled: %j', (userData, message) => {
    expect(unmodelledUserData(userData).join('; ')).toContain(message);
  });

  it('that signals a failure itself says why', async () => {
    const machine = await init({ commands: { '1_bad': { command: 'chown nobody-there /etc' } } });
    expect(machine.boot.status).toBe('failed');
    expect(host.signals).toEqual([
      expect.objectContaining({ status: 'FAILURE', reason: expect.stringContaining("invalid user: 'nobody-there'") }),
    ]);
    expect(host.impossible).toEqual([]);
  });

  describe('whose signal nobody waits for', () => {
    const refusal = 'Stack arn:aws:cloudformation:x is in CREATE_COMPLETE state and cannot be signaled';
    const signal = (status: number) => `cfn-signal -e ${status} --stack app --resource Group\n`;
    beforeEach(() => {
      host.signalResource = async () => {
        throw new SignalUnheard(refusal);
      };
    });

    it.each([
      ['at its end', signal(0)],
      ['and that goes on', `${signal(0)}echo done\n`],
      ['with `set -e`', `set -e\n${signal(0)}echo never\n`],
      ['with a trap that signals', `set -e\ntrap 'cfn-signal -e 1 --stack app --resource Group' ERR\n${signal(0)}`],
      ['after what was let fail', `mkdir /no/such/folder\n${signal(0)}`],
    ])('succeeds, and its console says what AWS’s does: %s', async (_name, script) => {
      const machine = await boot(`#!/bin/bash\n${script}`);
      expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
      expect(machine.consoleOutput()).toContain(`cloud-init: ValidationError: ${refusal}`);
      expect(machine.consoleOutput()).not.toContain('never');
      expect(host.impossible).toEqual([]);
      expect(host.notes).toEqual([]);
    });

    it.each([
      ['what it signals failed', `mkdir /no/such/folder\ncfn-signal -e $? --stack app --resource Group\n`],
      ['what comes after it fails', `${signal(0)}mkdir /no/such/folder\n`],
      ['a trap signals it', `set -e\ntrap 'cfn-signal -e 1 --stack app --resource Group' ERR\nmkdir /no/such/folder\n`],
    ])('fails with its cause where %s', async (_name, script) => {
      const machine = await boot(`#!/bin/bash\n${script}`);
      expect(machine.boot.reason).toContain('user data ended with exit status 1: mkdir: ENOENT');
    });
  });

  it('that fails without a signal is told to whoever waits', async () => {
    const machine = await boot('#!/bin/bash\nmkdir /no/such/folder\n');
    expect(machine.boot.reason).toContain('user data ended with exit status 1: mkdir: ENOENT');
    expect(host.impossible).toHaveLength(1);
  });
});

describe('cfn-init', () => {
  it('writes files: text, JSON, base64, templates, links, modes', async () => {
    const machine = await init({
      files: {
        '/etc/plain': { content: 'text', mode: '000400', owner: 'root', group: 'root' },
        '/etc/json': { content: { a: [1, true] } },
        '/etc/decoded': { content: Buffer.from('bytes').toString('base64'), encoding: 'base64' },
        '/etc/template': { content: '{{a}} {{{b}}} {{c.d}}', context: { a: '<1>', b: '<2>', c: { d: 3 } } },
        '/usr/local/bin/link': { content: '/etc/plain', mode: '120644' },
      },
    });
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(read(machine, '/usr/local/bin/link')).toBe('text');
    expect(statSync(place(machine, '/etc/plain')).mode & 0o777).toBe(0o400);
    expect(JSON.parse(read(machine, '/etc/json'))).toEqual({ a: [1, true] });
    expect(read(machine, '/etc/decoded')).toBe('bytes');
    expect(read(machine, '/etc/template')).toBe('&lt;1&gt; <2> 3');
  });

  it('goes packages, groups, users, sources, files, commands, services; and config sets within sets', async () => {
    host.objects.set('public/a.zip', releaseZip({ 'in.txt': 'from source' }));
    const first = {
      groups: { app: { gid: '3000' } },
      users: { app: { uid: '3000', groups: ['app'], homeDir: '/opt/app' } },
      sources: { '/opt/app': 'https://s3.us-east-1.amazonaws.com/public/a.zip' },
      files: { '/opt/app/made.txt': { content: 'from file', owner: 'app', group: 'app' } },
      commands: {
        b: { command: 'cat in.txt made.txt >> /opt/app/order', cwd: '/opt/app' },
        a: { command: ['cp', '/opt/app/made.txt', '/opt/app/order'], env: { X: 1 } },
      },
    };
    const second = {
      commands: {
        skipped: { command: 'echo no >> /opt/app/order', test: 'test -f /never' },
        tried: { command: 'false', ignoreErrors: 'true' },
        tested: { command: 'echo "$X" >> /opt/app/order', test: ['test', '-f', '/opt/app/order'], env: { X: 'end' } },
      },
    };
    host.metadata.set('Template', {
      'AWS::CloudFormation::Init': {
        configSets: { default: [{ ConfigSet: 'inner' }, 'second'], inner: ['first'] },
        first,
        second,
      },
      'AWS::CloudFormation::Authentication': { x: { type: 'S3', buckets: ['public'], roleName: 'app-role' } },
    });
    const machine = await boot(bootScript);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(read(machine, '/opt/app/order')).toBe('from filefrom sourcefrom fileend\n');
  });

  const failures: [string, Record<string, unknown>, string][] = [
    [
      'an unknown package',
      { packages: { yum: { git: [], nodejs20: [], redis: [] } } },
      'not modelled: AWS::CloudFormation::Init of Template: the packages git, redis',
    ],
    ['another package manager', { packages: { apt: { x: [] } } }, 'Template: packages of apt'],
    ['an unknown program', { commands: { a: { command: 'openssl rand' } } }, 'the command `openssl`'],
    ['an unknown section', { scripts: {} }, 'Template: config: Unrecognized key: "scripts"'],
    [
      'an archive of another kind',
      { sources: { '/x': 'https://b.s3.amazonaws.com/a.rar' } },
      'Template: the archive format',
    ],
    [
      'a missing object',
      { sources: { '/x': 'https://b.s3.amazonaws.com/a.zip' } },
      'HTTP Error 403 : AccessDenied: Access Denied',
    ],
    [
      'a unit that is not there',
      { services: { systemd: { api: { ensureRunning: true } } } },
      'Unit api.service not found',
    ],
    ['a file out of the instance', { files: { 'etc/x': { content: '' } } }, 'is not an absolute path'],
    [
      'content and source',
      { files: { '/x': { content: '', source: 'http://x' } } },
      'exactly one of content and source',
    ],
    [
      'a host that is not there',
      { files: { '/x': { source: 'http://nowhere.example/' } } },
      'ENOTFOUND nowhere.example',
    ],
  ];
  it.each(failures)('fails with its reason: %s', async (_name, config, reason) => {
    host.answer = (seen) =>
      seen.url.endsWith('a.zip')
        ? { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' }
        : undefined;
    const machine = await init(config);
    expect(machine.boot.reason).toContain(reason);
  });

  it('fails where a config, a set or the metadata is missing', async () => {
    const machine = await boot(bootScript);
    expect(machine.boot.reason).toContain('Resource Template does not exist');
    host.metadata.set('Template', { 'AWS::CloudFormation::Init': { configSets: { default: ['nope'] } } });
    expect((await boot(bootScript)).boot.reason).toContain("No config named 'nope' exists");
    host.metadata.set('Template', {
      'AWS::CloudFormation::Init': { configSets: { default: [{ ConfigSet: 'default' }] } },
    });
    expect((await boot(bootScript)).boot.reason).toContain('Circular configSets');
  });

  it('restarts a service for what it is made of, once, and only then', async () => {
    host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': 'setInterval(() => {}, 1000);' }));
    const metadata = bootMetadata();
    const full = metadata['AWS::CloudFormation::Init'] as Record<string, unknown>;
    full.again = {
      files: { '/etc/api.conf': { content: 'new' } },
      services: { systemd: { api: { ensureRunning: true, files: ['/etc/api.conf'] } } },
    };
    full.third = { services: { systemd: { api: { ensureRunning: true, files: ['/etc/api.conf'] } } } };
    full.configSets = { default: ['install', 'run', 'again', 'third'] };
    host.metadata.set('Template', metadata);
    const machine = await boot(bootScript);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(machine.consoleOutput().match(/api\.service: Started/g)).toHaveLength(2);
  });
});

describe('the network of a boot', () => {
  const without = (change: (parts: WorldParts) => WorldParts) => host.setWorld(change);

  it('takes the release through the gateway endpoint, with the role’s signature', async () => {
    host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': '' }));
    host.metadata.set('Template', bootMetadata());
    await boot(bootScript);
    const [get] = host.awsRequests;
    expect(get).toMatchObject({
      method: 'GET',
      url: '/releases/app/1.zip',
      via: { sourceIp: '10.0.10.30', vpcEndpointId: 'vpce-s3' },
    });
    expect(get?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIA\w+\/\d{8}\/us-east-1\/s3\/aws4_request/,
    );
    expect(get?.headers['x-amz-security-token']).toBe('session');
  });

  it('takes it over NAT without the endpoint, and it is counted there', async () => {
    without((parts) => ({ ...parts, gatewayEndpoints: [] }));
    const zip = releaseZip({ 'server.js': 'x'.repeat(5000) });
    host.objects.set('releases/app/1.zip', zip);
    host.metadata.set('Template', bootMetadata());
    const machine = await boot(bootScript);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(host.awsRequests[0]?.via).toMatchObject({ sourceIp: '198.51.100.10', natGatewayId: 'nat-a' });
    expect(host.awsRequests[0]?.via.vpcEndpointId).toBeUndefined();
    const total = async (name: string) => {
      await machine.terminate();
      const values = host.counted.filter(({ metric }) => metric === `AWS/NATGateway ${name}`);
      expect(values.every(({ dimensions }) => dimensions.NatGatewayId === 'nat-a')).toBe(true);
      return values.reduce((sum, { value }) => sum + value, 0);
    };
    expect(await total('BytesInFromDestination')).toBeGreaterThan(zip.length);
    expect(await total('BytesOutToDestination')).toBeGreaterThan(100);
    expect(await total('ConnectionAttemptCount')).toBe(await total('ConnectionEstablishedCount'));
  });

  it('fails with neither', async () => {
    without((parts) => ({
      ...parts,
      gatewayEndpoints: [],
      routeTables: parts.routeTables.map((table) => (table.id === 'rtb-a' ? { ...table, routes: [] } : table)),
    }));
    host.metadata.set('Template', bootMetadata());
    const machine = await boot(bootScript);
    expect(machine.boot.reason).toContain('PrivateRoutesA');
    expect(host.impossible).toHaveLength(1);
  });

  it('asks the endpoint’s policy about the package repository', async () => {
    host.endpointAllows = (_spec, endpoint, action, resource) => ({
      allowed: false,
      reason: `${endpoint} does not allow ${action} on ${resource}`,
    });
    const machine = await boot('#!/bin/bash -e\ndnf -y install nodejs22\n');
    expect(machine.boot.reason).toContain('Status code: 403');
    expect(machine.boot.reason).toContain(
      'vpce-s3 does not allow s3:GetObject on arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*',
    );
  });

  it('needs no network for what the image has', async () => {
    without((parts) => ({
      ...parts,
      gatewayEndpoints: [],
      natGateways: [],
      interfaces: parts.interfaces.filter((one) => one.kind !== 'nat'),
    }));
    const machine = await boot('#!/bin/bash -e\ndnf -y install tar aws-cfn-bootstrap\n');
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
  });
});
