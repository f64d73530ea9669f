import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cert, key } from '../certificate.fixture.ts';
import { realClock } from '../clock/clock.ts';
import type { Machine, MachineSpec, Machines } from './machine.ts';
import { ask, until } from './machines.suite.ts';
import { processMachines } from './process-driver.ts';
import { type TestHost, testHost, testSpec } from './test-host.suite.ts';

let host: TestHost;
let machines: Machines;

function begin(scale = 1): void {
  host = testHost(realClock(scale));
  machines = processMachines(host);
}

beforeEach(() => begin());
afterEach(async () => {
  await machines.close();
  await host.dispose();
});

/** Runs a Node script in an instance; `done(value)` in it ends the script with an answer. */
async function run(script: string, spec: Partial<MachineSpec> = {}): Promise<unknown> {
  const machine = launch(script, spec);
  await until(() => machine.boot.status !== 'running');
  const answer = /ANSWER (.*)$/m.exec(machine.consoleOutput())?.[1];
  if (answer === undefined) throw new Error(machine.consoleOutput());
  return JSON.parse(answer);
}

function launch(script: string, spec: Partial<MachineSpec> = {}, zone: 'a' | 'b' = 'a'): Machine {
  const userData = `#!/bin/bash -e
dnf install -y nodejs20
cat <<'END' > /opt/check.mjs
const done = (value) => { console.log('ANSWER ' + JSON.stringify(value)); process.exit(0); };
${script}
END
node /opt/check.mjs
`;
  return machines.launch(testSpec({ userData, ...spec }, zone));
}

const repository = dirname(fileURLToPath(new URL('../../../package.json', import.meta.url)));

describe('what a Node process of an instance listens on', () => {
  it('has the model’s port and address, and none of this machine’s', async () => {
    const machine = launch(`
      import { createServer } from 'node:http';
      const server = createServer((request, response) => response.end(JSON.stringify(server.address())));
      server.listen(8080);
    `);
    expect(JSON.parse(await ask(host, machine, '/'))).toEqual({ address: '::', family: 'IPv6', port: 8080 });
    const listener = host.fabric.listenerAt('10.0.10.30', 8080);
    expect(listener).toMatchObject({ kind: 'loopback', host: '127.0.0.1' });
    expect(listener).not.toMatchObject({ port: 8080 });
  });

  it('is taken for a second listener, of the same process or of another', async () => {
    const answer = await run(`
      import { createServer } from 'node:net';
      import { execFile } from 'node:child_process';
      const first = createServer().listen(8080, () => {
        createServer().on('error', (error) => {
          const other = "require('net').createServer().on('error', (e) => console.log(e.code, e.syscall)).listen(8080)";
          execFile(process.execPath, ['-e', other], (failed, out) => {
            first.close(() => createServer().listen(8080, () => done([error.code, error.message, out.trim()])));
          });
        }).listen(8080);
      });
    `);
    expect(answer).toEqual(['EADDRINUSE', 'listen EADDRINUSE :::8080', 'EADDRINUSE listen']);
  });

  it('may be closed before it listens', async () => {
    const answer = await run(`
      import { createServer } from 'node:http';
      import { connect } from 'node:net';
      const server = createServer().listen(8080, () => done('listened'));
      server.close((error) => {
        connect(8080, '0.0.0.0').on('error', ({ code }) => createServer().listen(8080, () => done([String(error), code])));
      });
    `);
    expect(answer).toEqual(['undefined', 'ECONNREFUSED']);
  });

  it('is its own loopback’s when it says so, and not the network’s', async () => {
    const answer = await run(`
      import { connect, createServer } from 'node:net';
      createServer((socket) => socket.end('here')).listen(9000, '127.0.0.1', () => {
        let text = '';
        connect(9000, 'localhost').on('data', (data) => { text += data; }).on('end', () => done(text));
      });
    `);
    expect(answer).toBe('here');
    expect(host.fabric.listenerAt('10.0.10.30', 9000)).toBeUndefined();
  });

  it('is shared by the workers of a cluster', async () => {
    const machine = launch(`
      import cluster from 'node:cluster';
      import { createServer } from 'node:http';
      if (cluster.isPrimary) { cluster.fork(); cluster.fork(); }
      else createServer((request, response) => response.end('worker')).listen(8080);
    `);
    expect(await ask(host, machine, '/')).toBe('worker');
  });
});

describe('what a Node process of an instance connects to', () => {
  it('is another machine of the model, by address or name, with the network asked', async () => {
    host.setWorld((parts) => ({
      ...parts,
      groups: parts.groups.map((group) =>
        group.id === 'sg-api'
          ? {
              ...group,
              rules: [
                ...group.rules,
                {
                  id: 'sgr-x',
                  egress: true,
                  protocol: 6,
                  ports: { from: 8080, to: 8080 },
                  peer: { groupId: 'sg-api' },
                },
                {
                  id: 'sgr-y',
                  egress: false,
                  protocol: 6,
                  ports: { from: 8080, to: 8080 },
                  peer: { groupId: 'sg-api' },
                },
              ],
            }
          : group,
      ),
      acls: parts.acls.map((acl) => ({
        ...acl,
        entries: [
          { number: 1, egress: false, action: 'allow' as const, protocol: -1, cidr: '10.0.0.0/16' },
          { number: 1, egress: true, action: 'allow' as const, protocol: -1, cidr: '10.0.0.0/16' },
          ...acl.entries,
        ],
      })),
    }));
    const other = launch(
      `import { createServer } from 'node:http';
       createServer((request, response) => response.end('from b')).listen(8080);`,
      {},
      'b',
    );
    await until(() => host.fabric.listenerAt(other.spec.privateIp, 8080) !== undefined);
    const answer = await run(`
      import http from 'node:http';
      const [byName, byAddress] = await Promise.all(['db.internal', '10.0.11.30'].map(async (name) => {
        const answer = await fetch('http://' + name + ':8080/');
        return await answer.text();
      }));
      http.get('http://db.internal:8080/', (response) => {
        done([byName, byAddress, response.socket.remoteAddress, response.socket.remotePort]);
      });
    `);
    expect(answer).toEqual(['from b', 'from b', '10.0.11.30', 8080]);
    const counted = machines.list()[1]?.usage();
    expect(counted?.networkInBytes).toBeGreaterThan(0);
  });

  it('times out as on Linux when packets are dropped, and says so with AWS’s kind of error', async () => {
    await machines.close();
    await host.dispose();
    begin(200);
    const before = host.clock.now();
    const answer = await run(`
      import { connect } from 'node:net';
      connect(5432, '10.0.11.30').on('error', ({ code, message, syscall, address, port, errno }) =>
        done({ code, message, syscall, address, port, errno: errno < 0 }));
    `);
    expect(answer).toMatchObject({
      code: 'ETIMEDOUT',
      syscall: 'connect',
      address: '10.0.11.30',
      port: 5432,
      errno: true,
    });
    expect((answer as { message: string }).message).toBe('connect ETIMEDOUT 10.0.11.30:5432');
    expect(host.clock.now() - before).toBeGreaterThanOrEqual(127_000);
    expect(host.dropped.join('\n')).toContain('ApiGroup');
  });

  it('can be given up before that', async () => {
    const answer = await run(`
      import { connect } from 'node:net';
      const socket = connect({ port: 5432, host: '10.0.11.30', timeout: 50 });
      socket.on('timeout', () => socket.destroy()).on('close', (failed) => done([Boolean(failed), socket.connecting]));
    `);
    expect(answer).toEqual([false, false]);
  });

  it('is nothing of this machine: not its loopback, not its names', async () => {
    const private_ = createServer((socket) => socket.end('secret'));
    await new Promise<void>((resolve) => private_.listen(0, '127.0.0.1', resolve));
    const { port } = private_.address() as { port: number };
    const answer = await run(`
      import { connect } from 'node:net';
      import dns from 'node:dns';
      import { lookup as lookupPromise, resolve4 } from 'node:dns/promises';
      const code = (port, host) => new Promise((resolve) =>
        connect(port, host).on('error', (error) => resolve(error.code)).on('data', (data) => resolve(String(data))));
      done([
        await code(${port}, '127.0.0.1'),
        await code(80, 'registry.example'),
        await new Promise((resolve) => dns.lookup('db.internal', (error, address, family) => resolve([address, family]))),
        await lookupPromise('db.internal', { all: true }),
        await resolve4('db.internal'),
        await lookupPromise('nowhere.example').catch((error) => [error.code, error.message]),
        await lookupPromise('localhost', 4),
      ]);
    `);
    private_.close();
    expect(answer).toEqual([
      'ECONNREFUSED',
      'ENOTFOUND',
      ['10.0.11.30', 4],
      [{ address: '10.0.11.30', family: 4 }],
      ['10.0.11.30'],
      ['ENOTFOUND', 'getaddrinfo ENOTFOUND nowhere.example'],
      { address: '127.0.0.1', family: 4 },
    ]);
  });

  it('may be TLS, with the certificate of the name that was asked for', async () => {
    const answer = await run(`
      import { createServer, request } from 'node:https';
      const { cert, key } = ${JSON.stringify({ cert, key })};
      createServer({ cert, key }, (asked, response) => response.end('over TLS ' + asked.socket.servername)).listen(8443, () => {
        request('https://ip-10-0-10-30.ec2.internal:8443/', { ca: cert }, (response) => {
          let text = '';
          const { authorized } = response.socket;
          response.on('data', (data) => { text += data; }).on('end', () => done([text, authorized]));
        }).end();
      });
    `);
    expect(answer).toEqual(['over TLS ip-10-0-10-30.ec2.internal', true]);
  });

  it('goes through the instance’s proxy for programs that are not Node', async () => {
    const machine = launch(`
      import { createServer } from 'node:http';
      createServer((request, response) => response.end(request.url + ' ' + process.env.HTTP_PROXY)).listen(8080);`);
    const proxy = new URL((await ask(host, machine, '/')).split(' ')[1] ?? '');
    const through = (path: string, given: URL = proxy, method = 'GET') =>
      new Promise<string>((resolve, reject) => {
        const auth = Buffer.from(`${given.username}:${given.password}`).toString('base64');
        const headers = { 'proxy-authorization': `Basic ${auth}` };
        const asked = request({ host: given.hostname, port: given.port, method, path, headers });
        asked.on('response', (response) => {
          let text = `${response.statusCode} `;
          response.on('data', (data) => {
            text += data;
          });
          response.on('end', () => resolve(text));
        });
        asked.on('connect', (response, socket) => {
          if (response.statusCode !== 200) resolve(`${response.statusCode}`);
          socket.on('data', (data) => resolve(`tunnel ${String(data).split('\r\n')[0]}`));
          socket.write('GET / HTTP/1.0\r\n\r\n');
        });
        asked.on('error', reject).end();
      });
    expect(await through(`http://${machine.spec.privateIp}:8080/plain`)).toMatch(/^200 \/plain /);
    expect(await through(`${machine.spec.privateIp}:8080`, proxy, 'CONNECT')).toBe('tunnel HTTP/1.1 200 OK');
    expect(await through('169.254.169.254:80', proxy, 'CONNECT')).toBe('tunnel HTTP/1.1 401 Unauthorized');
    expect(await through('http://nowhere.example/')).toBe('502 getaddrinfo ENOTFOUND nowhere.example\n');
    expect(await through('127.0.0.1:22', proxy, 'CONNECT')).toBe('502');
    const stranger = new URL(proxy);
    stranger.password = 'guess';
    expect(await through('http://127.0.0.1/', stranger)).toMatch(/^407/);
    expect(await through('127.0.0.1:22', stranger, 'CONNECT')).toBe('407');
  });

  it('is not let out by UDP', async () => {
    const answer = await run(`
      import { createSocket } from 'node:dgram';
      createSocket('udp4').send('x', 8125, '10.0.11.30', (error) => done(error.code));
    `);
    expect(answer).toBe('EHOSTUNREACH');
    expect(host.notes).toContainEqual(expect.objectContaining({ kind: 'not-modelled' }));
  });
});

describe('the environment of an instance’s process', () => {
  it('gives the SDK’s default chain the role’s credentials and the instance’s endpoint', async () => {
    host.objects.set('data/pictures/1.txt', new TextEncoder().encode('a picture'));
    const answer = await run(`
      import { createRequire } from 'node:module';
      const { S3Client, GetObjectCommand } = createRequire(${JSON.stringify(`${repository}/package.json`)})('@aws-sdk/client-s3');
      const s3 = new S3Client({ region: 'us-east-1' });
      const object = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'pictures/1.txt' }));
      const { accessKeyId, sessionToken } = await s3.config.credentials();
      done([await object.Body.transformToString(), accessKeyId.slice(0, 4), sessionToken]);
    `);
    expect(answer).toEqual(['a picture', 'ASIA', 'session']);
    expect(host.awsRequests[0]?.via).toEqual({
      sourceIp: '10.0.10.30',
      vpcId: 'vpc-1',
      vpcEndpointId: 'vpce-s3',
      instanceId: machines.list()[0]?.spec.instanceId,
    });
  });

  it('reaches the metadata service at its own address too', async () => {
    const answer = await run(`
      const base = 'http://169.254.169.254/latest';
      const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
      const token = await (await fetch(base + '/api/token', { method: 'PUT', headers })).text();
      const id = await fetch(base + '/meta-data/local-ipv4', { headers: { 'X-aws-ec2-metadata-token': token } });
      done([await id.text(), (await fetch(base + '/meta-data/')).status]);
    `);
    expect(answer).toEqual(['10.0.10.30', 401]);
  });

  it('holds nothing of this machine’s environment', async () => {
    process.env.ORRERY_TEST_SECRET = 'x';
    const answer = (await run('done(process.env);')) as Record<string, string>;
    delete process.env.ORRERY_TEST_SECRET;
    expect(Object.keys(answer)).not.toContain('ORRERY_TEST_SECRET');
    expect(answer.HOME?.startsWith(host.machinesDir)).toBe(true);
  });
});
