/** A host that remembers what it was asked and gives canned answers, behind a real socket. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { realClock } from '../clock/clock.ts';
import { createEndpoint, type Http, type Received, serverOptions, type WireHost } from './endpoint.ts';
import { serviceSchema } from './schema.ts';

export const packages = {
  ec2: '@aws-sdk/client-ec2',
  iam: '@aws-sdk/client-iam',
  sts: '@aws-sdk/client-sts',
  sns: '@aws-sdk/client-sns',
  elasticloadbalancing: '@aws-sdk/client-elastic-load-balancing-v2',
  autoscaling: '@aws-sdk/client-auto-scaling',
  cloudformation: '@aws-sdk/client-cloudformation',
  cloudwatch: '@aws-sdk/client-cloudwatch',
  s3: '@aws-sdk/client-s3',
  cloudfront: '@aws-sdk/client-cloudfront',
  route53: '@aws-sdk/client-route-53',
  kms: '@aws-sdk/client-kms',
  ssm: '@aws-sdk/client-ssm',
  logs: '@aws-sdk/client-cloudwatch-logs',
  acm: '@aws-sdk/client-acm',
} as const;

export type ServiceName = keyof typeof packages;

/** Every operation of the schema counts as handled but these. */
export const unhandled = ['DescribeSpotPriceHistory', 'GetBucketAccelerateConfiguration', 'ListAliases', 'ListDevices'];

export interface Seen extends Omit<Received<string>, 'body'> {
  /** The streamed body, read to its end. */
  readonly bytes?: Buffer;
}

export interface Canned {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** The last call that reached the host. */
  seen(): Seen;
  readonly calls: Seen[];
  /** What was thrown that is no `Fault`. */
  readonly failures: unknown[];
  /** What `invoke` does; by default it gives an empty output. */
  answer: (seen: Seen) => object | Promise<object>;
  nowMs: () => number;
  close(): Promise<void>;
}

export const secretOf: Readonly<Record<string, string>> = { test: 'test', AKIDOTHER: 'other/secret+key=' };
export const sessionToken = 'a/session+token==';

/** Lists the operations when they are asked for, since loading every SDK package takes long. */
function lazily(name: ServiceName): WireHost<string>['services'][number] {
  const sdk = packages[name];
  let operations: Record<string, true> | undefined;
  return {
    name,
    sdk,
    get operations() {
      operations ??= Object.fromEntries(
        serviceSchema(sdk)
          .operationNames.filter((operation) => !unhandled.includes(operation))
          .map((operation) => [operation, true]),
      );
      return operations;
    },
  };
}

export async function cannedEndpoint(extra: Partial<WireHost<string>> = {}): Promise<Canned> {
  const calls: Seen[] = [];
  const failures: unknown[] = [];
  let requests = 0;
  const endpoint = createEndpoint<string>({
    services: (Object.keys(packages) as ServiceName[]).map(lazily),
    defaultRegion: 'us-east-1',
    anonymous: 'anonymous',
    nowMs: () => canned.nowMs(),
    requestId: () => `request-${++requests}`,
    credentials(key, token) {
      if (key === 'ASIATEMPORARY') {
        return token === sessionToken ? { secretAccessKey: 'temporary', identity: 'role' } : undefined;
      }
      if (key === 'ASIAENDED') return { secretAccessKey: 'ended', identity: 'role', expired: true };
      const secretAccessKey = secretOf[key];
      return secretAccessKey === undefined ? undefined : { secretAccessKey, identity: key };
    },
    async invoke({ body, ...rest }) {
      const seen: Seen = body ? { ...rest, bytes: await readAll(body.stream) } : rest;
      calls.push(seen);
      return canned.answer(seen);
    },
    failed: (error) => failures.push(error),
    preflight: () => ({
      status: 200,
      headers: { 'access-control-allow-origin': 'https://a.example' },
      body: undefined,
    }),
    corsHeaders: ({ headers }: Http) => ({ 'access-control-allow-origin': headers.origin ?? '' }),
    ...extra,
  });
  const server = createServer(serverOptions, (request, response) => endpoint.serve(request, response, 'the context'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clock = realClock();
  const canned: Canned = {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    calls,
    failures,
    seen() {
      const last = calls.at(-1);
      if (!last) throw new Error('nothing was received');
      return last;
    },
    answer: () => ({}),
    nowMs: () => clock.now(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return canned;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
