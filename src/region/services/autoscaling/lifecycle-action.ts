/**
 * Waiting for hooks: `Pending:Wait` and `Terminating:Wait`, until every action is completed or its time is over.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
 */
import type { Scope } from '../service.ts';
import { changeActivity } from './activity.ts';
import { tellAction } from './lifecycle-notice.ts';
import {
  globalTimeoutSeconds,
  type HookRecord,
  hookKey,
  hooks,
  hooksOf,
  type Journey,
  type LifecycleAction,
} from './lifecycle-state.ts';
import { changeGroup, changeMember, groups, type MemberRecord, members, restlessOf } from './state.ts';

/** What a member that sets out is written with. Every hook of the transition begins at once; nothing when there is none. */
export function waitFor(scope: Scope, group: string, journey: Journey): Pick<MemberRecord, 'wait' | 'actions'> {
  const now = scope.clock.now();
  const actions = hooksOf(scope, group)
    .filter(({ transition }) => transition === journey.transition)
    .map(
      (hook): LifecycleAction => ({
        ...journey,
        hook: hook.name,
        token: scope.random.uuid(),
        deadlineMs: now + hook.heartbeatSeconds * 1000,
        lastMs: now + globalTimeoutSeconds(hook) * 1000,
      }),
    );
  return actions.length === 0 ? {} : { wait: 'Wait', actions };
}

export type Outcome = 'waiting' | 'passed' | { readonly abandoned: string };

/** Tells the hooks' targets, lets actions end whose time is over, and says how far the member is. */
export async function settleActions(scope: Scope, { key, wait }: MemberRecord, activity: string): Promise<Outcome> {
  if (wait !== 'Wait') return 'passed';
  await tellTargets(scope, key);
  expire(scope, key);
  const member = members(scope).get(key);
  const actions = member?.actions ?? [];
  const abandoned = actions.find(({ result }) => result === 'ABANDON');
  if (!abandoned && actions.some(({ result }) => result === undefined)) {
    changeActivity(scope, activity, { status: 'MidLifecycleAction' });
    return 'waiting';
  }
  if (member) finishWait(scope, member);
  if (!abandoned) return 'passed';
  return { abandoned: `Lifecycle Action with token ${abandoned.token} was abandoned: ${abandoned.reason}` };
}

function finishWait(scope: Scope, member: MemberRecord): void {
  const { actions: _, ...rest } = member;
  members(scope).put(member.key, { ...rest, wait: 'Proceed' });
  // The cooldown of simple scaling begins after the wait.
  if (groups(scope).get(member.group)?.scaledMs !== undefined) {
    changeGroup(scope, member.group, { scaledMs: scope.clock.now() });
  }
}

async function tellTargets(scope: Scope, key: string): Promise<void> {
  for (const { token } of members(scope).get(key)?.actions ?? []) {
    const member = members(scope).get(key);
    const action = member?.actions?.find((one) => one.token === token);
    if (!member || !action || action.notified || action.result) continue;
    await tellTarget(scope, member, action);
    changeAction(scope, key, token, { notified: true });
  }
}

async function tellTarget(scope: Scope, { group: name, instanceId }: MemberRecord, action: LifecycleAction) {
  const group = groups(scope).get(name);
  const hook = hooks(scope).get(hookKey(name, action.hook));
  if (!group || !hook || instanceId === undefined) return;
  scope.note({
    source: 'autoscaling',
    kind: 'lifecycle-action',
    text: `${instanceId} of ${name} waits for the hook ${hook.name}`,
    data: { group: name, instanceId, hook: hook.name, token: action.token, transition: action.transition },
  });
  if (hook.targetArn === undefined) return;
  await tellAction(scope, group, hook, action, instanceId).catch((error: unknown) => {
    // Nobody may complete it then: the heartbeat's time ends the wait.
    const text = `${name}: ${hook.targetArn} was not told of ${hook.name} for ${instanceId}: ${String(error)}`;
    scope.note({ source: 'autoscaling', kind: 'lifecycle-notification-failed', text });
  });
}

function expire(scope: Scope, key: string): void {
  const now = scope.clock.now();
  const member = members(scope).get(key);
  for (const { hook, token, result, deadlineMs } of member?.actions ?? []) {
    if (!member || result !== undefined || now < deadlineMs) continue;
    const { defaultResult = 'ABANDON' } = hooks(scope).get(hookKey(member.group, hook)) ?? {};
    changeAction(scope, key, token, { result: defaultResult, reason: 'Heartbeat Timeout' });
  }
}

export function changeAction(scope: Scope, key: string, token: string, changes: Partial<LifecycleAction>): void {
  const actions = members(scope).get(key)?.actions;
  if (!actions) return;
  changeMember(scope, key, { actions: actions.map((one) => (one.token === token ? { ...one, ...changes } : one)) });
}

/** When the next action's time is over: the group is looked at then. */
export function nextDeadlineMs(scope: Scope, group: string): number {
  const open = waiting(scope, group).filter(({ action }) => action.result === undefined);
  return Math.min(...open.map(({ action }) => action.deadlineMs));
}

/** Actions that are not yet past, each with its member. */
export function waiting(scope: Scope, group: string): { member: MemberRecord; action: LifecycleAction }[] {
  return restlessOf(scope, group)
    .filter(({ wait }) => wait === 'Wait')
    .flatMap((member) => (member.actions ?? []).map((action) => ({ member, action })));
}

/** A hook that goes: its open actions are abandoned on launch and continued on termination. */
export function completeAll(scope: Scope, hook: HookRecord): void {
  const launching = hook.transition === 'autoscaling:EC2_INSTANCE_LAUNCHING';
  for (const { member, action } of waiting(scope, hook.group)) {
    if (action.hook !== hook.name || action.result !== undefined) continue;
    complete(scope, member, action, launching ? 'ABANDON' : 'CONTINUE');
  }
}

export function complete(
  scope: Scope,
  member: MemberRecord,
  action: LifecycleAction,
  result: NonNullable<LifecycleAction['result']>,
): void {
  const reason = `Lifecycle Action Completed with ${result} Result`;
  changeAction(scope, member.key, action.token, { result, reason });
}
