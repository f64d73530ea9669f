import { expect, it } from 'vitest';
import { balancerOf, groupOf, listenerOf, target } from './balancer.fixture.ts';
import type { ActionConfig, BalancerConfig, ListenerConfig, NodeConfig, RuleConfig } from './config.ts';
import { hostCounts } from './measure.ts';
import { routesOf } from './routes.ts';

const [a, b] = ['a', 'b'].map(
  (zone): NodeConfig => ({
    zone: `us-east-1${zone}`,
    subnetId: `subnet-${zone}`,
    interfaceId: `eni-${zone}`,
    privateIp: '10.0.0.1',
  }),
) as [NodeConfig, NodeConfig];
const targets = [
  { ...target, id: 'i-1' },
  { ...target, id: 'i-2', zone: b.zone },
  { ...target, id: 'i-3', zone: b.zone, draining: true },
];
const [blue, green] = [groupOf('blue', targets), groupOf('green', targets)];

function forward(...groups: [typeof blue, number][]): ActionConfig {
  return { type: 'forward', groups: groups.map(([group, weight]) => ({ group, weight })) };
}
const fixed: ActionConfig = { type: 'fixed-response', status: 403 };

function listener(protocol: 'HTTP' | 'HTTPS', ...actions: ActionConfig[]): ListenerConfig {
  const rules = actions.map((action, n): RuleConfig => ({ arn: `rule-${n}`, priority: n, conditions: [], action }));
  return { ...listenerOf(), protocol, rules };
}

/** Of the groups, which share of the requests; by the nodes. */
function told(config: BalancerConfig, healthy: readonly string[] = ['i-1', 'i-2'], nodes = [a, b]) {
  return routesOf(config, nodes, (_, __, { id }) => healthy.includes(id)).map(
    ({ node, group, share, choices }) =>
      `${node.zone.at(-1)} ${group.name} ${share} ${choices.map(({ id }) => id).join(' ')}`,
  );
}

it.each([
  ['the default rule, which is the last', [listener('HTTP', forward([blue, 1]), forward([green, 1]))], 'green'],
  ['HTTPS before HTTP', [listener('HTTP', forward([blue, 1])), listener('HTTPS', forward([green, 1]))], 'green'],
  [
    'where it forwards nothing, the first that does',
    [listener('HTTP', forward([blue, 1]), forward([green, 1]), fixed)],
    'blue',
  ],
])('requests go by %s', (_, listeners, group) => {
  const found = told(balancerOf(listenerOf(), { listeners }));
  expect(found).toEqual([`a ${group} 0.5 i-1 i-2`, `b ${group} 0.5 i-1 i-2`]);
});

it('they are shared by weight, and none is lost: shares are one altogether', () => {
  const weighted = (...groups: [typeof blue, number][]) => balancerOf(listener('HTTP', forward(...groups)));
  expect(told(weighted([blue, 3], [green, 1]), undefined, [a])).toEqual([
    'a blue 0.75 i-1 i-2',
    'a green 0.25 i-1 i-2',
  ]);
  expect(told(weighted([blue, 0], [green, 1]), undefined, [a])).toEqual(['a green 1 i-1 i-2']);
  expect(told(weighted([blue, 0]))).toEqual([]);
  expect(told(balancerOf(listener('HTTP', fixed)))).toEqual([]);
});

it('targets are those of the zone without cross-zone, the healthy ones, or all when none is', () => {
  const config = balancerOf(listenerOf(blue));
  expect(told(config, ['i-2'])).toEqual(['a blue 0.5 i-2', 'b blue 0.5 i-2']);
  expect(told(config, [])).toEqual(['a blue 0.5 i-1 i-2', 'b blue 0.5 i-1 i-2']);
  expect(told({ ...config, crossZone: false })).toEqual(['a blue 0.5 i-1', 'b blue 0.5 i-2']);
});

it('hosts are counted by zone, without those that drain or are not known yet', () => {
  const config = balancerOf(listenerOf(blue));
  const health = new Map([['i-1', true]]);
  const both = { LoadBalancer: config.dimension, TargetGroup: blue.dimension };
  expect(hostCounts(config, blue, ({ id }) => health.get(id))).toEqual([
    { dimensions: [both], healthy: 1, unhealthy: 0 },
    { dimensions: [{ ...both, AvailabilityZone: a.zone }], healthy: 1, unhealthy: 0 },
  ]);
  health.set('i-2', false);
  expect(hostCounts(config, blue, ({ id }) => health.get(id))).toEqual([
    { dimensions: [both], healthy: 1, unhealthy: 1 },
    { dimensions: [{ ...both, AvailabilityZone: a.zone }], healthy: 1, unhealthy: 0 },
    { dimensions: [{ ...both, AvailabilityZone: b.zone }], healthy: 0, unhealthy: 1 },
  ]);
});
