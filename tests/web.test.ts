/** The private bucket behind CloudFront: who may read it, and by which way. */
import { request as httpsRequest } from 'node:https';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';
import { webBucket as Bucket, webTemplate } from './web-template.ts';

const stranger = { account: '210987654321', accessKeyId: 'stranger', secretAccessKey: 'of another account' };
const page = `<!doctype html><p>${'served by S3 '.repeat(200)}`;
let tested: TestedRegion;
let s3: S3Client;

const get = (host: string, path = '/', headers = {}) => tested.get(host, path, { door: 'https', headers });
const put = (Key: string, Body: string, CacheControl?: string) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html', CacheControl }));

beforeAll(async () => {
  tested = await startRegion({ otherAccounts: [stranger] });
  s3 = new S3Client({ ...tested.config, forcePathStyle: true });
  expect(await tested.create('web', webTemplate), await tested.failures('web').catch(String)).toBe('CREATE_COMPLETE');
  await put('index.html', page, 'max-age=60');
}, 60_000);
afterAll(() => tested.close());

test('its distribution reads it: signed, verified, cached and compressed', async () => {
  const first = await get('web.localhost');
  expect(first).toMatchObject({ status: 200, body: page });
  expect(first.headers).toMatchObject({
    'x-cache': 'Miss from cloudfront',
    server: 'AmazonS3',
    'cache-control': 'max-age=60',
  });
  expect((await get('web.localhost')).headers).toMatchObject({
    'x-cache': 'Hit from cloudfront',
    age: expect.any(String),
  });
  const compressed = await get('web.localhost', '/', { 'accept-encoding': 'br' });
  expect(compressed.headers['content-encoding']).toBe('br');
  expect(await get('web.localhost', '/index.html', { 'if-none-match': first.headers.etag })).toMatchObject({
    status: 304,
    body: '',
  });
  expect(await get('web.localhost', '/index.html', { range: 'bytes=0-14' })).toMatchObject({
    status: 206,
    body: page.slice(0, 15),
  });
});

test('its own name serves too, and an invalidation evicts', async () => {
  const { SiteId: DistributionId, SiteDomain = '' } = await tested.outputs('web');
  await put('news.html', 'old', 'max-age=3600');
  expect(await get(SiteDomain, '/news.html')).toMatchObject({ status: 200, body: 'old' });
  await put('news.html', 'new', 'max-age=3600');
  expect(await get(`${SiteDomain}.localhost`, '/news.html')).toMatchObject({ status: 200, body: 'old' });
  const batch = { CallerReference: '1', Paths: { Quantity: 1, Items: ['/news*'] } };
  await new CloudFrontClient(tested.config).send(
    new CreateInvalidationCommand({ DistributionId, InvalidationBatch: batch }),
  );
  await eventually(
    () => get(SiteDomain, '/news.html'),
    ({ body }) => body === 'new',
  );
});

test('plain HTTP is sent to the door for HTTPS, where a browser finds it', async () => {
  const redirect = await tested.get('web.localhost', '/a?b=c');
  expect(redirect).toMatchObject({
    status: 301,
    headers: { location: `http://web.localhost:${tested.region.ports.https}/a?b=c` },
  });
});

test('real TLS shows the certificate of the name', async () => {
  const subject = await new Promise<string | undefined>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: tested.region.ports.tls, servername: 'web.localhost' };
    const asked = httpsRequest(
      { ...options, headers: { host: 'web.localhost' }, rejectUnauthorized: false },
      (answer) => {
        answer.resume();
        const { subject } = (answer.socket as import('node:tls').TLSSocket).getPeerCertificate();
        resolve(typeof subject.CN === 'string' ? subject.CN : undefined);
      },
    );
    asked.on('error', reject).end();
  });
  expect(subject).toBe('web.localhost');
});

test('another distribution is refused by the bucket, and the log says what was missing', async () => {
  const answer = await get('other.web.localhost');
  expect(answer.status).toBe(403);
  expect(answer.body).toContain('<Code>AccessDenied</Code>');
  expect(tested.eventTexts('access-denied').join('\n')).toMatch(
    /cloudfront\.amazonaws\.com was refused s3:GetObject on arn:aws:s3:::pages-of-the-test\/index\.html: missing: a statement in the resource-based policy/,
  );
});

test('the anonymous are refused', async () => {
  const answer = await fetch(`${tested.region.endpoint}/${Bucket}/index.html`);
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
});

test('another account is refused, and a wrong secret too', async () => {
  const read = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
    new S3Client({ ...tested.config, credentials, forcePathStyle: true }).send(
      new GetObjectCommand({ Bucket, Key: 'index.html' }),
    );
  await expect(read(stranger)).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(read({ ...stranger, secretAccessKey: 'guessed' })).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  });
  await expect(read(tested.config.credentials)).resolves.toMatchObject({ ContentLength: page.length });
});
