/**
 * What a load balancer counts for CloudWatch. Dimension sets are made once per target, not per request: the meter knows
 * them again by identity.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
import type { Meter, MeterDimensions } from '../planes.ts';
import type { BalancerConfig, NodeConfig, TargetConfig, TargetGroupConfig } from './config.ts';
import type { ForwardResult } from './forward.ts';

const namespace = 'AWS/ApplicationELB';

export interface NodeMeter {
  /** Of the balancer, and of it in the node's zone. */
  count(metric: string, value: number, unit: string): void;
  /** An answer of the balancer's own. */
  own(status: number): void;
  /** A request that was given to a target. */
  forwarded(group: TargetGroupConfig, target: TargetConfig, result: ForwardResult): void;
}

interface TargetSets {
  readonly requests: readonly MeterDimensions[];
  readonly perTarget: readonly MeterDimensions[];
  readonly answers: readonly MeterDimensions[];
}

export function nodeMeter(meter: Meter | undefined, config: BalancerConfig, node: NodeConfig): NodeMeter {
  const LoadBalancer = config.dimension;
  const own = [{ LoadBalancer }, { LoadBalancer, AvailabilityZone: node.zone }];
  const byTarget = new Map<string, TargetSets>();

  function setsOf(group: TargetGroupConfig, { zone }: TargetConfig): TargetSets {
    const key = `${group.dimension} ${zone}`;
    let sets = byTarget.get(key);
    if (!sets) {
      const both = { LoadBalancer, TargetGroup: group.dimension };
      sets = {
        requests: [both],
        perTarget: [{ TargetGroup: group.dimension }, both],
        answers: [both, { ...both, AvailabilityZone: zone }, { LoadBalancer }],
      };
      byTarget.set(key, sets);
    }
    return sets;
  }

  const count = (metric: string, value: number, unit: string) => meter?.count(namespace, metric, own, value, unit);

  function ownAnswer(status: number): void {
    count(`HTTPCode_ELB_${Math.floor(status / 100)}XX_Count`, 1, 'Count');
    if (status >= 500) count(`HTTPCode_ELB_${status}_Count`, 1, 'Count');
  }

  return {
    count,
    own: ownAnswer,
    forwarded(group, target, result) {
      if (!meter) return;
      const sets = setsOf(group, target);
      if (result.byTarget) {
        const family = `HTTPCode_Target_${Math.floor(result.status / 100)}XX_Count`;
        meter.count(namespace, family, sets.answers, 1, 'Count');
        meter.count(namespace, 'TargetResponseTime', sets.answers, result.targetMs / 1000, 'Seconds');
      } else if (result.status !== clientClosed) {
        ownAnswer(result.status);
        meter.count(namespace, 'TargetConnectionErrorCount', sets.answers, 1, 'Count');
      }
      meter.count(namespace, 'RequestCount', sets.requests, 1, 'Count');
      // Its sum is the average over the targets, not what one of them was given.
      meter.count(namespace, 'RequestCountPerTarget', sets.perTarget, 1 / servingTargets(group), 'Count');
      count('ProcessedBytes', result.bytesIn + result.bytesOut, 'Bytes');
    },
  };
}

const serving = new WeakMap<TargetGroupConfig, number>();

function servingTargets(group: TargetGroupConfig): number {
  let count = serving.get(group);
  if (count === undefined) {
    count = Math.max(1, group.targets.filter(({ draining }) => !draining).length);
    serving.set(group, count);
  }
  return count;
}

/** AWS's own: the client closed the connection before it was answered. */
export const clientClosed = 460;

/** How many targets a node sees healthy and unhealthy, altogether and in each zone. */
export function countHosts(
  meter: Meter,
  config: BalancerConfig,
  group: TargetGroupConfig,
  isHealthy: (target: TargetConfig) => boolean | undefined,
): void {
  const both = { LoadBalancer: config.dimension, TargetGroup: group.dimension };
  const zones = new Map<string | undefined, { healthy: number; unhealthy: number }>();
  for (const target of group.targets) {
    const healthy = isHealthy(target);
    if (target.draining || healthy === undefined) continue;
    for (const zone of [undefined, target.zone]) {
      const seen = zones.get(zone) ?? { healthy: 0, unhealthy: 0 };
      if (healthy) seen.healthy++;
      else seen.unhealthy++;
      zones.set(zone, seen);
    }
  }
  for (const [AvailabilityZone, { healthy, unhealthy }] of zones) {
    const sets = [AvailabilityZone === undefined ? both : { ...both, AvailabilityZone }];
    meter.count(namespace, 'HealthyHostCount', sets, healthy, 'Count');
    meter.count(namespace, 'UnHealthyHostCount', sets, unhealthy, 'Count');
  }
}
