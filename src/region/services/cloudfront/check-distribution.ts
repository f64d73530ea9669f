/** What a distribution's configuration must be, filled up with AWS's defaults; what has no model is refused by name. */
import type { CacheBehavior, DistributionConfig, Origin } from '@aws-sdk/client-cloudfront';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { managedCachePolicies, managedHeadersPolicies, managedRequestPolicies } from './managed-policies.ts';
import {
  accessControls,
  cachePolicies,
  counted,
  distributions,
  functions,
  headersPolicies,
  invalid,
  keyGroups,
  notModelled,
  requestPolicies,
} from './state.ts';

const methodSets = [2, 3, 7];
const none = { Quantity: 0 };

/** @param own the distribution's id, where there is one already */
export function checkConfig(given: DistributionConfig | undefined, call: Call, own?: string): DistributionConfig {
  if (
    !given?.DefaultCacheBehavior ||
    !given.Origins ||
    given.CallerReference === undefined ||
    given.Enabled === undefined
  ) {
    throw new Fault('MissingBody', 'CallerReference, Origins, DefaultCacheBehavior, Comment and Enabled are required.');
  }
  refuseNotModelled(given);
  const origins = counted(given.Origins).map((origin) => checkOrigin(origin, call));
  if (origins.length === 0) throw invalid('A distribution needs at least one origin.');
  const ids = new Set(origins.map(({ Id }) => Id));
  if (ids.size < origins.length) throw invalid('The ids of origins must be unique.');
  const aliases = counted(given.Aliases);
  checkAliases(aliases, given, call, own);
  const root = given.DefaultRootObject ?? '';
  if (root.startsWith('/'))
    throw new Fault('InvalidDefaultRootObject', 'The default root object file name must not begin with a slash.');
  const behaviours = counted(given.CacheBehaviors).map((behaviour) => {
    if (!behaviour.PathPattern) throw invalid('A cache behavior needs a PathPattern.');
    return checkBehaviour(behaviour, ids, call);
  });
  if (new Set(behaviours.map(({ PathPattern }) => PathPattern)).size < behaviours.length) {
    throw invalid('The path patterns of cache behaviors must be unique.');
  }
  const { PathPattern: _, ...byDefault } = checkBehaviour(
    { PathPattern: '*', ...given.DefaultCacheBehavior },
    ids,
    call,
  );
  return {
    ...given,
    Aliases: { Quantity: aliases.length, ...(aliases.length > 0 ? { Items: aliases } : {}) },
    DefaultRootObject: root,
    Origins: { Quantity: origins.length, Items: origins },
    OriginGroups: none,
    DefaultCacheBehavior: byDefault,
    CacheBehaviors: { Quantity: behaviours.length, ...(behaviours.length > 0 ? { Items: behaviours } : {}) },
    CustomErrorResponses: checkErrors(given),
    Comment: given.Comment ?? '',
    Logging: given.Logging ?? { Enabled: false, IncludeCookies: false, Bucket: '', Prefix: '' },
    PriceClass: given.PriceClass ?? 'PriceClass_All',
    ViewerCertificate: given.ViewerCertificate ?? {
      CloudFrontDefaultCertificate: true,
      SSLSupportMethod: 'vip',
      MinimumProtocolVersion: 'TLSv1',
      CertificateSource: 'cloudfront',
    },
    Restrictions: given.Restrictions ?? { GeoRestriction: { RestrictionType: 'none', Quantity: 0 } },
    WebACLId: '',
    HttpVersion: given.HttpVersion ?? 'http2',
    IsIPV6Enabled: given.IsIPV6Enabled ?? true,
    Staging: false,
  };
}

function refuseNotModelled(given: DistributionConfig): void {
  if ((given.OriginGroups?.Quantity ?? 0) > 0) throw notModelled('An origin group');
  if (given.Logging?.Enabled || given.Logging?.Bucket) throw notModelled('Access logging of a distribution');
  if (given.WebACLId) throw notModelled('A web ACL');
  if (given.Staging || given.ContinuousDeploymentPolicyId) throw notModelled('Continuous deployment');
  if (given.AnycastIpListId || given.TenantConfig || given.ViewerMtlsConfig || given.ConnectionFunctionAssociation) {
    throw notModelled('Anycast addresses, tenants, mutual TLS or a connection function');
  }
  if (given.ConnectionMode === 'tenant-only' || given.CacheTagConfig)
    throw notModelled('A connection mode or cache tags');
  if ((given.Restrictions?.GeoRestriction?.RestrictionType ?? 'none') !== 'none')
    throw notModelled('A geographic restriction');
  if (given.ViewerCertificate?.IAMCertificateId) throw notModelled('A certificate of IAM');
}

function checkOrigin(origin: Origin, call: Call): Origin {
  const { Id, DomainName, OriginPath = '', S3OriginConfig: s3, CustomOriginConfig: custom } = origin;
  if (!Id || !DomainName) throw invalid('An origin needs an Id and a DomainName.');
  if (/^https?:|\/|\s/.test(DomainName)) {
    throw new Fault('InvalidOrigin', 'The specified origin server does not exist or is not valid.');
  }
  if (OriginPath !== '' && (!OriginPath.startsWith('/') || OriginPath.endsWith('/'))) {
    throw invalid('The parameter OriginPath must begin with a slash and must not end with one.');
  }
  if (origin.VpcOriginConfig) throw notModelled('A VPC origin');
  if (origin.OriginShield?.Enabled) throw notModelled('Origin Shield');
  if (origin.ResponseCompletionTimeout !== undefined) throw notModelled('A response completion timeout');
  if (custom?.OriginMtlsConfig) throw notModelled('Mutual TLS with an origin');
  if ((s3 === undefined) === (custom === undefined))
    throw invalid('An origin needs either S3OriginConfig or CustomOriginConfig.');
  if (s3 && !/\.s3[.-]([a-z0-9-]+\.)?amazonaws\.com$/.test(DomainName)) {
    throw invalid('The parameter Origin DomainName does not refer to a valid S3 bucket.');
  }
  if (custom && !['http-only', 'https-only', 'match-viewer'].includes(custom.OriginProtocolPolicy ?? '')) {
    throw invalid('The OriginProtocolPolicy must be one of: http-only, https-only, match-viewer.');
  }
  const access = origin.OriginAccessControlId ?? '';
  if (access !== '' && !accessControls(call).has(access)) {
    throw new Fault('InvalidOriginAccessControl', 'The origin access control is not valid.');
  }
  if (access !== '' && (!s3 || s3.OriginAccessIdentity)) {
    throw invalid('An origin access control is for an S3 origin without an origin access identity.');
  }
  const headers = counted(origin.CustomHeaders);
  return {
    ...origin,
    OriginPath,
    OriginAccessControlId: access,
    CustomHeaders: { Quantity: headers.length, ...(headers.length > 0 ? { Items: headers } : {}) },
    ConnectionAttempts: within(origin.ConnectionAttempts ?? 3, 1, 3, 'ConnectionAttempts'),
    ConnectionTimeout: within(origin.ConnectionTimeout ?? 10, 1, 10, 'ConnectionTimeout'),
    OriginShield: { Enabled: false },
    ...(custom
      ? {
          CustomOriginConfig: {
            ...custom,
            HTTPPort: custom.HTTPPort ?? 80,
            HTTPSPort: custom.HTTPSPort ?? 443,
            OriginSslProtocols: custom.OriginSslProtocols ?? { Quantity: 1, Items: ['TLSv1.2'] },
            OriginReadTimeout: within(custom.OriginReadTimeout ?? 30, 1, 180, 'OriginReadTimeout'),
            OriginKeepaliveTimeout: within(custom.OriginKeepaliveTimeout ?? 5, 1, 180, 'OriginKeepaliveTimeout'),
          },
        }
      : {}),
  };
}

function within(value: number, least: number, most: number, name: string): number {
  if (value >= least && value <= most) return value;
  throw invalid(`The parameter ${name} must be from ${least} to ${most}.`);
}

function checkBehaviour(behaviour: CacheBehavior, origins: ReadonlySet<string | undefined>, call: Call): CacheBehavior {
  if (!origins.has(behaviour.TargetOriginId)) {
    throw new Fault('NoSuchOrigin', 'One or more of your origins or origin groups do not exist.', { status: 404 });
  }
  if (!['allow-all', 'https-only', 'redirect-to-https'].includes(behaviour.ViewerProtocolPolicy ?? '')) {
    throw invalid('The ViewerProtocolPolicy must be one of: allow-all, https-only, redirect-to-https.');
  }
  if (behaviour.SmoothStreaming) throw notModelled('Smooth Streaming');
  if (behaviour.FieldLevelEncryptionId) throw notModelled('Field-level encryption');
  if (behaviour.RealtimeLogConfigArn) throw notModelled('A real-time log configuration');
  if (behaviour.GrpcConfig?.Enabled) throw notModelled('gRPC');
  if ((behaviour.LambdaFunctionAssociations?.Quantity ?? 0) > 0) throw notModelled('Lambda@Edge');
  if (behaviour.TrustedSigners?.Enabled) throw notModelled('A trusted signer (an account; key groups are)');
  if ((behaviour.CachePolicyId === undefined) === (behaviour.ForwardedValues === undefined)) {
    throw invalid('A cache behavior needs either a CachePolicyId or ForwardedValues.');
  }
  const known = (
    id: string | undefined,
    table: Table<unknown>,
    managed: ReadonlyMap<string, unknown>,
    code: string,
  ) => {
    if (id !== undefined && !table.has(id) && !managed.has(id)) {
      throw new Fault(code, `The specified ${code.replace('NoSuch', '')} does not exist: ${id}.`, { status: 404 });
    }
  };
  known(behaviour.CachePolicyId, cachePolicies(call), managedCachePolicies, 'NoSuchCachePolicy');
  known(behaviour.OriginRequestPolicyId, requestPolicies(call), managedRequestPolicies, 'NoSuchOriginRequestPolicy');
  known(
    behaviour.ResponseHeadersPolicyId,
    headersPolicies(call),
    managedHeadersPolicies,
    'NoSuchResponseHeadersPolicy',
  );
  const allowed = behaviour.AllowedMethods?.Items ?? ['HEAD', 'GET'];
  const cached = behaviour.AllowedMethods?.CachedMethods?.Items ?? ['HEAD', 'GET'];
  if (!methodSets.includes(allowed.length))
    throw invalid('The parameter AllowedMethods is not one of the three sets of methods.');
  const groups = counted(behaviour.TrustedKeyGroups);
  for (const id of groups) {
    if (!keyGroups(call).has(id))
      throw new Fault('TrustedKeyGroupDoesNotExist', 'The specified key group does not exist.');
  }
  const associated = counted(behaviour.FunctionAssociations);
  for (const { FunctionARN, EventType } of associated) {
    const name = FunctionARN?.split('/').at(-1) ?? '';
    if (EventType !== 'viewer-request' && EventType !== 'viewer-response') {
      throw new Fault('InvalidFunctionAssociation', 'A CloudFront function is for viewer-request or viewer-response.');
    }
    if (!functions(call).get(name)?.live) {
      throw new Fault('InvalidFunctionAssociation', `The function ${name} does not exist or was never published.`);
    }
  }
  return {
    ...behaviour,
    TrustedSigners: { Enabled: false, Quantity: 0 },
    TrustedKeyGroups: {
      Enabled: groups.length > 0,
      Quantity: groups.length,
      ...(groups.length > 0 ? { Items: groups } : {}),
    },
    AllowedMethods: {
      Quantity: allowed.length,
      Items: allowed,
      CachedMethods: { Quantity: cached.length, Items: cached },
    },
    SmoothStreaming: false,
    Compress: behaviour.Compress ?? false,
    LambdaFunctionAssociations: none,
    FunctionAssociations: { Quantity: associated.length, ...(associated.length > 0 ? { Items: associated } : {}) },
    FieldLevelEncryptionId: '',
  };
}

function checkAliases(
  aliases: readonly string[],
  { ViewerCertificate }: DistributionConfig,
  call: Call,
  own?: string,
): void {
  if (aliases.length > 0 && !ViewerCertificate?.ACMCertificateArn) {
    throw new Fault(
      'InvalidViewerCertificate',
      'To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.',
    );
  }
  const arn = ViewerCertificate?.ACMCertificateArn;
  if (arn && !arn.startsWith('arn:aws:acm:us-east-1:')) {
    throw new Fault(
      'InvalidViewerCertificate',
      "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.",
    );
  }
  for (const other of distributions(call).values()) {
    if (other.id === own) continue;
    const taken = aliases.find((alias) =>
      other.config.Aliases?.Items?.some((one) => one.toLowerCase() === alias.toLowerCase()),
    );
    if (taken) {
      throw new Fault(
        'CNAMEAlreadyExists',
        'One or more of the CNAMEs you provided are already associated with a different resource.',
        { status: 409 },
      );
    }
  }
}

function checkErrors({ CustomErrorResponses }: DistributionConfig) {
  const items = counted(CustomErrorResponses);
  for (const { ResponsePagePath = '', ResponseCode = '' } of items) {
    if ((ResponsePagePath === '') !== (ResponseCode === '')) {
      throw invalid('ResponsePagePath and ResponseCode go together.');
    }
  }
  return { Quantity: items.length, ...(items.length > 0 ? { Items: items } : {}) };
}
