/**
 * Instances out of service for a while, and back: they stay in the group, get no requests, and nobody checks their health.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html
 */
import type { EnterStandbyCommandInput, ExitStandbyCommandInput } from '@aws-sdk/client-auto-scaling';
import type { Call } from '../service.ts';
import { beginMoves } from './activity.ts';
import { chosenMembers, decrement, resize } from './membership.ts';
import { kick } from './reconcile.ts';
import { changeMember, groupOf } from './state.ts';

export function enterStandby(input: EnterStandbyCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const step = decrement(input.ShouldDecrementDesiredCapacity);
  const chosen = chosenMembers(call, group, input.InstanceIds, ['InService']);
  const ends = resize(call, group.name, chosen.length, step, 'To place into standby');
  const Activities = beginMoves(call, chosen, {
    description: 'Moving EC2 instance to Standby',
    cause: 'was moved to standby in response to a user request',
    ends,
    changes: { status: 'InProgress', progress: 50 },
    begin: ({ key }, moveKey) => changeMember(call, key, { lifecycle: 'EnteringStandby', moveKey }),
  });
  kick(call, group.name);
  return { Activities };
}

/** The desired capacity goes up by each, whether or not it went down before: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExitStandby.html */
export function exitStandby(input: ExitStandbyCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const chosen = chosenMembers(call, group, input.InstanceIds, ['Standby']);
  const ends = resize(call, group.name, chosen.length, 1, 'To move out of standby');
  const Activities = beginMoves(call, chosen, {
    description: 'Moving EC2 instance out of Standby',
    cause: 'was moved out of standby in response to a user request',
    ends,
    changes: { status: 'PreInService', progress: 30 },
    begin: ({ key }, moveKey) => changeMember(call, key, { lifecycle: 'Pending', moveKey }),
  });
  kick(call, group.name);
  return { Activities };
}
