/** Outside of networks: names in DNS, distributions and their origins, and what each name and origin leads to. */
import type { ModelResource } from '../model/model.ts';
import type { Facts } from './facts.ts';
import type { Part, SiteScene } from './scene.ts';

export interface EdgeScene {
  readonly names: readonly Part[];
  readonly sites: readonly SiteScene[];
  /** Logical id of a distribution or balancer, and the names that lead to it, each with the key of its zone. */
  readonly namesOf: ReadonlyMap<string, readonly DnsName[]>;
  /** Distributions, and the balancers that are origins of theirs, with the paths that go there. */
  readonly balancerOrigins: readonly {
    readonly distribution: string;
    readonly balancer: string;
    readonly paths: string;
  }[];
  /** By distribution: how its requests to S3 are signed. */
  readonly signing: ReadonlyMap<string, 'OAC' | 'OAI' | 'unsigned'>;
}

export interface DnsName {
  readonly name: string;
  readonly zone: string;
}

interface DistributionConfig {
  readonly Aliases?: readonly string[];
  readonly Origins?: readonly {
    readonly Id?: string;
    readonly DomainName?: string;
    readonly OriginAccessControlId?: string;
    readonly S3OriginConfig?: { readonly OriginAccessIdentity?: string };
  }[];
  readonly CacheBehaviors?: readonly { readonly PathPattern?: string; readonly TargetOriginId?: string }[];
}

export function edgeScene(facts: Facts): EdgeScene {
  const resources = [...facts.model.resources.values()].filter(({ modelled }) => modelled);
  const of = (type: string) => resources.filter((one) => one.type === type);
  const names = new Map<string, Part>();
  for (const { logicalId, properties } of of('AWS::Route53::HostedZone')) {
    names.set(logicalId, zonePart(logicalId, bare(properties.Name), [logicalId]));
  }
  const namesOf = new Map<string, DnsName[]>();
  const distributions = of('AWS::CloudFront::Distribution');
  for (const record of of('AWS::Route53::RecordSet')) {
    const { HostedZoneId, HostedZoneName, Name } = record.properties;
    const given = String(HostedZoneId ?? HostedZoneName ?? '');
    const owner = facts.model.logicalIdOf(given);
    const zone = owner !== undefined && names.has(owner) ? owner : `zone ${given}`;
    const known = names.get(zone);
    const shown = HostedZoneName === undefined ? bare(Name).split('.').slice(-2).join('.') : bare(HostedZoneName);
    const [covers, name] = known ? [known.covers, known.name] : [[], shown];
    names.set(zone, zonePart(zone, name, [...covers, record.logicalId]));
    for (const target of targetsOf(record, distributions, facts)) {
      const others = namesOf.get(target) ?? [];
      if (!others.some((one) => one.name === bare(Name))) namesOf.set(target, [...others, { name: bare(Name), zone }]);
    }
  }
  const taken = new Set<string>();
  const balancerOrigins: EdgeScene['balancerOrigins'][number][] = [];
  const signing = new Map<string, 'OAC' | 'OAI' | 'unsigned'>();
  const sites = distributions.map(({ logicalId, properties }): SiteScene => {
    const config = (properties.DistributionConfig ?? {}) as DistributionConfig;
    const origins: Part[] = [];
    for (const origin of config.Origins ?? []) {
      const host = origin.DomainName ?? '';
      const bucket = of('AWS::S3::Bucket').find(({ attributes }) =>
        Object.values(attributes).some((value) => typeof value === 'string' && bareHost(value) === host),
      );
      const balancer = balancerAt(host, facts, namesOf);
      if (bucket) {
        signing.set(
          logicalId,
          origin.OriginAccessControlId ? 'OAC' : origin.S3OriginConfig?.OriginAccessIdentity ? 'OAI' : 'unsigned',
        );
        if (!taken.has(bucket.logicalId)) origins.push(bucketPart(bucket.logicalId));
        taken.add(bucket.logicalId);
      } else if (balancer !== undefined) {
        const paths = (config.CacheBehaviors ?? [])
          .filter(({ TargetOriginId }) => TargetOriginId === origin.Id)
          .map(({ PathPattern }) => PathPattern ?? '*');
        balancerOrigins.push({ distribution: logicalId, balancer, paths: paths.join(', ') || 'every path' });
      } else {
        const key = `${logicalId} origin ${origin.Id ?? host}`;
        origins.push({ key, icon: 'plain', title: 'Origin', name: host, covers: [logicalId] });
      }
    }
    return {
      distribution: {
        key: logicalId,
        icon: 'cloudfront',
        title: 'CloudFront',
        name: (config.Aliases ?? [])[0] ?? logicalId,
        covers: [logicalId],
      },
      origins,
    };
  });
  return { names: [...names.values()], sites, namesOf, balancerOrigins, signing };
}

export function bucketPart(logicalId: string): Part {
  return { key: logicalId, icon: 's3', title: 'Amazon S3', name: logicalId, covers: [logicalId] };
}

function zonePart(key: string, name: string, covers: readonly string[]): Part {
  return { key, icon: 'route53', title: 'Route 53', name, covers };
}

/** Names in DNS end with a dot where they are written out in full. */
function bare(name: unknown): string {
  return String(name ?? '')
    .toLowerCase()
    .replace(/\.$/, '');
}

function bareHost(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function targetsOf(record: ModelResource, distributions: readonly ModelResource[], facts: Facts): string[] {
  const alias = record.properties.AliasTarget as { DNSName?: string } | undefined;
  const values = [alias?.DNSName, ...((record.properties.ResourceRecords as string[] | undefined) ?? [])].map(bare);
  const found = distributions
    .filter(({ attributes }) => values.includes(bare(attributes.DomainName)))
    .map(({ logicalId }) => logicalId);
  for (const { logicalId, dnsName } of facts.balancers) {
    if (values.some((value) => value.replace(/^dualstack\./, '') === bare(dnsName))) found.push(logicalId);
  }
  return found;
}

function balancerAt(host: string, facts: Facts, namesOf: ReadonlyMap<string, readonly DnsName[]>): string | undefined {
  const name = bare(host).replace(/^dualstack\./, '');
  return facts.balancers.find(
    ({ logicalId, dnsName }) =>
      bare(dnsName) === name || (namesOf.get(logicalId) ?? []).some((one) => one.name === name),
  )?.logicalId;
}
