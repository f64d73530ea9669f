/** Where a balancer's requests go as things are: what a model of traffic needs to know of the nodes' rules and choices. */
import type { BalancerConfig, ListenerConfig, NodeConfig, TargetConfig, TargetGroupConfig } from './config.ts';
import { choicesOf } from './selection.ts';

/** A target group as one node serves it. */
export interface Route {
  readonly config: BalancerConfig;
  readonly node: NodeConfig;
  readonly group: TargetGroupConfig;
  /** Of the balancer's requests. */
  readonly share: number;
  /** Whom they are given to: the healthy ones, or all when none is. */
  readonly choices: readonly TargetConfig[];
  /** Of the whole group, as the node sees it. */
  readonly healthy: ReadonlySet<TargetConfig>;
}

/** @param serving the nodes that the balancer's name is answered with */
export function routesOf(
  config: BalancerConfig,
  serving: readonly NodeConfig[],
  isHealthy: (node: NodeConfig, group: TargetGroupConfig, target: TargetConfig) => boolean,
): Route[] {
  // A group of no weight gets nothing, and where none has any nothing is forwarded.
  const groups = forwardedTo(config).filter(({ weight }) => weight > 0);
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  return serving.flatMap((node) =>
    groups.map(({ group, weight }): Route => {
      const zone = (group.crossZone ?? config.crossZone) ? undefined : node.zone;
      const healthy = new Set(group.targets.filter((target) => isHealthy(node, group, target)));
      const choices = choicesOf(group, zone, { isHealthy: (target) => healthy.has(target) });
      return { config, node, group, share: weight / total / serving.length, choices, healthy };
    }),
  );
}

/** Whom a balancer's requests may go to, over all of its rules. */
export function groupsOf(config: BalancerConfig): TargetGroupConfig[] {
  const found = new Map<string, TargetGroupConfig>();
  for (const listener of config.listeners) {
    for (const { action } of listener.rules) {
      if (action.type === 'forward') for (const { group } of action.groups) found.set(group.arn, group);
    }
  }
  return [...found.values()];
}

/** Of nodes that can be reached, the ones that the balancer's name is answered with: those with a healthy target, or all. */
export function servingNodes(
  config: BalancerConfig,
  reached: readonly NodeConfig[],
  isHealthy: (node: NodeConfig, group: TargetGroupConfig, target: TargetConfig) => boolean,
): readonly NodeConfig[] {
  const groups = groupsOf(config);
  const serving = reached.filter((node) =>
    groups.some((group) => group.targets.some((target) => isHealthy(node, group, target))),
  );
  return serving.length > 0 ? serving : reached;
}

/** By the default rule of a listener, HTTPS before HTTP; else by the first of its rules that forwards. */
function forwardedTo({ listeners }: BalancerConfig) {
  const order = (a: ListenerConfig, b: ListenerConfig) =>
    Number(b.protocol === 'HTTPS') - Number(a.protocol === 'HTTPS');
  const rules = [...listeners].sort(order).flatMap(({ rules }) => [...rules.slice(-1), ...rules.slice(0, -1)]);
  for (const { action } of rules) if (action.type === 'forward') return action.groups;
  return [];
}
