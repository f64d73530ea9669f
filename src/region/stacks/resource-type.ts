/**
 * What the CloudFormation engine knows of a resource type: how to make, change and end one, by calling the service's
 * operations as any client would. Types, required members and which change replaces come from AWS's resource schemas.
 */
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../clock/random.ts';

// biome-ignore lint/suspicious/noExplicitAny: each type states its own properties where it is written.
export interface ResourceType<P = any> {
  /**
   * Paths of the properties that are honoured: `CidrBlock`, `SecurityGroupIngress[].CidrIp`, `Tags[].Key`.
   * A path stands for all below it. A template's property outside of it is reported as not modelled before anything starts.
   */
  readonly honours: readonly string[];
  /** Properties accepted without effect in the model, each with the reason: `{ EbsOptimized: 'the model has no disks' }`. */
  readonly inert?: Readonly<Record<string, string>>;
  create(request: ResourceRequest<P>): Promise<Created>;
  /** Changes in place. Called only when no replacing property changed. Returns the attributes anew. */
  update?(request: ResourceUpdate<P>): Promise<Created>;
  /** Ends the resource. One that is gone already is a success. */
  delete(request: ExistingResource<P>): Promise<void>;
  /**
   * The attributes as they are now, asked each time `Fn::GetAtt` is resolved. For types whose attributes other resources
   * change: a VPC's `Ipv6CidrBlocks` after its VPCCidrBlock. Without it those of `Created` hold.
   */
  read?(request: ExistingResource<P>): Promise<Readonly<Record<string, unknown>>>;
  /** True when the change needs a replacement beyond what the schema says. */
  replaces?(before: P, after: P): boolean;
  /**
   * What a resource's values ask for that is not modelled, though its properties are: the programs of a boot script.
   * Asked before anything starts, and then the stack is refused. What only a running stack knows reads as one plain
   * word, and what is told of that word is left out.
   */
  unmodelled?(resource: {
    readonly properties: object;
    readonly metadata: Readonly<Record<string, unknown>>;
  }): readonly Unmodelled[];
}

export interface Unmodelled {
  /** From the resource: `['Properties', 'UserData']`. */
  readonly path: readonly (string | number)[];
  /** In words: "line 3: the command `docker`". */
  readonly what: string;
}

export interface Created {
  /** What `Ref` gives, and what later calls get as `physicalId`. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives, by attribute name: `{ Arn: '…', 'Endpoint.Address': '…' }`. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** When `Ref` differs from the id the service needs. */
  readonly ref?: string;
}

export interface ResourceRequest<P> {
  readonly logicalId: string;
  readonly properties: P;
  readonly stack: StackIdentity;
  /** `Metadata` of the resource, resolved. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** `CreationPolicy` and `UpdatePolicy` of the resource, resolved. */
  readonly creationPolicy?: Readonly<Record<string, unknown>> | undefined;
  readonly updatePolicy?: Readonly<Record<string, unknown>> | undefined;
  /** The stack's own tags and `aws:cloudformation:*` tags, to be put on what can be tagged. */
  readonly stackTags: readonly { readonly Key: string; readonly Value: string }[];
  readonly clock: Clock;
  readonly random: Random;
  /** A name as CloudFormation makes it: `<stack>-<logicalId>-<12 random characters>`, cut to `maxLength`. Stable for the resource. */
  name(maxLength?: number, options?: { lowerCase?: boolean }): string;
  /** Calls an operation as the one who runs the stack. A `Fault` fails the resource with its message. */
  invoke<O = Record<string, unknown>>(service: string, operation: string, input: object): Promise<O>;
  /** Waits until `done` says so, by the clock; fails the resource after `timeoutMs`. */
  until<T>(
    what: string,
    done: () => Promise<T | undefined | false>,
    options?: { everyMs?: number; timeoutMs?: number },
  ): Promise<T>;
  /** Waits for success signals to this resource (CreationPolicy, WaitOnResourceSignals). */
  signals: SignalDesk;
  /** Puts a line into the stack's events under this resource (status unchanged), as rolling updates do. */
  progress(text: string): void;
  /**
   * Says the physical id as soon as it is known, when more is to be done before `create` returns: what fails or is
   * interrupted after that is deleted by it. Without it, `create` must undo what it made before it throws.
   */
  made?(physicalId: string, attributes?: Readonly<Record<string, unknown>>): void;
  /** Aborted when the operation is cancelled or the region stops. */
  readonly signal: AbortSignal;
}

export interface SignalDesk {
  /**
   * Resolves when `count` signals came, of them `minSuccessful` successes, with the number of successes; rejects when
   * failures make it impossible or `timeoutMs` passes.
   */
  wait(expected: {
    count: number;
    timeoutMs: number;
    minSuccessful?: number;
    accept?: (uniqueId: string) => boolean;
  }): Promise<number>;
  /** Says that a signal from `uniqueId` can never come, and why: counts as a failure at once. */
  impossible(uniqueId: string, reason: string): void;
}

export interface ExistingResource<P> extends ResourceRequest<P> {
  readonly physicalId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ResourceUpdate<P> extends ExistingResource<P> {
  readonly previous: P;
}

export interface StackIdentity {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly account: string;
}

/** Types a resource type's properties where it is declared. */
export function resourceType<P>(type: ResourceType<P>): ResourceType {
  return type;
}
