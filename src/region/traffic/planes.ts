/**
 * The data plane as the control plane sees it: what services may ask of it, and what it tells back.
 * Its configuration goes the other way, as immutable snapshots that `region.ts` derives from the services' tables.
 */
import type { Route } from './balancer/routes.ts';
import type { Fabric } from './fabric.ts';

export interface Planes {
  readonly fabric: Fabric;
  readonly balancer: BalancerPlane;
  /** The same in every region: CloudFront is global. */
  readonly edge?: EdgePlane | undefined;
}

/** What the load balancer nodes measured of a target; `unused` and `draining` are the control plane's to say. */
export interface TargetHealth {
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unavailable';
  /** AWS's reason codes: `Target.Timeout`, `Target.ResponseCodeMismatch`, `Elb.InitialHealthChecking` … */
  readonly reason?: string;
  readonly description?: string;
}

export interface BalancerPlane {
  /** Undefined for a target that no balancer checks. */
  targetHealth(targetGroupArn: string, targetId: string, port: number): TargetHealth | undefined;
  /** Calls back when a target's measured health changes. Returns how to stop. */
  onHealth(changed: (targetGroupArn: string, targetId: string, port: number, health: TargetHealth) => void): () => void;
  /** Requests in flight to a target: deregistration waits for them. */
  inFlight(targetGroupArn: string, targetId: string, port: number): number;
  /** Where requests go as things are; the same object until that changes. */
  routes(): readonly Route[];
}

export interface EdgePlane {
  /** Evicts what matches, `/images/*` style. Resolves when every node has. */
  invalidate(distributionId: string, paths: readonly string[]): Promise<void>;
  /** Addresses of a distribution's own name or an alias; undefined when no distribution has it. */
  addresses(domainName: string): { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] } | undefined;
}

/**
 * Where the data plane counts: CloudWatch's metrics come from here and from agents.
 * Cheap enough for each request: values are summed per minute in memory.
 */
export interface Meter {
  /** @param weight how many such samples there were; else the clock's scale: a request of a fast clock stands for so many */
  count(
    namespace: string,
    metric: string,
    dimensions: readonly MeterDimensions[],
    value: number,
    unit: string,
    weight?: number,
  ): void;
}

/** `{ LoadBalancer: 'app/x/123', AvailabilityZone: 'us-east-1a' }`. A value is counted under each set that is given. */
export type MeterDimensions = Readonly<Record<string, string>>;
