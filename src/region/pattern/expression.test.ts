import { describe, expect, it } from 'vitest';
import { matchesWhole } from './expression.ts';

describe('an expression of a user', () => {
  it.each<[string, string, boolean | undefined]>([
    ['[a-z]+', 'abc', true],
    ['[a-z]+', 'abc1', false],
    ['a|b', 'ab', false],
    ['(a+)+', `${'a'.repeat(60)}!`, undefined],
  ])('%s of %s: %s', (expression, text, expected) => {
    expect(matchesWhole(expression, text)).toBe(expected);
  });

  it('that is none is an error', () => {
    expect(() => matchesWhole('([a', 'a')).toThrow(SyntaxError);
  });
});
