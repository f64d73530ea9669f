/**
 * For tests: services in this process, and behind the real endpoint on a socket, with IAM deciding, on a clock that moves
 * when told to.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, realClock, VirtualClock } from '../clock/clock.ts';
import { seededRandom } from '../clock/random.ts';
import type { Machines } from '../machines/machine.ts';
import { testRegion as testStacks } from '../stacks/testing.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import type { Planes } from '../traffic/planes.ts';
import { createEndpoint, type WireHost } from '../wire/endpoint.ts';
import { type Authoriser, createDispatcher } from './dispatcher.ts';
import { authorise } from './iam/authorise.ts';
import { credentialsOf, rootCaller } from './iam/credentials.ts';
import type { Caller, RegionEvent, Service } from './service.ts';

const account = '123456789012';
const region = 'us-east-1';
const rootKey = { accessKeyId: 'test', secretAccessKey: 'test' };
export const root: Caller = rootCaller(account, rootKey.accessKeyId);

/** For what is not about permissions. */
export const allowAll: Authoriser = () => ({ allowed: true, reason: '', message: '' });

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What a client of the SDK is made with, and what of it is used here. */
type ClientClass<C> = new (config: {
  region: string;
  endpoint: string;
  credentials: Credentials;
  maxAttempts: number;
}) => C & { config: object; destroy(): void };

export interface TestRegion {
  readonly url: string;
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly events: RegionEvent[];
  /** What handlers threw that was no `Fault`: must stay empty. */
  readonly failures: unknown[];
  readonly scope: ReturnType<ReturnType<typeof createDispatcher>['scope']>;
  /** A client of the SDK, as root unless it is given credentials. */
  client<C>(Client: ClientClass<C>, credentials?: Credentials): C;
  /** Calls an operation in this process, as root unless it is given a caller. */
  invoke<O = Record<string, unknown>>(service: string, operation: string, input: object, caller?: Caller): Promise<O>;
  /** The CloudFormation engine over these services. */
  stacks(): ReturnType<typeof testStacks>;
  close(): Promise<void>;
}

/** Services in this process, without a wire. */
export function testServices<C extends Clock>(options: {
  readonly services: readonly Service[];
  readonly store: Store;
  readonly clock: C;
  readonly seed?: number;
  readonly authorise?: Authoriser;
  readonly machines?: () => Machines;
}) {
  const { services, store, clock } = options;
  const events: RegionEvent[] = [];
  const dispatcher = createDispatcher({
    account,
    defaultRegion: region,
    services,
    authorise: options.authorise ?? authorise,
    store,
    clock,
    random: seededRandom(options.seed ?? 7),
    planes: () => ({}) as Planes,
    machines:
      options.machines ??
      (() => {
        throw new Error('these services need no machines');
      }),
    note: (event) => events.push(event),
  });
  return { services, store, clock, events, dispatcher, scope: dispatcher.scope(region) };
}

/** The endpoint of such services, on a socket of its own. */
export async function serveServices(
  { services, clock, dispatcher }: Pick<ReturnType<typeof testServices<Clock>>, 'services' | 'clock' | 'dispatcher'>,
  host: Pick<WireHost<Caller>, 'credentials'> & Partial<WireHost<Caller>>,
) {
  /** What handlers threw that was no `Fault`: must stay empty. */
  const failures: unknown[] = [];
  let requests = 0;
  const endpoint = createEndpoint<Caller>({
    services: services.map((service) => ({
      ...service,
      ...(service.name === 'cloudwatch' ? { signingName: 'monitoring' } : {}),
    })),
    defaultRegion: region,
    anonymous: { kind: 'anonymous' },
    nowMs: () => clock.now(),
    requestId: () => String(++requests).padStart(16, '0'),
    invoke: ({ identity, http, ...request }) =>
      dispatcher.call({ ...request, http, caller: identity, via: { sourceIp: '203.0.113.7', secure: true } }),
    failed: (error) => failures.push(error),
    preflight: () => ({ status: 403, headers: {}, body: undefined }),
    corsHeaders: () => ({}),
    ...host,
  });
  const server = createServer((request, response) => endpoint.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function testRegion(options: { services: readonly Service[]; store?: Store }): Promise<TestRegion> {
  const { services, store = memoryStore() } = options;
  // Clients sign with the machine's time.
  const clock = new VirtualClock(realClock().now());
  const startedMs = clock.now();
  const parts = testServices({ services, store, clock });
  const { events, scope } = parts;
  const served = await serveServices(parts, {
    credentials: (key, token) => credentialsOf(scope, rootKey, key, token),
  });
  const { url, failures } = served;
  const clients: { destroy(): void }[] = [];
  return {
    url,
    store,
    clock,
    events,
    failures,
    scope,
    client(Client, credentials = rootKey) {
      const client = new Client({ region, endpoint: url, credentials, maxAttempts: 1 });
      // Signed with model time, however far it was moved on.
      Object.defineProperty(client.config, 'systemClockOffset', { get: () => clock.now() - startedMs, set() {} });
      clients.push(client);
      return client;
    },
    invoke: (service, operation, input, caller = root) => scope.invoke(caller, service, operation, input),
    stacks: () =>
      testStacks({
        clock,
        types: Object.assign({}, ...services.map(({ resources }) => resources)),
        invoke: (service, operation, input) => scope.invoke(root, service, operation, input),
      }),
    async close() {
      for (const client of clients) client.destroy();
      await served.close();
      clock.stop();
      await store.close();
    },
  };
}

/** The code and message that a call fails with: `NoSuchEntity: The role with name …`. */
export async function faultOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && !(error instanceof TypeError)) {
      const code = 'code' in error ? String(error.code) : error.name;
      return `${code}: ${error.message}`;
    }
    throw error;
  }
  throw new Error('the call went through');
}
