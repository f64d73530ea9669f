/** What is chosen when the template is deployed rather than when it is made: its parameters, conditions and rule. */

import type { ICfnConditionExpression } from 'aws-cdk-lib';
import { Aws, CfnCondition, CfnParameter, type CfnParameterProps, CfnRule, Fn, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { architectureOf } from './instance-type.ts';

export type Parameters = ReturnType<typeof makeParameters>;

export function makeParameters(scope: Construct, config: Config) {
  const text = (id: string, description: string, props: CfnParameterProps = {}) =>
    new CfnParameter(scope, id, { type: 'String', default: '', description, ...props });
  const number = (id: string, description: string, least: number, value: number) =>
    new CfnParameter(scope, id, { type: 'Number', default: value, minValue: least, maxValue: 500, description });
  const when = (id: string, expression: ICfnConditionExpression) => new CfnCondition(scope, id, { expression });
  const given = (id: string, parameter: CfnParameter) => when(id, Fn.conditionNot(isEmpty(parameter)));
  const isEmpty = (parameter: CfnParameter) => Fn.conditionEquals(parameter.valueAsString, '');
  const origin = { allowedPattern: '^(https?://[a-z0-9.-]+(:[0-9]{1,5})?)?$' };

  const domainName = text(
    'DomainName',
    'Domain of the app, such as myapp.com. Empty: the distribution serves it under its own name.',
    {
      default: config.domain ?? '',
      maxLength: 249,
      allowedPattern: '^(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])?$',
    },
  );
  const hostedZoneId = text(
    'HostedZoneId',
    "The domain's hosted zone. Empty: it is made, and certificates wait until the registrar names its servers.",
    { allowedPattern: '^(Z[A-Z0-9]{1,31})?$' },
  );
  const siteCertificateArn = text(
    'SiteCertificateArn',
    'Its certificate in us-east-1 (by domain.yml). Empty, in us-east-1 itself: made here.',
    { allowedPattern: '^(arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]+)?$' },
  );
  const apiOrigin = text('ApiOrigin', 'Origin of the API in browsers. Empty: https://api.<domain>.', origin);
  const spaOrigin = text(
    'SpaOrigin',
    'Origin whose pages may call the API. Empty: https://<domain>, if there is one.',
    origin,
  );
  const releaseBucket = text('ReleaseBucket', "Bucket of the API's releases. Empty: machines serve a placeholder.", {
    allowedPattern: '^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$',
  });
  const releaseKey = text('ReleaseKey', 'Its key, a zip file. Another one rolls the machines.', {
    allowedPattern: '^([\\w./-]{1,512}\\.zip)?$',
  });
  const imageId = text('ImageId', 'Image of the machines, pinned. Empty: the latest Amazon Linux 2023.', {
    allowedPattern: '^(ami-[0-9a-f]{8,17})?$',
  });
  const latestImage = new CfnParameter(scope, 'LatestImage', {
    type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
    default: `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architectureOf(config.api.instanceType)}`,
    description: 'Where that is looked up. Without ImageId, a newer one rolls the machines.',
  });
  const instanceType = text('InstanceType', "Instance type, of the image's architecture.", {
    default: config.api.instanceType,
    allowedPattern: '^[a-z][a-z0-9-]*\\.[a-z0-9-]+$',
  });
  const minMachines = number('MinMachines', 'Fewest machines, also during an update.', 1, config.api.min);
  const maxMachines = number(
    'MaxMachines',
    'Most machines: more than MinMachines, or updates replace none.',
    2,
    config.api.max,
  );
  const email = text('NotificationEmail', 'Where alarms are sent, once confirmed.', {
    default: config.monitoring.email ?? '',
    allowedPattern: '^([^@\\s]+@[^@\\s]+)?$',
  });
  const webhook = text('NotificationWebhook', 'https:// URL that alarms are posted to.', {
    default: config.monitoring.webhook ?? '',
    allowedPattern: '^(https://\\S+)?$',
  });
  const cloudFrontPrefixList = text(
    'CloudFrontPrefixList',
    'Id of com.amazonaws.global.cloudfront.origin-facing: without a domain, only it reaches the balancer.',
    { allowedPattern: '^(pl-[0-9a-f]{8,17})?$' },
  );
  const uploadPublicKey = config.web.uploads
    ? text('UploadPublicKey', 'Public key (PEM) of signed upload URLs. Empty: none.', {
        allowedPattern: '^(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\s]+-----END PUBLIC KEY-----\\s*)?$',
      })
    : undefined;

  const hasDomain = given('HasDomain', domainName);
  const hasSiteCertificate = given('HasSiteCertificate', siteCertificateArn);
  const inUsEast1 = when('InUsEast1', Fn.conditionEquals(Aws.REGION, 'us-east-1'));
  const conditions = {
    hasDomain,
    noDomain: when('NoDomain', isEmpty(domainName)),
    makesZone: when('MakesZone', Fn.conditionAnd(hasDomain, isEmpty(hostedZoneId))),
    hasSiteCertificate,
    makesSiteCertificate: when('MakesSiteCertificate', Fn.conditionAnd(hasDomain, Fn.conditionNot(hasSiteCertificate))),
    hasApiOrigin: given('HasApiOrigin', apiOrigin),
    hasSpaOrigin: given('HasSpaOrigin', spaOrigin),
    hasRelease: when('HasRelease', Fn.conditionNot(Fn.conditionOr(isEmpty(releaseBucket), isEmpty(releaseKey)))),
    hasImage: given('HasImage', imageId),
    hasEmail: given('HasEmail', email),
    hasWebhook: given('HasWebhook', webhook),
    onlyCloudFront: when(
      'OnlyCloudFront',
      Fn.conditionAnd(isEmpty(domainName), Fn.conditionNot(isEmpty(cloudFrontPrefixList))),
    ),
    inUsEast1,
    ...(uploadPublicKey ? { takesUploads: given('Uploads', uploadPublicKey) } : {}),
  };
  new CfnRule(scope, 'SiteCertificateIsInUsEast1', {
    ruleCondition: Fn.conditionAnd(
      Fn.conditionNot(isEmpty(domainName)),
      Fn.conditionNot(Fn.conditionEquals(Aws.REGION, 'us-east-1')),
    ),
    assertions: [
      {
        assert: Fn.conditionNot(isEmpty(siteCertificateArn)),
        assertDescription: 'Deploy domain.yml in us-east-1 first, and pass its SiteCertificateArn.',
      },
    ],
  });

  return {
    ...{
      domainName,
      hostedZoneId,
      siteCertificateArn,
      releaseBucket,
      releaseKey,
      instanceType,
      minMachines,
      maxMachines,
    },
    ...{ email, webhook, cloudFrontPrefixList, uploadPublicKey },
    conditions,
    imageId: choose(conditions.hasImage, imageId.valueAsString, latestImage.valueAsString),
    apiName: Fn.sub('api.${DomainName}'),
    /** What a page's security policy names; `'self'` is repeated where the API has the page's own origin. */
    apiOrigin: choose(
      conditions.hasApiOrigin,
      apiOrigin.valueAsString,
      choose(hasDomain, Fn.sub('https://api.${DomainName}'), "'self'"),
    ),
    spaOrigin: choose(
      conditions.hasSpaOrigin,
      spaOrigin.valueAsString,
      choose(hasDomain, Fn.sub('https://${DomainName}'), ''),
    ),
  };
}

/** `Fn::If` as text. */
export function choose(condition: CfnCondition, yes: string, no: string): string {
  return Token.asString(Fn.conditionIf(condition.logicalId, yes, no));
}

/** An element of a list that is there only if the condition holds. */
export function onlyIf(condition: CfnCondition, value: unknown) {
  return Fn.conditionIf(condition.logicalId, value, Aws.NO_VALUE);
}
