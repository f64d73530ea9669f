/** The parts of the API that need nothing: by tables and properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedOrigins, corsHeaders, preflightHeaders } from './cors.js';
import { looksLike, readTarget, readTitle, singleRange } from './http.js';
import { isPictureId, pictureId } from './pictures.js';
import { places } from './places.js';

describe('allowedOrigins', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['https://myapp.com', ['https://myapp.com']],
    [' https://a.com , http://b.localhost:8080,', ['https://a.com', 'http://b.localhost:8080']],
  ])('reads %o', (text, origins) => expect([...allowedOrigins(text)]).toEqual(origins));

  it.each([
    '*',
    'null',
    'myapp.com',
    'https://myapp.com/',
    'https://myapp.com/a',
    'https://MyApp.com',
    'https://a.com:443',
  ])('refuses %s', (text) => expect(() => allowedOrigins(text)).toThrow(`"${text}" is not an origin`));
});

it('allows no origin but those that are named, whatever is sent', () => {
  const allowed = allowedOrigins('https://myapp.com');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((s) => `https://myapp.com${s}`),
      ),
      (origin) => {
        const mine = origin === 'https://myapp.com';
        expect(corsHeaders(allowed, origin)['Access-Control-Allow-Origin']).toBe(mine ? origin : undefined);
        expect(preflightHeaders(allowed, origin) !== undefined).toBe(mine);
      },
    ),
  );
});

it.each([
  [undefined, undefined, undefined],
  ['bytes=0-99', undefined, 'bytes=0-99'],
  ['bytes=5-', undefined, 'bytes=5-'],
  ['bytes=-5', undefined, 'bytes=-5'],
  ['bytes=7-7', undefined, 'bytes=7-7'],
  ['bytes=-', undefined, undefined],
  ['bytes=9-5', undefined, undefined],
  ['bytes=0-1,4-5', undefined, undefined],
  ['items=0-1', undefined, undefined],
  ['bytes=0-9999999999999999', undefined, undefined],
  ['bytes=0-99', '"etag"', undefined],
])('range %o under If-Range %o → %o', (range, ifRange, passed) => expect(singleRange(range, ifRange)).toBe(passed));

it.each([
  ['/items?limit=3', '/items'],
  ['/api/items', '/items'],
  ['/api', '/'],
  ['/apiary', '/apiary'],
  ['/api/api/items', '/api/items'],
  ['http://other.example/api/items', '/items'],
  ['//items', '/'],
])('target %s is path %s', (target, path) => expect(readTarget(target).path).toBe(path));

it('reads any target or refuses it with 400', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((s) => `/${s}`),
      ),
      (target) => {
        try {
          expect(readTarget(target).path.startsWith('/')).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      },
    ),
  );
});

it.each([
  [null, 'Untitled'],
  ['  ', 'Untitled'],
  ['Dunes\n at\tdusk ', 'Dunes at dusk'],
  ['a\u202eb\u0000c', 'a b c'],
  ['🌄'.repeat(200), '🌄'.repeat(120)],
])('title %o → %o', (text, title) => expect(readTitle(text)).toBe(title));

it('makes titles that fit into metadata and stay as they are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const title = readTitle(text);
      expect(encodeURIComponent(title).length).toBeLessThanOrEqual(120 * 12);
      expect(readTitle(title)).toBe(title);
    }),
  );
});

it.each([
  ['image/png', '89504e470d0a1a0a00000000', true],
  ['image/png', 'ffd8ffe000104a4649460001', false],
  ['image/jpeg', 'ffd8ffe000104a4649460001', true],
  ['image/gif', Buffer.from('GIF89a......').toString('hex'), true],
  ['image/gif', Buffer.from('GIF88a......').toString('hex'), false],
  ['image/webp', Buffer.from('RIFF\n\n\n\nWEBP', 'latin1').toString('hex'), true],
  ['image/webp', Buffer.from('RIFF....WAVE').toString('hex'), false],
  ['image/svg+xml', Buffer.from('<svg xmlns="').toString('hex'), false],
  ['constructor', '000000000000000000000000', false],
])('%s beginning with %s: %s', (type, hex, is) => expect(looksLike(type, Buffer.from(hex, 'hex'))).toBe(is));

it('lists the newest first by its ids', () => {
  const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const chance = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(moment, moment, chance, chance, (a, b, one, other) => {
      const [early, late] = [pictureId(Math.min(a, b), one), pictureId(Math.max(a, b), other)];
      expect(isPictureId(early) && isPictureId(late)).toBe(true);
      if (a !== b) expect(late < early).toBe(true);
    }),
  );
});

describe('places', () => {
  it('are taken so many at once, waited for in order, and refused beyond that', async () => {
    const inPlace = places(2);
    const open: (() => void)[] = [];
    const begun: number[] = [];
    const work = (n: number) =>
      inPlace(
        () =>
          new Promise<number>((done, fail) => {
            begun.push(n);
            open.push(() => (n === 1 ? fail(new Error('one failed')) : done(n)));
          }),
      );
    const all = Promise.allSettled(Array.from({ length: 203 }, (_, n) => work(n)));
    expect(begun).toEqual([0, 1]);
    // The 203rd finds two at work and two hundred waiting.
    for (let n = 0; n < 202; n++) {
      open[n]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const ended = await all;
    expect(begun).toEqual(Array.from({ length: 202 }, (_, n) => n));
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    expect(ended[202]).toMatchObject({ reason: { status: 503 } });
    // A place that failed is free again.
    await expect(inPlace(async () => 'again')).resolves.toBe('again');
  });
});
