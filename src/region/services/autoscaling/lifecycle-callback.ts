/** Callbacks of those who work on a hook's action: it is done, or it takes longer. */
import type {
  CompleteLifecycleActionCommandInput,
  RecordLifecycleActionHeartbeatCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type { Call } from '../service.ts';
import { changeAction, complete, waiting } from './lifecycle-action.ts';
import { hookKey, hooks } from './lifecycle-state.ts';
import { kick } from './reconcile.ts';
import { groupOf, invalid } from './state.ts';

/** The action that a caller means: by its token, or as an instance does it that knows its own id alone. */
function openAction(input: RecordLifecycleActionHeartbeatCommandInput, call: Call) {
  const { LifecycleActionToken: token, InstanceId: instanceId, LifecycleHookName: hook } = input;
  const { name } = groupOf(call, input.AutoScalingGroupName);
  if (token === undefined && instanceId === undefined) {
    throw invalid('Either LifecycleActionToken or InstanceId must be specified.');
  }
  const found = waiting(call, name).find(
    ({ member, action }) =>
      action.hook === hook &&
      (token === undefined || action.token === token) &&
      (instanceId === undefined || member.instanceId === instanceId) &&
      action.result === undefined &&
      call.clock.now() < action.deadlineMs,
  );
  if (found) return found;
  throw invalid(
    token === undefined
      ? `No active Lifecycle Action found with instance ID ${instanceId}`
      : `No active Lifecycle Action found with token ${token}`,
  );
}

export function completeLifecycleAction(input: CompleteLifecycleActionCommandInput, call: Call) {
  const { LifecycleActionResult: result } = input;
  if (result !== 'CONTINUE' && result !== 'ABANDON') {
    throw invalid(`Invalid LifecycleActionResult: ${result}. Valid values are CONTINUE and ABANDON.`);
  }
  const { member, action } = openAction(input, call);
  complete(call, member, action, result);
  kick(call, member.group);
  return {};
}

/** Begins the heartbeat's time anew, up to the global timeout. */
export function recordLifecycleActionHeartbeat(input: RecordLifecycleActionHeartbeatCommandInput, call: Call) {
  const { member, action } = openAction(input, call);
  const { heartbeatSeconds = 0 } = hooks(call).get(hookKey(member.group, action.hook)) ?? {};
  const deadlineMs = Math.min(action.lastMs, call.clock.now() + heartbeatSeconds * 1000);
  changeAction(call, member.key, action.token, { deadlineMs });
  return {};
}
