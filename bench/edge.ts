/** Requests per second of a cached object: CloudFront's edge, and nginx with a cache. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { webBucket, webTemplate } from '../tests/web-template.ts';
import { type Repeated, repeated, wrk } from './load.ts';
import { startRegion } from './region.ts';
import { loadText, perSecond, type Result, type Row, ratio, type Settings } from './result.ts';
import { nginx, nodeServer } from './servers.ts';

const body = 'an object of ten kilobytes '.repeat(380);
const origin = `require('node:http').createServer((q, s) => {
  s.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=3600' });
  s.end(${JSON.stringify(body)});
}).listen(8080);`;

export async function edge(settings: Settings): Promise<Result> {
  const how = 'GET of a cached object of 10 kB over 32 kept connections; nginx with one worker and a cache on disk.';
  if (!wrk) return { title: 'Edge', how, rows: [], aims: [], missing: ['wrk: apt install wrk'] };
  const found = new Map<string, Repeated>();
  const region = await startRegion();
  await region.createStack('web', webTemplate);
  await new S3Client({ ...region.config, forcePathStyle: true }).send(
    new PutObjectCommand({
      Bucket: webBucket,
      Key: 'object.txt',
      Body: body,
      ContentType: 'text/plain',
      CacheControl: 'max-age=3600',
    }),
  );
  const url = `http://127.0.0.1:${region.ports.https}/object.txt`;
  found.set('Orrery', await repeated({ url, headers: { Host: 'web.localhost' } }, settings));
  await region.process.end();

  const upstream = await nodeServer(origin);
  const server = await nginx(upstream.port, true);
  if (server) found.set('nginx', await repeated({ url: `${server.url}/object.txt` }, settings));
  await server?.end();
  await upstream.end();

  const own = found.get('Orrery')?.requestsPerSecond ?? Number.NaN;
  return {
    title: 'Edge',
    how,
    rows: [...found].map(
      ([who, load]): Row => ({
        who,
        what: 'requests',
        value: perSecond(load.requestsPerSecond),
        more: `${loadText(load)}${who === 'Orrery' ? '' : `; Orrery is ${ratio(own, load.requestsPerSecond)}`}`,
      }),
    ),
    aims: [],
    missing: server ? [] : ['nginx: apt install nginx'],
  };
}
