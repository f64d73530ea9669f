import { expect, it } from 'vitest';
import { buildWorld } from '../../region/network/build-world.ts';
import { withoutEntry, worldOf } from '../../region/network/example-changes.ts';
import { largeNetwork } from './large-network.fixture.ts';
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

it('tells of two thousand machines within seconds', { timeout: 20_000 }, () => {
  const size = { machines: 2_000, subnets: 60, groups: 200, random: true, seed: 1 };
  const reach = reachability(buildWorld(largeNetwork(size)));
  const rows = reachTable(reach, ['machines', 'internet', 's3']);
  const texts = rows.map(({ from, to, passes, stopped }) => [from, to, passes.length > 0, stopped !== undefined]);
  expect(texts).toEqual([
    ['machines', 'machines', true, false],
    ['machines', 'internet', true, false],
    ['machines', 's3', true, false],
    ['internet', 'machines', true, false],
    ['internet', 's3', false, true],
  ]);
  expect([...reach.passing('machines', 's3')].every(({ allowed }) => allowed.id !== 0)).toBe(true);
});
