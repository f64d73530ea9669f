/** Records of lifecycle hooks, and of the actions that instances wait for. */
import type { Scope } from '../service.ts';

export type Transition = 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
export type ActionResult = 'CONTINUE' | 'ABANDON';

export const transitions: readonly Transition[] = [
  'autoscaling:EC2_INSTANCE_LAUNCHING',
  'autoscaling:EC2_INSTANCE_TERMINATING',
];

export interface HookRecord {
  readonly group: string;
  readonly name: string;
  readonly transition: Transition;
  readonly defaultResult: ActionResult;
  readonly heartbeatSeconds: number;
  readonly targetArn?: string;
  readonly roleArn?: string;
  readonly metadata?: string;
}

export type Place = 'EC2' | 'AutoScalingGroup' | 'WarmPool';

/** Where an instance comes from and goes to: its hooks' notifications say it. */
export interface Journey {
  readonly transition: Transition;
  readonly origin: Place;
  readonly destination: Place;
}

/** What one hook wants done with one instance. */
export interface LifecycleAction extends Journey {
  readonly hook: string;
  readonly token: string;
  /** A heartbeat moves it on, up to `lastMs`. */
  readonly deadlineMs: number;
  readonly lastMs: number;
  readonly result?: ActionResult;
  /** Why it was abandoned, in AWS's words. */
  readonly reason?: string;
  /** The hook's target was told. */
  readonly notified?: boolean;
}

const globalSeconds = 48 * 3600;
const heartbeats = 100;

/** By group and name, with a space between. */
export const hooks = (scope: Scope) => scope.table<HookRecord>('autoscaling/hooks');
export const hookKey = (group: string, name: string) => `${group} ${name}`;

export function hooksOf(scope: Scope, group: string): HookRecord[] {
  return [...hooks(scope).values()].filter((hook) => hook.group === group);
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html#lifecycle-hook-considerations */
export function globalTimeoutSeconds({ heartbeatSeconds }: Pick<HookRecord, 'heartbeatSeconds'>): number {
  return Math.min(globalSeconds, heartbeats * heartbeatSeconds);
}
