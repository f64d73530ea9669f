/** Both journeys in a real browser: the page by CloudFront and S3, its API across origins by the balancer. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser as executablePath } from '../src/insight/draw/browser.fixture.ts';
import { startGallery } from './gallery.fixture.ts';

/** One red pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
  'base64',
);

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html */
function signedUrl(url: string, keyPairId: string, key: KeyObject): string {
  const expires = Date.UTC(2100, 0) / 1000;
  const policy = `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  const signature = sign('RSA-SHA1', Buffer.from(policy), key).toString('base64');
  const safe = signature.replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
  return `${url}?Expires=${expires}&Signature=${safe}&Key-Pair-Id=${keyPairId}`;
}

describe.skipIf(executablePath === undefined)('in a browser', () => {
  let gallery: Awaited<ReturnType<typeof startGallery>>;
  let browser: Browser;
  let page: Page;
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const complaints: string[] = [];

  beforeAll(async () => {
    gallery = await startGallery();
    await gallery.deliver({
      UploadPublicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await gallery?.close();
  });

  test('the page comes by CloudFront, and finds the wall empty by its API', async () => {
    const answer = await page.goto(gallery.site);
    expect(answer?.headers()['x-cache']).toMatch(/^(Miss|Hit|RefreshHit) from cloudfront$/);
    await page
      .getByText('0 pictures')
      .or(page.getByRole('button', { name: 'Hang some samples' }))
      .first()
      .waitFor();
    await page.locator('#answered', { hasText: /answered by i-[0-9a-f]{17} in us-east-1[ab]/ }).waitFor();
  });

  test('a picture is uploaded after a preflight, shown, and taken down', async () => {
    const preflights: string[] = [];
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    session.on('Network.requestWillBeSent', ({ request }) => {
      if (request.method === 'OPTIONS') preflights.push(request.url);
    });
    await page.locator('#files').setInputFiles({ name: 'a red dot.png', mimeType: 'image/png', buffer: png });
    const card = page.locator('.wall li a', { hasText: 'a red dot' });
    await card.waitFor();
    expect(preflights.some((url) => url.startsWith(gallery.api))).toBe(true);
    await card.click();
    await page.waitForURL(/\/picture\/./);
    const image = page.locator('main img').first();
    await image.waitFor();
    expect(await image.evaluate((shown: HTMLImageElement) => shown.decode().then(() => shown.naturalWidth))).toBe(1);
  });

  test('a deep link opens the picture at once, and the machines are seen', async () => {
    const fresh = await browser.newPage();
    await fresh.goto(page.url());
    await fresh.locator('main img').first().waitFor();
    await fresh.goto(`${gallery.site}/machines`);
    await fresh.getByRole('button', { name: 'Ask 20 times' }).click();
    await fresh.getByText('us-east-1a').first().waitFor();
    await fresh.getByText('us-east-1b').first().waitFor();
    await fresh.close();
  });

  test('another origin is refused by the browser', async () => {
    const elsewhere: Server = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>elsewhere'),
    );
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const other = await browser.newPage();
    await other.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    const ask = (init: RequestInit) =>
      other.evaluate(
        ([url, options]) =>
          fetch(url, options).then(
            ({ status }) => String(status),
            (error: Error) => error.message,
          ),
        [`${gallery.api}/items`, init] as const,
      );
    expect(await ask({})).toBe('Failed to fetch');
    expect(await ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).toBe(
      'Failed to fetch',
    );
    await other.close();
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  test('a file is put by a signed URL through CloudFront, and by no other', async () => {
    const { UploadKeyId = '' } = await gallery.outputs('gallery');
    const url = `${gallery.site}/uploads/notes.txt`;
    const signed = signedUrl(url, UploadKeyId, keys.privateKey);
    const put = (to: string) =>
      page.evaluate(
        async ([target]) => {
          const answer = await fetch(target, { method: 'PUT', body: 'by a signed URL' });
          return answer.status;
        },
        [to] as const,
      );
    expect(await put(url)).toBe(403);
    expect(await put(signed.replace('notes', 'other'))).toBe(403);
    expect(await put(signed)).toBe(200);
    expect(await page.evaluate(async ([target]) => (await fetch(target)).text(), [signed] as const)).toBe(
      'by a signed URL',
    );
  });

  test('nothing was complained about but what was refused', () => {
    expect(complaints.filter((text) => !/403/.test(text))).toEqual([]);
  });
});
