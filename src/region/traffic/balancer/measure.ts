/**
 * What a load balancer counts for CloudWatch. Dimension sets are made once per target, not per request: the meter knows
 * them again by identity.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
import type { Meter, MeterDimensions } from '../planes.ts';
import type { BalancerConfig, NodeConfig, TargetConfig, TargetGroupConfig } from './config.ts';
import { clientClosed, type ForwardResult } from './forward.ts';

const namespace = 'AWS/ApplicationELB';

export interface NodeMeter {
  /** Of the balancer, and of it in the node's zone. */
  count(metric: string, value: number, unit: string, weight?: number): void;
  /** An answer of the balancer's own. */
  own(status: number, weight?: number): void;
  /** A request that was given to a target; several that were alike with `weight`. */
  forwarded(
    group: TargetGroupConfig,
    target: TargetConfig,
    result: ForwardResult,
    headBytes: number,
    weight?: number,
  ): void;
}

interface TargetSets {
  readonly requests: readonly MeterDimensions[];
  readonly perTarget: readonly MeterDimensions[];
  readonly answers: readonly MeterDimensions[];
}

/** @param timeScale model ms per ms that a target takes */
export function nodeMeter(
  meter: Meter | undefined,
  config: BalancerConfig,
  node: NodeConfig,
  timeScale: number,
): NodeMeter {
  const LoadBalancer = config.dimension;
  const own = [{ LoadBalancer }, { LoadBalancer, AvailabilityZone: node.zone }];
  // A node's meter lasts as long as its configuration, and so do the targets in it.
  const byTarget = new Map<TargetConfig, TargetSets>();

  function setsOf(group: TargetGroupConfig, target: TargetConfig): TargetSets {
    const { zone } = target;
    let sets = byTarget.get(target);
    if (!sets) {
      const both = { LoadBalancer, TargetGroup: group.dimension };
      sets = {
        requests: [both],
        perTarget: [{ TargetGroup: group.dimension }, both],
        answers: [both, { ...both, AvailabilityZone: zone }, { LoadBalancer }],
      };
      byTarget.set(target, sets);
    }
    return sets;
  }

  const count = (metric: string, value: number, unit: string, weight?: number) =>
    meter?.count(namespace, metric, own, value, unit, weight);

  function ownAnswer(status: number, weight?: number): void {
    count(`HTTPCode_ELB_${Math.floor(status / 100)}XX_Count`, 1, 'Count', weight);
    if (status >= 500) count(`HTTPCode_ELB_${status}_Count`, 1, 'Count', weight);
  }

  return {
    count,
    own: ownAnswer,
    forwarded(group, target, result, headBytes, weight) {
      if (!meter) return;
      const { status, targetStatus, sentMs, answeredMs } = result;
      const sets = setsOf(group, target);
      if (targetStatus !== undefined) {
        meter.count(namespace, families[Math.floor(targetStatus / 100)] ?? '', sets.answers, 1, 'Count', weight);
        if (sentMs !== undefined && answeredMs !== undefined) {
          const seconds = (answeredMs - sentMs) / 1000 / timeScale;
          meter.count(namespace, 'TargetResponseTime', sets.answers, seconds, 'Seconds', weight);
        }
      } else if (status !== clientClosed) {
        ownAnswer(status, weight);
        if (sentMs === undefined)
          meter.count(namespace, 'TargetConnectionErrorCount', sets.answers, 1, 'Count', weight);
      }
      meter.count(namespace, 'RequestCount', sets.requests, 1, 'Count', weight);
      // Its sum is the average over the targets, not what one of them was given.
      meter.count(namespace, 'RequestCountPerTarget', sets.perTarget, 1 / servingTargets(group), 'Count', weight);
      count('ProcessedBytes', headBytes + result.bytesIn + result.bytesOut, 'Bytes', weight);
    },
  };
}

/** By the first digit of the status. */
const families = [1, 2, 3, 4, 5].reduce<string[]>((names, digit) => {
  names[digit] = `HTTPCode_Target_${digit}XX_Count`;
  return names;
}, []);

const serving = new WeakMap<TargetGroupConfig, number>();

function servingTargets(group: TargetGroupConfig): number {
  let count = serving.get(group);
  if (count === undefined) {
    count = Math.max(1, group.targets.filter(({ draining }) => !draining).length);
    serving.set(group, count);
  }
  return count;
}

/** How many targets a node sees healthy and unhealthy: altogether, or in a zone. */
export interface HostCount {
  readonly dimensions: readonly MeterDimensions[];
  readonly healthy: number;
  readonly unhealthy: number;
}

/** @param isHealthy undefined: not known yet */
export function hostCounts(
  config: BalancerConfig,
  group: TargetGroupConfig,
  isHealthy: (target: TargetConfig) => boolean | undefined,
): HostCount[] {
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
  return [...zones].map(([AvailabilityZone, seen]) => ({
    dimensions: [AvailabilityZone === undefined ? both : { ...both, AvailabilityZone }],
    ...seen,
  }));
}

export function countHosts(meter: Meter, { dimensions, healthy, unhealthy }: HostCount): void {
  meter.count(namespace, 'HealthyHostCount', dimensions, healthy, 'Count');
  meter.count(namespace, 'UnHealthyHostCount', dimensions, unhealthy, 'Count');
}
