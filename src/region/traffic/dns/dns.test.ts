import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import dns from 'dns-packet';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolve } from './resolve.ts';
import { type DnsServer, startDnsServer } from './server.ts';
import type { DnsSnapshot, RecordSet, Zone } from './zones.ts';

function zone(name: string, sets: (Partial<RecordSet> & Pick<RecordSet, 'name' | 'type'>)[], vpcIds?: string[]): Zone {
  const records = new Map<string, RecordSet[]>();
  for (const set of sets) records.set(set.name, [...(records.get(set.name) ?? []), { ttl: 300, values: [], ...set }]);
  return { id: `Z${name}`, name, records, ...(vpcIds ? { vpcIds } : {}) };
}

const soa = 'ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400';
const app = zone('myapp.localhost', [
  { name: 'myapp.localhost', type: 'SOA', ttl: 900, values: [soa] },
  { name: 'myapp.localhost', type: 'NS', ttl: 172800, values: ['ns-1.awsdns-00.com.', 'ns-2.awsdns-00.net.'] },
  { name: 'myapp.localhost', type: 'A', alias: 'd1.cloudfront.net' },
  { name: 'myapp.localhost', type: 'TXT', values: ['"one" "two \\"2\\""'] },
  { name: 'api.myapp.localhost', type: 'A', alias: 'alb.elb.amazonaws.com.' },
  { name: 'inner.myapp.localhost', type: 'A', alias: 'api.myapp.localhost' },
  { name: 'www.myapp.localhost', type: 'CNAME', values: ['myapp.localhost.'] },
  { name: 'out.myapp.localhost', type: 'CNAME', values: ['example.org.'] },
  { name: 'loop.myapp.localhost', type: 'CNAME', values: ['loop.myapp.localhost'] },
  { name: 'self.myapp.localhost', type: 'A', alias: 'self.myapp.localhost' },
  { name: '*.wild.myapp.localhost', type: 'A', values: ['192.0.2.9'] },
  { name: 'a.b.wild.myapp.localhost', type: 'A', values: ['192.0.2.10'] },
  { name: 'many.myapp.localhost', type: 'A', values: Array.from({ length: 200 }, (_, i) => `192.0.2.${i + 1}`) },
  { name: 'mail.myapp.localhost', type: 'MX', values: ['10 mx.myapp.localhost.'] },
  { name: 'split.myapp.localhost', type: 'A', values: ['192.0.2.1'], weight: 1 },
  { name: 'split.myapp.localhost', type: 'A', values: ['192.0.2.2'], weight: 3 },
]);
const inside = zone('myapp.localhost', [{ name: 'api.myapp.localhost', type: 'A', values: ['10.0.0.9'] }], ['vpc-1']);
const snapshot: DnsSnapshot = {
  zones: new Map([['myapp.localhost', [app, inside]]]),
  awsName: (name) =>
    ({
      'd1.cloudfront.net': { ipv4: ['198.18.0.1'], ipv6: ['2001:db8::1'], ttl: 60 },
      'alb.elb.amazonaws.com': { ipv4: ['198.18.0.2', '198.18.0.3'], ipv6: [], ttl: 60 },
    })[name],
};

describe('resolve', () => {
  const rows: [string, string, string, string[]][] = [
    ['myapp.localhost', 'A', 'NOERROR', ['198.18.0.1']],
    ['MyApp.LocalHost', 'A', 'NOERROR', ['198.18.0.1']],
    ['myapp.localhost', 'AAAA', 'NOERROR', []],
    ['api.myapp.localhost', 'A', 'NOERROR', ['198.18.0.2', '198.18.0.3']],
    ['inner.myapp.localhost', 'A', 'NOERROR', ['198.18.0.2', '198.18.0.3']],
    ['www.myapp.localhost', 'A', 'NOERROR', ['myapp.localhost.', '198.18.0.1']],
    ['out.myapp.localhost', 'A', 'NOERROR', ['example.org.']],
    ['nothing.myapp.localhost', 'A', 'NXDOMAIN', []],
    ['wild.myapp.localhost', 'A', 'NOERROR', []],
    ['x.wild.myapp.localhost', 'A', 'NOERROR', ['192.0.2.9']],
    ['b.wild.myapp.localhost', 'A', 'NOERROR', []],
    ['x.b.wild.myapp.localhost', 'A', 'NXDOMAIN', []],
    ['loop.myapp.localhost', 'A', 'SERVFAIL', []],
    ['self.myapp.localhost', 'A', 'SERVFAIL', []],
    ['example.org', 'A', 'REFUSED', []],
    ['alb.elb.amazonaws.com', 'A', 'NOERROR', ['198.18.0.2', '198.18.0.3']],
  ];
  test.each(rows)('%s %s → %s', (name, type, code, answers) => {
    const resolution = resolve(snapshot, name, type, { chance: 0 });
    expect([resolution.code, resolution.answers.map((answer) => answer.value)]).toEqual([code, answers]);
  });

  test('an alias answers under its own name with the TTL of its target', () => {
    const { answers } = resolve(snapshot, 'inner.myapp.localhost', 'A', { chance: 0 });
    expect(answers[0]).toEqual({ name: 'inner.myapp.localhost', type: 'A', ttl: 60, value: '198.18.0.2' });
  });

  test('a negative answer carries the SOA with the lesser TTL', () => {
    const { authority } = resolve(snapshot, 'nothing.myapp.localhost', 'A', { chance: 0 });
    expect(authority).toMatchObject([{ type: 'SOA', ttl: 900 }]);
  });

  test('weighted records are chosen by weight', () => {
    const at = (chance: number) =>
      resolve(snapshot, 'split.myapp.localhost', 'A', { chance }).answers.map((answer) => answer.value);
    expect([at(0), at(0.24), at(0.26), at(0.99)]).toEqual([['192.0.2.1'], ['192.0.2.1'], ['192.0.2.2'], ['192.0.2.2']]);
  });

  test('a private zone is seen by its VPC only', () => {
    const from = (vpcId?: string) =>
      resolve(snapshot, 'api.myapp.localhost', 'A', { chance: 0, ...(vpcId ? { vpcId } : {}) });
    expect(from('vpc-1').answers.map((answer) => answer.value)).toEqual(['10.0.0.9']);
    expect(from('vpc-2').answers).toHaveLength(2);
  });
});

describe('server', () => {
  let server: DnsServer;
  beforeAll(async () => {
    server = await startDnsServer({ host: '127.0.0.1', port: 0, snapshot: () => snapshot, chance: () => 0 });
  });
  afterAll(() => server.close());

  function resolver(): Resolver {
    const made = new Resolver({ timeout: 2000, tries: 1 });
    made.setServers([`127.0.0.1:${server.port}`]);
    return made;
  }

  test("Node's own resolver reads each type", async () => {
    expect(await resolver().resolve4('api.myapp.localhost', { ttl: true })).toEqual([
      { address: '198.18.0.2', ttl: 60 },
      { address: '198.18.0.3', ttl: 60 },
    ]);
    expect(await resolver().resolveTxt('myapp.localhost')).toEqual([['one', 'two "2"']]);
    expect(await resolver().resolveMx('mail.myapp.localhost')).toEqual([
      { priority: 10, exchange: 'mx.myapp.localhost' },
    ]);
    expect(await resolver().resolveSoa('myapp.localhost')).toMatchObject({
      nsname: 'ns-1.awsdns-00.com',
      minttl: 86400,
    });
    await expect(resolver().resolve4('nothing.myapp.localhost')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver().resolve4('example.org')).rejects.toMatchObject({ code: 'EREFUSED' });
  });

  test('a long answer is truncated over UDP and whole over TCP', async () => {
    const [first] = await askUdp(query('many.myapp.localhost'));
    expect(first && dns.decode(first)).toMatchObject({ flag_tc: true, answers: [] });
    expect(await resolver().resolve4('many.myapp.localhost')).toHaveLength(200);
  });

  test('two queries in one TCP segment are both answered', async () => {
    const one = dns.streamEncode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'myapp.localhost' }] });
    const bytes = await new Promise<number>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(Buffer.concat([one, one])));
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
        const expected = 2 * (2 + dns.encode(answer()).length);
        if (received >= expected) {
          socket.destroy();
          resolve(received);
        }
      });
      socket.on('error', reject);
    });
    expect(bytes).toBe(2 * (2 + dns.encode(answer()).length));
  });

  test('whatever bytes come, the next question is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.boolean(), async (noise, headed) => {
        const message = Buffer.from(noise);
        const asked = headed ? Buffer.concat([query('myapp.localhost').subarray(0, 12), message]) : message;
        const answers = await askUdp(asked, query('myapp.localhost'));
        const last = answers.at(-1);
        expect(last && dns.decode(last).answers).toHaveLength(1);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  function query(name: string): Buffer {
    return dns.encode({ type: 'query', id: 77, flags: 0x0100, questions: [{ type: 'A', name }] });
  }

  function answer(): dns.Packet {
    return {
      type: 'response',
      id: 1,
      flags: 0x0400,
      questions: [{ type: 'A', name: 'myapp.localhost' }],
      answers: [{ type: 'A', name: 'myapp.localhost', ttl: 60, data: '198.18.0.1' }],
    };
  }

  /** Sends all messages and resolves with what came until the answer to the last (id 77) was there. */
  function askUdp(...messages: Buffer[]): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      const received: Buffer[] = [];
      socket.on('error', reject);
      socket.on('message', (message) => {
        received.push(message);
        // The noise may carry the id too: what counts is a whole answer.
        if (message.readUInt16BE(0) === 77 && (messages.length === 1 || message.readUInt16BE(6) > 0))
          socket.close(() => resolve(received));
      });
      for (const message of messages) socket.send(message, server.port, '127.0.0.1');
    });
  }
});
