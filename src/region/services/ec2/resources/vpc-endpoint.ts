/** `AWS::EC2::VPCEndpoint`. */
import type { CreateVpcEndpointResult, DescribeVpcEndpointsResult } from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { booleanOf, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface EndpointProperties {
  readonly VpcId: string;
  readonly ServiceName: string;
  readonly VpcEndpointType?: string;
  readonly PolicyDocument?: unknown;
  readonly PrivateDnsEnabled?: unknown;
  readonly RouteTableIds?: readonly string[];
  readonly SecurityGroupIds?: readonly string[];
  readonly SubnetIds?: readonly string[];
  readonly IpAddressType?: string;
  readonly Tags?: readonly TagProperty[];
}

export const vpcEndpoint = resourceType<EndpointProperties>({
  honours: [
    'VpcId',
    'ServiceName',
    'VpcEndpointType',
    'PolicyDocument',
    'PrivateDnsEnabled',
    'RouteTableIds',
    'SecurityGroupIds',
    'SubnetIds',
    'IpAddressType',
    'Tags',
  ],
  async create(request) {
    const { properties } = request;
    const { VpcEndpoint } = await request.invoke<CreateVpcEndpointResult>('ec2', 'CreateVpcEndpoint', {
      VpcId: properties.VpcId,
      ServiceName: properties.ServiceName,
      VpcEndpointType: properties.VpcEndpointType,
      PolicyDocument: policyText(properties.PolicyDocument),
      // In a template private DNS is off unless it is asked for; the API has it on.
      PrivateDnsEnabled: booleanOf(properties.PrivateDnsEnabled) ?? false,
      RouteTableIds: properties.RouteTableIds,
      SecurityGroupIds: properties.SecurityGroupIds,
      SubnetIds: properties.SubnetIds,
      IpAddressType: properties.IpAddressType,
      TagSpecifications: tagSpecification(request, 'vpc-endpoint', properties.Tags),
      ClientToken: request.name(64),
    });
    const id = VpcEndpoint?.VpcEndpointId ?? '';
    request.made?.(id);
    return await available(request, id);
  },
  async update(request) {
    const { physicalId: id, properties, previous } = request;
    const changes = (now: readonly string[] = [], before: readonly string[] = []) => [
      now.filter((one) => !before.includes(one)),
      before.filter((one) => !now.includes(one)),
    ];
    const [AddRouteTableIds, RemoveRouteTableIds] = changes(properties.RouteTableIds, previous.RouteTableIds);
    const [AddSubnetIds, RemoveSubnetIds] = changes(properties.SubnetIds, previous.SubnetIds);
    const [AddSecurityGroupIds, RemoveSecurityGroupIds] = changes(
      properties.SecurityGroupIds,
      previous.SecurityGroupIds,
    );
    const PolicyDocument = policyText(properties.PolicyDocument);
    await request.invoke('ec2', 'ModifyVpcEndpoint', {
      VpcEndpointId: id,
      ...(PolicyDocument ? { PolicyDocument } : { ResetPolicy: true }),
      ...(properties.VpcEndpointType === 'Interface'
        ? { PrivateDnsEnabled: booleanOf(properties.PrivateDnsEnabled) ?? false }
        : {}),
      AddRouteTableIds,
      RemoveRouteTableIds,
      AddSubnetIds,
      RemoveSubnetIds,
      AddSecurityGroupIds,
      RemoveSecurityGroupIds,
    });
    await updateTags(request, id);
    return await available(request, id);
  },
  async delete(request) {
    const { physicalId: id } = request;
    await request.invoke('ec2', 'DeleteVpcEndpoints', { VpcEndpointIds: [id] });
    await request.until(`VPC endpoint ${id} to be deleted`, async () => !(await describe(request, id)), {
      everyMs: 50,
    });
  },
});

function policyText(document: unknown): string | undefined {
  if (document === undefined || document === null) return undefined;
  return typeof document === 'string' ? document : JSON.stringify(document);
}

async function describe(request: ResourceRequest<unknown>, id: string) {
  const { VpcEndpoints } = await request.invoke<DescribeVpcEndpointsResult>('ec2', 'DescribeVpcEndpoints', {
    Filters: [{ Name: 'vpc-endpoint-id', Values: [id] }],
  });
  return VpcEndpoints?.[0];
}

async function available(request: ResourceRequest<EndpointProperties>, id: string) {
  const found = await request.until(
    `VPC endpoint ${id} to become available`,
    async () => {
      const now = await describe(request, id);
      return String(now?.State) === 'available' ? now : false;
    },
    { everyMs: 50 },
  );
  const attributes = {
    Id: id,
    CreationTimestamp: found.CreationTimestamp?.toISOString(),
    NetworkInterfaceIds: found.NetworkInterfaceIds ?? [],
    DnsEntries: (found.DnsEntries ?? []).map((entry) => `${entry.HostedZoneId}:${entry.DnsName}`),
  };
  return { physicalId: id, attributes };
}
