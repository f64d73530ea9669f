/** The blueprint's template, to be changed. */
import { synthesise } from '../../../blueprint/synthesise.ts';
import { variants } from '../../../blueprint/variants.suite.ts';

export interface Planted {
  readonly name: string;
  readonly rule: string;
  /** The resource that the finding names. */
  readonly logicalId: string;
  /** In the finding's message. */
  readonly says?: RegExp;
  /** In its fix. */
  readonly mends?: RegExp;
  readonly template: string;
}

// biome-ignore lint/suspicious/noExplicitAny: templates are cut up here as it comes.
export type Loose = any;
export type Resources = Record<string, { Type: string; Properties: Loose; Metadata?: Loose; UpdatePolicy?: Loose }>;
export type Base = keyof typeof variants;

const bases = new Map<Base, string>();

export function baseOf(name: Base): { Resources: Resources } {
  const known = bases.get(name) ?? JSON.stringify(synthesise(variants[name]).template);
  bases.set(name, known);
  return JSON.parse(known);
}

export interface Row extends Omit<Planted, 'template'> {
  readonly base?: Base;
  plant(resources: Resources): void;
}

export function part(resources: Resources, id: string): Loose {
  const found = resources[id];
  if (!found) throw new Error(`the blueprint has no ${id}`);
  return found.Properties;
}

export const distribution = (resources: Resources): Loose => part(resources, 'Distribution').DistributionConfig;
export const byDefault = (resources: Resources): Loose => distribution(resources).DefaultCacheBehavior;
export const statements = (resources: Resources, policy = 'SpaBucketPolicy'): Loose[] =>
  part(resources, policy).PolicyDocument.Statement;
export const reading = (resources: Resources): Loose => statements(resources)[1];
export const launch = (resources: Resources): Loose => part(resources, 'ApiTemplate').LaunchTemplateData;
export const roleStatements = (resources: Resources): Loose[] =>
  part(resources, 'MachineRole').Policies[0].PolicyDocument.Statement;

/** What a new bucket has otherwise, whether a template says so or not. */
export const unblocked = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
};

export function addIdentity(resources: Resources): void {
  delete resources.SpaAccess;
  resources.SpaIdentity = {
    Type: 'AWS::CloudFront::CloudFrontOriginAccessIdentity',
    Properties: { CloudFrontOriginAccessIdentityConfig: { Comment: 'app' } },
  };
  const [origin] = distribution(resources).Origins;
  delete origin.OriginAccessControlId;
  origin.S3OriginConfig = {
    OriginAccessIdentity: { 'Fn::Sub': 'origin-access-identity/cloudfront/${SpaIdentity}' },
  };
  reading(resources).Principal = { CanonicalUser: { 'Fn::GetAtt': ['SpaIdentity', 'S3CanonicalUserId'] } };
  delete reading(resources).Condition;
}

export function withoutFunction(resources: Resources): void {
  delete byDefault(resources).FunctionAssociations;
}

export function cors(origins: readonly string[], methods: readonly string[] = ['GET']) {
  return { CorsRules: [{ AllowedOrigins: origins, AllowedMethods: methods }] };
}

export function headersPolicy(resources: Resources, config: Loose): void {
  part(resources, 'SecurityHeaders').ResponseHeadersPolicyConfig.CorsConfig = {
    AccessControlAllowCredentials: false,
    AccessControlAllowHeaders: { Items: ['*'] },
    AccessControlAllowMethods: { Items: ['GET'] },
    AccessControlAllowOrigins: { Items: ['https://other.org'] },
    OriginOverride: true,
    ...config,
  };
}

export const headersInKey = (...Headers: string[]) => ({ HeaderBehavior: 'whitelist', Headers });
export const keyOfPages = (resources: Resources): Loose =>
  part(resources, 'PageCaching').CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin;
export const allMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'];
export const behaviour = (resources: Resources, pattern: string): Loose =>
  distribution(resources).CacheBehaviors.find((one: Loose) => one.PathPattern === pattern);

/** What one origin's settings are about is found once for each behaviour that leads there: this leaves one. */
export function onlyDefaultBehaviour(resources: Resources): void {
  delete distribution(resources).CacheBehaviors;
}

export function edited(base: Base, edit: (resources: Resources) => void): string {
  const template = baseOf(base);
  edit(template.Resources);
  return JSON.stringify(template, undefined, 1);
}

export function planted({ base = 'default', plant, ...row }: Row): Planted {
  return { ...row, template: edited(base, plant) };
}
