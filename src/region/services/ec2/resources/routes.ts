/** `AWS::EC2::RouteTable` and `AWS::EC2::Route`. */
import type { CreateRouteTableResult } from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { goneCodes, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface RouteTableProperties {
  readonly VpcId: string;
  readonly Tags?: readonly TagProperty[];
}

export const routeTable = resourceType<RouteTableProperties>({
  honours: ['VpcId', 'Tags'],
  async create(request) {
    const { RouteTable } = await request.invoke<CreateRouteTableResult>('ec2', 'CreateRouteTable', {
      VpcId: request.properties.VpcId,
      TagSpecifications: tagSpecification(request, 'route-table', request.properties.Tags),
      ClientToken: request.name(64),
    });
    const id = RouteTable?.RouteTableId ?? '';
    return { physicalId: id, attributes: { RouteTableId: id } };
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: { RouteTableId: request.physicalId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteRouteTable', { RouteTableId: request.physicalId })),
});

interface RouteProperties {
  readonly RouteTableId: string;
  readonly DestinationCidrBlock?: string;
  readonly DestinationIpv6CidrBlock?: string;
  readonly DestinationPrefixListId?: string;
  readonly GatewayId?: string;
  readonly NatGatewayId?: string;
  readonly EgressOnlyInternetGatewayId?: string;
  readonly NetworkInterfaceId?: string;
}

export const route = resourceType<RouteProperties>({
  honours: [
    'RouteTableId',
    'DestinationCidrBlock',
    'DestinationIpv6CidrBlock',
    'DestinationPrefixListId',
    'GatewayId',
    'NatGatewayId',
    'EgressOnlyInternetGatewayId',
    'NetworkInterfaceId',
  ],
  async create(request) {
    await request.invoke('ec2', 'CreateRoute', { ...routeOf(request), ClientToken: request.name(64) });
    return created(request);
  },
  async update(request) {
    await request.invoke('ec2', 'ReplaceRoute', routeOf(request));
    return created(request);
  },
  delete: (request) => unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteRoute', destinationOf(request))),
});

function destinationOf({ properties }: ResourceRequest<RouteProperties>) {
  const { RouteTableId, DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId } = properties;
  return { RouteTableId, DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId };
}

function routeOf(request: ResourceRequest<RouteProperties>) {
  const { GatewayId, NatGatewayId, EgressOnlyInternetGatewayId, NetworkInterfaceId } = request.properties;
  return { ...destinationOf(request), GatewayId, NatGatewayId, EgressOnlyInternetGatewayId, NetworkInterfaceId };
}

function created(request: ResourceRequest<RouteProperties>) {
  const { RouteTableId, DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId } = request.properties;
  const CidrBlock = DestinationCidrBlock ?? DestinationIpv6CidrBlock ?? DestinationPrefixListId ?? '';
  return { physicalId: `${RouteTableId}|${CidrBlock}`, attributes: { CidrBlock } };
}
