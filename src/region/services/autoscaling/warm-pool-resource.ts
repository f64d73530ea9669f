/** Warm pools in CloudFormation. */
import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';

const service = 'autoscaling';

interface PoolProperties {
  readonly AutoScalingGroupName: string;
  readonly MinSize?: number;
  readonly MaxGroupPreparedCapacity?: number;
  readonly PoolState?: string;
  readonly InstanceReusePolicy?: { readonly ReuseOnScaleIn?: boolean };
}

export const warmPoolResource = resourceType<PoolProperties>({
  honours: [
    'AutoScalingGroupName',
    'MinSize',
    'MaxGroupPreparedCapacity',
    'PoolState',
    'InstanceReusePolicy.ReuseOnScaleIn',
  ],
  async create(request) {
    await put(request);
    return { physicalId: request.properties.AutoScalingGroupName };
  },
  async update(request) {
    await put(request);
    return { physicalId: request.physicalId };
  },
  async delete({ physicalId: AutoScalingGroupName, invoke, until }) {
    await unlessGone(['ValidationError'], async () => {
      await invoke(service, 'DeleteWarmPool', { AutoScalingGroupName, ForceDelete: true });
      await until('the warm pool to be deleted', async () => {
        const { WarmPoolConfiguration } = await invoke<{ WarmPoolConfiguration?: object }>(
          service,
          'DescribeWarmPool',
          { AutoScalingGroupName },
        );
        return WarmPoolConfiguration === undefined;
      });
    });
  },
});

/** What a template leaves out is the default again, and not what it said before. */
async function put({ properties, invoke }: ResourceRequest<PoolProperties>): Promise<void> {
  await invoke(service, 'PutWarmPool', {
    AutoScalingGroupName: properties.AutoScalingGroupName,
    MinSize: properties.MinSize ?? 0,
    MaxGroupPreparedCapacity: properties.MaxGroupPreparedCapacity ?? -1,
    PoolState: properties.PoolState ?? 'Stopped',
    InstanceReusePolicy: { ReuseOnScaleIn: properties.InstanceReusePolicy?.ReuseOnScaleIn ?? false },
  });
}
