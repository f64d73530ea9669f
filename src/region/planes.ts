/** The data plane of each region of the account: made on first use, fed with snapshots of the services' tables. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { rootCertificates } from 'node:tls';
import type { Clock } from './clock/clock.ts';
import type { Random } from './clock/random.ts';
import type { Faults } from './faults.ts';
import { machineHost } from './machine-host.ts';
import type { MachineHost, Machines } from './machines/machine.ts';
import { processMachines } from './machines/process-driver.ts';
import { awsCertificate, localCa } from './services/acm/snapshot.ts';
import { edgeConfigs, edgeTables } from './services/cloudfront/snapshot.ts';
import { meterOf } from './services/cloudwatch/meter.ts';
import { flowsWanted, recordFlow } from './services/ec2/flow-records.ts';
import { networkWorld } from './services/ec2/snapshot.ts';
import { deliverAccessLog } from './services/elasticloadbalancing/access-logs.ts';
import { balancerConfigs, balancerTables } from './services/elasticloadbalancing/snapshot.ts';
import { dnsZones } from './services/route53/snapshot.ts';
import type { Scope, Via } from './services/service.ts';
import type { StartChecker } from './traffic/balancer/health.ts';
import { type RunningBalancers, startBalancers } from './traffic/balancer/plane.ts';
import { type Reachability, reachability } from './traffic/dns/reachability.ts';
import { addresses } from './traffic/dns/resolve.ts';
import type { DnsSnapshot } from './traffic/dns/zones.ts';
import type { FetchS3 } from './traffic/edge/origin.ts';
import { type RunningEdge, startEdge } from './traffic/edge/plane.ts';
import type { Fabric } from './traffic/fabric.ts';
import { modelFabric } from './traffic/model-fabric.ts';
import type { Meter, Planes } from './traffic/planes.ts';

export interface PlanesOptions {
  readonly clock: Clock;
  readonly faults: Pick<Faults, 'applied' | 'any' | 'zoneIsDown'>;
  readonly random: Random;
  machinesDir(): string;
  /** Hands a machine's AWS request to the endpoint. */
  serveAws(request: IncomingMessage, response: ServerResponse, via: Partial<Via>): void;
  readonly machines?: (scope: Scope, host: MachineHost) => Machines;
  /** How balancers check targets, when not by connections. */
  readonly startChecker?: StartChecker;
  readonly meter?: (scope: Scope) => Meter;
  /** The region whose fabric CloudFront's edge is on: the region's own, where its clients and most origins are. */
  readonly home: string;
  /** CloudFront's way to S3. */
  readonly fetchS3: FetchS3;
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
  readonly reachability: Reachability;
  readonly edge?: RunningEdge;
}

const nameTtlSeconds = 60;

export function regionPlanes(options: PlanesOptions): RegionPlanes {
  const { clock, random } = options;
  const running = new Map<string, Running>();
  const machines = new Map<string, Machines>();

  function run(scope: Scope): Running {
    const known = running.get(scope.region);
    if (known) return known;
    const meter = (options.meter ?? meterOf)(scope);
    const world = () => options.faults.applied(scope.region, networkWorld(scope));
    const fabric = modelFabric({
      clock,
      world,
      flows: { wanted: () => flowsWanted(scope), record: (flow) => recordFlow(scope, flow) },
      meter,
      dropped: (trip, text) =>
        scope.note({
          source: 'network',
          kind: 'packet-dropped',
          text,
          data: { end: trip.end, at: trip.at, rule: trip.rule },
        }),
    });
    const reached = reachability(clock, () => (options.faults.any(scope.region) ? world() : undefined));
    const balancers = startBalancers({
      fabric,
      clock,
      random,
      meter,
      reachability: reached,
      note: (kind, text, data) => scope.note({ source: 'balancer', kind, text, ...(data ? { data } : {}) }),
      deliverLog: (file) => deliverAccessLog(scope, file),
      ...(options.startChecker ? { startChecker: options.startChecker } : {}),
    });
    const edge = scope.region === options.home ? runEdge(scope, fabric) : undefined;
    const planes: Planes = {
      fabric,
      balancer: balancers,
      // CloudFront is global: whichever region is asked, there is the one edge.
      get edge() {
        return edge ?? run(scope.inRegion(options.home)).edge;
      },
    };
    const made: Running = { planes, balancers, reachability: reached, ...(edge ? { edge } : {}) };
    running.set(scope.region, made);
    follow(balancerTables(scope), () => balancers.apply(balancerConfigs(scope)));
    if (edge) follow(edgeTables(scope), () => edge.apply(edgeConfigs(scope)));
    return made;
  }

  function runEdge(scope: Scope, fabric: Fabric): RunningEdge {
    return startEdge({
      fabric,
      clock,
      random,
      // CloudFront's metrics are in us-east-1, wherever its clients are.
      meter: (options.meter ?? meterOf)(scope.inRegion('us-east-1')),
      fetchS3: options.fetchS3,
      resolve: (name) => publicAddresses(scope, name),
      note: (kind, text, data) => scope.note({ source: 'edge', kind, text, ...(data ? { data } : {}) }),
      defaultCertificate: () => awsCertificate(scope.inRegion('us-east-1'), '*.cloudfront.net'),
      certificateAuthorities: () => [localCa(scope) ?? [], ...rootCertificates].flat(),
    });
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
          const { balancers, planes } = run(scope);
          const ipv4 = balancers.addresses(name);
          if (ipv4.length > 0) return { ipv4, ipv6: [], ttl: nameTtlSeconds };
          const found = name.endsWith('.cloudfront.net') ? planes.edge?.addresses(name) : undefined;
          return found && { ...found, ttl: nameTtlSeconds };
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
        const names = { dns: dns(scope), reachability: run(scope).reachability };
        const host = machineHost(scope, options, run(scope).planes.fabric, names);
        made = options.machines?.(scope, host) ?? processMachines(host);
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
      await Promise.all(
        [...running.values()].map(({ balancers, edge }) => {
          edge?.close();
          return balancers.close();
        }),
      );
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
