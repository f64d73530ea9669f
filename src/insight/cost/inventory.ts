/** What of a template costs something, as plain data: bills are made of it, and those of alternatives of a changed one. */
import type { Decimal } from './decimal.ts';

export interface Volume {
  /** `gp3` */
  readonly type: string;
  readonly gib: number;
  readonly iops: number;
  /** MiB/s */
  readonly throughput: number;
}

export interface Machine {
  /** The Auto Scaling group, or the instance itself. */
  readonly part: string;
  readonly type: string;
  readonly zone: string;
  /** Stopped machines of a warm pool cost their volumes alone. */
  readonly runs: boolean;
  /** How many of it there are on average: 1, or what a simulation says. */
  readonly presence: Decimal;
  /** On hardware of its account alone, which costs more. */
  readonly dedicated: boolean;
  readonly detailedMonitoring: boolean;
  readonly publicAddress: boolean;
  readonly volumes: readonly Volume[];
  /** Custom metrics that its agent sends for this machine alone. */
  readonly ownMetrics: number;
  readonly hasAgent: boolean;
  /** The NAT gateway by which it goes out; undefined: none. */
  readonly nat: string | undefined;
  /** By cfn-init it asks CloudFormation, wherever it boots. */
  readonly callsCloudFormation: boolean;
}

export interface Endpoint {
  readonly part: string;
  /** `logs`, `s3` */
  readonly service: string;
  readonly kind: 'Interface' | 'Gateway';
  readonly zones: readonly string[];
}

export interface Balancer {
  readonly part: string;
  /** Public IPv4 addresses of its nodes. */
  readonly addresses: number;
  readonly internetFacing: boolean;
  /** Beyond the default ones, of the listener that has most. */
  readonly rules: number;
  /** Its requests come by a distribution, not from the internet. */
  readonly behindCdn: boolean;
}

export interface Distribution {
  readonly part: string;
  /** CloudFront Functions that run for a request of a page, at most. */
  readonly functions: number;
  /** And for a request to the API. */
  readonly apiFunctions: number;
  /** Requests to the API come by it, too. */
  readonly carriesApi: boolean;
  /** One that is served from addresses of its own, for clients without SNI. */
  readonly dedicatedCertificate: string | undefined;
}

export interface Bucket {
  readonly part: string;
  readonly role: 'site' | 'data' | 'accessLogs' | 'flowLogs';
  readonly kms: boolean;
  readonly bucketKey: boolean;
}

export interface LogGroup {
  readonly part: string;
  readonly role: 'app' | 'flowLogs';
  readonly infrequent: boolean;
  /** Undefined: they are kept for ever. */
  readonly retentionDays: number | undefined;
}

export interface Topic {
  readonly part: string;
  readonly emails: number;
  readonly webhooks: number;
}

export interface Alarms {
  readonly part: string;
  readonly kind: 'alarms' | 'fastAlarms' | 'compositeAlarms';
  /** Metrics that they watch. */
  readonly count: number;
  /** Ends with it. */
  readonly nat?: string | undefined;
}

export interface NotPriced {
  readonly part: string;
  readonly type: string;
  readonly why: string;
}

export interface Inventory {
  readonly machines: readonly Machine[];
  /** Those in which there are machines, or may be. */
  readonly machineZones: readonly string[];
  readonly nats: readonly { readonly part: string; readonly zone: string }[];
  /** Elastic IPs. */
  readonly addresses: readonly { readonly part: string; readonly nat?: string | undefined }[];
  readonly endpoints: readonly Endpoint[];
  readonly balancers: readonly Balancer[];
  readonly buckets: readonly Bucket[];
  readonly distributions: readonly Distribution[];
  readonly logGroups: readonly LogGroup[];
  readonly topics: readonly Topic[];
  readonly alarms: readonly Alarms[];
  /** Custom metrics that are there however many machines run. */
  readonly metrics: readonly { readonly part: string; readonly count: number }[];
  readonly dashboards: readonly string[];
  readonly keys: readonly string[];
  readonly zones: readonly { readonly part: string; readonly domain: string }[];
  readonly free: readonly { readonly part: string; readonly type: string; readonly page: string }[];
  readonly notPriced: readonly NotPriced[];
}
