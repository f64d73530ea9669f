/** The tag by which EC2 knows an instance's group: put on when an instance is attached, taken off when it is detached. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { asService, type GroupRecord, groups, type MemberRecord, members, restlessOf } from './state.ts';

export const groupTag = 'aws:autoscaling:groupName';

/** What the group puts on its instances, those it launches and those it is given. */
export function instanceTags(group: GroupRecord): { Key: string; Value: string }[] {
  return [
    { Key: groupTag, Value: group.name },
    ...group.tags.filter((tag) => tag.PropagateAtLaunch).map(({ Key, Value }) => ({ Key, Value })),
  ];
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html */
export async function tagAttached(scope: Scope, name: string): Promise<void> {
  for (const { key, instanceId, untagged } of restlessOf(scope, name)) {
    const group = groups(scope).get(name);
    if (!untagged || !group) continue;
    await unlessUnknown(
      scope.invoke(asService, 'ec2', 'CreateTags', { Resources: [instanceId], Tags: instanceTags(group) }),
    );
    const now = members(scope).get(key);
    if (!now) continue;
    const { untagged: _, ...rest } = now;
    members(scope).put(key, rest);
  }
}

export async function untag(scope: Scope, { instanceId }: MemberRecord): Promise<void> {
  await unlessUnknown(
    scope.invoke(asService, 'ec2', 'DeleteTags', { Resources: [instanceId], Tags: [{ Key: groupTag }] }),
  );
}

/** EC2 forgets what was terminated. */
async function unlessUnknown(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!(error instanceof Fault) || !error.code.startsWith('InvalidID')) throw error;
  });
}
