/** All load balancers of a region: their nodes and health checks, moved from one snapshot of the configuration to the next. */
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import type { Reachability } from '../dns/reachability.ts';
import type { Fabric } from '../fabric.ts';
import type { BalancerPlane, Meter, TargetHealth } from '../planes.ts';
import type { AccessLogPlace, BalancerConfig, NodeConfig, TargetConfig, TargetGroupConfig } from './config.ts';
import { type Checker, type StartChecker, startChecker } from './health.ts';
import { countHosts, countNoRequests, type HostCount, hostCounts } from './measure.ts';
import { type BalancerNode, type NodeHost, startNode } from './node.ts';
import { groupsOf, type Route, routesOf, servingNodes } from './routes.ts';
import { TargetMap } from './target-map.ts';

export interface BalancerPlaneOptions {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly random: Random;
  readonly meter?: Meter;
  /** Which nodes can be reached. */
  readonly reachability: Reachability;
  note(kind: string, text: string, data?: Record<string, unknown>): void;
  /** Writes a file of access log lines; never rejects. */
  deliverLog(file: AccessLogDelivery): Promise<void>;
  /** How targets are checked; else over the fabric. */
  readonly startChecker?: StartChecker;
  /** How many bytes of access logs may wait for that; default 64 MiB. */
  readonly mostLogBytes?: number;
}

/** Lines of one node of a balancer, whose five minutes end then. */
export interface AccessLogDelivery {
  readonly place: AccessLogPlace;
  readonly balancerArn: string;
  /** The node's address, the public one if it has one. */
  readonly address: string;
  readonly text: string;
  readonly endMs: number;
}

export interface RunningBalancers extends BalancerPlane {
  /** Swaps the configuration in whole. */
  apply(configs: readonly BalancerConfig[]): void;
  /** Addresses that a balancer's name is answered with: its nodes that have healthy targets, or all (fail open). */
  addresses(dnsName: string): readonly string[];
  /** Resolves when what is left of access logs is written. */
  close(): Promise<void>;
}

/** Several in each minute, so that a minute's maximum tells of what was short. */
const hostCountEveryMs = 10_000;
/** Once in each: what is meaningful of it is the sum. */
const connectionCountEveryMs = 60_000;

const mostLogBytes = 64 * 1024 * 1024;

type HealthListener = Parameters<BalancerPlane['onHealth']>[0];

export function startBalancers(options: BalancerPlaneOptions): RunningBalancers {
  const { fabric, clock, random, reachability, note } = options;
  const start = options.startChecker ?? startChecker;
  const nodes = new Map<string, { balancerArn: string; running: BalancerNode }>();
  const checkers = new Map<string, Checker>();
  const flying = new Map<string, { count: number }>();
  /** The same by the target of a configuration: no text is made per request. */
  let flyingOf = new WeakMap<TargetConfig, { count: number }>();
  let epoch = 0;
  let answers = new Map<string, readonly string[]>();
  const reported = new TargetMap<TargetHealth>();
  const listeners = new Set<HealthListener>();
  /** Nodes that end, and files that are being written. */
  const ending = new Set<Promise<void>>();
  let logBytes = 0;
  let configs: readonly BalancerConfig[] = [];

  const host: NodeHost = {
    fabric,
    clock,
    random,
    meter: options.meter,
    epoch: () => epoch,
    isHealthy: (node, group, target) => checkers.get(checkerKey(node, group, target))?.view.health.state === 'healthy',
    flying(group, target) {
      let found = flyingOf.get(target);
      if (!found) {
        const key = targetKey(group.arn, target.id, target.port);
        found = flying.get(key) ?? { count: 0 };
        flying.set(key, found);
        flyingOf.set(target, found);
      }
      return found;
    },
    note,
    deliverLog({ arn, name, accessLogs }, node, text, endMs) {
      if (!accessLogs) return;
      // Logs are kept "on a best-effort basis": rather these than the memory of the region.
      if (logBytes + text.length > (options.mostLogBytes ?? mostLogBytes)) {
        note('access-log-failed', `${name} dropped ${text.length} bytes of access log: the bucket does not keep up`);
        return;
      }
      logBytes += text.length;
      const address = node.publicIp ?? node.privateIp;
      ends(
        options.deliverLog({ place: accessLogs, balancerArn: arn, address, text, endMs }).finally(() => {
          logBytes -= text.length;
        }),
      );
    },
  };

  function ends(what: Promise<void>): void {
    ending.add(what);
    void what.finally(() => ending.delete(what));
  }

  /** Nodes that serve and whose findings count: those that can be reached; all when none can. */
  function nodesIn({ nodes }: BalancerConfig): readonly NodeConfig[] {
    const reached = nodes.filter(({ interfaceId }) => !reachability.isOut(interfaceId));
    return reached.length > 0 ? reached : nodes;
  }

  const serving = (config: BalancerConfig) => servingNodes(config, nodesIn(config), host.isHealthy);

  /** A target is as healthy as the node that sees it worst. */
  function healthOf(group: TargetGroupConfig, target: TargetConfig): TargetHealth | undefined {
    let worst: TargetHealth | undefined;
    for (const config of configs) {
      if (!groupsOf(config).some((other) => other.arn === group.arn)) continue;
      for (const node of nodesIn(config)) {
        const view = checkers.get(checkerKey(node, group, target))?.view.health;
        if (view && (!worst || rank(view) > rank(worst))) worst = view;
      }
    }
    return worst;
  }

  /** What was found of the configuration or of health before is to be found anew. */
  function changed(): void {
    epoch++;
    answers = new Map();
  }

  function healthChanged(group: TargetGroupConfig, target: TargetConfig, node: NodeConfig, health: TargetHealth): void {
    changed();
    const where = `${target.id} (${target.address}:${target.port}) of ${group.name}, seen from ${node.zone}`;
    if (health.state === 'unhealthy')
      note('target-unhealthy', `${where}: ${health.reason}: ${health.description}`, {
        target: target.id,
        reason: health.reason,
        node: node.zone,
      });
    else if (health.state === 'healthy')
      note('target-healthy', `${where}: healthy`, { target: target.id, node: node.zone });
    report(group, target);
  }

  function report(group: TargetGroupConfig, target: TargetConfig): void {
    const { id, port } = target;
    const health = healthOf(group, target);
    if (!health) {
      reported.delete(group.arn, id, port);
      return;
    }
    const was = reported.get(group.arn, id, port);
    if (was?.state === health.state && was.reason === health.reason && was.description === health.description) return;
    reported.set(group.arn, id, port, health);
    for (const listener of listeners) listener(group.arn, id, port, health);
  }

  /** Of every target; gives their keys. */
  function reportAll(): Set<string> {
    const known = new Set<string>();
    for (const config of configs) {
      for (const group of groupsOf(config)) {
        for (const target of group.targets) {
          const key = targetKey(group.arn, target.id, target.port);
          if (known.has(key)) continue;
          known.add(key);
          report(group, target);
        }
      }
    }
    return known;
  }

  function applyNodes(): void {
    const wanted = new Set<string>();
    for (const config of configs) {
      for (const node of config.nodes) {
        const key = `${config.arn} ${node.interfaceId}`;
        wanted.add(key);
        const existing = nodes.get(key);
        if (existing) existing.running.configure(config, node);
        else nodes.set(key, { balancerArn: config.arn, running: startNode(host, config, node) });
      }
    }
    for (const [key, { running }] of nodes) {
      if (wanted.has(key)) continue;
      ends(running.close());
      nodes.delete(key);
    }
  }

  function applyCheckers(): void {
    const wanted = new Set<string>();
    for (const config of configs) {
      for (const group of groupsOf(config)) {
        for (const target of group.targets) {
          if (target.draining) continue;
          for (const node of config.nodes) {
            const key = checkerKey(node, group, target);
            if (wanted.has(key)) continue;
            wanted.add(key);
            const existing = checkers.get(key);
            if (existing) existing.configure(group);
            else
              checkers.set(
                key,
                start(fabric, clock, node, group, target, (health) => healthChanged(group, target, node, health)),
              );
          }
        }
      }
    }
    for (const [key, checker] of checkers) {
      if (wanted.has(key)) continue;
      checker.stop();
      checkers.delete(key);
    }
  }

  reachability.onChange(() => {
    changed();
    reportAll();
  });

  let routes: { readonly epoch: number; readonly found: readonly Route[] } = { epoch: -1, found: [] };

  let hosts: { readonly epoch: number; readonly counts: readonly HostCount[] } = { epoch: -1, counts: [] };
  const hostTimer = clock.every(hostCountEveryMs, () => {
    const { meter } = options;
    if (!meter) return;
    if (hosts.epoch !== epoch) hosts = { epoch, counts: configs.flatMap(hostsOf) };
    for (const count of hosts.counts) countHosts(meter, count);
    for (const config of configs) for (const group of groupsOf(config)) countNoRequests(meter, config, group);
  });

  function hostsOf(config: BalancerConfig): HostCount[] {
    return groupsOf(config).flatMap((group) =>
      nodesIn(config).flatMap((node) =>
        hostCounts(config, group, (target) => {
          const state = checkers.get(checkerKey(node, group, target))?.view.health.state;
          return state === undefined || state === 'initial' ? undefined : state === 'healthy';
        }),
      ),
    );
  }

  const connectionTimer = clock.every(connectionCountEveryMs, () => {
    for (const { running } of nodes.values()) running.countConnections();
  });

  return {
    apply(next) {
      configs = next;
      applyNodes();
      applyCheckers();
      changed();
      flyingOf = new WeakMap();
      const known = reportAll();
      reported.keep((groupArn, id, port) => known.has(targetKey(groupArn, id, port)));
      for (const [key, { count }] of flying) if (count === 0 && !known.has(key)) flying.delete(key);
    },
    targetHealth: (groupArn, targetId, port) => reported.get(groupArn, targetId, port),
    onHealth(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    routes() {
      if (routes.epoch !== epoch) {
        routes = { epoch, found: configs.flatMap((one) => routesOf(one, serving(one), host.isHealthy)) };
      }
      return routes.found;
    },
    inFlight: (groupArn, targetId, port) => flying.get(targetKey(groupArn, targetId, port))?.count ?? 0,
    addresses(dnsName) {
      let found = answers.get(dnsName);
      if (!found) {
        const config = configs.find((balancer) => balancer.dnsName.toLowerCase() === dnsName);
        if (!config) return [];
        found = serving(config).map((node) => node.publicIp ?? node.privateIp);
        answers.set(dnsName, found);
      }
      return found;
    },
    async close() {
      hostTimer.cancel();
      connectionTimer.cancel();
      configs = [];
      applyNodes();
      applyCheckers();
      // Nodes that end hand on the last of their logs.
      while (ending.size > 0) await Promise.all(ending);
    },
  };
}

function rank({ state }: TargetHealth): number {
  return ['healthy', 'initial', 'unavailable', 'unhealthy'].indexOf(state);
}

function targetKey(groupArn: string, targetId: string, port: number): string {
  return `${groupArn} ${targetId} ${port}`;
}

function checkerKey(node: NodeConfig, group: TargetGroupConfig, target: TargetConfig): string {
  return `${node.interfaceId} ${group.arn} ${target.id} ${target.port}`;
}
