import fc from 'fast-check';
import { expect, it } from 'vitest';
import { literally, matches, wildcard } from './wildcard.ts';

const short = (...chars: string[]) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 });

it('agrees with the regular expression that it stands for', () => {
  const expression = (text: string, escapes: boolean) =>
    new RegExp(
      `^${text.replaceAll(
        escapes ? /\\(.)|([*?])|(.)/gs : /($^)|([*?])|(.)/gs,
        (_, escaped?: string, wild?: string, plain?: string) => {
          if (wild) return wild === '*' ? '.*' : '.';
          return (escaped ?? plain ?? '').replaceAll(/[.*?\\]/g, '\\$&');
        },
      )}$`,
      's',
    );
  fc.assert(
    fc.property(
      short('a', 'b', '*', '?', '.', '\\'),
      short('a', 'b', '.', '*', '\\', '\n'),
      fc.boolean(),
      (pattern, text, escapes) => {
        const found = matches(wildcard(pattern, escapes ? '\\' : undefined), text);
        expect(found).toBe(expression(pattern, escapes).test(text));
      },
    ),
    { numRuns: 3_000 },
  );
});

it('takes characters as they are where they are escaped, or meant literally', () => {
  fc.assert(
    fc.property(short('a', '*', '?', '\\'), short('a', '*', '?', '\\'), (meant, text) => {
      const escaped = meant.replace(/[*?\\]/g, '\\$&');
      expect(matches(wildcard(escaped, '\\'), text)).toBe(meant === text);
      expect(matches(literally(meant), text)).toBe(meant === text);
    }),
  );
});

it('is not slow, whatever the pattern', () => {
  expect(matches(wildcard(`${'*a'.repeat(1_000)}b`), 'a'.repeat(10_000))).toBe(false);
});
