import { expect, it } from 'vitest';
import { withoutEntry, worldOf } from '../../region/network/example-changes.ts';
import { reachability } from './reach.ts';
import { reachTable } from './table.ts';

const rowsOf = (world = worldOf(), names?: readonly string[]) => reachTable(reachability(world), names);

it('tells what passes between two places, by what, and shows it by a packet', () => {
  const row = rowsOf().find(({ from, to }) => from === 'internet' && to === 'BalancerA');
  expect(row?.stopped).toBeUndefined();
  expect(row?.passes[0]).toMatchObject({ by: 'internet gateway InternetGateway', replies: 'always' });
  expect(row?.passes[0]?.traffic).toContain('tcp 443');
  expect(row?.passes[0]?.witness).toMatch(/^tcp \S+ -> \S+:443$/);
});

it('tells what stops the others, and the smallest change', () => {
  const between = (world: ReturnType<typeof worldOf>) =>
    rowsOf(world, ['BalancerA', 'ApiA']).find(({ from, to }) => from === 'BalancerA' && to === 'ApiA');
  expect(between(worldOf())?.passes).toHaveLength(1);
  const stopped = between(worldOf([withoutEntry('PrivateAcl', true, 100)]));
  expect(stopped?.passes).toEqual([]);
  expect(stopped?.stopped).toMatchObject({
    packet: expect.stringMatching(/^tcp \S+ -> 10\.0\.10\.30:8080$/),
    text: expect.stringMatching(/^reply dropped: PrivateAcl egress /),
    fix: expect.stringMatching(/^add an egress rule to PrivateAcl allowing tcp 1024-65535 /),
  });
});

it('refuses a place that is none', () => {
  expect(() => rowsOf(worldOf(), ['ApiA', 'nobody'])).toThrow("nothing is called 'nobody'");
});
