import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyOf, formatAddress, parseAddress, parseRange, rangeContains } from './address.ts';

describe('addresses', () => {
  it('read and write the same text', () => {
    fc.assert(fc.property(fc.ipV4(), (text) => formatAddress(parseAddress(text)) === text));
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (n) => parseAddress(formatAddress(n)) === n));
    expect(familyOf(parseAddress('255.255.255.255'))).toBe(4);
    expect(formatAddress(parseAddress('2600:1F18:0:0::5'))).toBe('2600:1f18::5');
  });

  it.each(['', '10.0.0', '10.0.0.256', '010.0.0.1', '127.1', '0x7f000001', '::g', 'fe80::1%eth0', 'localhost'])(
    'refuse %j',
    (text) => expect(() => parseAddress(text)).toThrow(RangeError),
  );

  it.each<[string, string, boolean]>([
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['10.0.0.0/16', '10.0.255.255', true],
    ['10.0.0.0/16', '10.1.0.0', false],
    ['203.0.113.9/32', '203.0.113.9', true],
    ['203.0.113.9/32', '203.0.113.8', false],
    ['200.0.0.77/8', '200.9.9.9', true],
    ['::/0', '2001:db8::1', true],
    ['::/0', '10.0.0.1', false],
    ['2600:1f18::/56', '2600:1f18:0:ff::1', true],
    ['2600:1f18::/56', '2600:1f18:0:100::1', false],
  ])('range %s and %s: %s', (range, address, inside) => {
    expect(rangeContains(parseRange(range), parseAddress(address))).toBe(inside);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '::/129', '10.0.0/8', 'pl-1'])(
    'no range: %j',
    (text) => expect(() => parseRange(text)).toThrow(RangeError),
  );

  it('ranges are written without host bits, as EC2 stores them', () => {
    expect(parseRange('100.68.0.18/18').text).toBe('100.68.0.0/18');
    expect(parseRange('2600:1f18::5/56').text).toBe('2600:1f18::/56');
  });
});
