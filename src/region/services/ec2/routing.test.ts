import type {
  AllocateAddressResult,
  CreateNatGatewayResult,
  CreateRouteTableResult,
  DescribeAddressesResult,
  DescribeNatGatewaysResult,
  DescribeNetworkInterfacesResult,
  DescribeRouteTablesResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeGateway, makeSubnet, makeVpc } from './network.fixture.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
beforeEach(() => {
  region = ec2Region();
});

describe('routes', () => {
  it('lead to gateways, conflict, are replaced, and become blackholes', async () => {
    const vpcId = await makeVpc(region);
    const gateway = await makeGateway(region, vpcId);
    const made = await region.call<CreateRouteTableResult>('CreateRouteTable', { VpcId: vpcId });
    const RouteTableId = made.RouteTable?.RouteTableId;
    const all = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0' };
    await region.call('CreateRoute', { ...all, GatewayId: gateway });
    const eigw = await region.call<{ EgressOnlyInternetGateway: { EgressOnlyInternetGatewayId: string } }>(
      'CreateEgressOnlyInternetGateway',
      { VpcId: vpcId },
    );
    const { EgressOnlyInternetGatewayId } = eigw.EgressOnlyInternetGateway;
    expect(await faultOf(region.call('CreateRoute', { ...all, EgressOnlyInternetGatewayId }))).toContain(
      'InvalidParameterValue',
    );
    expect(await faultOf(region.call('CreateRoute', { ...all, GatewayId: gateway }))).toBe(
      'RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.',
    );
    expect(
      await faultOf(region.call('CreateRoute', { ...all, DestinationCidrBlock: '10.0.0.0/16', GatewayId: gateway })),
    ).toContain('RouteAlreadyExists');
    expect(
      await faultOf(region.call('CreateRoute', { ...all, DestinationCidrBlock: '10.0.4.0/24', GatewayId: gateway })),
    ).toContain('more specific');
    expect(
      await faultOf(region.call('ReplaceRoute', { ...all, DestinationCidrBlock: '1.2.3.0/24', GatewayId: gateway })),
    ).toBe(
      "InvalidParameterValue: There is no route defined for '1.2.3.0/24' in the route table. Use CreateRoute instead.",
    );
    expect(await faultOf(region.call('DeleteRoute', { RouteTableId, DestinationCidrBlock: '1.2.3.0/24' }))).toBe(
      `InvalidRoute.NotFound: no route with destination-cidr-block 1.2.3.0/24 in route table ${RouteTableId}`,
    );
    expect(await faultOf(region.call('CreateRoute', { ...all, GatewayId: 'igw-1' }))).toBe(
      "InvalidGatewayID.NotFound: The gateway ID 'igw-1' does not exist",
    );
    await region.call('CreateRoute', { RouteTableId, DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId });
    await region.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpcId });
    const { RouteTables } = await region.call<DescribeRouteTablesResult>('DescribeRouteTables', {
      RouteTableIds: [RouteTableId ?? ''],
    });
    expect(
      RouteTables?.[0]?.Routes?.map((route) => [
        route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock,
        route.State,
      ]),
    ).toEqual([
      ['10.0.0.0/16', 'active'],
      ['0.0.0.0/0', 'blackhole'],
      ['::/0', 'active'],
    ]);
  });

  it('belong to subnets by association, the main table to the rest', async () => {
    const vpcId = await makeVpc(region);
    const SubnetId = await makeSubnet(region, vpcId, '10.0.0.0/24');
    const [one, two] = await Promise.all(
      [1, 2].map(() => region.call<CreateRouteTableResult>('CreateRouteTable', { VpcId: vpcId })),
    );
    const RouteTableId = one?.RouteTable?.RouteTableId;
    const { AssociationId } = await region.call<{ AssociationId: string }>('AssociateRouteTable', {
      RouteTableId,
      SubnetId,
    });
    expect(
      await faultOf(region.call('AssociateRouteTable', { RouteTableId: two?.RouteTable?.RouteTableId, SubnetId })),
    ).toContain('Resource.AlreadyAssociated');
    expect(await faultOf(region.call('DeleteRouteTable', { RouteTableId }))).toBe(
      `DependencyViolation: The routeTable '${RouteTableId}' has dependencies and cannot be deleted.`,
    );
    await region.call('DisassociateRouteTable', { AssociationId });
    expect(await faultOf(region.call('DisassociateRouteTable', { AssociationId }))).toBe(
      `InvalidAssociationID.NotFound: The association ID '${AssociationId}' does not exist`,
    );
    await region.call('DeleteRouteTable', { RouteTableId });
  });
});

describe('NAT gateways', () => {
  async function publicSubnet() {
    const vpcId = await makeVpc(region);
    const subnetId = await makeSubnet(region, vpcId, '10.0.0.0/24');
    const { AllocationId = '', PublicIp = '' } = await region.call<AllocateAddressResult>('AllocateAddress', {
      Domain: 'vpc',
    });
    return { vpcId, subnetId, AllocationId, PublicIp };
  }
  const natOf = async (id: string | undefined) =>
    (await region.call<DescribeNatGatewaysResult>('DescribeNatGateways', { NatGatewayIds: [id ?? ''] }))
      .NatGateways?.[0];

  it('are pending, then available with an interface in the subnet, then deleted', async () => {
    const { vpcId, subnetId, AllocationId, PublicIp } = await publicSubnet();
    const gateway = await makeGateway(region, vpcId);
    const { NatGateway } = await region.call<CreateNatGatewayResult>('CreateNatGateway', {
      SubnetId: subnetId,
      AllocationId,
    });
    expect(NatGateway?.State).toBe('pending');
    await region.clock.advance(1000);
    const available = await natOf(NatGateway?.NatGatewayId);
    expect(available).toMatchObject({
      State: 'available',
      NatGatewayAddresses: [{ AllocationId, PublicIp, PrivateIp: '10.0.0.4' }],
    });
    const { NetworkInterfaces } = await region.call<DescribeNetworkInterfacesResult>('DescribeNetworkInterfaces');
    expect(NetworkInterfaces).toMatchObject([
      {
        InterfaceType: 'nat_gateway',
        RequesterManaged: true,
        Status: 'in-use',
        SourceDestCheck: false,
        Association: { PublicIp },
      },
    ]);
    expect(await faultOf(region.call('ReleaseAddress', { AllocationId }))).toBe(
      `InvalidIPAddress.InUse: Address ${PublicIp} is in use.`,
    );
    expect(await faultOf(region.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpcId }))).toContain(
      'mapped public address(es)',
    );
    await region.call('DeleteNatGateway', { NatGatewayId: NatGateway?.NatGatewayId });
    expect((await natOf(NatGateway?.NatGatewayId))?.State).toBe('deleting');
    await region.clock.advance(1000);
    expect((await natOf(NatGateway?.NatGatewayId))?.State).toBe('deleted');
    const { Addresses } = await region.call<DescribeAddressesResult>('DescribeAddresses');
    expect(Addresses?.[0]?.AssociationId).toBeUndefined();
    await region.clock.advance(3_700_000);
    expect(await faultOf(natOf(NatGateway?.NatGatewayId))).toContain('NatGatewayNotFound');
  });

  it('fail without an internet gateway', async () => {
    const { vpcId, subnetId, AllocationId } = await publicSubnet();
    const { NatGateway } = await region.call<CreateNatGatewayResult>('CreateNatGateway', {
      SubnetId: subnetId,
      AllocationId,
    });
    await region.clock.advance(1000);
    expect(await natOf(NatGateway?.NatGatewayId)).toMatchObject({
      State: 'failed',
      FailureCode: 'Gateway.NotAttached',
      FailureMessage: `Network ${vpcId} has no Internet gateway attached`,
    });
    await region.call('DeleteSubnet', { SubnetId: subnetId });
  });

  it('are repeated by client token, and are refused when the token comes with another request', async () => {
    const { subnetId, AllocationId } = await publicSubnet();
    const input = { SubnetId: subnetId, AllocationId, ClientToken: 'once' };
    const one = await region.call<CreateNatGatewayResult>('CreateNatGateway', input);
    const two = await region.call<CreateNatGatewayResult>('CreateNatGateway', input);
    expect(two.NatGateway?.NatGatewayId).toBe(one.NatGateway?.NatGatewayId);
    expect(await faultOf(region.call('CreateNatGateway', { ...input, PrivateIpAddress: '10.0.0.9' }))).toContain(
      'IdempotentParameterMismatch',
    );
  });
});

describe('Elastic IP addresses', () => {
  it('are at most five, those of load balancers neither counted nor shown', async () => {
    const elb = { kind: 'service', service: 'elasticloadbalancing.amazonaws.com', trusted: true } as const;
    for (let n = 0; n < 4; n++) await region.inside(elb, 'AllocateAddress', { Domain: 'vpc' });
    for (let n = 0; n < 5; n++) await region.call('AllocateAddress', { Domain: 'vpc' });
    expect(await faultOf(region.call('AllocateAddress'))).toBe(
      'AddressLimitExceeded: The maximum number of addresses has been reached.',
    );
    const mine = await region.call<DescribeAddressesResult>('DescribeAddresses');
    expect(mine.Addresses).toHaveLength(5);
    expect(new Set(mine.Addresses?.map((one) => one.PublicIp)).size).toBe(5);
    const all = await region.inside<DescribeAddressesResult>(elb, 'DescribeAddresses');
    expect(all.Addresses).toHaveLength(9);
  });
});
