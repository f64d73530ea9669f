/** Lifecycle hooks of a group: put, described, deleted. */
import type {
  DeleteLifecycleHookCommandInput,
  DescribeLifecycleHooksCommandInput,
  LifecycleHook,
  LifecycleHookSpecification,
  PutLifecycleHookCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { completeAll } from './lifecycle-action.ts';
import { tellTest } from './lifecycle-notice.ts';
import {
  globalTimeoutSeconds,
  type HookRecord,
  hookKey,
  hooks,
  hooksOf,
  type Transition,
  transitions,
} from './lifecycle-state.ts';
import { kick } from './reconcile.ts';
import { type GroupRecord, groupOf, invalid, notModelled } from './state.ts';

const mostHooks = 50;
const topicArn = /^arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[\w-]+$/;

type Given = Omit<LifecycleHookSpecification, 'LifecycleHookName' | 'LifecycleTransition'> & {
  readonly LifecycleHookName?: string | undefined;
  readonly LifecycleTransition?: string | undefined;
};

/** The hook that `given` makes of the one before it, or of none; an empty target takes the target away. */
function checkedHook(call: Call, group: string, given: Given, before?: HookRecord): HookRecord {
  const { LifecycleHookName: name = '', NotificationMetadata: metadata = before?.metadata } = given;
  if (!/^[A-Za-z0-9\-_/]{1,255}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'lifecycleHookName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+`,
    );
  }
  const transition = given.LifecycleTransition ?? before?.transition;
  if (transition === undefined) throw invalid('LifecycleTransition is required to create a lifecycle hook.');
  if (!isTransition(transition)) throw invalid(`Invalid LifecycleTransition: ${transition}`);
  const defaultResult = given.DefaultResult ?? before?.defaultResult ?? 'ABANDON';
  if (defaultResult !== 'CONTINUE' && defaultResult !== 'ABANDON')
    throw invalid(`Invalid DefaultResult: ${defaultResult}. Valid values are CONTINUE and ABANDON.`);
  const heartbeatSeconds = given.HeartbeatTimeout ?? before?.heartbeatSeconds ?? 3600;
  if (!Number.isInteger(heartbeatSeconds) || heartbeatSeconds < 30 || heartbeatSeconds > 7200) {
    throw invalid(`HeartbeatTimeout must be between 30 and 7200 seconds, not ${heartbeatSeconds}`);
  }
  const hook = { group, name, transition, defaultResult, heartbeatSeconds } as const;
  const told = metadata === undefined || metadata === '' ? {} : { metadata };
  return { ...hook, ...told, ...targetOf(call, given, before) };
}

function isTransition(text: string): text is Transition {
  return transitions.some((known) => known === text);
}

function targetOf(call: Call, given: Given, before?: HookRecord): Pick<HookRecord, 'targetArn' | 'roleArn'> {
  const targetArn = given.NotificationTargetARN ?? before?.targetArn ?? '';
  if (targetArn === '') return {};
  const roleArn = given.RoleARN ?? before?.roleArn ?? '';
  if (/^arn:[^:]+:(sqs|lambda):/.test(targetArn)) {
    throw notModelled(`NotificationTargetARN ${targetArn} (a lifecycle hook tells SNS topics only)`);
  }
  const [, region] = topicArn.exec(targetArn) ?? [];
  // The topic is always in the region of the group.
  if (region !== call.region) throw invalid(`Invalid notification target ARN: ${targetArn}`);
  if (roleArn === '') throw invalid('RoleARN is required with NotificationTargetARN.');
  call.authorise({
    action: 'iam:PassRole',
    resource: roleArn,
    context: { 'iam:PassedToService': 'autoscaling.amazonaws.com' },
  });
  return { targetArn, roleArn };
}

async function testTarget(call: Call, group: GroupRecord, hook: HookRecord): Promise<void> {
  if (hook.targetArn === undefined) return;
  await tellTest(call, group, hook).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    throw invalid(
      `Unable to publish test message to notification target ${hook.targetArn} using IAM role ${hook.roleArn}. Please check your target and role configuration and try to put lifecycle hook again.`,
    );
  });
}

function refuseTooMany(count: number, group: string): void {
  if (count <= mostHooks) return;
  throw new Fault('LimitExceeded', `The Auto Scaling group ${group} can have at most ${mostHooks} lifecycle hooks.`);
}

export async function putLifecycleHook(input: PutLifecycleHookCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const key = hookKey(group.name, input.LifecycleHookName ?? '');
  const hook = checkedHook(call, group.name, input, hooks(call).get(key));
  const others = () => hooksOf(call, group.name).filter(({ name }) => name !== hook.name);
  refuseTooMany(others().length + 1, group.name);
  if (input.NotificationTargetARN) await testTarget(call, group, hook);
  groupOf(call, group.name);
  hooks(call).put(key, hook);
  return {};
}

/** Those of a new group: its first instances wait for them. The group is not yet in its table. */
export async function hooksOfNew(
  call: Call,
  group: GroupRecord,
  given: readonly LifecycleHookSpecification[] = [],
): Promise<HookRecord[]> {
  const found = given.map((one) => checkedHook(call, group.name, one));
  refuseTooMany(found.length, group.name);
  if (new Set(found.map(({ name }) => name)).size !== found.length)
    throw invalid('Duplicate lifecycle hook names found');
  const told = found.filter(({ targetArn }) => targetArn !== undefined);
  if (new Set(told.map(({ targetArn, roleArn }) => `${targetArn} ${roleArn}`)).size > 1) {
    throw invalid('All lifecycle hooks of a new group must have the same NotificationTargetARN and RoleARN.');
  }
  const [first] = told;
  if (first) await testTarget(call, group, first);
  return found;
}

export function deleteLifecycleHook(input: DeleteLifecycleHookCommandInput, call: Call) {
  const { name: group } = groupOf(call, input.AutoScalingGroupName);
  const key = hookKey(group, input.LifecycleHookName ?? '');
  const hook = hooks(call).get(key);
  if (!hook) throw invalid(`No Lifecycle Hook found with name ${input.LifecycleHookName} in AutoScalingGroup ${group}`);
  // Outstanding actions are completed first: abandoned on launch, continued on termination.
  completeAll(call, hook);
  hooks(call).delete(key);
  kick(call, group);
  return {};
}

export function describeLifecycleHooks(input: DescribeLifecycleHooksCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const { LifecycleHookNames: names } = input;
  const found = hooksOf(call, name).filter((hook) => !names?.length || names.includes(hook.name));
  return { LifecycleHooks: found.map(hookView) };
}

function hookView(hook: HookRecord): LifecycleHook {
  return {
    LifecycleHookName: hook.name,
    AutoScalingGroupName: hook.group,
    LifecycleTransition: hook.transition,
    ...(hook.targetArn === undefined ? {} : { NotificationTargetARN: hook.targetArn, RoleARN: hook.roleArn }),
    ...(hook.metadata === undefined ? {} : { NotificationMetadata: hook.metadata }),
    HeartbeatTimeout: hook.heartbeatSeconds,
    GlobalTimeout: globalTimeoutSeconds(hook),
    DefaultResult: hook.defaultResult,
  };
}

export function describeLifecycleHookTypes() {
  return { LifecycleHookTypes: [...transitions] };
}
