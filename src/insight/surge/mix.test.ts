import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../region/clock/random.ts';
import { chooser, contentTypeOf, parseMix, parseRoute } from './mix.ts';
import { SurgeError } from './surge-error.ts';

describe('a mix of requests', () => {
  test.each([
    ['/items', { method: 'GET', path: '/items', weight: 1 }],
    ['/burn?ms=20:3', { method: 'GET', path: '/burn?ms=20', weight: 3 }],
    ['GET /a:0.5', { method: 'GET', path: '/a', weight: 0.5 }],
    [
      'POST /items?title=x @my picture.png:2',
      { method: 'POST', path: '/items?title=x', weight: 2, bodyFile: 'my picture.png' },
    ],
    ['POST /empty', { method: 'POST', path: '/empty', weight: 1 }],
    ['/at/10:30', { method: 'GET', path: '/at/10', weight: 30 }],
  ])('%s', (text, route) => {
    expect(parseRoute(text)).toEqual(route);
  });

  test.each([
    ['items', 'a path begins with /'],
    ['', 'a path begins with /'],
    ['DELETE /items', 'the method DELETE must be GET or POST'],
    ['/items:0', 'the weight 0 must be more than 0'],
    ['/a b', 'a path begins with /'],
    ['/ü', 'write it as in a URL'],
    ['/a#b', 'write it as in a URL'],
    ['/items @body.json', 'a GET has no body'],
    ['/a\r\nHost: x', 'a path begins with /'],
  ])('"%s" is refused: %s', (text, message) => {
    expect(() => parseRoute(text)).toThrow(SurgeError);
    expect(() => parseRoute(text)).toThrow(message);
  });

  test('is bounded', () => {
    expect(() => parseMix(Array.from({ length: 101 }, () => '/'))).toThrow('101 times --path; at most 100');
  });

  test('is drawn by its weights', () => {
    const choose = chooser(parseMix(['/a', '/b:3', '/c:6']), seededRandom(7));
    const counts = [0, 0, 0];
    for (let i = 0; i < 10_000; i++) {
      const index = choose();
      counts[index] = (counts[index] ?? 0) + 1;
    }
    for (const [i, share] of [0.1, 0.3, 0.6].entries()) expect((counts[i] ?? 0) / 10_000).toBeCloseTo(share, 1);
  });

  test('a body is of the type that its name says', () => {
    expect(['a.json', 'b.PNG', 'c', 'd.tar.gz'].map(contentTypeOf)).toEqual([
      'application/json',
      'image/png',
      'application/octet-stream',
      'application/octet-stream',
    ]);
  });
});
