/**
 * The control plane: a folder per AWS service. A service is declared here, not plumbed: its operations are functions
 * typed with the SDK's own shapes, its CloudFormation resource types are small objects, and the registry lists it once.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../clock/random.ts';
import type { Machines } from '../machines/machine.ts';
import type { ResourceType } from '../stacks/resource-type.ts';
import type { Index, Table } from '../store/store.ts';
import type { Planes } from '../traffic/planes.ts';

/** One AWS service: where its schemas are, what it can do, which resource types it owns. */
export interface Service {
  /** Lower-case name, as in IAM actions: `ec2`, `s3`, `elasticloadbalancing`. */
  readonly name: string;
  /** The SDK package whose schemas describe it on the wire, loaded on the first request. */
  readonly sdk: `@aws-sdk/client-${string}`;
  /** The error code of a refused call: `UnauthorizedOperation`, `AccessDenied` or `AccessDeniedException`. */
  readonly deniedCode: string;
  /** By AWS's operation name: `CreateVpc`. */
  readonly operations: Readonly<Record<string, Operation>>;
  /** By type name: `AWS::EC2::VPC`. */
  readonly resources: Readonly<Record<string, ResourceType>>;
  /**
   * Starts the service's control loops in one region, when the region is first used and after each restart.
   * Everything it schedules goes through the scope's clock.
   */
  readonly start?: (scope: Scope) => void | Promise<void>;
}

export type Handler<I, O> = (input: I, call: Call) => O | Promise<O>;

// biome-ignore lint/suspicious/noExplicitAny: a registry of handlers of unlike shapes; each is typed where it is written.
export type AnyHandler = Handler<any, any>;

/** A handler, or a handler with the question that IAM is asked before it. */
export type Operation =
  | AnyHandler
  | {
      readonly handle: AnyHandler;
      /** What the caller must be allowed; several must all be. `[]`: open to all, or the handler asks itself. */
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      readonly access: (input: any, call: Call) => Access | readonly Access[];
    };

/** A question to IAM. A bare handler asks for `<service>:<Operation>` on `*`. */
export interface Access {
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** Condition keys beyond the global ones, for example `{ 's3:prefix': 'pictures/' }`. Missing keys are undefined. */
  readonly context?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The policy attached to the resource itself (a JSON document as text), with the account that owns the resource. */
  readonly resourcePolicy?: string | undefined;
  /** Defaults to the region's account. */
  readonly resourceAccount?: string;
  /** KMS keys: the key policy must permit, even in the same account. */
  readonly resourcePolicyDecides?: boolean;
}

/** Who calls. */
export type Caller =
  | {
      readonly kind: 'root' | 'user' | 'role';
      readonly account: string;
      readonly arn: string;
      readonly principalId: string;
      readonly accessKeyId: string;
      readonly roleName?: string;
      readonly userName?: string;
      readonly sessionPolicies?: readonly string[];
    }
  /** An AWS service, with whatever resource it acts for. `trusted`: as itself inside the account (a service-linked role). */
  | {
      readonly kind: 'service';
      readonly service: string;
      readonly sourceArn?: string;
      readonly sourceAccount?: string;
      readonly trusted: boolean;
    }
  | { readonly kind: 'anonymous' };

/** The way a request took to the AWS endpoint: what endpoint policies and conditions such as `aws:SourceVpce` look at. */
export interface Via {
  /** As AWS sees it: the public address of a client, or the private one through an endpoint. */
  readonly sourceIp: string;
  readonly secure: boolean;
  readonly userAgent?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly vpcEndpointId?: string | undefined;
  /** The endpoint's policy, which can only narrow. */
  readonly endpointPolicy?: string | undefined;
  /** The instance the request came from. cfn-init's calls authenticate by it. */
  readonly instanceId?: string | undefined;
}

/** What is the same for every call in one region of the account. */
export interface Scope {
  readonly account: string;
  readonly region: string;
  /** Zone names: `us-east-1a` … */
  readonly zones: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  /** A table of this region. Name it `<service>/<plural>`: `ec2/vpcs`. */
  table<T>(name: string): Table<T>;
  /** A table of the whole account, for global services (IAM, Route 53, CloudFront) and bucket names. */
  globalTable<T>(name: string): Table<T>;
  globalIndex<T>(name: string): Index<T>;
  /** A folder for files, of the whole account. */
  readonly filesDir: string;
  readonly planes: Planes;
  readonly machines: Machines;
  /** Calls an operation of any service in this process, authorised like any other call. */
  invoke<O = unknown>(caller: Caller, service: string, operation: string, input: object): Promise<O>;
  /** The same account in another region. */
  inRegion(region: string): Scope;
  /** Tells the region's event stream and log what happened. */
  note(event: RegionEvent): void;
}

export interface RegionEvent {
  /** `ec2`, `balancer`, `stack`… */
  readonly source: string;
  /** Short and stable: `packet-dropped`, `access-denied`, `target-unhealthy`. */
  readonly kind: string;
  /** One sentence for people. */
  readonly text: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Told once and true from then on: kept while newer events push others out. */
  readonly lasting?: boolean;
}

export interface Call extends Scope {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly via: Via;
  /** A streaming request body, its length when the client said it. */
  readonly body?: { readonly stream: Readable; readonly length?: number };
  /** The HTTP request, for the few operations that must see it (S3's presigned queries, conditional headers). */
  readonly http?: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: Readonly<Record<string, string | undefined>>;
  };
  /** Throws the service's access-denied fault unless the caller may; the log says which statement was missing. */
  authorise(access: Access): void;
}

/** Declares a service. */
export function service(
  sdk: Service['sdk'],
  name: string,
  definition: {
    deniedCode?: string;
    operations: Record<string, Operation>;
    resources?: Record<string, ResourceType>;
    start?: Service['start'];
  },
): Service {
  const { deniedCode = 'AccessDenied', operations, resources = {}, start } = definition;
  // Operations are exported camel-cased and known to AWS capitalised.
  const named = Object.fromEntries(Object.entries(operations).map(([key, operation]) => [capitalise(key), operation]));
  return { name, sdk, deniedCode, operations: named, resources, ...(start ? { start } : {}) };
}

function capitalise(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
