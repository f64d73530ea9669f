/** Names and certificates: the zone (adopted or made), aliases of the app and of the API, certificates checked by DNS. */
import { Fn } from 'aws-cdk-lib';
import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { CfnHostedZone, CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import type { Balancer } from './balancer.ts';
import type { Config } from './config.ts';
import { choose, type Parameters } from './parameters.ts';

/** CloudFront's own, for all distributions: https://docs.aws.amazon.com/general/latest/gr/cf_region.html */
const cloudFrontZone = 'Z2FDTNDATAQYW2';

export interface Names {
  readonly zone: CfnHostedZone;
  readonly zoneId: string;
  readonly siteCertificateArn: string;
  readonly apiCertificateArn: string;
}

export function makeNames(scope: Construct, parameters: Parameters): Names {
  const { domainName, hostedZoneId, siteCertificateArn, conditions } = parameters;
  const zone = new CfnHostedZone(scope, 'HostedZone', { name: domainName.valueAsString });
  zone.cfnOptions.condition = conditions.makesZone;
  const zoneId = choose(conditions.makesZone, zone.ref, hostedZoneId.valueAsString);
  const certificate = (id: string, name: string) =>
    new CfnCertificate(scope, id, {
      domainName: name,
      validationMethod: 'DNS',
      domainValidationOptions: [{ domainName: name, hostedZoneId: zoneId }],
    });
  const site = certificate('SiteCertificate', domainName.valueAsString);
  site.cfnOptions.condition = conditions.makesSiteCertificate;
  const api = certificate('ApiCertificate', parameters.apiName);
  api.cfnOptions.condition = conditions.hasDomain;
  return {
    zone,
    zoneId,
    siteCertificateArn: choose(conditions.hasSiteCertificate, siteCertificateArn.valueAsString, site.ref),
    apiCertificateArn: api.ref,
  };
}

export function makeRecords(
  scope: Construct,
  { network }: Config,
  { domainName, apiName, conditions }: Parameters,
  { zoneId }: Names,
  distribution: CfnDistribution,
  { loadBalancer }: Balancer,
): void {
  const alias = (id: string, type: 'A' | 'AAAA', name: string, aliasTarget: CfnRecordSet.AliasTargetProperty) => {
    const record = new CfnRecordSet(scope, id, { hostedZoneId: zoneId, name, type, aliasTarget });
    record.cfnOptions.condition = conditions.hasDomain;
  };
  const site = { hostedZoneId: cloudFrontZone, dnsName: distribution.attrDomainName };
  const api = {
    hostedZoneId: loadBalancer.attrCanonicalHostedZoneId,
    dnsName: loadBalancer.attrDnsName,
    evaluateTargetHealth: true,
  };
  alias('SiteRecord', 'A', domainName.valueAsString, site);
  alias('SiteRecord6', 'AAAA', domainName.valueAsString, site);
  alias('ApiRecord', 'A', apiName, api);
  // Only a dual-stack balancer has IPv6 addresses.
  if (network.ipv6) alias('ApiRecord6', 'AAAA', apiName, api);
}

export function nameServers(zone: CfnHostedZone): string {
  return Fn.join(', ', zone.attrNameServers);
}
