import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cents, decimal, decimalText, grouped, over, times } from './decimal.ts';

describe('decimals are exact', () => {
  test.each([
    ['0.045', '0.045'],
    [730, '730'],
    ['0.0000004', '0.0000004'],
    ['-36.50', '-36.5'],
    [0.1, '0.1'],
  ])('%s is %s', (value, text) => expect(decimalText(decimal(value))).toBe(text));

  test.each(['', '1e5', '0.12345678901', '1,000', 'x', Number.NaN])('%j is none', (value) => {
    expect(() => decimal(value)).toThrow(RangeError);
  });

  test('three tenths are one tenth three times', () => {
    expect(times(decimal('0.1'), decimal(3))).toBe(decimal('0.3'));
  });

  test.each([
    ['0.005', '0.01'],
    ['0.0049999999', '0.00'],
    ['16.425', '16.43'],
    ['-16.425', '-16.43'],
  ])('%s is %s to the cent', (amount, text) => expect(decimalText(cents(decimal(amount)), 2)).toBe(text));

  test('what a text says is what was written', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 25n), 10n ** 25n), (value) => decimal(decimalText(value)) === value));
  });

  test('division undoes multiplication, within its own rounding', () => {
    const amounts = fc.bigInt(1n, 10n ** 20n);
    fc.assert(
      fc.property(amounts, fc.bigInt(10n ** 10n, 10n ** 16n), (one, other) => {
        const back = times(over(one, other), other);
        const error = back > one ? back - one : one - back;
        return error <= other / 10n ** 10n + 1n;
      }),
    );
  });

  test('thousands are grouped', () => expect(grouped('1234567.80')).toBe('1,234,567.80'));
});
