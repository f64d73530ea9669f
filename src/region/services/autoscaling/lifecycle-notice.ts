/**
 * What a hook tells its SNS topic, with the role it was given.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html#notification-message-example
 * Subjects, and the members that the guide leaves out, are those of messages seen on AWS.
 */
import { asRole } from '../assumed-role.ts';
import type { Scope } from '../service.ts';
import type { HookRecord, LifecycleAction } from './lifecycle-state.ts';
import type { GroupRecord } from './state.ts';

type Target = Pick<HookRecord, 'targetArn' | 'roleArn'>;

async function publish(scope: Scope, group: GroupRecord, target: Target, Subject: string, about: object) {
  const caller = await asRole(scope, {
    service: 'autoscaling.amazonaws.com',
    sourceArn: group.arn,
    roleArn: target.roleArn ?? '',
    session: 'AutoScaling',
  });
  await scope.invoke(caller, 'sns', 'Publish', {
    TopicArn: target.targetArn,
    Subject,
    Message: JSON.stringify({
      Service: 'AWS Auto Scaling',
      Time: scope.clock.date().toISOString(),
      RequestId: scope.random.uuid(),
      AccountId: scope.account,
      AutoScalingGroupName: group.name,
      ...about,
    }),
  });
}

export function tellTest(scope: Scope, group: GroupRecord, target: Target): Promise<void> {
  return publish(scope, group, target, `Auto Scaling: test notification for group "${group.name}"`, {
    Event: 'autoscaling:TEST_NOTIFICATION',
    AutoScalingGroupARN: group.arn,
  });
}

export function tellAction(
  scope: Scope,
  group: GroupRecord,
  hook: HookRecord,
  action: LifecycleAction,
  instanceId: string,
): Promise<void> {
  const what = action.transition.endsWith('LAUNCHING') ? 'LAUNCHING' : 'TERMINATING';
  const subject = `Auto Scaling:  Lifecycle action '${what}' for instance ${instanceId} in progress.`;
  return publish(scope, group, hook, subject, {
    LifecycleActionToken: action.token,
    LifecycleHookName: hook.name,
    EC2InstanceId: instanceId,
    LifecycleTransition: action.transition,
    ...(hook.metadata === undefined ? {} : { NotificationMetadata: hook.metadata }),
    Origin: action.origin,
    Destination: action.destination,
  });
}
