import { expect, it } from 'vitest';
import { type Address, formatAddress, parseAddress, rangeContains } from '../../region/network/address.ts';
import { buildWorld } from '../../region/network/build-world.ts';
import { exampleParts } from '../../region/network/example-world.ts';
import { Atoms } from './atoms.ts';

const atoms = new Atoms(buildWorld(exampleParts));
const at = (text: string) => atoms.of(parseAddress(text));
const nobody = () => false;

it.each([
  ['10.0.10.30', '10.0.10.0/24'],
  ['10.0.99.1', '10.0.0.0/16'],
  ['10.0.0.2', '10.0.0.2/32'],
  ['10.99.0.1', '10.0.0.0/8'],
  ['52.217.0.1', '52.216.0.0/15'],
  ['203.0.113.9', '0.0.0.0/0'],
  ['169.254.169.254', '169.254.169.254/32'],
  ['2600:1f18:aa:10a::30', '2600:1f18:aa:10a::/64'],
  ['2001:db8::1', '::/0'],
])('%s is in %s and no smaller range', (address, range) => {
  expect(at(address).range.text).toBe(range);
});

it('finds for each atom an address that no inner range has', () => {
  for (const atom of atoms.all) {
    const free = atoms.free(atom, nobody);
    if (free === undefined) continue;
    expect(atoms.of(free), formatAddress(free)).toBe(atom);
    expect(atom.without.some((inner) => rangeContains(inner, free))).toBe(false);
  }
});

it('finds none where inner ranges and their owners leave nothing', () => {
  const single = at('10.0.0.2');
  expect(atoms.free(single, () => true)).toBeUndefined();
  expect(atoms.free(single, nobody)).toBe(parseAddress('10.0.0.2'));
  const taken = new Set<Address>([parseAddress('10.0.10.0'), parseAddress('10.0.10.1')]);
  expect(atoms.free(at('10.0.10.30'), (address) => taken.has(address))).toBe(parseAddress('10.0.10.2'));
});
