/**
 * What a load balancer counts for CloudWatch. Dimension sets are made once per target, not per request: the meter knows
 * them again by identity. What is in AWS's list and not here is not measured (`docs/fidelity.md` names it).
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
import type { Meter, MeterDimensions } from '../planes.ts';
import type {
  BalancerConfig,
  ListenerConfig,
  NodeConfig,
  RuleConfig,
  TargetConfig,
  TargetGroupConfig,
} from './config.ts';
import { clientClosed, type ForwardResult } from './forward.ts';

const namespace = 'AWS/ApplicationELB';

export interface NodeMeter {
  /** Of the balancer, and of it in the node's zone. */
  count(metric: string, value: number, unit: string, weight?: number): void;
  /** An answer of the balancer's own, and the bytes of it and its request. */
  own(status: number, bytes: number, weight?: number): void;
  /** What was looked at to find the rule. */
  evaluated(listener: ListenerConfig, rule: RuleConfig | undefined): void;
  /** A request that is given to any of the targets, because none is healthy. */
  failedOpen(group: TargetGroupConfig, target: TargetConfig, weight?: number): void;
  /** A request that was given to a target; several that were alike with `weight`. */
  forwarded(
    group: TargetGroupConfig,
    target: TargetConfig,
    result: ForwardResult,
    headBytes: number,
    weight?: number,
  ): void;
  /** How long targets took, of several requests by what they have in common. `forwarded` counts it of a single one. */
  responded(group: TargetGroupConfig, target: TargetConfig, seconds: number, weight?: number): void;
}

/** A node's view of health. */
export interface HealthNow {
  /** Moves when the targets or what is healthy may have changed. */
  epoch(): number;
  isHealthy(group: TargetGroupConfig, target: TargetConfig): boolean;
}

interface TargetSets {
  readonly group: readonly MeterDimensions[];
  readonly requests: readonly MeterDimensions[];
  readonly perTarget: readonly MeterDimensions[];
  readonly perTargetOfZone: readonly MeterDimensions[];
  readonly answers: readonly MeterDimensions[];
}

/** Those that AWS has a metric of. */
const ownFamilies = [3, 4, 5];
const ownErrors = [500, 502, 503, 504];

/** @param timeScale model ms per ms that a target takes */
export function nodeMeter(
  meter: Meter | undefined,
  config: BalancerConfig,
  node: NodeConfig,
  timeScale: number,
  health: HealthNow,
): NodeMeter {
  const LoadBalancer = config.dimension;
  const whole = { LoadBalancer };
  const ofZone = { LoadBalancer, AvailabilityZone: node.zone };
  const own = [whole, ofZone];
  const alone = [whole];
  // A node's meter lasts as long as its configuration, and so do the targets in it.
  const byTarget = new Map<TargetConfig, TargetSets>();
  const serving = new Map<TargetGroupConfig, { readonly epoch: number; readonly count: (zone?: string) => number }>();

  function setsOf({ dimension: TargetGroup }: TargetGroupConfig, target: TargetConfig): TargetSets {
    const { zone: AvailabilityZone } = target;
    let sets = byTarget.get(target);
    if (!sets) {
      const both = { LoadBalancer, TargetGroup };
      const inZone = { ...both, AvailabilityZone };
      sets = {
        group: [both, inZone],
        requests: [whole, ofZone, both, { ...both, AvailabilityZone: node.zone }],
        perTarget: [{ TargetGroup }, both],
        perTargetOfZone: [{ TargetGroup, AvailabilityZone }, inZone],
        answers: [whole, { LoadBalancer, AvailabilityZone }, both, inZone],
      };
      byTarget.set(target, sets);
    }
    return sets;
  }

  /** How many targets share what a group is asked: the healthy ones, or all that are registered where none is. */
  function servingTargets(group: TargetGroupConfig, zone?: string): number {
    const epoch = health.epoch();
    let found = serving.get(group);
    if (found?.epoch !== epoch) {
      found = { epoch, count: countServing(group, (target) => health.isHealthy(group, target)) };
      serving.set(group, found);
    }
    return found.count(zone);
  }

  const count = (metric: string, value: number, unit: string, weight?: number) =>
    meter?.count(namespace, metric, own, value, unit, weight);

  function ownAnswer(status: number, weight?: number): void {
    const family = Math.floor(status / 100);
    if (ownFamilies.includes(family)) count(`HTTPCode_ELB_${family}XX_Count`, 1, 'Count', weight);
    if (ownErrors.includes(status)) count(`HTTPCode_ELB_${status}_Count`, 1, 'Count', weight);
  }

  return {
    count,
    own(status, bytes, weight) {
      ownAnswer(status, weight);
      count('ProcessedBytes', bytes, 'Bytes', weight);
    },
    evaluated({ rules }, rule) {
      // The default rule, which is the last, is not counted.
      const rulesRead = rule ? rules.indexOf(rule) + (rule.priority === 0 ? 0 : 1) : rules.length;
      if (rulesRead > 0) meter?.count(namespace, 'RuleEvaluations', alone, rulesRead, 'Count');
    },
    failedOpen(group, target, weight) {
      meter?.count(namespace, 'UnhealthyRoutingRequestCount', setsOf(group, target).group, 1, 'Count', weight);
    },
    forwarded(group, target, result, headBytes, weight) {
      if (!meter) return;
      const { status, targetStatus, sentMs, targetMs } = result;
      const sets = setsOf(group, target);
      if (targetStatus !== undefined) {
        meter.count(namespace, families[Math.floor(targetStatus / 100)] ?? '', sets.answers, 1, 'Count', weight);
        if (targetMs !== undefined) this.responded(group, target, targetMs / 1000 / timeScale, weight);
      } else if (status !== clientClosed) {
        ownAnswer(status, weight);
        if (sentMs === undefined)
          meter.count(namespace, 'TargetConnectionErrorCount', sets.answers, 1, 'Count', weight);
      }
      meter.count(namespace, 'RequestCount', sets.requests, 1, 'Count', weight);
      // Its sum is the average over the targets, not what one of them was given.
      meter.count(namespace, 'RequestCountPerTarget', sets.perTarget, 1 / servingTargets(group), 'Count', weight);
      const share = 1 / servingTargets(group, target.zone);
      meter.count(namespace, 'RequestCountPerTarget', sets.perTargetOfZone, share, 'Count', weight);
      count('ProcessedBytes', headBytes + result.bytesIn + result.bytesOut, 'Bytes', weight);
    },
    responded(group, target, seconds, weight) {
      meter?.count(namespace, 'TargetResponseTime', setsOf(group, target).answers, seconds, 'Seconds', weight);
    },
  };
}

/** By the first digit of the status. */
const families = [1, 2, 3, 4, 5].reduce<string[]>((names, digit) => {
  names[digit] = `HTTPCode_Target_${digit}XX_Count`;
  return names;
}, []);

function countServing(
  { targets }: TargetGroupConfig,
  isHealthy: (target: TargetConfig) => boolean,
): (zone?: string) => number {
  const registered = targets.filter(({ draining }) => !draining);
  const healthy = registered.filter(isHealthy);
  const countIn = (zone: string | undefined) => {
    const inZone = (some: readonly TargetConfig[]) =>
      some.filter((one) => zone === undefined || one.zone === zone).length;
    return Math.max(1, inZone(healthy) || inZone(registered));
  };
  const counts = new Map<string | undefined, number>();
  return (zone) => {
    const known = counts.get(zone) ?? countIn(zone);
    counts.set(zone, known);
    return known;
  };
}

/**
 * Requests per target are reported for periods without requests, too: else a group that tracks them would never scale in.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
 */
export function countNoRequests(
  meter: Meter,
  { dimension: LoadBalancer }: BalancerConfig,
  group: TargetGroupConfig,
): void {
  const { dimension: TargetGroup } = group;
  meter.count(namespace, 'RequestCountPerTarget', [{ TargetGroup }, { LoadBalancer, TargetGroup }], 0, 'Count');
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
