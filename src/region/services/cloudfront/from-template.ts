/**
 * CloudFormation writes plain lists, and some names otherwise than the API: this tells one from the other. Numbers and
 * booleans may come as text.
 */
type Properties = Readonly<Record<string, unknown>>;

const renamed: Readonly<Record<string, string>> = {
  AcmCertificateArn: 'ACMCertificateArn',
  IamCertificateId: 'IAMCertificateId',
  SslSupportMethod: 'SSLSupportMethod',
  OriginSSLProtocols: 'OriginSslProtocols',
  IPV6Enabled: 'IsIPV6Enabled',
  OriginCustomHeaders: 'CustomHeaders',
  TrustedKeyGroups: 'TrustedKeyGroups',
};

const booleans = new Set([
  'AccessControlAllowCredentials',
  'CloudFrontDefaultCertificate',
  'Compress',
  'EnableAcceptEncodingBrotli',
  'EnableAcceptEncodingGzip',
  'Enabled',
  'IncludeSubdomains',
  'IsIPV6Enabled',
  'ModeBlock',
  'OriginOverride',
  'Override',
  'Preload',
  'Protection',
  'QueryString',
  'SmoothStreaming',
]);
const numbers = new Set([
  'AccessControlMaxAgeSec',
  'ConnectionAttempts',
  'ConnectionTimeout',
  'DefaultTTL',
  'ErrorCachingMinTTL',
  'ErrorCode',
  'HTTPPort',
  'HTTPSPort',
  'MaxTTL',
  'MinTTL',
  'OriginKeepaliveTimeout',
  'OriginReadTimeout',
  'SamplingRate',
]);
/** Lists that the API writes as lists too. */
const plain = new Set(['KeyGroupItems']);

/** Lists that need another member beside their items. */
function listOf(name: string, items: unknown[]): object {
  const list = { Quantity: items.length, ...(items.length > 0 ? { Items: items } : {}) };
  return name === 'TrustedKeyGroups' || name === 'TrustedSigners' ? { Enabled: items.length > 0, ...list } : list;
}

export function toApi(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => toApi(item));
    return plain.has(name) ? items : listOf(name, items);
  }
  if (typeof value === 'object' && value !== null) return membersOf(value as Properties);
  if (booleans.has(name)) return String(value) === 'true';
  if (numbers.has(name)) return Number(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : value;
}

function membersOf(properties: Properties): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(properties)) {
    const name = renamed[key] ?? key;
    // A list that is written as an object already (policies' `Items`) stays one.
    if (name === 'Items' && Array.isArray(value)) {
      members.Quantity = value.length;
      if (value.length > 0) members.Items = value.map((item) => toApi(item));
    } else members[name] = toApi(value, name);
  }
  return members;
}

/** A distribution's own odd members. */
export function distributionFromTemplate(properties: Properties, callerReference: string): Record<string, unknown> {
  const config = membersOf(properties);
  const behaviours = [config.DefaultCacheBehavior, ...itemsOf(config.CacheBehaviors)] as Record<string, unknown>[];
  for (const behaviour of behaviours) {
    const { CachedMethods, ...rest } = behaviour;
    if (rest.AllowedMethods || CachedMethods) {
      const allowed = (rest.AllowedMethods ?? { Quantity: 2, Items: ['HEAD', 'GET'] }) as object;
      behaviour.AllowedMethods = { ...allowed, ...(CachedMethods ? { CachedMethods } : {}) };
    }
    delete behaviour.CachedMethods;
    for (const association of itemsOf(behaviour.FunctionAssociations) as Record<string, unknown>[]) {
      if ('FunctionARN' in association) association.FunctionARN = String(association.FunctionARN);
    }
  }
  for (const error of itemsOf(config.CustomErrorResponses) as Record<string, unknown>[]) {
    if (error.ResponseCode !== undefined) error.ResponseCode = String(error.ResponseCode);
  }
  const { Restrictions } = config as { Restrictions?: { GeoRestriction?: Record<string, unknown> } };
  const geo = Restrictions?.GeoRestriction;
  if (geo) {
    const locations = itemsOf(geo.Locations);
    config.Restrictions = {
      GeoRestriction: {
        RestrictionType: geo.RestrictionType,
        Quantity: locations.length,
        ...(locations.length > 0 ? { Items: locations } : {}),
      },
    };
  }
  return { Comment: '', ...config, CallerReference: callerReference };
}

function itemsOf(list: unknown): unknown[] {
  return (list as { Items?: unknown[] } | undefined)?.Items ?? [];
}
