/** An edge over a real fabric and a virtual clock, between real HTTP clients and a real origin server. For tests. */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { VirtualClock } from '../../clock/clock.ts';
import { seededRandom } from '../../clock/random.ts';
import { buildWorld } from '../../network/build-world.ts';
import { exampleParts } from '../../network/example-world.ts';
import { modelFabric } from '../model-fabric.ts';
import type { Meter } from '../planes.ts';
import type { BehaviourConfig, CachePolicy, CustomOriginConfig, EdgeConfig, S3OriginConfig } from './config.ts';
import { fromRecord } from './headers.ts';
import type { OriginAnswer, S3OriginRequest } from './origin.ts';
import { type EdgeOptions, startEdge } from './plane.ts';

export const host = 'd111111abcdef8.cloudfront.net';

export const customOrigin: CustomOriginConfig = {
  kind: 'custom',
  id: 'api',
  domainName: 'origin.example.com',
  path: '',
  headers: [],
  connectionAttempts: 3,
  connectTimeoutMs: 10_000,
  readTimeoutMs: 30_000,
  keepAliveMs: 5_000,
  httpPort: 443,
  httpsPort: 8443,
  protocol: 'http-only',
};

export const s3Origin: S3OriginConfig = {
  kind: 's3',
  id: 'spa',
  domainName: 'spa.s3.us-east-1.amazonaws.com',
  bucket: 'spa',
  region: 'us-east-1',
  path: '',
  headers: [],
  connectionAttempts: 3,
  connectTimeoutMs: 10_000,
  readTimeoutMs: 30_000,
  signing: 'always',
};

export const optimised: CachePolicy = {
  minTtlMs: 1_000,
  defaultTtlMs: 86_400_000,
  maxTtlMs: 31_536_000_000,
  gzip: true,
  brotli: true,
  headers: { kind: 'none' },
  cookies: { kind: 'none' },
  queryStrings: { kind: 'none' },
};

export const disabled: CachePolicy = {
  ...optimised,
  minTtlMs: 0,
  defaultTtlMs: 0,
  maxTtlMs: 0,
  gzip: false,
  brotli: false,
};

export function behaviour(change: Partial<BehaviourConfig> = {}): BehaviourConfig {
  return {
    pathPattern: '*',
    origin: customOrigin,
    viewerProtocol: 'allow-all',
    allowedMethods: ['GET', 'HEAD'],
    cachedMethods: ['GET', 'HEAD'],
    compress: false,
    cache: optimised,
    ...change,
  };
}

export function distribution(change: Partial<EdgeConfig> = {}): EdgeConfig {
  return {
    id: 'E1EXAMPLE',
    arn: 'arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE',
    account: '123456789012',
    name: 'Distribution',
    domainName: host,
    aliases: ['myapp.localhost'],
    enabled: true,
    ipv6: true,
    defaultRootObject: '',
    behaviours: [behaviour()],
    errorResponses: [],
    ...change,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly text: string;
  readonly xCache: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly port?: 80 | 443;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const edgeAddress = '198.19.0.1';
const verdict = {} as never;

export async function edgeWorld(options: {
  config?: EdgeConfig;
  origin?: Handler;
  fetchS3?: (request: S3OriginRequest) => OriginAnswer | Promise<OriginAnswer>;
  edge?: Partial<EdgeOptions>;
}) {
  const clock = new VirtualClock();
  const notes: { kind: string; text: string }[] = [];
  const counted: { metric: string; value: number; dimensions: unknown }[] = [];
  const meter: Meter = {
    count: (_namespace, metric, dimensions, value) => counted.push({ metric, value, dimensions }),
  };
  const world = buildWorld(exampleParts);
  const fabric = modelFabric({ clock, world: () => world, dropped() {} });
  let handler: Handler = options.origin ?? ((_request, response) => response.end('origin'));
  const seen: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  const origin = await listen((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    // The virtual clock is the only one here: an origin's Date would be of another time.
    response.sendDate = false;
    handler(request, response);
  });
  const stopOrigin = fabric.listen('10.0.0.20', 443, { kind: 'loopback', host: '127.0.0.1', port: origin.port });
  const edge = startEdge({
    fabric,
    clock,
    random: seededRandom(7),
    meter,
    resolve: (name) => (name === customOrigin.domainName ? ['198.51.100.20'] : []),
    fetchS3: async (request) =>
      options.fetchS3?.(request) ?? { status: 404, headers: fromRecord({}), body: Readable.from([]) },
    note: (kind, text) => notes.push({ kind, text }),
    ...options.edge,
  });
  edge.apply([options.config ?? distribution()]);
  const doors = new Map<number, Awaited<ReturnType<typeof listen>>>();
  for (const port of [80, 443]) {
    doors.set(
      port,
      await listen((request, response) => {
        const listener = fabric.listenerAt(edgeAddress, port);
        if (listener?.kind !== 'local') throw new Error('no edge');
        listener.http(request, response, { address: '203.0.113.7', port: 40_000, verdict });
      }),
    );
  }

  return {
    clock,
    fabric,
    edge,
    notes,
    counted,
    /** Requests that the origin got. */
    seen,
    answerWith(next: Handler) {
      handler = next;
    },
    stopOrigin,
    ask: (path: string, asked: AskOptions = {}) => ask(doors.get(asked.port ?? 443)?.port ?? 0, path, asked),
    async close() {
      edge.close();
      clock.stop();
      await Promise.all([origin.close(), ...[...doors.values()].map((door) => door.close())]);
    },
  };
}

function ask(port: number, path: string, { method = 'GET', headers = {}, body }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        const xCache = String(response.headers['x-cache']).replace(' from cloudfront', '');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString(),
          xCache,
        });
      });
    });
    request.end(body);
  });
}

async function listen(serve: Handler): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
