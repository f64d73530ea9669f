import type { Server } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';
import { afterEach, describe, expect, it } from 'vitest';
import { realClock, VirtualClock } from '../clock/clock.ts';
import { imdsServer } from './imds.ts';
import type { MachineSpec } from './machine.ts';
import { type TestHost, testHost, testSpec } from './test-host.suite.ts';

let server: Server | undefined;
let host: TestHost | undefined;
const hosts: TestHost[] = [];
const clock = () => (host?.clock ?? new VirtualClock()) as VirtualClock;

afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  await Promise.all(hosts.splice(0).map((one) => one.dispose()));
});

async function begin(overrides: Partial<MachineSpec> = {}): Promise<Ask> {
  // The SDK looks at the credentials' expiry by real time.
  host = testHost(new VirtualClock(realClock().now()));
  hosts.push(host);
  const own = imdsServer(host, testSpec(overrides));
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const { port } = own.address() as AddressInfo;
  return (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path, headers, method }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      });
      asked.on('error', reject).end();
    });
}

type Ask = (
  path: string,
  headers?: Record<string, string>,
  method?: string,
) => Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>;

const ttl = (seconds: string) => ({ 'X-aws-ec2-metadata-token-ttl-seconds': seconds });

async function tokenOf(ask: Ask, seconds = '60') {
  const { body } = await ask('/latest/api/token', ttl(seconds), 'PUT');
  return { 'X-aws-ec2-metadata-token': body };
}

describe('the metadata service', () => {
  it('gives tokens of version 2 for 1 to 21,600 seconds', async () => {
    const ask = await begin();
    const given = await ask('/latest/api/token', ttl('21600'), 'PUT');
    expect([given.status, given.body.length, given.headers['x-aws-ec2-metadata-token-ttl-seconds']]).toEqual([
      200,
      56,
      '21600',
    ]);
    for (const bad of ['0', '21601', '-1', '1.5', 'x', '']) {
      expect((await ask('/latest/api/token', ttl(bad), 'PUT')).status, bad).toBe(400);
    }
    expect((await ask('/latest/api/token', {}, 'PUT')).status).toBe(400);
    expect((await ask('/latest/api/token', { ...ttl('60'), 'X-Forwarded-For': '1.2.3.4' }, 'PUT')).status).toBe(403);
    expect((await ask('/latest/meta-data/', ttl('60'), 'PUT')).status).toBe(405);
  });

  it('answers only with a token where it is required, until the token is over', async () => {
    const ask = await begin();
    const refused = await ask('/latest/meta-data/instance-id');
    expect(refused.status).toBe(401);
    expect(refused.body).toContain('<title>401 - Unauthorized</title>');
    expect((await ask('/latest/meta-data/', { 'X-aws-ec2-metadata-token': 'AQAAAA==' })).status).toBe(401);
    const token = await tokenOf(ask, '60');
    expect((await ask('/latest/meta-data/local-ipv4', token)).body).toBe('10.0.10.30');
    await clock().advance(59_999);
    expect((await ask('/latest/meta-data/local-ipv4', token)).status).toBe(200);
    await clock().advance(2);
    expect((await ask('/latest/meta-data/local-ipv4', token)).status).toBe(401);
  });

  it('keeps a token to its instance', async () => {
    const ask = await begin();
    const token = await tokenOf(ask);
    await server?.close();
    server?.closeAllConnections();
    const other = await begin();
    expect((await other('/latest/meta-data/', token)).status).toBe(401);
  });

  it('answers version 1 where tokens are optional, and nobody where it is off', async () => {
    const optional = { httpTokens: 'optional', hopLimit: 1, enabled: true, instanceTags: true } as const;
    const ask = await begin({ metadata: optional });
    expect((await ask('/latest/meta-data/placement/region')).body).toBe('us-east-1');
    expect((await ask('/latest/meta-data/tags/instance')).body).toBe('Name');
    expect((await ask('/latest/meta-data/tags/instance/Name')).body).toBe('api');
    server?.close();
    const off = await begin({ metadata: { ...optional, enabled: false } });
    expect((await off('/latest/api/token', ttl('60'), 'PUT')).status).toBe(403);
    expect((await off('/latest/meta-data/')).status).toBe(403);
  });

  it('lists folders without a last newline', async () => {
    const ask = await begin({ userData: '#!/bin/bash\n' });
    const token = await tokenOf(ask);
    const get = async (path: string) => (await ask(path, token)).body;
    expect(await get('/latest')).toBe('dynamic\nmeta-data\nuser-data');
    expect(await get('/latest/meta-data/placement/')).toBe('availability-zone\nregion');
    expect((await get('/latest/meta-data/')).split('\n')).toEqual(
      expect.arrayContaining(['ami-id', 'iam/', 'instance-id', 'network/', 'placement/']),
    );
    expect(await get('/latest/meta-data/network/interfaces/macs/')).toBe('02:00:00:00:0a:1e/');
    expect(await get('/latest/meta-data/network/interfaces/macs/02:00:00:00:0a:1e/vpc-id')).toBe('vpc-1');
    expect(await get('/latest/user-data')).toBe('#!/bin/bash\n');
    expect(await get('/2021-07-15/meta-data/mac')).toBe('02:00:00:00:0a:1e');
    for (const path of [
      '/latest/meta-data/public-ipv4',
      '/latest/meta-data/tags',
      '/latest/meta-data/__proto__',
      '/1999/x',
    ]) {
      expect((await ask(path, token)).status, path).toBe(404);
    }
    expect((await ask('/latest/meta-data/mac', token, 'DELETE')).status).toBe(405);
  });

  it('has the identity document', async () => {
    const ask = await begin();
    const { body } = await ask('/latest/dynamic/instance-identity/document', await tokenOf(ask));
    expect(JSON.parse(body)).toMatchObject({
      accountId: '123456789012',
      architecture: 'arm64',
      availabilityZone: 'us-east-1a',
      privateIp: '10.0.10.30',
      region: 'us-east-1',
      version: '2017-09-30',
    });
  });

  it('hands out the role’s credentials as the SDK reads them', async () => {
    const ask = await begin();
    const { port } = (server as Server).address() as AddressInfo;
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${port}`;
    const credentials = await fromInstanceMetadata()();
    delete process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
    expect(credentials).toMatchObject({ secretAccessKey: 'secret', sessionToken: 'session' });
    expect(credentials.accessKeyId).toMatch(/^ASIA/);
    const info = await ask('/latest/meta-data/iam/info', await tokenOf(ask));
    expect(JSON.parse(info.body)).toMatchObject({
      Code: 'Success',
      InstanceProfileArn: expect.stringContaining('instance-profile/app'),
    });
  });

  it('has no folder of roles without a profile', async () => {
    host = testHost(new VirtualClock());
    hosts.push(host);
    const { instanceProfileArn: _a, roleName: _b, ...spec } = testSpec();
    const own = imdsServer(host, { ...spec, metadata: { ...spec.metadata, httpTokens: 'optional' } });
    server = own;
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/latest/meta-data/iam/security-credentials/`);
    expect(answer.status).toBe(404);
  });
});
