/** `AWS::EC2::InternetGateway`, `VPCGatewayAttachment` and `EgressOnlyInternetGateway`. */
import type {
  CreateEgressOnlyInternetGatewayResult,
  CreateInternetGatewayResult,
  DescribeInternetGatewaysResult,
} from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { goneCodes, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface GatewayProperties {
  readonly Tags?: readonly TagProperty[];
}

export const internetGateway = resourceType<GatewayProperties>({
  honours: ['Tags'],
  async create(request) {
    const { InternetGateway } = await request.invoke<CreateInternetGatewayResult>('ec2', 'CreateInternetGateway', {
      TagSpecifications: tagSpecification(request, 'internet-gateway', request.properties.Tags),
      ClientToken: request.name(64),
    });
    const id = InternetGateway?.InternetGatewayId ?? '';
    return { physicalId: id, attributes: { InternetGatewayId: id } };
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: { InternetGatewayId: request.physicalId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () =>
      request.invoke('ec2', 'DeleteInternetGateway', { InternetGatewayId: request.physicalId }),
    ),
});

interface AttachmentProperties {
  readonly VpcId: string;
  readonly InternetGatewayId?: string;
}

export const vpcGatewayAttachment = resourceType<AttachmentProperties>({
  honours: ['VpcId', 'InternetGatewayId'],
  async create(request) {
    await attach(request);
    return { physicalId: `IGW|${request.properties.VpcId}`, attributes: { AttachmentType: 'IGW' } };
  },
  async update(request) {
    const { InternetGatewayId, VpcId } = request.previous;
    if (InternetGatewayId !== request.properties.InternetGatewayId) {
      await unlessGone(goneCodes, () => request.invoke('ec2', 'DetachInternetGateway', { InternetGatewayId, VpcId }));
      await attach(request);
    }
    return { physicalId: request.physicalId, attributes: { AttachmentType: 'IGW' } };
  },
  delete: (request) => {
    const { InternetGatewayId, VpcId } = request.properties;
    return unlessGone(goneCodes, () => request.invoke('ec2', 'DetachInternetGateway', { InternetGatewayId, VpcId }));
  },
});

/** A creation that is run again finds its own work done. */
async function attach(request: ResourceRequest<AttachmentProperties>): Promise<void> {
  const { InternetGatewayId, VpcId } = request.properties;
  const { InternetGateways } = await request.invoke<DescribeInternetGatewaysResult>('ec2', 'DescribeInternetGateways', {
    InternetGatewayIds: [InternetGatewayId],
  });
  if (InternetGateways?.[0]?.Attachments?.some((one) => one.VpcId === VpcId)) return;
  await request.invoke('ec2', 'AttachInternetGateway', { InternetGatewayId, VpcId });
}

interface EgressOnlyProperties extends GatewayProperties {
  readonly VpcId: string;
}

export const egressOnlyInternetGateway = resourceType<EgressOnlyProperties>({
  honours: ['VpcId', 'Tags'],
  async create(request) {
    const made = await request.invoke<CreateEgressOnlyInternetGatewayResult>('ec2', 'CreateEgressOnlyInternetGateway', {
      VpcId: request.properties.VpcId,
      TagSpecifications: tagSpecification(request, 'egress-only-internet-gateway', request.properties.Tags),
      ClientToken: request.name(64),
    });
    const id = made.EgressOnlyInternetGateway?.EgressOnlyInternetGatewayId ?? '';
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () =>
      request.invoke('ec2', 'DeleteEgressOnlyInternetGateway', { EgressOnlyInternetGatewayId: request.physicalId }),
    ),
});
