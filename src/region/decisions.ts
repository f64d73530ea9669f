/**
 * What the data plane and IAM would decide of a request, asked without sending one: the very functions that serve.
 * For those who follow a request through a model: `orrery/insight`.
 */
export type { Decision, NamedPolicy, PolicyKind } from './services/iam/evaluate.ts';
export type { Access, Caller, Via } from './services/service.ts';
export type {
  BalancerConfig,
  ListenerConfig,
  NodeConfig,
  RuleConfig,
  TargetConfig,
  TargetGroupConfig,
} from './traffic/balancer/config.ts';
export { groupsOf, servingNodes } from './traffic/balancer/routes.ts';
export { type RoutedRequest, redirectLocation, ruleFor } from './traffic/balancer/rules.ts';
export { choicesOf } from './traffic/balancer/selection.ts';
export { resolve } from './traffic/dns/resolve.ts';
export type { DnsSnapshot, RecordSet, Zone } from './traffic/dns/zones.ts';
export type { EdgeRequest } from './traffic/edge/cache-key.ts';
export type { BehaviourConfig, EdgeConfig, OriginConfig } from './traffic/edge/config.ts';
export { fromRecord } from './traffic/edge/headers.ts';
export { distributionAt, hostsOf } from './traffic/edge/hosts.ts';
export { originRequest } from './traffic/edge/origin-request.ts';
export { behaviourFor } from './traffic/edge/path-pattern.ts';
export { originFacing } from './traffic/edge/plane.ts';
export { certificateFor } from './traffic/local-listener.ts';

import type { Region } from './region.ts';
import { edgeConfigs } from './services/cloudfront/snapshot.ts';
import { resolveInVpc } from './services/ec2/endpoint-dns.ts';
import { instances } from './services/ec2/instance-state.ts';
import { endpointPolicy } from './services/ec2/snapshot.ts';
import { balancerConfigs } from './services/elasticloadbalancing/snapshot.ts';
import { decide, policiesOfRole } from './services/iam/authorise.ts';
import type { Decision, NamedPolicy } from './services/iam/evaluate.ts';
import { roles } from './services/iam/state.ts';
import { findKey, keyAccess, needUsable } from './services/kms/lookup.ts';
import { dnsZones } from './services/route53/snapshot.ts';
import { bucketOf, question } from './services/s3/access.ts';
import { buckets } from './services/s3/state.ts';
import type { Access, Call, Caller, Scope, Via } from './services/service.ts';
import type { BalancerConfig } from './traffic/balancer/config.ts';
import type { Zone } from './traffic/dns/zones.ts';
import type { EdgeRequest } from './traffic/edge/cache-key.ts';
import type { EdgeConfig, S3OriginConfig } from './traffic/edge/config.ts';
import { functionSandbox } from './traffic/edge/function-sandbox.ts';
import { get, type Headers } from './traffic/edge/headers.ts';
import { s3Caller } from './traffic/edge/origin.ts';
import { type Asked, refuse, runRequestFunction } from './traffic/edge/serve.ts';
import { Fault } from './wire/fault.ts';

/** An answer in the place of what was asked for. */
export interface EdgeAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** What of X-Cache comes before `from cloudfront`. */
  readonly result: string;
}

/** A decision, or the service's own fault, as of a bucket that is not there. */
export type Decided = Decision | { readonly allowed: false; readonly fault: string };

export interface BucketFacts {
  readonly name: string;
  readonly region: string;
  /** The key of its default encryption; undefined where S3's own keys do. */
  readonly keyId: string | undefined;
  readonly bucketKey: boolean;
}

export interface Decisions {
  readonly account: string;
  /** Hosted zones by name. */
  zones(): ReadonlyMap<string, readonly Zone[]>;
  /** What a VPC's resolver answers for names that EC2 knows; undefined: Route 53 is to be asked. */
  resolveInVpc(vpcId: string, name: string): readonly string[] | undefined;
  balancers(): readonly BalancerConfig[];
  distributions(): readonly EdgeConfig[];
  /** Of a distribution's name, or an alias of it. */
  edgeAddresses(name: string): { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] } | undefined;
  /** What a behaviour's settings answer at once: the wrong protocol, a method that is not allowed, no signature. */
  refusedAtEdge(asked: Asked, request: EdgeRequest, url: string): EdgeAnswer | undefined;
  /** The request as the viewer-request function makes it, or its own answer. */
  afterFunction(asked: Asked, request: EdgeRequest): Promise<EdgeRequest | EdgeAnswer>;
  /** As whom CloudFront asks S3. */
  originCaller(origin: S3OriginConfig, config: EdgeConfig, headers: Headers): Caller;
  /** As whom an instance calls AWS; undefined: it has no role. */
  machineCaller(instanceId: string): RoleCaller | undefined;
  /** What a role may do, policy by policy. */
  policiesOf(caller: RoleCaller): readonly NamedPolicy[];
  bucket(name: string): BucketFacts | undefined;
  /** Of the endpoint, as it holds. */
  endpointPolicy(vpcEndpointId: string): string | undefined;
  decide(caller: Caller, via: Via, access: Access): Decision;
  /** `GetObject` and the like. */
  onObject(caller: Caller, via: Via, object: ObjectName, action: string): Decided;
  /** Listing a bucket: who may not is told 403, not 404, of a key that is not there. */
  onListing(caller: Caller, via: Via, object: ObjectName): Decided;
  /** Opening the data key of an object that the bucket's default encryption sealed; undefined: KMS is not asked. */
  openingObject(caller: Caller, object: ObjectName): Decided | undefined;
  close(): void;
}

export interface RoleCaller extends Extract<Caller, { readonly kind: 'root' | 'user' | 'role' }> {
  readonly kind: 'role';
  readonly roleName: string;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export function decisionsOf({ scope }: Pick<Region, 'scope'>): Decisions {
  const sandbox = functionSandbox(scope.clock, scope.random);
  const location = { sandbox, note: () => {} };

  function bucket(name: string): BucketFacts | undefined {
    const record = buckets(scope).get(name);
    if (!record) return undefined;
    const { ApplyServerSideEncryptionByDefault: standard, BucketKeyEnabled = false } = record.encryption;
    const sealed = standard?.SSEAlgorithm?.startsWith('aws:kms') ?? false;
    const keyId = sealed ? (standard?.KMSMasterKeyID ?? 'alias/aws/s3') : undefined;
    return { name, region: record.region, keyId, bucketKey: BucketKeyEnabled };
  }

  function onS3(
    caller: Caller,
    via: Via,
    name: string,
    action: string,
    ...about: [string?, Access['context']?]
  ): Decided {
    return decided(() => {
      // Who signs signs for the bucket's own region.
      const call = callOf(scope.inRegion(bucket(name)?.region ?? scope.region), 's3', action, caller, via);
      return decide(scope, caller, via, question(call, bucketOf(call, { Bucket: name }), action, ...about));
    });
  }

  return {
    account: scope.account,
    zones: () => dnsZones(scope),
    resolveInVpc: (vpcId, name) => resolveInVpc(scope, vpcId, name),
    balancers: () => balancerConfigs(scope),
    distributions: () => edgeConfigs(scope),
    edgeAddresses: (name) => scope.planes.edge?.addresses(name),
    refusedAtEdge(asked, request, url) {
      const refused = refuse(asked, request, { url, headers: {} }, scope.clock.wallMs());
      return refused && answerOf({ result: 'Error', ...refused });
    },
    async afterFunction(asked, request) {
      const changed = await runRequestFunction(location, asked, request);
      return 'result' in changed ? answerOf(changed) : changed;
    },
    originCaller: (origin, config, headers) =>
      s3Caller(origin, config, get(headers, 'authorization') !== undefined) ?? { kind: 'anonymous' },
    machineCaller: (instanceId) => machineCaller(scope, instanceId),
    policiesOf: ({ roleName }) => policiesOfRole(scope, roleName),
    bucket,
    endpointPolicy: (id) => endpointPolicy(scope, id),
    decide: (caller, via, access) => decide(scope, caller, via, access),
    onObject: (caller, via, object, action) => onS3(caller, via, object.bucket, action, object.key),
    onListing: (caller, via, object) =>
      onS3(caller, via, object.bucket, 'ListBucket', undefined, { 's3:prefix': object.key }),
    openingObject(caller, object) {
      const { keyId, bucketKey, region = scope.region } = bucket(object.bucket) ?? {};
      if (keyId === undefined) return undefined;
      const arn = `arn:aws:s3:::${object.bucket}`;
      return decided(() => {
        const call = callOf(scope.inRegion(region), 'kms', 'Decrypt', caller, inProcess);
        const EncryptionContext = { 'aws:s3:arn': bucketKey ? arn : `${arn}/${object.key}` };
        const access = keyAccess(call, needUsable(findKey(call, keyId)), { EncryptionContext });
        return decide(scope, caller, inProcess, access);
      });
    },
    close: () => sandbox.close(),
  };
}

/** As S3 asks KMS. */
const inProcess: Via = { sourceIp: 'AWS Internal', secure: true };

/** A call that only questions are made of: no handler sees it. */
function callOf(scope: Scope, service: string, operation: string, caller: Caller, via: Via): Call {
  const call = { service, operation, requestId: '', caller, via, authorise: () => {} };
  return Object.assign(Object.create(scope) as Scope, call);
}

function machineCaller(scope: Scope, instanceId: string): RoleCaller | undefined {
  const roleName = instances(scope).get(instanceId)?.profile?.roleName;
  const role = roleName === undefined ? undefined : roles(scope).get(roleName);
  if (!role) return undefined;
  const { account } = scope;
  return {
    kind: 'role',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${instanceId}`,
    principalId: `${role.id}:${instanceId}`,
    accessKeyId: '',
    roleName: role.name,
  };
}

function answerOf(answer: { status: number; headers: Headers; result?: string }): EdgeAnswer {
  const { status, headers, result = 'Error' } = answer;
  return { status, location: get(headers, 'location'), result };
}

function decided(decision: () => Decision): Decided {
  try {
    return decision();
  } catch (error) {
    if (error instanceof Fault) return { allowed: false, fault: `${error.code}: ${error.message}` };
    throw error;
  }
}
