/** Policies, access controls, keys and key groups: what is particular to each. */
import { createPublicKey } from 'node:crypto';
import type {
  CachePolicyConfig,
  CloudFrontOriginAccessIdentityConfig,
  KeyGroupConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  PublicKeyConfig,
  ResponseHeadersPolicyConfig,
} from '@aws-sdk/client-cloudfront';
import { Fault } from '../../wire/fault.ts';
import { canonicalUserId } from '../origin-access-identity.ts';
import { managedCachePolicies, managedHeadersPolicies, managedRequestPolicies } from './managed-policies.ts';
import { type Kind, operationsOf, shortId, uuidOf } from './simple.ts';
import {
  accessControls,
  accessIdentities,
  type Configured,
  cachePolicies,
  counted,
  headersPolicies,
  invalid,
  keyGroups,
  publicKeys,
  requestPolicies,
} from './state.ts';

const mentions = (text: string, id: string) => text.includes(`"${id}"`);

/** A policy's view: id, time, configuration. */
const policyView =
  <C>(member: string) =>
  ({ id, modifiedMs, config }: Configured<C>) => ({ Id: id, LastModifiedTime: new Date(modifiedMs), [member]: config });

function policyKind<C>(
  noun: 'CachePolicy' | 'OriginRequestPolicy' | 'ResponseHeadersPolicy',
  rest: Pick<Kind<C>, 'table' | 'nameOf' | 'check'> & { managed: ReadonlyMap<string, C> },
): Kind<C> {
  const view = policyView<C>(`${noun}Config`);
  return {
    noun,
    member: `${noun}Config`,
    plural: noun.replace(/y$/, 'ies'),
    listMember: `${noun}List`,
    missing: `NoSuch${noun}`,
    exists: `${noun}AlreadyExists`,
    inUse: `${noun}InUse`,
    id: uuidOf,
    view,
    summary: (record, managed) => ({ Type: managed ? 'managed' : 'custom', [noun]: view(record) }),
    uses: mentions,
    ...rest,
  };
}

const cachePolicy = policyKind<CachePolicyConfig>('CachePolicy', {
  table: cachePolicies,
  managed: managedCachePolicies,
  nameOf: ({ Name = '' }) => Name,
  check(config) {
    const { MinTTL = 0 } = config;
    const DefaultTTL = config.DefaultTTL ?? Math.max(86_400, MinTTL);
    const MaxTTL = config.MaxTTL ?? Math.max(31_536_000, DefaultTTL);
    if (MinTTL < 0 || DefaultTTL < MinTTL || MaxTTL < DefaultTTL) {
      throw invalid('The parameter MinTTL must be at most DefaultTTL, and DefaultTTL at most MaxTTL.');
    }
    const parameters = config.ParametersInCacheKeyAndForwardedToOrigin;
    counted(parameters?.HeadersConfig?.Headers);
    counted(parameters?.CookiesConfig?.Cookies);
    counted(parameters?.QueryStringsConfig?.QueryStrings);
    if (MaxTTL === 0 && parameters) {
      const { HeadersConfig, CookiesConfig, QueryStringsConfig } = parameters;
      const keyed =
        parameters.EnableAcceptEncodingGzip ||
        parameters.EnableAcceptEncodingBrotli ||
        (HeadersConfig?.HeaderBehavior ?? 'none') !== 'none' ||
        (CookiesConfig?.CookieBehavior ?? 'none') !== 'none' ||
        (QueryStringsConfig?.QueryStringBehavior ?? 'none') !== 'none';
      if (keyed) throw invalid('The parameters of the cache key are invalid for policy with caching disabled.');
    }
    return { ...config, MinTTL, DefaultTTL, MaxTTL };
  },
});

const requestPolicy = policyKind<OriginRequestPolicyConfig>('OriginRequestPolicy', {
  table: requestPolicies,
  managed: managedRequestPolicies,
  nameOf: ({ Name = '' }) => Name,
  check(config) {
    counted(config.HeadersConfig?.Headers);
    counted(config.CookiesConfig?.Cookies);
    counted(config.QueryStringsConfig?.QueryStrings);
    if (!config.HeadersConfig || !config.CookiesConfig || !config.QueryStringsConfig) {
      throw invalid('HeadersConfig, CookiesConfig and QueryStringsConfig are required.');
    }
    return config;
  },
});

const headersPolicy = policyKind<ResponseHeadersPolicyConfig>('ResponseHeadersPolicy', {
  table: headersPolicies,
  managed: managedHeadersPolicies,
  nameOf: ({ Name = '' }) => Name,
  check(config) {
    counted(config.CustomHeadersConfig);
    counted(config.RemoveHeadersConfig);
    const { CorsConfig: cors } = config;
    if (cors?.AccessControlAllowCredentials && cors.AccessControlAllowOrigins?.Items?.includes('*')) {
      throw invalid('AccessControlAllowOrigins cannot be * when AccessControlAllowCredentials is true.');
    }
    return config;
  },
});

const accessControl: Kind<OriginAccessControlConfig> = {
  noun: 'OriginAccessControl',
  member: 'OriginAccessControlConfig',
  plural: 'OriginAccessControls',
  listMember: 'OriginAccessControlList',
  table: accessControls,
  missing: 'NoSuchOriginAccessControl',
  exists: 'OriginAccessControlAlreadyExists',
  inUse: 'OriginAccessControlInUse',
  nameOf: ({ Name = '' }) => Name,
  id: shortId,
  check(config) {
    if (config.SigningProtocol !== 'sigv4') throw invalid('The SigningProtocol must be sigv4.');
    if (!['always', 'never', 'no-override'].includes(config.SigningBehavior ?? '')) {
      throw invalid('The SigningBehavior must be one of: always, never, no-override.');
    }
    if (config.OriginAccessControlOriginType !== 's3') {
      throw invalid(`The origin type ${config.OriginAccessControlOriginType} is not modelled by Orrery: only s3 is.`);
    }
    return { Description: '', ...config };
  },
  view: ({ id, config }) => ({ Id: id, OriginAccessControlConfig: config }),
  summary: ({ id, config }) => ({ Id: id, ...config }),
  uses: mentions,
};

const accessIdentity: Kind<CloudFrontOriginAccessIdentityConfig> = {
  noun: 'CloudFrontOriginAccessIdentity',
  member: 'CloudFrontOriginAccessIdentityConfig',
  plural: 'CloudFrontOriginAccessIdentities',
  listMember: 'CloudFrontOriginAccessIdentityList',
  table: accessIdentities,
  missing: 'NoSuchCloudFrontOriginAccessIdentity',
  exists: 'CloudFrontOriginAccessIdentityAlreadyExists',
  inUse: 'CloudFrontOriginAccessIdentityInUse',
  nameOf: ({ CallerReference = '' }) => CallerReference,
  id: shortId,
  check: (config) => config,
  view: ({ id, config }) => ({
    Id: id,
    S3CanonicalUserId: canonicalUserId(id),
    CloudFrontOriginAccessIdentityConfig: config,
  }),
  summary: ({ id, config }) => ({ Id: id, S3CanonicalUserId: canonicalUserId(id), Comment: config.Comment ?? '' }),
  uses: (text, id) => text.includes(`origin-access-identity/cloudfront/${id}"`),
};

const publicKey: Kind<PublicKeyConfig> = {
  noun: 'PublicKey',
  member: 'PublicKeyConfig',
  plural: 'PublicKeys',
  listMember: 'PublicKeyList',
  table: publicKeys,
  missing: 'NoSuchPublicKey',
  exists: 'PublicKeyAlreadyExists',
  inUse: 'PublicKeyInUse',
  nameOf: ({ Name = '' }) => Name,
  id: (scope) => `K${scope.random.text(13)}`,
  check(config, _call, before) {
    if (before && before.EncodedKey !== config.EncodedKey) {
      throw new Fault('CannotChangeImmutablePublicKeyFields', "You can't change the value of a public key.");
    }
    try {
      const key = createPublicKey(config.EncodedKey ?? '');
      const bits = key.asymmetricKeyDetails?.modulusLength;
      const known = (key.asymmetricKeyType === 'rsa' && bits === 2048) || key.asymmetricKeyType === 'ec';
      if (!known) throw new Error('neither RSA of 2048 bits nor ECDSA');
    } catch (error) {
      throw new Fault('InvalidArgument', 'Your request contains empty/invalid/out of limits RSA Encoded Key', {
        cause: error,
      });
    }
    return config;
  },
  view: ({ id, modifiedMs, config }) => ({ Id: id, CreatedTime: new Date(modifiedMs), PublicKeyConfig: config }),
  summary: ({ id, modifiedMs, config: { Name, EncodedKey, Comment } }) => ({
    Id: id,
    Name,
    CreatedTime: new Date(modifiedMs),
    EncodedKey,
    Comment: Comment ?? '',
  }),
  uses: () => false,
  usedElsewhere: (call, id) => [...keyGroups(call).values()].some(({ config }) => config.Items?.includes(id)),
};

const keyGroup: Kind<KeyGroupConfig> = {
  noun: 'KeyGroup',
  member: 'KeyGroupConfig',
  plural: 'KeyGroups',
  listMember: 'KeyGroupList',
  table: keyGroups,
  missing: 'NoSuchResource',
  exists: 'KeyGroupAlreadyExists',
  inUse: 'ResourceInUse',
  nameOf: ({ Name = '' }) => Name,
  id: uuidOf,
  check(config, call) {
    const { Items = [] } = config;
    if (Items.length === 0) throw invalid('A key group needs at least one public key.');
    if (Items.length > 5) throw new Fault('TooManyPublicKeysInKeyGroup', 'A key group has at most 5 public keys.');
    for (const id of Items) {
      if (!publicKeys(call).has(id)) throw invalid(`The public key ${id} does not exist.`);
    }
    return config;
  },
  view: ({ id, modifiedMs, config }) => ({ Id: id, LastModifiedTime: new Date(modifiedMs), KeyGroupConfig: config }),
  summary: (record) => ({ KeyGroup: keyGroup.view(record) }),
  uses: mentions,
};

export const simpleOperations = {
  ...operationsOf(cachePolicy),
  ...operationsOf(requestPolicy),
  ...operationsOf(headersPolicy),
  ...operationsOf(accessControl),
  ...operationsOf(accessIdentity),
  ...operationsOf(publicKey),
  ...operationsOf(keyGroup),
};
