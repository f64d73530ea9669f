/**
 * `domain.yml`: what must be in us-east-1 for a stack of another region, since CloudFront takes certificates from there
 * only. The zone, if none exists, and the certificate of the app; the main template takes both by parameter.
 */
import { Aws, CfnCondition, CfnElement, CfnOutput, CfnParameter, CfnRule, Fn } from 'aws-cdk-lib';
import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnHostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { nameServers } from './dns.ts';
import { choose } from './parameters.ts';

export class DomainArchitecture extends Construct {
  constructor(scope: Construct, id: string, { domain }: { readonly domain?: string | undefined }) {
    super(scope, id);
    const domainName = new CfnParameter(this, 'DomainName', {
      type: 'String',
      ...(domain === undefined ? {} : { default: domain }),
      description: 'Domain of the app.',
      maxLength: 249,
      allowedPattern: '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$',
      constraintDescription: 'A domain in lower case, such as myapp.com.',
    });
    const hostedZoneId = new CfnParameter(this, 'HostedZoneId', {
      type: 'String',
      default: '',
      description:
        "The domain's existing hosted zone, which a domain registered with Route 53 has. Empty: one is made.",
      allowedPattern: '^(Z[A-Z0-9]{1,31})?$',
    });
    const makesZone = new CfnCondition(this, 'MakesZone', {
      expression: Fn.conditionEquals(hostedZoneId.valueAsString, ''),
    });
    new CfnRule(this, 'InUsEast1', {
      assertions: [
        {
          assert: Fn.conditionEquals(Aws.REGION, 'us-east-1'),
          assertDescription: 'CloudFront takes certificates of us-east-1 only: deploy this there.',
        },
      ],
    });
    const zone = new CfnHostedZone(this, 'HostedZone', { name: domainName.valueAsString });
    zone.cfnOptions.condition = makesZone;
    const zoneId = choose(makesZone, zone.ref, hostedZoneId.valueAsString);
    const certificate = new CfnCertificate(this, 'SiteCertificate', {
      domainName: domainName.valueAsString,
      validationMethod: 'DNS',
      domainValidationOptions: [{ domainName: domainName.valueAsString, hostedZoneId: zoneId }],
    });
    const output = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value });
    output('ZoneId', 'For the parameter HostedZoneId of build.yml.', zoneId);
    output('SiteCertificateArn', 'For the parameter SiteCertificateArn of build.yml.', certificate.ref);
    output('NameServers', 'To be entered at the registrar of the domain.', nameServers(zone)).condition = makesZone;
    for (const part of this.node.findAll()) {
      if (CfnElement.isCfnElement(part)) part.overrideLogicalId(part.node.id);
    }
  }
}
