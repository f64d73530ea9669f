/** What IAM is asked of calls that a policy may allow for one group alone. */
import type { Access, Call } from '../service.ts';
import { groups } from './state.ts';

/** With the group's tags as conditions have them; a group that is not there may be any of that name. */
export function groupAccess(input: { AutoScalingGroupName?: string | undefined }, call: Call): Access {
  const name = input.AutoScalingGroupName ?? '';
  const group = groups(call).get(name);
  const tags = (group?.tags ?? []).flatMap(({ Key, Value }) => [
    [`aws:ResourceTag/${Key}`, Value],
    [`autoscaling:ResourceTag/${Key}`, Value],
  ]);
  return {
    action: `autoscaling:${call.operation}`,
    resource:
      group?.arn ??
      `arn:aws:autoscaling:${call.region}:${call.account}:autoScalingGroup:*:autoScalingGroupName/${name}`,
    context: Object.fromEntries(tags),
  };
}
