import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeys, encoder, keyAfterPrefix, page } from './listing.ts';

/** Keys that share prefixes, with what sorts differently in UTF-8 and UTF-16, and control characters. */
const key = fc
  .array(fc.constantFrom('a', 'b', '/', '/', 'é', '😀', '\uffee', '\x01', '\0', ' '), { minLength: 1, maxLength: 6 })
  .map((letters) => letters.join(''));
const prefix = fc.oneof(fc.constant(''), key);

interface Listed {
  keys: string[];
  commonPrefixes: string[];
}

/** What S3 says a listing is, without any regard to speed. */
function naive(keys: readonly string[], wanted: string, delimiter: string): Listed {
  const listed: Listed = { keys: [], commonPrefixes: [] };
  for (const each of [...keys].sort(compareKeys)) {
    if (!each.startsWith(wanted)) continue;
    const at = delimiter ? each.indexOf(delimiter, wanted.length) : -1;
    if (at < 0) listed.keys.push(each);
    else {
      const common = each.slice(0, at + delimiter.length);
      if (!listed.commonPrefixes.includes(common)) listed.commonPrefixes.push(common);
    }
  }
  return listed;
}

test('pages put together are the whole listing, each as long as it may be', () => {
  const delimiter = fc.constantFrom('', '/', 'a', 'a/', '😀');
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 40, size: 'max' }),
      prefix,
      delimiter,
      fc.integer({ min: 1, max: 5 }),
      (keys, wanted, cut, max) => {
        const sorted = [...keys].sort(compareKeys);
        const from = (start: string, after = false) =>
          sorted.filter((each) => compareKeys(each, start) >= (after ? 1 : 0));
        const whole: Listed = { keys: [], commonPrefixes: [] };
        let first: string[] = from(wanted);
        for (let pages = 0; pages < 50; pages++) {
          const found = page<string>({ first, seek: from, keyOf: (each) => each, prefix: wanted, delimiter: cut, max });
          whole.keys.push(...found.items);
          whole.commonPrefixes.push(...found.commonPrefixes);
          if (!found.truncated) break;
          expect(found.items.length + found.commonPrefixes.length).toBe(max);
          const { last } = found;
          if (!last) throw new Error('a truncated page has a last entry');
          first = 'item' in last ? from(last.item, true) : from(keyAfterPrefix(last.commonPrefix) ?? '\u{10ffff}');
        }
        expect(whole).toEqual(naive(keys, wanted, cut));
      },
    ),
  );
});

test('a common prefix is jumped over, not read', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `big/${String(i).padStart(6, '0')}`).concat('z');
  let read = 0;
  function* from(start: string) {
    for (const each of keys) {
      if (each < start) continue;
      read++;
      yield each;
    }
  }
  const found = page<string>({
    first: from(''),
    seek: from,
    keyOf: (each) => each,
    prefix: '',
    delimiter: '/',
    max: 10,
  });
  expect(found).toMatchObject({ items: ['z'], commonPrefixes: ['big/'], truncated: false });
  expect(read).toBe(2);
});

describe('the key after a prefix', () => {
  test('is above every key with the prefix and not above what follows', () => {
    fc.assert(
      fc.property(key, key, (start, rest) => {
        const beyond = keyAfterPrefix(start);
        expect(beyond).toBeDefined();
        expect(compareKeys(start + rest, beyond ?? '')).toBe(-1);
        expect(beyond?.startsWith(start)).toBe(false);
      }),
    );
  });

  test.each([
    ['a/', 'a0'],
    ['\ud7ff', '\ue000'],
    ['\uffff', '\u{10000}'],
    ['a\u{10ffff}', 'b'],
    ['\u{10ffff}', undefined],
  ])('of %j', (start, expected) => expect(keyAfterPrefix(start)).toBe(expected));
});

// As botocore and the SDKs decode it.
test.each([
  ['a b/c', 'a+b/c'],
  ['test_file(3).png', 'test_file%283%29.png'],
  ['ä+', '%C3%A4%2B'],
  ["-_.*!'~", '-_.*%21%27%7E'],
])('encoding-type=url of %s', (text, encoded) => {
  expect(encoder('url')(text)).toBe(encoded);
  expect(decodeURIComponent(encoded.replaceAll('+', ' '))).toBe(text);
});
