/** S3 alone behind the real endpoint, on a socket: for real SDK clients. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Clock } from '../../clock/clock.ts';
import { realClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import { createEndpoint, type Http } from '../../wire/endpoint.ts';
import type { Fault } from '../../wire/fault.ts';
import { encodeFault } from '../../wire/protocol.ts';
import { takeBucket } from '../../wire/routes.ts';
import type { Caller, Service } from '../service.ts';
import { s3, s3CorsHeaders, s3Preflight } from './index.ts';
import { root, s3Region } from './region.fixture.ts';

const anonymous: Caller = { kind: 'anonymous' };

export async function s3OnSocket(options: { clock?: Clock; services?: readonly Service[] } = {}) {
  const store = memoryStore();
  const clock = options.clock ?? realClock();
  const region = s3Region({ store, clock, seed: 11, ...(options.services ? { services: options.services } : {}) });
  const failures: unknown[] = [];
  const corsRequest = ({ method, host, path, headers }: Http) => {
    const { bucket = '', path: key } = takeBucket(host, path);
    return { bucket, key: key === '/' ? undefined : key, method, headers };
  };
  let requests = 0;
  const endpoint = createEndpoint<Caller>({
    services: [s3, ...(options.services ?? [])],
    defaultRegion: 'us-east-1',
    anonymous,
    nowMs: () => clock.now(),
    requestId: () => String(++requests).padStart(16, '0'),
    credentials: (key) => (key === 'test' ? { secretAccessKey: 'test', identity: root } : undefined),
    invoke: ({ identity, region: at, service, operation, input, requestId, http, body }) =>
      region.dispatcher.call({
        region: at,
        service,
        operation,
        input,
        requestId,
        caller: identity,
        http,
        via: { sourceIp: '203.0.113.7', secure: true },
        ...(body ? { body } : {}),
      }),
    failed: (error) => failures.push(error),
    preflight(http) {
      try {
        return { status: 200, headers: s3Preflight(region.scope, corsRequest(http)), body: undefined };
      } catch (error) {
        return encodeFault('rest-xml', undefined, error as Fault, 'preflight');
      }
    },
    corsHeaders: (http) => s3CorsHeaders(region.scope, corsRequest(http)),
  });
  const server = createServer((request, response) => endpoint.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients: S3Client[] = [];
  return {
    ...region,
    url,
    store,
    clock,
    /** What handlers threw that was no `Fault`: must stay empty. */
    failures,
    client(config: S3ClientConfig = {}): S3Client {
      const client = new S3Client({
        region: 'us-east-1',
        endpoint: url,
        forcePathStyle: true,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      clock.stop();
      await store.close();
    },
  };
}
