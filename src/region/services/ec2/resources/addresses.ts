/** `AWS::EC2::EIP`, `AWS::EC2::EIPAssociation` and `AWS::EC2::NatGateway`. */
import type {
  AllocateAddressResult,
  AssociateAddressResult,
  CreateNatGatewayResult,
  DescribeNatGatewaysResult,
} from '@aws-sdk/client-ec2';
import { type ExistingResource, type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { goneCodes, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface EipProperties {
  readonly Domain?: string;
  readonly InstanceId?: string;
  readonly PublicIpv4Pool?: string;
  readonly NetworkBorderGroup?: string;
  readonly Tags?: readonly TagProperty[];
}

/** `Ref` is the address; the allocation id is an attribute. */
export const eip = resourceType<EipProperties>({
  honours: ['Domain', 'InstanceId', 'PublicIpv4Pool', 'NetworkBorderGroup', 'Tags'],
  async create(request) {
    const { Domain, PublicIpv4Pool, NetworkBorderGroup, InstanceId, Tags } = request.properties;
    const made = await request.invoke<AllocateAddressResult>('ec2', 'AllocateAddress', {
      Domain: Domain ?? 'vpc',
      PublicIpv4Pool,
      NetworkBorderGroup,
      TagSpecifications: tagSpecification(request, 'elastic-ip', Tags),
      ClientToken: request.name(64),
    });
    const { AllocationId, PublicIp = '' } = made;
    request.made?.(PublicIp, { PublicIp, AllocationId });
    if (InstanceId) await request.invoke('ec2', 'AssociateAddress', { AllocationId, InstanceId });
    return { physicalId: PublicIp, attributes: { PublicIp, AllocationId } };
  },
  async update(request) {
    const { AllocationId } = request.attributes;
    const { InstanceId } = request.properties;
    if (InstanceId !== request.previous.InstanceId) {
      if (InstanceId) await request.invoke('ec2', 'AssociateAddress', { AllocationId, InstanceId });
      else await request.invoke('ec2', 'DisassociateAddress', { PublicIp: request.physicalId });
    }
    await updateTags(request, String(AllocationId));
    return { physicalId: request.physicalId, attributes: request.attributes };
  },
  async delete(request) {
    const { AllocationId } = request.attributes;
    await unlessGone(goneCodes, async () => {
      if (request.properties.InstanceId)
        await request.invoke('ec2', 'DisassociateAddress', { PublicIp: request.physicalId });
      await request.invoke('ec2', 'ReleaseAddress', { AllocationId });
    });
  },
});

interface EipAssociationProperties {
  readonly AllocationId?: string;
  readonly EIP?: string;
  readonly InstanceId?: string;
  readonly NetworkInterfaceId?: string;
  readonly PrivateIpAddress?: string;
}

export const eipAssociation = resourceType<EipAssociationProperties>({
  honours: ['AllocationId', 'EIP', 'InstanceId', 'NetworkInterfaceId', 'PrivateIpAddress'],
  async create(request) {
    const { EIP, ...rest } = request.properties;
    const input = { ...rest, ...(EIP ? { PublicIp: EIP } : {}) };
    const { AssociationId = '' } = await request.invoke<AssociateAddressResult>('ec2', 'AssociateAddress', input);
    return { physicalId: AssociationId, attributes: { Id: AssociationId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DisassociateAddress', { AssociationId: request.physicalId })),
});

interface NatGatewayProperties {
  readonly SubnetId: string;
  readonly AllocationId?: string;
  readonly ConnectivityType?: string;
  readonly PrivateIpAddress?: string;
  readonly Tags?: readonly TagProperty[];
}

export const natGateway = resourceType<NatGatewayProperties>({
  honours: ['SubnetId', 'AllocationId', 'ConnectivityType', 'PrivateIpAddress', 'Tags'],
  async create(request) {
    const { SubnetId, AllocationId, ConnectivityType, PrivateIpAddress, Tags } = request.properties;
    const { NatGateway } = await request.invoke<CreateNatGatewayResult>('ec2', 'CreateNatGateway', {
      SubnetId,
      AllocationId,
      ConnectivityType,
      PrivateIpAddress,
      TagSpecifications: tagSpecification(request, 'natgateway', Tags),
      ClientToken: request.name(64),
    });
    const id = NatGateway?.NatGatewayId ?? '';
    request.made?.(id);
    return await request.until(`NAT gateway ${id} to become available`, () => settled(request, id), { everyMs: 50 });
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: request.attributes };
  },
  async delete(request) {
    await unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteNatGateway', { NatGatewayId: request.physicalId }));
    await request.until(`NAT gateway ${request.physicalId} to be deleted`, () => gone(request), { everyMs: 50 });
  },
});

async function settled(request: ResourceRequest<NatGatewayProperties>, id: string) {
  const found = await describe(request, id);
  if (found?.State === 'pending') return false;
  if (found?.State !== 'available') {
    const detail = found?.FailureMessage ? `. Detailed failure message: ${found.FailureMessage}` : '';
    throw new Error(`NatGateway ${id} is in state ${found?.State ?? 'deleted'} and hence failed to stabilize${detail}`);
  }
  const [address] = found.NatGatewayAddresses ?? [];
  return { physicalId: id, attributes: { NatGatewayId: id, EniId: address?.NetworkInterfaceId } };
}

async function gone(request: ExistingResource<NatGatewayProperties>): Promise<boolean> {
  const found = await describe(request, request.physicalId);
  return !found || found.State === 'deleted' || found.State === 'failed';
}

async function describe(request: ResourceRequest<unknown>, id: string) {
  const { NatGateways } = await request.invoke<DescribeNatGatewaysResult>('ec2', 'DescribeNatGateways', {
    Filter: [{ Name: 'nat-gateway-id', Values: [id] }],
  });
  return NatGateways?.[0];
}
