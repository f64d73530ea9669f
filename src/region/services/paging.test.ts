import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageAt } from './paging.ts';

const refuse = () => {
  throw new RangeError('no such token');
};

test('pages one after the other are the list, each full but the last', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (all, size) => {
      const seen: number[] = [];
      let token: string | undefined;
      do {
        const { items, next } = pageAt(all, token, size, refuse);
        expect(items.length).toBe(next === undefined ? all.length - seen.length : size);
        seen.push(...items);
        token = next;
      } while (token !== undefined);
      expect(seen).toEqual(all);
    }),
  );
});

test('a token that no page gave is refused', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const tokens = ['2', 'nonsense', '{}', encode('0'), encode('-1'), encode('1.5'), encode('1e99'), encode('02')];
  for (const token of tokens) {
    expect(() => pageAt([1, 2, 3], token, 2, refuse), token).toThrow(RangeError);
  }
  expect(pageAt([1, 2, 3], encode('9'), 2, refuse)).toEqual({ items: [], next: undefined });
});
