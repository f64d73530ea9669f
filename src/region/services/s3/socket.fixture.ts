/** S3 alone behind the real endpoint, on a socket: for real SDK clients. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { realClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Http } from '../../wire/endpoint.ts';
import type { Fault } from '../../wire/fault.ts';
import { encodeFault } from '../../wire/protocol.ts';
import { takeBucket } from '../../wire/routes.ts';
import { root, serveServices } from '../testing.ts';
import { s3CorsHeaders, s3Preflight } from './index.ts';
import { s3Region } from './region.fixture.ts';

export async function s3OnSocket() {
  const region = s3Region({ store: memoryStore(), clock: realClock(), seed: 11 });
  const { scope, clock, store } = region;
  const corsRequest = ({ method, host, path, headers }: Http) => {
    const { bucket = '', path: key } = takeBucket(host, path);
    return { bucket, key: key === '/' ? undefined : key, method, headers };
  };
  const served = await serveServices(region, {
    credentials: (key) => (key === 'test' ? { secretAccessKey: 'test', identity: root } : undefined),
    preflight(http) {
      try {
        return { status: 200, headers: s3Preflight(scope, corsRequest(http)), body: undefined };
      } catch (error) {
        return encodeFault('rest-xml', undefined, error as Fault, 'preflight');
      }
    },
    corsHeaders: (http) => s3CorsHeaders(scope, corsRequest(http)),
  });
  const { url, failures } = served;
  const clients: S3Client[] = [];
  return {
    ...region,
    url,
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
      await served.close();
      clock.stop();
      await store.close();
    },
  };
}
