/** Auto Scaling's records, of one region. */
import { Fault } from '../../wire/fault.ts';
import type { Caller, Scope } from '../service.ts';
import type { LifecycleAction } from './lifecycle-state.ts';
import { memberIndex } from './member-index.ts';
import type { PutScalingPolicyCommandInput, RunInstancesShape } from './shapes.ts';

export interface GroupTag {
  readonly Key: string;
  readonly Value: string;
  readonly PropagateAtLaunch: boolean;
}

export interface TemplateReference {
  readonly id: string;
  readonly name: string;
  /** As it was given: a number, `$Latest` or `$Default`. */
  readonly version: string;
}

export interface WarmPool {
  readonly min: number;
  readonly state: 'Stopped' | 'Running';
  /** `MaxGroupPreparedCapacity`; the group's maximum without it. */
  readonly prepared?: number;
  /** Instances come back on scale-in. */
  readonly reuse: boolean;
  readonly deleting?: boolean;
}

export interface GroupRecord {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  readonly cooldownSeconds: number;
  readonly template: TemplateReference;
  readonly subnets: readonly { readonly id: string; readonly zone: string }[];
  readonly targetGroups: readonly string[];
  /** Detached, and not yet drained. */
  readonly leaving: readonly string[];
  /** Target groups in which one of its instances was healthy once: only these may call the others unhealthy. */
  readonly served?: readonly string[];
  readonly healthCheckType: string;
  readonly gracePeriodSeconds: number;
  readonly terminationPolicies: readonly string[];
  readonly protectNew: boolean;
  readonly serviceLinkedRole: string;
  readonly warmupSeconds?: number;
  /** The instance maintenance policy: percentages of the desired capacity while instances are replaced. */
  readonly maintenance?: { readonly min: number; readonly max: number };
  /** After which time an instance is replaced. */
  readonly lifetimeSeconds?: number;
  readonly context?: string;
  readonly tags: readonly GroupTag[];
  readonly suspended: readonly { readonly name: string; readonly reason: string }[];
  readonly metrics: readonly string[];
  /** Why the desired capacity last changed, in AWS's words and with its time: the first half of a scaling activity's cause. */
  readonly change?: string;
  /** When the last scaling by request or simple policy began: the cooldown follows it. */
  readonly scaledMs?: number;
  /** Its cooldown: the policy's own, or what the group's was. */
  readonly coolingSeconds?: number;
  /** How long what is launched for the last change warms up, where a policy made it. */
  readonly launchWarmupSeconds?: number;
  readonly deleting?: boolean;
  readonly pool?: WarmPool;
}

/** `Stopped` and `Running` are of the warm pool. */
export type Lifecycle =
  | 'Pending'
  | 'InService'
  | 'Terminating'
  | 'EnteringStandby'
  | 'Standby'
  | 'Detaching'
  | 'Stopped'
  | 'Running';

/** A place in the group: made before its instance, so that a crash between the two loses neither. */
export interface MemberRecord {
  /** The id of the activity that launches it, and the client token of the launch. */
  readonly key: string;
  readonly group: string;
  /** What EC2 is asked for; repeated as it was until the instance is known. */
  readonly request?: RunInstancesShape;
  readonly instanceId?: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly templateId: string;
  readonly templateName: string;
  readonly templateVersion: string;
  readonly lifecycle: Lifecycle;
  /** Whether it waits for hooks, or has waited: `Pending:Wait`, `Terminating:Proceed`. */
  readonly wait?: 'Wait' | 'Proceed';
  /** What it waits for. */
  readonly actions?: readonly LifecycleAction[];
  /** The activity that moves it into or out of service, when it is not the one that launched it. */
  readonly moveKey?: string;
  /** It is in the warm pool, and not of the group's capacity: `Warmed:Pending`, `Warmed:Stopped`. */
  readonly warm?: boolean;
  /** It comes back to the warm pool. */
  readonly returning?: boolean;
  /** It was taken from the warm pool, and may have to be started. */
  readonly starting?: boolean;
  /** It was attached, and EC2 does not know yet to which group it belongs. */
  readonly untagged?: boolean;
  readonly healthy: boolean;
  /** Why it is not healthy, as the cause of its termination says it. */
  readonly sickness?: string;
  readonly protectedFromScaleIn: boolean;
  readonly launchedMs: number;
  readonly inServiceMs?: number;
  /** How long it warms up then, where a policy launched it. */
  readonly warmupSeconds?: number;
  /** The activity that ends it. */
  readonly endKey?: string;
  /** EC2 was asked to terminate it. */
  readonly ending?: boolean;
  /** Another was launched for it. */
  readonly replaced?: boolean;
  /** The key of the member that it was launched ahead of: one more than desired, as long as that one is there. */
  readonly replaces?: string;
  /** What it is replaced for, in the words of its successor's cause: `an instance refresh`. */
  readonly replacedFor?: string;
}

export interface ActivityRecord {
  readonly id: string;
  readonly group: string;
  readonly description: string;
  readonly cause: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly status:
    | 'PreInService'
    | 'InProgress'
    | 'WaitingForELBConnectionDraining'
    | 'MidLifecycleAction'
    | 'Successful'
    | 'Failed'
    | 'Cancelled';
  readonly message?: string;
  readonly progress: number;
  readonly details: string;
  /** Of a group that is gone. */
  readonly deleted?: boolean;
}

export interface PolicyRecord {
  readonly arn: string;
  readonly group: string;
  readonly name: string;
  readonly settings: Omit<PutScalingPolicyCommandInput, 'AutoScalingGroupName' | 'PolicyName'>;
  readonly alarms: readonly { readonly name: string; readonly arn: string }[];
}

export const groups = (scope: Scope) => scope.table<GroupRecord>('autoscaling/groups');
export const members = (scope: Scope) => scope.table<MemberRecord>('autoscaling/members');
export const activities = (scope: Scope) => scope.table<ActivityRecord>('autoscaling/activities');
/** By group and name, with a space between. */
export const policies = (scope: Scope) => scope.table<PolicyRecord>('autoscaling/policies');

/** Auto Scaling's service-linked role. */
export const asService: Caller = { kind: 'service', service: 'autoscaling.amazonaws.com', trusted: true };

/** Those of the group and those of its warm pool. */
export function everyMemberOf(scope: Scope, group: string): readonly MemberRecord[] {
  return memberIndex(members(scope)).viewsOf(group).every;
}

export function membersOf(scope: Scope, group: string): readonly MemberRecord[] {
  return memberIndex(members(scope)).viewsOf(group).members;
}

export function poolOf(scope: Scope, group: string): readonly MemberRecord[] {
  return memberIndex(members(scope)).viewsOf(group).pool;
}

export function memberOf(scope: Scope, instanceId: string | undefined): MemberRecord | undefined {
  return instanceId === undefined ? undefined : memberIndex(members(scope)).ofInstance(instanceId);
}

/** Those that count as the group's capacity. */
export function capacityOf(scope: Scope, group: string): readonly MemberRecord[] {
  return memberIndex(members(scope)).viewsOf(group).capacity;
}

/**
 * Those of every member that are on their way, unhealthy, not known to EC2 as the group's, or successors of others; and
 * the warm pool's: a look at a group that rests goes through none of a thousand.
 */
export function restlessOf(scope: Scope, group: string): readonly MemberRecord[] {
  return memberIndex(members(scope)).viewsOf(group).restless;
}

export function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

export function notModelled(what: string): Fault {
  return invalid(`${what} is not modelled by Orrery.`);
}

/** Refuses members that are given and that the model cannot do. */
export function refuse(input: object, names: readonly string[]): void {
  const given = input as Record<string, unknown>;
  for (const name of names) {
    const value = given[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw notModelled(name);
  }
}

export function groupOf(scope: Scope, name: string | undefined): GroupRecord {
  const found = groups(scope).get(name ?? '');
  if (!found) throw invalid('AutoScalingGroup name not found - null');
  return found;
}

/** Writes the group anew as it is now; what was read before an `await` may be old. */
export function changeGroup(scope: Scope, name: string, changes: Partial<GroupRecord>): void {
  const now = groups(scope).get(name);
  if (now) groups(scope).put(name, { ...now, ...changes });
}

export function changeMember(scope: Scope, key: string, changes: Partial<MemberRecord>): MemberRecord | undefined {
  const now = members(scope).get(key);
  if (!now) return undefined;
  const changed = { ...now, ...changes };
  members(scope).put(key, changed);
  return changed;
}

export function isSuspended(group: GroupRecord, process: string): boolean {
  return group.suspended.some(({ name }) => name === process);
}

/** `2026-01-01T00:00:00Z`, as causes have it. */
export function timeText(scope: Pick<Scope, 'clock'>): string {
  return `${scope.clock.date().toISOString().slice(0, 19)}Z`;
}

/** One page: `NextToken` is the index to go on at. */
export function page<T>(
  all: readonly T[],
  token: string | undefined,
  size: number,
): { items: T[]; NextToken?: string } {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) {
    throw new Fault('InvalidNextToken', 'The NextToken value is not valid.');
  }
  return {
    items: all.slice(start, start + size),
    ...(start + size < all.length ? { NextToken: String(start + size) } : {}),
  };
}

/** The page size that `MaxRecords` asks for. */
export function pageSize(asked: number | undefined, most = 100, usual = 50): number {
  if (asked === undefined) return usual;
  if (!(Number.isInteger(asked) && asked >= 1 && asked <= most)) {
    throw invalid(
      `1 validation error detected: Value '${asked}' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and ${most}`,
    );
  }
  return asked;
}
