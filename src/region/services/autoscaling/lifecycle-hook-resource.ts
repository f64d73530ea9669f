/** Lifecycle hooks in CloudFormation: a resource of their own, or within a group. */
import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';

const service = 'autoscaling';

export interface HookSettings {
  readonly LifecycleTransition: string;
  readonly DefaultResult?: string;
  readonly HeartbeatTimeout?: number;
  readonly NotificationMetadata?: string;
  readonly NotificationTargetARN?: string;
  readonly RoleARN?: string;
}

export const hookSettingsHonoured = [
  'LifecycleTransition',
  'DefaultResult',
  'HeartbeatTimeout',
  'NotificationMetadata',
  'NotificationTargetARN',
  'RoleARN',
];

/** What a template leaves out is the default again, and not what it said before. */
export function hookSettings(given: HookSettings) {
  return {
    LifecycleTransition: given.LifecycleTransition,
    DefaultResult: given.DefaultResult ?? 'ABANDON',
    HeartbeatTimeout: given.HeartbeatTimeout ?? 3600,
    NotificationMetadata: given.NotificationMetadata ?? '',
    NotificationTargetARN: given.NotificationTargetARN ?? '',
    ...(given.RoleARN === undefined ? {} : { RoleARN: given.RoleARN }),
  };
}

interface HookProperties extends HookSettings {
  readonly AutoScalingGroupName: string;
  readonly LifecycleHookName?: string;
}

export const lifecycleHook = resourceType<HookProperties>({
  honours: ['AutoScalingGroupName', 'LifecycleHookName', ...hookSettingsHonoured],
  async create(request) {
    const name = request.properties.LifecycleHookName ?? request.name(255);
    await put(request, name);
    return { physicalId: name };
  },
  async update(request) {
    await put(request, request.physicalId);
    return { physicalId: request.physicalId };
  },
  async delete({ properties, physicalId: LifecycleHookName, invoke }) {
    const { AutoScalingGroupName } = properties;
    // The group takes its hooks with it.
    await unlessGone(['ValidationError'], () =>
      invoke(service, 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName }),
    );
  },
});

async function put({ properties, invoke }: ResourceRequest<HookProperties>, LifecycleHookName: string): Promise<void> {
  const { AutoScalingGroupName } = properties;
  await invoke(service, 'PutLifecycleHook', { AutoScalingGroupName, LifecycleHookName, ...hookSettings(properties) });
}
