import { afterAll, beforeAll, expect, test } from 'vitest';
import { realClock } from '../../region/clock/clock.ts';
import { seededRandom } from '../../region/clock/random.ts';
import { type DnsServer, startDnsServer } from '../../region/traffic/dns/server.ts';
import type { RecordSet } from '../../region/traffic/dns/zones.ts';
import { type Lookup, modelLookup } from './lookup.ts';
import { population } from './population.ts';

const name = 'api.shop.com';
let values = ['203.0.113.10'];
let server: DnsServer;
let lookup: Lookup;
let asked = 0;

beforeAll(async () => {
  server = await startDnsServer({
    host: '127.0.0.1',
    port: 0,
    chance: () => 0,
    snapshot: () => {
      const soa = ['ns.example. admin.example. 1 7200 900 1209600 30'];
      const records = new Map<string, RecordSet[]>([
        ['shop.com', [{ name: 'shop.com', type: 'SOA', ttl: 900, values: soa }]],
      ]);
      if (values.length > 0) records.set(name, [{ name, type: 'A', ttl: 60, values }]);
      const shop = { id: 'Z1', name: 'shop.com', records };
      return { zones: new Map([['shop.com', [shop]]]), awsName: () => undefined };
    },
  });
  lookup = modelLookup(server.port, realClock());
});
afterAll(async () => {
  lookup?.close();
  await server?.close();
});

const counted: Lookup = Object.assign(
  (of: string) => {
    asked++;
    return lookup(of);
  },
  { close: () => {} },
);

test('asks the DNS of the model, and what is not there is not there', async () => {
  expect(await lookup(name)).toEqual({ addresses: ['203.0.113.10'], ttlSeconds: 60 });
  expect(await lookup(`${name}.localhost`)).toEqual({ addresses: ['203.0.113.10'], ttlSeconds: 60 });
  expect(await lookup('nothing.shop.com')).toEqual({ addresses: [], ttlSeconds: 30 });
});

test('each client holds an answer for its TTL of model time, one that is no longer true, too', async () => {
  const clients = population(1, name, counted, seededRandom(1));
  asked = 0;
  expect(await clients.address(0)).toBe('203.0.113.10');
  values = ['203.0.113.20'];
  expect(clients.address(59.9)).toBe('203.0.113.10');
  expect(asked).toBe(1);
  const pending = clients.address(60);
  expect(clients.address(60)).toBe(pending);
  expect(await pending).toBe('203.0.113.20');
  expect(asked).toBe(2);
});

test('a name that is gone is held as gone; a population spreads over all addresses', async () => {
  values = [];
  const one = population(1, name, counted, seededRandom(1));
  expect(await one.address(0)).toBeUndefined();
  values = ['203.0.113.30', '203.0.113.31', '203.0.113.32'];
  expect(await one.address(29)).toBeUndefined();
  expect(await one.address(30)).toMatch(/^203/);
  const many = population(50, name, counted, seededRandom(3));
  const found = await Promise.all(Array.from({ length: 200 }, () => many.address(0)));
  expect(new Set(found)).toEqual(new Set(values));
});
