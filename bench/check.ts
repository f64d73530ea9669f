/** Networks of up to 10,000 machines proven: who can speak with whom, for all protocols and ports. */
import { type Expectation, expectationText } from '../src/insight/reach/expectation.ts';
import { largeNetwork } from '../src/insight/reach/large-network.fixture.ts';
import { reachability } from '../src/insight/reach/reach.ts';
import { buildWorld } from '../src/region/network/build-world.ts';
import type { World } from '../src/region/network/world.ts';
import { inSeconds, type Result, type Row, type Settings } from './result.ts';

const sizes = [1_000, 2_000, 5_000, 10_000];
const subnets = 60;
const groups = 200;

/** All of them hold, so that every pair is looked at. */
const expected: readonly Expectation[] = [
  { from: 'machines', to: 'machines', port: 9_999, allowed: false },
  { from: 'machines', to: 'machines', protocol: 'icmp', allowed: false },
  { from: 'internet', to: 'machines', port: 5432, allowed: false },
];

interface Measured {
  readonly machines: number;
  readonly seconds: number;
  readonly row: Row;
}

export async function check({ times }: Settings): Promise<Result> {
  const measured = sizes.flatMap((machines) => [false, true].map((random) => measure(machines, random, times)));
  const held = [1_000, 10_000].map((machines) => measureExpectations(machines, times));
  const slowestHeld = Math.max(...held.map(({ seconds }) => seconds));
  const slowest = (machines: number) =>
    Math.max(...measured.filter((one) => one.machines === machines).map(({ seconds }) => seconds));
  return {
    title: 'Check',
    how: `Reachability of a made-up network in ${subnets} subnets with ${groups} security groups that refer to each other, three NAT gateways and five ACLs, from the network as data until every pair of addresses is decided both ways. Uneven: a few groups have most machines. At random: groups drawn by lot for each machine, two for some, so that few are in equal position. Expectations: ${expected.map(expectationText).join('; ')}, each proven for all packets.`,
    rows: [...measured, ...held].map(({ row }) => row),
    aims: [
      { aim: '1,000 machines within 2 s', measured: inSeconds(slowest(1_000)), met: slowest(1_000) <= 2 },
      { aim: '10,000 machines within 20 s', measured: inSeconds(slowest(10_000)), met: slowest(10_000) <= 20 },
      { aim: 'their expectations within 20 s', measured: inSeconds(slowestHeld), met: slowestHeld <= 20 },
    ],
    missing: [],
  };
}

function measure(machines: number, random: boolean, times: number): Measured {
  const world = buildWorld(largeNetwork({ machines, subnets, groups, random, seed: 1 }));
  const runs = [...Array(times).keys()].map(() => once(world)).sort((a, b) => a.seconds - b.seconds);
  const middle = runs[Math.floor(runs.length / 2)] as (typeof runs)[number];
  const number = (value: number) => value.toLocaleString('en-US');
  const { classes, ways, sets, decided, connected, seconds } = middle;
  return {
    machines,
    seconds,
    row: {
      who: 'Orrery',
      what: `${number(machines)} machines, groups ${random ? 'at random' : 'uneven'}`,
      value: inSeconds(seconds),
      more: `${number(decided)} pairs decided, ${number(connected)} connected; ${number(classes)} classes, ${number(ways)} ways, ${number(sets)} sets; ${Math.max(...runs.map(({ miB }) => miB)).toFixed(0)} MiB resident`,
    },
  };
}

function measureExpectations(machines: number, times: number): Measured {
  const world = buildWorld(largeNetwork({ machines, subnets, groups, random: true, seed: 1 }));
  const runs = [...Array(times).keys()].map(() => {
    const beganMs = performance.now();
    const held = reachability(world).hold(expected);
    if (!held.every(({ holds }) => holds)) throw new Error('an expectation of this network does not hold');
    return (performance.now() - beganMs) / 1000;
  });
  const seconds = runs.sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? 0;
  const what = `${machines.toLocaleString('en-US')} machines, groups at random: ${expected.length} expectations`;
  return { machines, seconds, row: { who: 'Orrery', what, value: inSeconds(seconds) } };
}

function once(world: World) {
  const beganMs = performance.now();
  const reach = reachability(world);
  const count = reach.count();
  const seconds = (performance.now() - beganMs) / 1000;
  const miB = process.memoryUsage().rss / 2 ** 20;
  return { ...count, ...reach.size(), classes: reach.classes.length, seconds, miB };
}
