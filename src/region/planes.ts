/** The data plane of each region of the account: made on first use, fed with snapshots of the services' tables. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock/clock.ts';
import type { Random } from './clock/random.ts';
import { machineHost } from './machine-host.ts';
import type { Machines } from './machines/machine.ts';
import { processMachines } from './machines/process-driver.ts';
import { networkWorld } from './services/ec2/snapshot.ts';
import { balancerConfigs, balancerTables } from './services/elasticloadbalancing/snapshot.ts';
import { dnsZones } from './services/route53/snapshot.ts';
import type { Scope, Via } from './services/service.ts';
import { type RunningBalancers, startBalancers } from './traffic/balancer/plane.ts';
import { addresses } from './traffic/dns/resolve.ts';
import type { DnsSnapshot } from './traffic/dns/zones.ts';
import { modelFabric } from './traffic/model-fabric.ts';
import type { Meter, Planes } from './traffic/planes.ts';

export interface PlanesOptions {
  readonly clock: Clock;
  readonly random: Random;
  machinesDir(): string;
  /** Hands a machine's AWS request to the endpoint. */
  serveAws(request: IncomingMessage, response: ServerResponse, via: Partial<Via>): void;
  readonly machines?: (scope: Scope) => Machines;
  readonly meter?: (scope: Scope) => Meter;
}

export interface RegionPlanes {
  of(scope: Scope): Planes;
  machinesOf(scope: Scope): Machines;
  dns(scope: Scope): DnsSnapshot;
  /** A name's addresses as a client outside sees them. A name may have `.localhost` behind it, for browsers. */
  publicAddresses(scope: Scope, name: string): readonly string[];
  publicNames(scope: Scope): readonly string[];
  close(): Promise<void>;
}

interface Running {
  readonly planes: Planes;
  readonly balancers: RunningBalancers;
}

const nameTtlSeconds = 60;

export function regionPlanes(options: PlanesOptions): RegionPlanes {
  const { clock, random } = options;
  const running = new Map<string, Running>();
  const machines = new Map<string, Machines>();

  function run(scope: Scope): Running {
    const known = running.get(scope.region);
    if (known) return known;
    const meter = options.meter?.(scope);
    const fabric = modelFabric({
      clock,
      world: () => networkWorld(scope),
      ...(meter ? { meter } : {}),
      dropped: (trip, text) =>
        scope.note({
          source: 'network',
          kind: 'packet-dropped',
          text,
          data: { end: trip.end, at: trip.at, rule: trip.rule },
        }),
    });
    const balancers = startBalancers({
      fabric,
      clock,
      random,
      ...(meter ? { meter } : {}),
      note: (kind, text, data) => scope.note({ source: 'balancer', kind, text, ...(data ? { data } : {}) }),
    });
    const made: Running = { planes: { fabric, balancer: balancers }, balancers };
    running.set(scope.region, made);
    follow(balancerTables(scope), () => balancers.apply(balancerConfigs(scope)));
    return made;
  }

  const snapshots = new WeakMap<Scope, DnsSnapshot>();
  function dns(scope: Scope): DnsSnapshot {
    let snapshot = snapshots.get(scope);
    if (!snapshot) {
      snapshot = {
        get zones() {
          return dnsZones(scope);
        },
        awsName(name) {
          const ipv4 = run(scope).balancers.addresses(name);
          return ipv4.length > 0 ? { ipv4, ipv6: [], ttl: nameTtlSeconds } : undefined;
        },
      };
      snapshots.set(scope, snapshot);
    }
    return snapshot;
  }

  function publicAddresses(scope: Scope, name: string): readonly string[] {
    const snapshot = dns(scope);
    const found = addresses(snapshot, name, { chance: random.next() });
    if (found.length > 0 || !name.endsWith('.localhost')) return found;
    return addresses(snapshot, name.slice(0, -'.localhost'.length), { chance: random.next() });
  }

  return {
    of: (scope) => run(scope).planes,
    machinesOf(scope) {
      let made = machines.get(scope.region);
      if (!made) {
        made =
          options.machines?.(scope) ??
          processMachines(machineHost(scope, options, run(scope).planes.fabric, dns(scope)));
        machines.set(scope.region, made);
      }
      return made;
    },
    dns,
    publicAddresses,
    publicNames: (scope) =>
      [...dnsZones(scope).values()].flatMap((zones) => zones.flatMap((zone) => [...zone.records.keys()])),
    async close() {
      await Promise.all([...machines.values()].map((made) => made.close()));
      for (const { balancers } of running.values()) balancers.close();
    },
  };
}

/** Calls `apply` now, and once per turn of the event loop in which a table changed. */
function follow(tables: readonly { watch(changed: () => void): () => void }[], apply: () => void): void {
  let due = false;
  const changed = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      apply();
    });
  };
  for (const table of tables) table.watch(changed);
  changed();
}
