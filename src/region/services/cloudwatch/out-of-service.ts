/**
 * Instances that wait for a hook, stand by or are in a warm pool are not of their group's metrics.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html#lifecycle-hook-considerations
 */
import type { DescribeAutoScalingInstancesCommandOutput } from '@aws-sdk/client-auto-scaling';
import type { Instance } from '@aws-sdk/client-ec2';
import type { Caller, Scope } from '../service.ts';

type Described = Pick<DescribeAutoScalingInstancesCommandOutput, 'AutoScalingInstances' | 'NextToken'>;

export const groupTag = 'aws:autoscaling:groupName';
const isGroupTag = ({ Key }: { readonly Key?: string | undefined }) => Key === groupTag;

/** The instance as its metrics have it: without its group while it is out of service. */
export async function serving(
  scope: Scope,
  caller: Caller,
  found: readonly Instance[],
): Promise<(instance: Instance) => Instance> {
  const grouped = found.some(({ Tags = [] }) => Tags.some(isGroupTag));
  const away = grouped ? await outOfService(scope, caller) : new Set<string>();
  return (instance) => {
    if (!away.has(instance.InstanceId ?? '')) return instance;
    return { ...instance, Tags: (instance.Tags ?? []).filter((tag) => !isGroupTag(tag)) };
  };
}

async function outOfService(scope: Scope, caller: Caller): Promise<Set<string>> {
  const found = new Set<string>();
  let NextToken: string | undefined;
  do {
    const page: Described = await scope.invoke(
      caller,
      'autoscaling',
      'DescribeAutoScalingInstances',
      NextToken === undefined ? {} : { NextToken },
    );
    for (const { InstanceId = '', LifecycleState } of page.AutoScalingInstances ?? []) {
      if (LifecycleState !== 'InService') found.add(InstanceId);
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}
