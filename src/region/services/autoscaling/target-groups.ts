/** Target groups of a group: attached, detached, described. */
import type {
  AttachLoadBalancerTargetGroupsCommandInput,
  DescribeLoadBalancerTargetGroupsCommandInput,
  DetachLoadBalancerTargetGroupsCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type { Call } from '../service.ts';
import { targetHealth } from './ending.ts';
import { checkTargetGroups } from './group-settings.ts';
import { register } from './launch.ts';
import { kick } from './reconcile.ts';
import { changeGroup, groupOf, invalid, membersOf, page, pageSize } from './state.ts';

export async function attachLoadBalancerTargetGroups(input: AttachLoadBalancerTargetGroupsCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const arns = input.TargetGroupARNs ?? [];
  await checkTargetGroups(call, arns);
  const group = groupOf(call, name);
  changeGroup(call, name, {
    targetGroups: [...new Set([...group.targetGroups, ...arns])],
    leaving: group.leaving.filter((arn) => !arns.includes(arn)),
  });
  for (const { instanceId, lifecycle } of membersOf(call, name)) {
    if (lifecycle !== 'InService' || instanceId === undefined) continue;
    for (const arn of arns) await register(call, arn, instanceId);
  }
  return {};
}

export function detachLoadBalancerTargetGroups(input: DetachLoadBalancerTargetGroupsCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const arns = input.TargetGroupARNs ?? [];
  if (arns.some((arn) => !group.targetGroups.includes(arn))) {
    throw invalid('Provided Target Groups may not be valid. Please ensure they exist and try again.');
  }
  changeGroup(call, group.name, {
    targetGroups: group.targetGroups.filter((arn) => !arns.includes(arn)),
    leaving: [...new Set([...group.leaving, ...arns])],
    served: (group.served ?? []).filter((arn) => !arns.includes(arn)),
  });
  kick(call, group.name);
  return {};
}

export async function describeLoadBalancerTargetGroups(
  input: DescribeLoadBalancerTargetGroupsCommandInput,
  call: Call,
) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const serving = membersOf(call, group.name).flatMap(({ lifecycle, instanceId }) =>
    lifecycle === 'InService' && instanceId !== undefined ? [instanceId] : [],
  );
  const attached = group.targetGroups.map(async (arn) => {
    const health = await targetHealth(call, arn);
    const known = (id: string) => health.some(({ Target }) => Target.Id === id);
    const healthy = health.some(
      ({ Target, TargetHealth }) => TargetHealth.State === 'healthy' && serving.includes(Target.Id),
    );
    const State = healthy || group.served?.includes(arn) ? 'InService' : serving.every(known) ? 'Added' : 'Adding';
    return { LoadBalancerTargetGroupARN: arn, State };
  });
  const all = [
    ...(await Promise.all(attached)),
    ...group.leaving.map((arn) => ({ LoadBalancerTargetGroupARN: arn, State: 'Removing' })),
  ];
  const { items, ...next } = page(all, input.NextToken, pageSize(input.MaxRecords, 100, 100));
  return { LoadBalancerTargetGroups: items, ...next };
}
