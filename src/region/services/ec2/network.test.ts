import type {
  AllocateAddressResult,
  CreateNatGatewayResult,
  CreateNetworkAclResult,
  CreateRouteTableResult,
  CreateSecurityGroupResult,
  CreateSubnetResult,
  CreateVpcEndpointResult,
  CreateVpcResult,
  DescribeAddressesResult,
  DescribeNatGatewaysResult,
  DescribeNetworkAclsResult,
  DescribeNetworkInterfacesResult,
  DescribeRouteTablesResult,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsResult,
  DescribeSubnetsResult,
  DescribeVpcEndpointsResult,
  DescribeVpcsResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
beforeEach(() => {
  region = ec2Region();
});

async function makeVpc(cidr = '10.0.0.0/16', more: object = {}): Promise<string> {
  const { Vpc } = await region.call<CreateVpcResult>('CreateVpc', { CidrBlock: cidr, ...more });
  return Vpc?.VpcId ?? '';
}

async function makeSubnet(VpcId: string, CidrBlock: string, more: object = {}): Promise<string> {
  const { Subnet } = await region.call<CreateSubnetResult>('CreateSubnet', { VpcId, CidrBlock, ...more });
  return Subnet?.SubnetId ?? '';
}

async function makeGateway(VpcId: string): Promise<string> {
  const { InternetGateway } = await region.call<{ InternetGateway: { InternetGatewayId: string } }>(
    'CreateInternetGateway',
  );
  const { InternetGatewayId } = InternetGateway;
  await region.call('AttachInternetGateway', { InternetGatewayId, VpcId });
  return InternetGatewayId;
}

const vpcFilter = (VpcId: string) => ({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] });

describe('VPCs', () => {
  it('come with a main route table, a default ACL that allows all and a default security group', async () => {
    const vpcId = await makeVpc('10.0.3.7/16', {
      TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: 'x' }] }],
    });
    expect(vpcId).toMatch(/^vpc-[0-9a-f]{17}$/);
    const { Vpcs } = await region.call<DescribeVpcsResult>('DescribeVpcs', {
      Filters: [{ Name: 'tag:Name', Values: ['x'] }],
    });
    expect(Vpcs).toMatchObject([
      {
        VpcId: vpcId,
        CidrBlock: '10.0.0.0/16',
        IsDefault: false,
        State: 'available',
        Tags: [{ Key: 'Name', Value: 'x' }],
      },
    ]);
    const { RouteTables } = await region.call<DescribeRouteTablesResult>('DescribeRouteTables', vpcFilter(vpcId));
    expect(RouteTables).toMatchObject([
      {
        Associations: [{ Main: true }],
        Routes: [
          { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', State: 'active', Origin: 'CreateRouteTable' },
        ],
      },
    ]);
    const { NetworkAcls } = await region.call<DescribeNetworkAclsResult>('DescribeNetworkAcls', vpcFilter(vpcId));
    expect(NetworkAcls?.[0]?.IsDefault).toBe(true);
    expect(NetworkAcls?.[0]?.Entries?.map((e) => [e.Egress, e.RuleNumber, e.RuleAction, e.Protocol])).toEqual([
      [true, 100, 'allow', '-1'],
      [true, 32767, 'deny', '-1'],
      [false, 100, 'allow', '-1'],
      [false, 32767, 'deny', '-1'],
    ]);
    const { SecurityGroups } = await region.call<DescribeSecurityGroupsResult>(
      'DescribeSecurityGroups',
      vpcFilter(vpcId),
    );
    expect(SecurityGroups).toMatchObject([
      {
        GroupName: 'default',
        IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: SecurityGroups?.[0]?.GroupId }] }],
        IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      },
    ]);
    await region.call('DeleteVpc', { VpcId: vpcId });
    for (const table of [
      'vpcs',
      'route-tables',
      'route-table-associations',
      'network-acls',
      'security-groups',
      'tags',
    ]) {
      expect(region.scope.table(`ec2/${table}`).size, table).toBe(0);
    }
  });

  it.each([
    ['CreateVpc', {}, 'MissingParameter: The request must contain the parameter cidrBlock'],
    ['CreateVpc', { CidrBlock: '10.0.0.0/8' }, "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid."],
    ['CreateVpc', { CidrBlock: '10.0.0.0/29' }, "InvalidVpc.Range: The CIDR '10.0.0.0/29' is invalid."],
    [
      'CreateVpc',
      { CidrBlock: '10.0.0/16' },
      'InvalidParameterValue: Value (10.0.0/16) for parameter cidrBlock is invalid. This is not a valid CIDR block.',
    ],
    [
      'CreateVpc',
      { CidrBlock: '10.0.0.0/16', DryRun: true },
      'DryRunOperation: Request would have succeeded, but DryRun flag is set.',
    ],
    [
      'CreateVpc',
      { CidrBlock: '10.0.0.0/16', Ipv4IpamPoolId: 'ipam' },
      'UnsupportedOperation: The parameter Ipv4IpamPoolId is not modelled by Orrery.',
    ],
    ['DeleteVpc', { VpcId: 'vpc-1' }, "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist"],
    [
      'CreateSubnet',
      { VpcId: 'vpc-1', CidrBlock: '10.0.0.0/24' },
      "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist",
    ],
    [
      'DescribeSubnets',
      { SubnetIds: ['subnet-1'] },
      "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist",
    ],
    [
      'DescribeSecurityGroups',
      { GroupIds: ['nonsense'] },
      'InvalidGroupId.Malformed: Invalid id: "nonsense" (expecting "sg-...")',
    ],
    [
      'DeleteSecurityGroup',
      { GroupId: 'sg-0123456789abcdef0' },
      "InvalidGroup.NotFound: The security group 'sg-0123456789abcdef0' does not exist",
    ],
    [
      'DeleteRouteTable',
      { RouteTableId: 'rtb-1' },
      "InvalidRouteTableID.NotFound: The routeTable ID 'rtb-1' does not exist",
    ],
    ['DeleteNatGateway', { NatGatewayId: 'nat-1' }, 'NatGatewayNotFound: The Nat Gateway nat-1 was not found'],
    [
      'ReleaseAddress',
      { AllocationId: 'eipalloc-1' },
      "InvalidAllocationID.NotFound: The allocation ID 'eipalloc-1' does not exist",
    ],
    [
      'DeleteNetworkAcl',
      { NetworkAclId: 'acl-1' },
      "InvalidNetworkAclID.NotFound: The networkAcl ID 'acl-1' does not exist",
    ],
    [
      'DescribeVpcs',
      { Filters: [{ Name: 'colour', Values: ['red'] }] },
      "InvalidParameterValue: The filter 'colour' is invalid",
    ],
    [
      'DescribeVpcs',
      { MaxResults: 3 },
      'InvalidParameterValue: Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
    ],
    ['DescribeVpcs', { NextToken: 'x' }, 'InvalidNextToken: The token is not valid.'],
    [
      'CreateTags',
      { Resources: ['vpc-1'], Tags: [{ Key: 'a', Value: 'b' }] },
      "InvalidID: The ID 'vpc-1' is not valid",
    ],
    ['DescribeRegions', { RegionNames: ['mars'] }, 'InvalidParameterValue: Invalid region name: [mars]'],
  ])('%s %j is refused with %s', async (operation, input, fault) => {
    expect(await faultOf(region.call(operation, input))).toBe(fault);
  });

  it('are at most five, and are not deleted while something is in them', async () => {
    const vpcId = await makeVpc();
    for (let n = 1; n < 5; n++) await makeVpc(`10.${n}.0.0/16`);
    expect(await faultOf(makeVpc())).toBe('VpcLimitExceeded: The maximum number of VPCs has been reached.');
    const subnetId = await makeSubnet(vpcId, '10.0.0.0/24');
    const busy = `DependencyViolation: The vpc '${vpcId}' has dependencies and cannot be deleted.`;
    expect(await faultOf(region.call('DeleteVpc', { VpcId: vpcId }))).toBe(busy);
    await region.call('DeleteSubnet', { SubnetId: subnetId });
    const gateway = await makeGateway(vpcId);
    expect(await faultOf(region.call('DeleteVpc', { VpcId: vpcId }))).toBe(busy);
    await region.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpcId });
    await region.call('DeleteVpc', { VpcId: vpcId });
  });

  it('take further ranges, and IPv6 opens the default ACL and groups', async () => {
    const vpcId = await makeVpc();
    const associate = (input: object) =>
      region.call<{ CidrBlockAssociation?: { AssociationId?: string } }>('AssociateVpcCidrBlock', {
        VpcId: vpcId,
        ...input,
      });
    expect(await faultOf(associate({ CidrBlock: '10.0.128.0/17' }))).toContain('CidrConflict');
    expect(await faultOf(associate({ CidrBlock: '192.168.0.0/16' }))).toContain('InvalidVpc.Range');
    const { CidrBlockAssociation } = await associate({ CidrBlock: '10.1.0.0/16' });
    const subnetId = await makeSubnet(vpcId, '10.1.2.0/24');
    const AssociationId = CidrBlockAssociation?.AssociationId;
    expect(await faultOf(region.call('DisassociateVpcCidrBlock', { AssociationId }))).toContain(
      'InvalidCidrBlock.InUse',
    );
    await region.call('DeleteSubnet', { SubnetId: subnetId });
    await region.call('DisassociateVpcCidrBlock', { AssociationId });
    await associate({ AmazonProvidedIpv6CidrBlock: true });
    const { Vpcs } = await region.call<DescribeVpcsResult>('DescribeVpcs', { VpcIds: [vpcId] });
    expect(Vpcs?.[0]?.CidrBlockAssociationSet).toHaveLength(1);
    const block = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? '';
    expect(block).toMatch(/^2600:1f18:.*\/56$/);
    const { NetworkAcls } = await region.call<DescribeNetworkAclsResult>('DescribeNetworkAcls', vpcFilter(vpcId));
    expect(NetworkAcls?.[0]?.Entries?.filter((entry) => entry.Ipv6CidrBlock).map((entry) => entry.RuleNumber)).toEqual([
      101, 32768, 101, 32768,
    ]);
    const v6 = block.replace('00::/56', '01::/64');
    const id = await makeSubnet(vpcId, '10.0.1.0/24', { Ipv6CidrBlock: v6 });
    await region.call('ModifySubnetAttribute', { SubnetId: id, AssignIpv6AddressOnCreation: { Value: true } });
    const made = await region.call<{ NetworkInterface: { Ipv6Addresses: unknown } }>('CreateNetworkInterface', {
      SubnetId: id,
    });
    expect(made.NetworkInterface.Ipv6Addresses).toMatchObject([{ Ipv6Address: v6.replace('/64', '4') }]);
  });
});

describe('subnets', () => {
  it('lie in the VPC, do not overlap, and keep five addresses back', async () => {
    const vpcId = await makeVpc();
    await makeSubnet(vpcId, '10.0.0.0/28', { AvailabilityZone: 'us-east-1b' });
    expect(await faultOf(makeSubnet(vpcId, '10.0.0.0/24'))).toBe(
      "InvalidSubnet.Conflict: The CIDR '10.0.0.0/24' conflicts with another subnet",
    );
    expect(await faultOf(makeSubnet(vpcId, '10.1.0.0/24'))).toBe(
      "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid.",
    );
    expect(await faultOf(makeSubnet(vpcId, '10.0.1.0/29'))).toBe(
      "InvalidSubnet.Range: The CIDR '10.0.1.0/29' is invalid.",
    );
    expect(await faultOf(makeSubnet(vpcId, '10.0.1.0/24', { AvailabilityZone: 'us-east-1z' }))).toContain(
      'InvalidParameterValue: Value (us-east-1z) for parameter availabilityZone is invalid.',
    );
    const { Subnets } = await region.call<DescribeSubnetsResult>('DescribeSubnets');
    expect(Subnets).toMatchObject([
      {
        AvailableIpAddressCount: 11,
        AvailabilityZone: 'us-east-1b',
        AvailabilityZoneId: 'use1-az2',
        MapPublicIpOnLaunch: false,
      },
    ]);
    const SubnetId = Subnets?.[0]?.SubnetId;
    const ips: unknown[] = [];
    for (let n = 0; n < 11; n++) {
      const made = await region.call<{ NetworkInterface: { PrivateIpAddress: string } }>('CreateNetworkInterface', {
        SubnetId,
      });
      ips.push(made.NetworkInterface.PrivateIpAddress);
    }
    expect(ips).toEqual(Array.from({ length: 11 }, (_, n) => `10.0.0.${n + 4}`));
    expect(await faultOf(region.call('CreateNetworkInterface', { SubnetId }))).toContain(
      'InsufficientFreeAddressesInSubnet',
    );
    expect(await faultOf(region.call('DeleteSubnet', { SubnetId }))).toBe(
      `DependencyViolation: The subnet '${SubnetId}' has dependencies and cannot be deleted.`,
    );
  });

  it('are given out in pages', async () => {
    const vpcId = await makeVpc();
    const made = new Set<string>();
    for (let n = 0; n < 13; n++) made.add(await makeSubnet(vpcId, `10.0.${n}.0/24`));
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await region.call<DescribeSubnetsResult>('DescribeSubnets', { MaxResults: 5, NextToken });
      seen.push(...(page.Subnets ?? []).map((subnet) => subnet.SubnetId ?? ''));
      NextToken = page.NextToken;
      // What goes away between two pages shifts nothing.
      if (seen.length === 5) await region.call('DeleteSubnet', { SubnetId: seen[1] });
    } while (NextToken);
    expect(new Set(seen)).toEqual(made);
    expect(seen).toHaveLength(13);
  });
});

describe('routes', () => {
  it('lead to gateways, conflict, are replaced, and become blackholes', async () => {
    const vpcId = await makeVpc();
    const gateway = await makeGateway(vpcId);
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
    const vpcId = await makeVpc();
    const SubnetId = await makeSubnet(vpcId, '10.0.0.0/24');
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
    const vpcId = await makeVpc();
    const subnetId = await makeSubnet(vpcId, '10.0.0.0/24');
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
    const gateway = await makeGateway(vpcId);
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

describe('network ACLs', () => {
  it('deny all when new, take 19 entries a direction and family, and move between subnets', async () => {
    const vpcId = await makeVpc();
    const subnetId = await makeSubnet(vpcId, '10.0.0.0/24');
    const { NetworkAcl } = await region.call<CreateNetworkAclResult>('CreateNetworkAcl', { VpcId: vpcId });
    const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
    const entry = (RuleNumber: number, more: object = {}) =>
      region.call('CreateNetworkAclEntry', {
        NetworkAclId,
        RuleNumber,
        Egress: false,
        Protocol: 'tcp',
        RuleAction: 'allow',
        CidrBlock: '10.0.0.9/8',
        PortRange: { From: 80, To: 81 },
        ...more,
      });
    for (let n = 1; n <= 19; n++) await entry(n);
    expect(await faultOf(entry(20))).toBe(
      'NetworkAclEntryLimitExceeded: The maximum number of network acl entries has been reached.',
    );
    expect(await faultOf(entry(3))).toBe(
      'NetworkAclEntryAlreadyExists: The network acl entry identified by 3 already exists.',
    );
    await entry(20, { Egress: true });
    await entry(20, { CidrBlock: undefined, Ipv6CidrBlock: '::/0' });
    expect(await faultOf(entry(0))).toContain('InvalidParameterValue');
    expect(await faultOf(entry(99, { PortRange: undefined }))).toContain('MissingParameter');
    expect(
      await faultOf(region.call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 99, Egress: false })),
    ).toContain('InvalidNetworkAclEntry.NotFound');
    const { NetworkAcls } = await region.call<DescribeNetworkAclsResult>('DescribeNetworkAcls', vpcFilter(vpcId));
    expect(NetworkAcls?.[1]?.Entries?.[0]).toEqual({
      RuleNumber: 20,
      Egress: true,
      RuleAction: 'allow',
      Protocol: '6',
      CidrBlock: '10.0.0.0/8',
      PortRange: { From: 80, To: 81 },
    });
    const [before] = NetworkAcls?.[0]?.Associations ?? [];
    expect(before?.SubnetId).toBe(subnetId);
    await region.call('ReplaceNetworkAclAssociation', { AssociationId: before?.NetworkAclAssociationId, NetworkAclId });
    expect(await faultOf(region.call('DeleteNetworkAcl', { NetworkAclId }))).toBe(
      `DependencyViolation: The networkAcl '${NetworkAclId}' has dependencies and cannot be deleted.`,
    );
    expect(await faultOf(region.call('DeleteNetworkAcl', { NetworkAclId: NetworkAcls?.[0]?.NetworkAclId }))).toContain(
      'cannot be deleted',
    );
  });
});

describe('security groups', () => {
  async function makeGroup(VpcId: string, GroupName: string) {
    const made = await region.call<CreateSecurityGroupResult>('CreateSecurityGroup', {
      VpcId,
      GroupName,
      Description: 'd',
    });
    return made.GroupId ?? '';
  }
  const web = {
    IpProtocol: 'tcp',
    FromPort: 443,
    ToPort: 443,
    IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'web' }],
  };

  it('take rules once, by address, prefix list or group, and say what is double', async () => {
    const vpcId = await makeVpc();
    const GroupId = await makeGroup(vpcId, 'web');
    expect(await faultOf(makeGroup(vpcId, 'web'))).toBe(
      `InvalidGroup.Duplicate: The security group 'web' already exists for VPC '${vpcId}'`,
    );
    expect(await faultOf(makeGroup(vpcId, 'default'))).toBe(
      'InvalidGroup.Reserved: Cannot use reserved security group name: default',
    );
    expect(await faultOf(makeGroup(vpcId, 'sg-web'))).toContain('Group names may not be in the format sg-*');
    const ingress = (permission: object) =>
      region.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [permission] });
    await ingress(web);
    expect(await faultOf(ingress(web))).toBe(
      'InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists',
    );
    await ingress({ IpProtocol: '6', FromPort: 80, ToPort: 80, PrefixListIds: [{ PrefixListId: 'pl-63a5400a' }] });
    await ingress({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] });
    expect(
      await faultOf(ingress({ IpProtocol: 'tcp', FromPort: 90, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] })),
    ).toContain('Invalid TCP/UDP port range (90:80)');
    const { SecurityGroupRules } = await region.call<DescribeSecurityGroupRulesResult>('DescribeSecurityGroupRules', {
      Filters: [{ Name: 'group-id', Values: [GroupId] }],
    });
    expect(
      SecurityGroupRules?.map((rule) => [
        rule.IsEgress,
        rule.IpProtocol,
        rule.FromPort,
        rule.CidrIpv4 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId,
      ]),
    ).toEqual([
      [true, '-1', -1, '0.0.0.0/0'],
      [false, 'tcp', 443, '0.0.0.0/0'],
      [false, 'tcp', 80, 'pl-63a5400a'],
      [false, '-1', -1, GroupId],
    ]);
    await region.call('RevokeSecurityGroupIngress', { GroupId, IpPermissions: [web] });
    expect(await faultOf(region.call('RevokeSecurityGroupIngress', { GroupId, IpPermissions: [web] }))).toBe(
      'InvalidPermission.NotFound: The specified rule does not exist in this security group.',
    );
    await region.call('RevokeSecurityGroupEgress', {
      GroupId,
      SecurityGroupRuleIds: [SecurityGroupRules?.[0]?.SecurityGroupRuleId],
    });
    const { SecurityGroups } = await region.call<DescribeSecurityGroupsResult>('DescribeSecurityGroups', {
      GroupIds: [GroupId],
    });
    expect(SecurityGroups?.[0]?.IpPermissionsEgress).toEqual([]);
  });

  it('hold 60 rules a direction, a prefix list counted by its size', async () => {
    const GroupId = await makeGroup(await makeVpc(), 'web');
    const cloudFront = {
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      PrefixListIds: [{ PrefixListId: 'pl-3b927c52' }],
    };
    const ranges = (count: number) => Array.from({ length: count }, (_, n) => ({ CidrIp: `10.${n}.0.0/16` }));
    const ingress = (permission: object) =>
      region.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [permission] });
    await ingress(cloudFront);
    expect(await faultOf(ingress({ ...web, IpRanges: ranges(6) }))).toContain('RulesPerSecurityGroupLimitExceeded');
    await ingress({ ...web, IpRanges: ranges(5) });
  });

  it('are not deleted while another names them or an interface has them', async () => {
    const vpcId = await makeVpc();
    const [a, b] = [await makeGroup(vpcId, 'a'), await makeGroup(vpcId, 'b')];
    const permission = { GroupId: b, IpPermissions: [{ ...web, IpRanges: [], UserIdGroupPairs: [{ GroupId: a }] }] };
    await region.call('AuthorizeSecurityGroupIngress', permission);
    expect(await faultOf(region.call('DeleteSecurityGroup', { GroupId: a }))).toBe(
      `DependencyViolation: resource ${a} has a dependent object`,
    );
    await region.call('RevokeSecurityGroupIngress', permission);
    await region.call('DeleteSecurityGroup', { GroupId: a });
    const SubnetId = await makeSubnet(vpcId, '10.0.0.0/24');
    await region.call('CreateNetworkInterface', { SubnetId, Groups: [b] });
    expect(await faultOf(region.call('DeleteSecurityGroup', { GroupId: b }))).toContain('DependencyViolation');
  });
});

describe('VPC endpoints', () => {
  it('of type Gateway put S3 into route tables', async () => {
    const vpcId = await makeVpc();
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
    const vpcId = await makeVpc();
    const SubnetIds = [
      await makeSubnet(vpcId, '10.0.0.0/24'),
      await makeSubnet(vpcId, '10.0.1.0/24', { AvailabilityZone: 'us-east-1b' }),
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

describe('tags', () => {
  it('are put, filtered by wildcard and taken away; those of AWS are its own', async () => {
    const vpcId = await makeVpc();
    expect(await faultOf(region.call('CreateTags', { Resources: [vpcId], Tags: [{ Key: 'aws:x', Value: '' }] }))).toBe(
      "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use",
    );
    await region.call('CreateTags', {
      Resources: [vpcId],
      Tags: [
        { Key: 'Name', Value: 'shop*front' },
        { Key: 'Team', Value: 'a' },
      ],
    });
    const count = async (Name: string, value: string) =>
      (await region.call<DescribeVpcsResult>('DescribeVpcs', { Filters: [{ Name, Values: [value] }] })).Vpcs?.length;
    expect(await count('tag:Name', 'sho?*t')).toBe(1);
    expect(await count('tag:Name', 'shop\\*front')).toBe(1);
    expect(await count('tag:Name', 'shop\\*')).toBe(0);
    expect(await count('tag-key', 'Team')).toBe(1);
    await region.call('DeleteTags', { Resources: [vpcId], Tags: [{ Key: 'Team', Value: 'other' }] });
    expect(await count('tag-key', 'Team')).toBe(1);
    await region.call('DeleteTags', { Resources: [vpcId], Tags: [{ Key: 'Team' }] });
    expect(await region.call('DescribeTags', { Filters: [{ Name: 'resource-id', Values: [vpcId] }] })).toMatchObject({
      Tags: [{ Key: 'Name', ResourceType: 'vpc', Value: 'shop*front' }],
    });
  });
});
