/** The front door for clients that hold an address of their own. */
import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { balancerOf, groupOf, listenerOf, setUp } from './balancer/balancer.fixture.ts';
import { clientAddresses } from './client-addresses.ts';
import { type FrontDoor, openFrontDoor } from './front-door.ts';

const balancer = '198.51.100.20';
let door: FrontDoor | undefined;
afterEach(() => door?.close());

/** Before a balancer whose target gives the request's headers back. */
async function openDoor() {
  const { fabric, clock } = await setUp(balancerOf(listenerOf(groupOf('api'))), (asked, response) => {
    response.end(JSON.stringify(asked.rawHeaders));
  });
  door = await openFrontDoor({
    host: '127.0.0.1',
    port: 0,
    standsFor: 443,
    tls: false,
    clock,
    fabric,
    resolve: (name) => (name === 'api.example' ? [balancer] : []),
    knownNames: () => ['api.example'],
    clients: clientAddresses(),
    doors: () => ({ https: 0, tls: 0, http: 0 }),
  });
  const { port } = door;
  return (headers: Record<string, string>, host = 'api.example') =>
    new Promise<{ status: number | undefined; own: boolean; body: string }>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, headers: { host, ...headers } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode, own: 'x-orrery-front-door' in response.headers, body }),
        );
      });
      asked.on('error', reject).end();
    });
}

test('goes to the address that a client holds, whatever DNS says now, and nobody behind the door sees it', async () => {
  const get = await openDoor();
  const held = await get({ 'X-Orrery-Address': balancer }, 'moved.example');
  expect(held.status).toBe(200);
  expect(held.body).toContain('moved.example');
  expect(held.body.toLowerCase()).not.toContain('orrery');
});

test('an address where nobody is any more is no connection', async () => {
  const get = await openDoor();
  expect(await get({})).toMatchObject({ status: 200 });
  expect(await get({ 'X-Orrery-Address': '198.51.100.99' })).toMatchObject({ status: 504, own: true });
});

test('what is no address is not believed', async () => {
  const get = await openDoor();
  expect(await get({ 'X-Orrery-Address': 'api.example' })).toMatchObject({ status: 200 });
  expect(await get({ 'X-Orrery-Address': '' }, 'nowhere.example')).toMatchObject({ status: 421, own: true });
});
