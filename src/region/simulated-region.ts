/**
 * A region on a virtual clock whose machines and clients are arithmetic. Its control plane, its balancers' health checks
 * and choices, CloudWatch's alarms and Auto Scaling are the ones of every region; no process is started, no port opened.
 */
export { instanceTypeSize } from './machines/instance-types.ts';
export { Fault } from './wire/fault.ts';

import { VirtualClock } from './clock/clock.ts';
import { seededRandom } from './clock/random.ts';
import type { Machine, MachineSpec, MachineUsage } from './machines/machine.ts';
import { type AgentDatum, ModelledAgents } from './machines/modelled-agent.ts';
import { modelledMachines } from './machines/modelled-driver.ts';
import type { World } from './network/world.ts';
import { Region } from './region.ts';
import { issueWithoutKeys } from './services/acm/authority.ts';
import { meterOf } from './services/cloudwatch/meter.ts';
import { networkWorld } from './services/ec2/snapshot.ts';
import type { Caller, Scope } from './services/service.ts';
import { type ResourceRecord, stackResources } from './stacks/records.ts';
import type { TargetConfig } from './traffic/balancer/config.ts';
import type { ForwardResult } from './traffic/balancer/forward.ts';
import { type NodeMeter, nodeMeter } from './traffic/balancer/measure.ts';
import { modelledChecks } from './traffic/balancer/modelled-checks.ts';
import type { Route } from './traffic/balancer/routes.ts';
import type { TargetHealth } from './traffic/planes.ts';

export interface SimulatedMachines {
  bootMs(spec: MachineSpec): number;
  usage(spec: MachineSpec): MachineUsage;
  serving(machine: Machine, serves: boolean): void;
  /** Whether its app answers now. */
  answers(instanceId: string): boolean;
}

export interface SimulatedRegion {
  readonly region: Region;
  readonly clock: VirtualClock;
  /** Where the requests of the balancers go as things are; the same object until that changes. */
  routes(): readonly Route[];
  /** Counts requests of a route that ended alike, as its node counts those of clients. */
  count(route: Route, ended: ModelledRequests): void;
  /** The network as its tables have it now. */
  world(): World;
  /** Of a stack, with what their properties resolved to. */
  stackResources(stackId: string): readonly ResourceRecord[];
  close(): Promise<void>;
}

/** Requests that ended alike. */
export interface ModelledRequests {
  readonly requests: number;
  /** What the balancer answered: the target's 200, or its own 502, 503 or 504. */
  readonly status: number;
  /** How long their targets took, in seconds, and how many of them took that; none where there was no answer. */
  readonly responses: readonly (readonly [seconds: number, requests: number])[];
  /** Of one of them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const refusing: TargetHealth = {
  state: 'unhealthy',
  reason: 'Target.FailedHealthChecks',
  description: 'Health checks failed',
};

const agentEveryMs = 60_000;
const ec2: Caller = { kind: 'service', service: 'ec2.amazonaws.com', trusted: true };

/** Neither the agents' permissions nor their ways to CloudWatch are asked about. */
async function publish(scope: Scope, data: readonly AgentDatum[]): Promise<void> {
  for (const { namespace, metric, dimensions, unit, values } of data) {
    const datum = {
      MetricName: metric,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      Unit: unit,
      Timestamp: scope.clock.date(),
    };
    const all = [...values];
    for (let from = 0; from < all.length; from += mostValues) {
      const some = all.slice(from, from + mostValues);
      await scope.invoke(ec2, 'cloudwatch', 'PutMetricData', {
        Namespace: namespace,
        MetricData: [{ ...datum, Values: some.map(([value]) => value), Counts: some.map(([, count]) => count) }],
      });
    }
  }
}

/** In one datum. */
const mostValues = 150;

export async function simulatedRegion(
  machines: SimulatedMachines,
  options: { readonly seed: number; readonly startMs: number; readonly region?: string },
): Promise<SimulatedRegion> {
  const clock = new VirtualClock(options.startMs);
  const checks = modelledChecks(({ id }) => (machines.answers(id) ? undefined : refusing));
  const region = await Region.start({
    ports: false,
    clock,
    random: seededRandom(options.seed),
    ...(options.region === undefined ? {} : { defaultRegion: options.region }),
    machines(scope, host) {
      const made = modelledMachines(host, {
        bootMs: (spec) => machines.bootMs(spec),
        usage: (spec) => machines.usage(spec),
        serving(machine, serves) {
          machines.serving(machine, serves);
          checks.changed(machine.spec.instanceId);
        },
      });
      const agents = new ModelledAgents(host);
      clock.every(agentEveryMs, () => {
        agents
          .measure(made.list())
          .then((data) => publish(scope, data))
          .catch((error: unknown) =>
            scope.note({ source: 'machines', kind: 'internal-failure', text: `modelled agents: ${String(error)}` }),
          );
      });
      return made;
    },
    startChecker: checks.start,
  });
  const { scope } = region;
  for (const one of new Set([scope, scope.inRegion('us-east-1')])) issueWithoutKeys(one);
  const meter = meterOf(scope);
  const counters = new WeakMap<Route, NodeMeter>();

  function counterOf(route: Route): NodeMeter {
    let found = counters.get(route);
    if (!found) {
      const health = { epoch: () => 0, isHealthy: (_: unknown, target: TargetConfig) => route.healthy.has(target) };
      found = nodeMeter(meter, route.config, route.node, 1, health);
      counters.set(route, found);
    }
    return found;
  }

  return {
    region,
    clock,
    routes: () => scope.planes.balancer.routes(),
    count(route, { requests, status, bytesIn, bytesOut, responses }) {
      if (!(requests > 0)) return;
      const counter = counterOf(route);
      if (route.choices.length === 0) {
        counter.own(status, bytesIn + bytesOut, requests);
        return;
      }
      const ended: ForwardResult = {
        status,
        targetStatus: status < 500 ? status : undefined,
        bytesIn: 0,
        bytesOut,
        // Of a 502 it is that nobody listens at the target: the connection was refused.
        sentMs: status === 502 ? undefined : 0,
        answeredMs: undefined,
        targetMs: undefined,
      };
      for (const { target, share } of zonesOf(route)) {
        if (!route.healthy.has(target)) counter.failedOpen(route.group, target, requests * share);
        counter.forwarded(route.group, target, ended, bytesIn, requests * share);
        for (const [seconds, some] of responses) counter.responded(route.group, target, seconds, some * share);
      }
    },
    world: () => networkWorld(scope),
    stackResources: (stackId) => stackResources(scope, stackId),
    close: () => region.close(),
  };
}

/** Zones of targets count apart: one of each, and which share of the requests they get. */
function zonesOf({ choices }: Route): { readonly target: TargetConfig; readonly share: number }[] {
  const zones = new Map<string, { readonly target: TargetConfig; count: number }>();
  for (const target of choices) {
    const zone = zones.get(target.zone) ?? { target, count: 0 };
    zone.count++;
    zones.set(target.zone, zone);
  }
  return [...zones.values()].map(({ target, count }) => ({ target, share: count / choices.length }));
}
