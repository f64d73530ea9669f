/** A local AWS region: starts and stops its planes, and wires them together. Nothing is decided here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, realClock } from './clock/clock.ts';
import { type Random, secureRandom } from './clock/random.ts';
import { type EventLog, eventLog } from './events.ts';
import { type Faults, regionFaults } from './faults.ts';
import { localAdditions } from './local-additions.ts';
import type { MachineHost, Machines } from './machines/machine.ts';
import { keptClock } from './model-time.ts';
import { regionPlanes } from './planes.ts';
import { s3Origin } from './services/cloudfront/s3-origin.ts';
import { createDispatcher, type Dispatcher, type Proposal, type Verdict } from './services/dispatcher.ts';
import { authorise } from './services/iam/authorise.ts';
import { credentialsOf, type RootKey, rootCaller } from './services/iam/credentials.ts';
import { allServices } from './services/registry.ts';
import { s3CorsHeaders, s3Preflight } from './services/s3/index.ts';
import type { Caller, Scope, Service, Via } from './services/service.ts';
import { openStore } from './store/lmdb-store.ts';
import { memoryStore } from './store/memory-store.ts';
import type { Store } from './store/store.ts';
import type { StartChecker } from './traffic/balancer/health.ts';
import { clientAddresses } from './traffic/client-addresses.ts';
import { type DnsServer, startDnsServer } from './traffic/dns/server.ts';
import { type FrontDoor, openFrontDoor } from './traffic/front-door.ts';
import type { Meter } from './traffic/planes.ts';
import { createEndpoint, type Endpoint, type Http } from './wire/endpoint.ts';
import { takeBucket } from './wire/routes.ts';

export interface Ports {
  /** The AWS endpoint. */
  readonly aws: number;
  /** UDP and TCP. */
  readonly dns: number;
  /** HTTP that stands for HTTPS on 443. */
  readonly https: number;
  /** Real TLS, for 443. */
  readonly tls: number;
  /** For port 80. */
  readonly http: number;
}

export const defaultPorts: Ports = { aws: 4566, dns: 5300, https: 8080, tls: 8443, http: 8081 };
/** Free ports of the system's choice, for tests. */
export const freePorts: Ports = { aws: 0, dns: 0, https: 0, tls: 0, http: 0 };

export interface RegionOptions {
  /** Where state is kept; without it everything is forgotten at the end. */
  readonly dir?: string;
  /** `false`: none is opened, and the region is spoken to in this process alone. */
  readonly ports?: Partial<Ports> | false;
  readonly account?: string;
  readonly defaultRegion?: string;
  readonly rootKey?: RootKey;
  /** Root users of other accounts, who ask for what is here: for tests of resource policies. */
  readonly otherAccounts?: readonly (RootKey & { readonly account: string })[];
  /** Take unknown keys for root. */
  readonly anyCredentials?: boolean;
  /** Serve `POST /_orrery/reset`. */
  readonly allowReset?: boolean;
  readonly clock?: Clock;
  /** Without a clock: how many times as fast as real time the control loops run. */
  readonly timeScale?: number;
  readonly random?: Random;
  /** Another driver for machines than processes. */
  readonly machines?: (scope: Scope, host: MachineHost) => Machines;
  /** How balancers check targets, when not by connections. */
  readonly startChecker?: StartChecker;
  readonly services?: readonly Service[];
  /** Where the data plane counts, in place of CloudWatch. */
  readonly meter?: (scope: Scope) => Meter;
}

const loopback = '127.0.0.1';
const keepAliveMs = 75_000;

export class Region {
  readonly ports: Ports;
  readonly events: EventLog;
  /** The fault switches. */
  readonly faults: Faults;
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.ports = parts.ports;
    this.events = parts.events;
    this.faults = parts.faults;
  }

  /** Starts a region. Throws when a port is taken (`EADDRINUSE`) or the folder is in use. */
  static async start(options: RegionOptions = {}): Promise<Region> {
    return new Region(await startParts(options));
  }

  get endpoint(): string {
    return `http://${loopback}:${this.ports.aws}`;
  }

  /** For in-process callers: the same operations that a client calls, as root. */
  invoke<O = Record<string, unknown>>(service: string, operation: string, input: object): Promise<O> {
    const { scope, root } = this.#parts;
    return scope.invoke<O>(root, service, operation, input);
  }

  /** Whether IAM would let a call through, without its being made. Throws the faults of its input: `NoSuchBucket`. */
  verdict(proposal: Omit<Proposal, 'region'>): Verdict {
    return this.#parts.verdict(proposal);
  }

  get scope(): Scope {
    return this.#parts.scope;
  }

  /** Ends every machine, closes every socket, and writes what is left to write. */
  close(): Promise<void> {
    return this.#parts.close();
  }
}

interface Parts {
  readonly ports: Ports;
  readonly events: EventLog;
  readonly faults: Faults;
  readonly scope: Scope;
  readonly root: Caller;
  verdict(proposal: Omit<Proposal, 'region'>): Verdict;
  close(): Promise<void>;
}

async function startParts(options: RegionOptions): Promise<Parts> {
  const {
    account = '123456789012',
    defaultRegion = 'us-east-1',
    rootKey = { accessKeyId: 'test', secretAccessKey: 'test' },
  } = options;
  const random = options.random ?? secureRandom();
  const store: Store = options.dir === undefined ? memoryStore() : openStore(options.dir);
  const clock = options.clock ?? keptClock(store, options.timeScale ?? 1);
  const events = eventLog();
  const services = options.services ?? allServices();
  const root = rootCaller(account, rootKey.accessKeyId);
  const machinesDir = () => join(options.dir ?? store.filesDir, 'machines');

  // The planes need the dispatcher (to hand machines' requests to), and the dispatcher makes the planes on first use.
  const cloudFront = s3Origin({
    clock,
    random,
    serve: (request, response) => endpoint.serve(request, response, { userAgent: 'Amazon CloudFront' }),
  });
  const faults = regionFaults({ clock, region: defaultRegion, scope: () => dispatcher.scope(defaultRegion) });
  const planes = regionPlanes({
    faults,
    home: defaultRegion,
    fetchS3: cloudFront.fetchS3,
    clock,
    random,
    machinesDir,
    serveAws: (request, response, via) => endpoint.serve(request, response, via),
    ...(options.machines ? { machines: options.machines } : {}),
    ...(options.meter ? { meter: options.meter } : {}),
    ...(options.startChecker ? { startChecker: options.startChecker } : {}),
  });
  const dispatcher: Dispatcher = createDispatcher({
    account,
    defaultRegion,
    services,
    authorise,
    store,
    clock,
    random,
    planes: planes.of,
    machines: planes.machinesOf,
    note: (event) => events.add({ ...event, atMs: clock.now() }),
  });
  const endpoint = awsEndpoint(dispatcher, services, {
    defaultRegion,
    rootKey,
    clock,
    random,
    events,
    anyCredentials: options.anyCredentials ?? false,
    serviceKey: cloudFront.credentials,
    otherAccounts: options.otherAccounts ?? [],
  });

  const opened: { close(): void | Promise<void> }[] = [cloudFront];
  try {
    const scope = dispatcher.scope(defaultRegion);
    const parts = {
      ...{ events, faults, scope, root },
      verdict: (proposal: Omit<Proposal, 'region'>) => dispatcher.verdict({ ...proposal, region: defaultRegion }),
      close: () => close(opened, planes, dispatcher, clock, store),
    };
    // What was running when the region last stopped runs again.
    const takeUp = () => {
      for (const name of store.tableNames('')) {
        const region = name.slice(0, name.indexOf('/'));
        if (region !== 'global' && region !== '') dispatcher.scope(region);
      }
    };
    if (options.ports === false) {
      takeUp();
      const ports = { aws: 0, dns: 0, https: 0, tls: 0, http: 0 };
      return { ports, ...parts };
    }
    const wanted = { ...defaultPorts, ...options.ports };
    const reset = () => {
      faults.clear();
      return store.reset();
    };
    const additions = localAdditions({ events, clock, faults, ...(options.allowReset ? { reset } : {}) });
    const aws = await listen(wanted.aws, (request, response) => {
      if (!additions(request, response)) endpoint.serve(request, response);
    });
    opened.push(aws);
    const clients = clientAddresses();
    const dns: DnsServer = await startDnsServer({
      host: loopback,
      port: wanted.dns,
      snapshot: () => planes.dns(scope),
      chance: () => random.next(),
    });
    opened.push(dns);
    const door = async (port: number, standsFor: 443 | 80, tls: boolean): Promise<FrontDoor> => {
      const made = await openFrontDoor({
        host: loopback,
        port,
        standsFor,
        tls,
        fabric: scope.planes.fabric,
        clock,
        resolve: (name) => planes.publicAddresses(scope, name),
        knownNames: () => planes.publicNames(scope),
        clients,
        doors: () => doors,
      });
      opened.push(made);
      return made;
    };
    const doors = { https: 0, tls: 0, http: 0 };
    doors.https = (await door(wanted.https, 443, false)).port;
    doors.tls = (await door(wanted.tls, 443, true)).port;
    doors.http = (await door(wanted.http, 80, false)).port;
    takeUp();
    const ports = { aws: aws.port, dns: dns.port, ...doors };
    return { ports, ...parts };
  } catch (error) {
    await close(opened, planes, dispatcher, clock, store);
    throw error;
  }
}

/** How long calls that are under way may take to end once their clients, machines and timers have. */
const lastCallsMs = 2_000;

async function close(
  opened: readonly { close(): void | Promise<void> }[],
  planes: { close(): Promise<void> },
  dispatcher: Dispatcher,
  clock: Clock,
  store: Store,
): Promise<void> {
  await Promise.all(opened.map((part) => part.close()));
  await planes.close();
  clock.stop();
  const patience = realClock();
  await Promise.race([dispatcher.idle(), patience.sleep(lastCallsMs)]);
  patience.stop();
  await store.close();
}

interface EndpointParts {
  readonly defaultRegion: string;
  readonly rootKey: RootKey;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventLog;
  readonly anyCredentials: boolean;
  readonly otherAccounts: NonNullable<RegionOptions['otherAccounts']>;
  /** Keys that AWS services sign with among themselves. */
  serviceKey(accessKeyId: string): { secretAccessKey: string; identity: Caller } | undefined;
}

/** The wire over the dispatcher. */
function awsEndpoint(dispatcher: Dispatcher, services: readonly Service[], parts: EndpointParts): Endpoint {
  const { defaultRegion, rootKey, clock, random, events } = parts;
  const home = () => dispatcher.scope(defaultRegion);
  return createEndpoint<Caller>({
    services,
    defaultRegion,
    anonymous: { kind: 'anonymous' },
    nowMs: () => clock.wallMs(),
    requestId: () => random.uuid(),
    credentials(accessKeyId, sessionToken) {
      const stranger = parts.otherAccounts.find((key) => key.accessKeyId === accessKeyId);
      if (stranger) return { ...stranger, identity: rootCaller(stranger.account, accessKeyId) };
      const known = parts.serviceKey(accessKeyId) ?? credentialsOf(home(), rootKey, accessKeyId, sessionToken);
      if (known || !parts.anyCredentials) return known;
      return { identity: rootCaller(home().account, accessKeyId) };
    },
    invoke: ({ identity, context, http, ...request }) =>
      dispatcher.call({ ...request, http, caller: identity, via: viaOf(http, context) }),
    failed(error, operation) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      events.add({
        source: 'wire',
        kind: 'internal-failure',
        text: `${operation}: ${text}`,
        atMs: clock.now(),
        region: defaultRegion,
      });
    },
    preflight: (http) => ({ status: 200, headers: s3Preflight(home(), corsRequest(http)), body: undefined }),
    corsHeaders: (http) => s3CorsHeaders(home(), corsRequest(http)),
  });
}

function corsRequest(http: Http): { method: string; bucket: string; headers: Http['headers'] } {
  return { method: http.method, bucket: takeBucket(http.host, http.path).bucket ?? '', headers: http.headers };
}

/** Loopback stands for TLS: conditions such as `aws:SecureTransport` hold at the endpoint as they would over HTTPS. */
function viaOf(http: Http, context: unknown): Via {
  const way = context as Partial<Via> | undefined;
  return { sourceIp: loopback, secure: true, userAgent: http.headers['user-agent'], ...way };
}

async function listen(
  port: number,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer(
    { keepAliveTimeout: keepAliveMs, requestTimeout: 0, maxHeaderSize: 64 * 1024 },
    serve,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, loopback, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
