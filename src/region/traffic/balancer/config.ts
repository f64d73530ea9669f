/** What a load balancer's nodes serve from: an immutable snapshot of ELB's tables, swapped in whole on each change. */

import type { CertificateConfig } from '../local-listener.ts';

export interface BalancerConfig {
  readonly arn: string;
  /** The template's logical id where known, else the name. */
  readonly name: string;
  /** `app/name/50dc6c495c0c9188`: the dimension of its metrics. */
  readonly dimension: string;
  readonly dnsName: string;
  readonly nodes: readonly NodeConfig[];
  readonly listeners: readonly ListenerConfig[];
  readonly idleTimeoutMs: number;
  /** For how long a client's connection takes new requests. */
  readonly clientKeepAliveMs: number;
  readonly dropInvalidHeaders: boolean;
  readonly xForwardedFor: 'append' | 'preserve' | 'remove';
  readonly crossZone: boolean;
  /** Where access logs go. */
  readonly accessLogs?: AccessLogPlace;
}

/** A bucket, and a prefix without slashes at its ends; may be empty. */
export interface AccessLogPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/** One node per enabled zone, with an interface of its own in the zone's subnet. */
export interface NodeConfig {
  readonly zone: string;
  readonly subnetId: string;
  readonly interfaceId: string;
  readonly privateIp: string;
  readonly publicIp?: string;
}

export interface ListenerConfig {
  readonly arn: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS';
  /** PEM, the default first; the others by server name. */
  readonly certificates: readonly CertificateConfig[];
  /** By priority, the default rule last. */
  readonly rules: readonly RuleConfig[];
}

export interface RuleConfig {
  readonly arn: string;
  /** 0: the default one. */
  readonly priority: number;
  /** All must match. */
  readonly conditions: readonly ConditionConfig[];
  readonly action: ActionConfig;
}

export type ConditionConfig =
  | {
      readonly field: 'host-header' | 'path-pattern' | 'http-request-method' | 'source-ip';
      readonly values: readonly string[];
    }
  | { readonly field: 'http-header'; readonly header: string; readonly values: readonly string[] }
  | { readonly field: 'query-string'; readonly values: readonly { readonly key?: string; readonly value: string }[] };

export type ActionConfig =
  | {
      readonly type: 'forward';
      readonly groups: readonly { readonly group: TargetGroupConfig; readonly weight: number }[];
    }
  | {
      readonly type: 'redirect';
      readonly status: 301 | 302;
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
    }
  | { readonly type: 'fixed-response'; readonly status: number; readonly contentType?: string; readonly body?: string };

export interface TargetGroupConfig {
  readonly arn: string;
  readonly name: string;
  /** `targetgroup/name/73e2d6bc24d8a067` */
  readonly dimension: string;
  readonly algorithm: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
  /** By the balancer's own cookie. */
  readonly stickiness?: { readonly durationMs: number };
  readonly crossZone: boolean | undefined;
  readonly targets: readonly TargetConfig[];
  readonly health: HealthCheckConfig;
}

export interface TargetConfig {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly zone: string;
  /** Draining targets get no new requests, save for those bound to them. */
  readonly draining: boolean;
}

export interface HealthCheckConfig {
  readonly enabled: boolean;
  /** `traffic-port` is resolved by the target. */
  readonly port: number | 'traffic-port';
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** `200`, `200-299`, `200,202` */
  readonly matcher: string;
}
