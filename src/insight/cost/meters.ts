/** What AWS counts, and so what has a price. */

/** How a charge grows: with time alone, with requests, with gigabytes, or once a month for a thing that is there. */
export type Kind = 'hour' | 'request' | 'gigabyte' | 'month';

export interface Meter {
  /** `NAT gateway` */
  readonly what: string;
  readonly unit: string;
  readonly kind: Kind;
  /** Whose price it is: the region's, that of the edge locations which serve, or one for all. */
  readonly scope: 'region' | 'edge' | 'everywhere';
}

const meter = (what: string, unit: string, kind: Kind, scope: Meter['scope'] = 'region'): Meter => ({
  ...{ what, unit, kind, scope },
});

export const meters = {
  natHours: meter('NAT gateway', 'h', 'hour'),
  natGigabytes: meter('NAT gateway, data', 'GB', 'gigabyte'),
  addressHours: meter('Public IPv4 address', 'h', 'hour'),
  endpointHours: meter('Interface endpoint', 'h', 'hour'),
  endpointGigabytes: meter('Interface endpoint, data', 'GB', 'gigabyte'),
  balancerHours: meter('Application Load Balancer', 'h', 'hour'),
  capacityHours: meter('Load balancer capacity units', 'LCU-h', 'request'),
  transferOut: meter('Data out to the internet', 'GB', 'gigabyte'),
  transferZones: meter('Data between zones, each way', 'GB', 'gigabyte'),
  gp3Gigabytes: meter('EBS gp3', 'GB-month', 'gigabyte'),
  gp3Iops: meter('EBS gp3, IOPS beyond 3,000', 'IOPS-month', 'month'),
  gp3Throughput: meter('EBS gp3, MiB/s beyond 125', 'MiB/s-month', 'month'),
  bucketGigabytes: meter('S3 Standard', 'GB-month', 'gigabyte'),
  bucketWrites: meter('S3 PUT, POST, LIST', 'requests', 'request'),
  bucketReads: meter('S3 GET and others', 'requests', 'request'),
  logsIngested: meter('Logs taken in', 'GB', 'gigabyte'),
  logsVended: meter('Flow logs taken in', 'GB', 'gigabyte'),
  logsInfrequent: meter('Logs taken in, infrequent access', 'GB', 'gigabyte'),
  logsStored: meter('Logs kept', 'GB-month', 'gigabyte'),
  metrics: meter('Custom metrics', 'metrics', 'month'),
  metricRequests: meter('CloudWatch API requests', 'requests', 'request'),
  alarms: meter('Alarms, by metric', 'alarms', 'month'),
  fastAlarms: meter('High-resolution alarms, by metric', 'alarms', 'month'),
  compositeAlarms: meter('Composite alarms', 'alarms', 'month'),
  dashboards: meter('Dashboards', 'dashboards', 'month', 'everywhere'),
  keys: meter('KMS key', 'keys', 'month'),
  keyRequests: meter('KMS requests', 'requests', 'request'),
  publishes: meter('SNS messages published', 'messages', 'request', 'everywhere'),
  emails: meter('SNS e-mails', 'e-mails', 'request', 'everywhere'),
  webhooks: meter('SNS deliveries by HTTPS', 'deliveries', 'request', 'everywhere'),
  hostedZones: meter('Hosted zone', 'zones', 'month', 'everywhere'),
  queries: meter('DNS queries', 'queries', 'request', 'everywhere'),
  domainMonths: meter('Domain, a twelfth of its year', 'months', 'month', 'everywhere'),
  siteRequests: meter('CloudFront requests by HTTPS', 'requests', 'request', 'edge'),
  siteOut: meter('CloudFront data out', 'GB', 'gigabyte', 'edge'),
  originOut: meter('CloudFront data to the origin', 'GB', 'gigabyte', 'edge'),
  functionRuns: meter('CloudFront Functions', 'runs', 'request', 'everywhere'),
  invalidations: meter('CloudFront invalidations', 'paths', 'request', 'everywhere'),
  dedicatedAddresses: meter('CloudFront dedicated IP', 'certificates', 'month', 'everywhere'),
} as const satisfies Readonly<Record<string, Meter>>;

export type NamedMeter = keyof typeof meters;
/** `instance:t4g.small` is an hour of a machine of that type, running Linux. */
export type MeterId = NamedMeter | `instance:${string}`;

export function meterOf(id: MeterId): Meter {
  if (id in meters) return meters[id as NamedMeter];
  return meter(`EC2 ${instanceTypeOf(id)}`, 'h', 'hour');
}

export function instanceTypeOf(id: MeterId): string | undefined {
  return id.startsWith('instance:') ? id.slice('instance:'.length) : undefined;
}
