/**
 * What the DNS server answers from: an immutable snapshot of the hosted zones, derived from Route 53's tables.
 * Names are lower case, absolute, without the final dot; `*` and other octal escapes are already decoded.
 */

export type RecordType = 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SOA' | 'SPF' | 'SRV' | 'TXT';

export interface RecordSet {
  readonly name: string;
  readonly type: RecordType;
  /** Seconds; an alias has its target's. */
  readonly ttl: number;
  /** Values as Route 53 holds them: `10 mail.example.com`, `"text"`, `192.0.2.1`. Empty for an alias. */
  readonly values: readonly string[];
  /** The DNS name that an alias follows. */
  readonly alias?: string;
  /** Weighted and other policies: sets of one name and type that are chosen between. */
  readonly weight?: number;
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  /** VPCs that see a private zone; undefined for a public zone. */
  readonly vpcIds?: readonly string[];
  /** By name. */
  readonly records: ReadonlyMap<string, readonly RecordSet[]>;
}

/** Addresses behind the names that AWS itself answers for (`….elb.amazonaws.com`, `….cloudfront.net`). */
export interface AwsName {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Seconds: 60 for both balancers and distributions. */
  readonly ttl: number;
}

export interface DnsSnapshot {
  /** By name; several zones may have one name, of which one is public. */
  readonly zones: ReadonlyMap<string, readonly Zone[]>;
  /** Called for each question, so that a balancer's healthy nodes are the present ones. */
  awsName(name: string): AwsName | undefined;
}
