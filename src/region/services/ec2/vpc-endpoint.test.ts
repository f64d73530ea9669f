import type {
  CreateRouteTableResult,
  CreateVpcEndpointResult,
  DescribeRouteTablesResult,
  DescribeVpcEndpointsResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeSubnet, makeVpc } from './network.fixture.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
beforeEach(() => {
  region = ec2Region();
});

describe('VPC endpoints', () => {
  it('of type Gateway put S3 into route tables', async () => {
    const vpcId = await makeVpc(region);
    const made = await region.call<CreateRouteTableResult>('CreateRouteTable', { VpcId: vpcId });
    const RouteTableIds = [made.RouteTable?.RouteTableId ?? ''];
    const input = { VpcId: vpcId, ServiceName: 'com.amazonaws.us-east-1.s3', RouteTableIds };
    const { VpcEndpoint } = await region.call<CreateVpcEndpointResult>('CreateVpcEndpoint', input);
    expect(VpcEndpoint).toMatchObject({ VpcEndpointType: 'Gateway', State: 'available', RouteTableIds });
    expect(await faultOf(region.call('CreateVpcEndpoint', input))).toContain('RouteAlreadyExists');
    expect(
      await faultOf(region.call('CreateVpcEndpoint', { ...input, ServiceName: 'com.amazonaws.us-east-1.nope' })),
    ).toBe("InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.nope' does not exist");
    const { RouteTables } = await region.call<DescribeRouteTablesResult>('DescribeRouteTables', { RouteTableIds });
    expect(RouteTables?.[0]?.Routes?.[1]).toMatchObject({
      DestinationPrefixListId: 'pl-63a5400a',
      GatewayId: VpcEndpoint?.VpcEndpointId,
      State: 'active',
    });
    expect(
      await region.call('DeleteVpcEndpoints', {
        VpcEndpointIds: [VpcEndpoint?.VpcEndpointId, 'vpce-0123456789abcdef0'],
      }),
    ).toMatchObject({
      Unsuccessful: [{ ResourceId: 'vpce-0123456789abcdef0', Error: { Code: 'InvalidVpcEndpointId.NotFound' } }],
    });
  });

  it('of type Interface have an interface a subnet and names of their own', async () => {
    const vpcId = await makeVpc(region);
    const SubnetIds = [
      await makeSubnet(region, vpcId, '10.0.0.0/24'),
      await makeSubnet(region, vpcId, '10.0.1.0/24', { AvailabilityZone: 'us-east-1b' }),
    ];
    const input = {
      VpcId: vpcId,
      ServiceName: 'com.amazonaws.us-east-1.monitoring',
      VpcEndpointType: 'Interface',
      SubnetIds,
    };
    expect(await faultOf(region.call('CreateVpcEndpoint', input))).toBe(
      `InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpcId}`,
    );
    await region.call('ModifyVpcAttribute', { VpcId: vpcId, EnableDnsHostnames: { Value: true } });
    const { VpcEndpoint } = await region.call<CreateVpcEndpointResult>('CreateVpcEndpoint', input);
    expect(VpcEndpoint?.State).toBe('pending');
    await region.clock.advance(1000);
    const { VpcEndpoints } = await region.call<DescribeVpcEndpointsResult>('DescribeVpcEndpoints');
    expect(VpcEndpoints).toMatchObject([{ State: 'available', PrivateDnsEnabled: true }]);
    expect(VpcEndpoints?.[0]?.NetworkInterfaceIds).toHaveLength(2);
    expect(VpcEndpoints?.[0]?.DnsEntries?.map((entry) => entry.DnsName)).toContain(
      'monitoring.us-east-1.amazonaws.com',
    );
    expect(await faultOf(region.call('CreateVpcEndpoint', input))).toContain('private-dns-enabled cannot be set');
    expect(await faultOf(region.call('DeleteSubnet', { SubnetId: SubnetIds[0] }))).toContain('DependencyViolation');
    await region.call('DeleteVpcEndpoints', { VpcEndpointIds: [VpcEndpoint?.VpcEndpointId] });
    await region.clock.advance(1000);
    await region.call('DeleteSubnet', { SubnetId: SubnetIds[0] });
  });
});
