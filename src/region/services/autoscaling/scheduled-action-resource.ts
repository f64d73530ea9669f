/** Scheduled actions in CloudFormation. */
import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';

interface ScheduledProperties {
  readonly AutoScalingGroupName: string;
  readonly StartTime?: string;
  readonly EndTime?: string;
  readonly Recurrence?: string;
  readonly TimeZone?: string;
  readonly MinSize?: number;
  readonly MaxSize?: number;
  readonly DesiredCapacity?: number;
}

const service = 'autoscaling';

export const scheduledAction = resourceType<ScheduledProperties>({
  honours: [
    'AutoScalingGroupName',
    'StartTime',
    'EndTime',
    'Recurrence',
    'TimeZone',
    'MinSize',
    'MaxSize',
    'DesiredCapacity',
  ],
  async create(request) {
    const ScheduledActionName = request.name(255);
    await put(request, ScheduledActionName);
    return { physicalId: ScheduledActionName, attributes: { ScheduledActionName } };
  },
  async update(request) {
    const { physicalId, attributes } = request;
    await put(request, physicalId);
    return { physicalId, attributes };
  },
  replaces: (before, after) => before.AutoScalingGroupName !== after.AutoScalingGroupName,
  async delete({ physicalId, properties, invoke }) {
    // The group takes its actions with it, and one that was carried out is gone by itself.
    await unlessGone(['ValidationError'], () =>
      invoke(service, 'DeleteScheduledAction', {
        AutoScalingGroupName: properties.AutoScalingGroupName,
        ScheduledActionName: physicalId,
      }),
    );
  },
});

async function put(
  { properties, invoke }: Pick<ResourceRequest<ScheduledProperties>, 'properties' | 'invoke'>,
  ScheduledActionName: string,
): Promise<void> {
  const { StartTime, EndTime, MinSize, MaxSize, DesiredCapacity, ...rest } = properties;
  const sizes = Object.entries({ MinSize, MaxSize, DesiredCapacity }).filter(([, size]) => size !== undefined);
  await invoke(service, 'PutScheduledUpdateGroupAction', {
    ...rest,
    ...Object.fromEntries(sizes.map(([name, size]) => [name, Number(size)])),
    ...(StartTime ? { StartTime: new Date(StartTime) } : {}),
    ...(EndTime ? { EndTime: new Date(EndTime) } : {}),
    ScheduledActionName,
  });
}
