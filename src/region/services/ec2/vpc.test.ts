import type {
  DescribeNetworkAclsResult,
  DescribeRouteTablesResult,
  DescribeSecurityGroupsResult,
  DescribeSubnetsResult,
  DescribeVpcsResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeGateway, makeSubnet, makeVpc, vpcFilter } from './network.fixture.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
beforeEach(() => {
  region = ec2Region();
});

describe('VPCs', () => {
  it('come with a main route table, a default ACL that allows all and a default security group', async () => {
    const vpcId = await makeVpc(region, '10.0.3.7/16', {
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
    const vpcId = await makeVpc(region);
    for (let n = 1; n < 5; n++) await makeVpc(region, `10.${n}.0.0/16`);
    expect(await faultOf(makeVpc(region))).toBe('VpcLimitExceeded: The maximum number of VPCs has been reached.');
    const subnetId = await makeSubnet(region, vpcId, '10.0.0.0/24');
    const busy = `DependencyViolation: The vpc '${vpcId}' has dependencies and cannot be deleted.`;
    expect(await faultOf(region.call('DeleteVpc', { VpcId: vpcId }))).toBe(busy);
    await region.call('DeleteSubnet', { SubnetId: subnetId });
    const gateway = await makeGateway(region, vpcId);
    expect(await faultOf(region.call('DeleteVpc', { VpcId: vpcId }))).toBe(busy);
    await region.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpcId });
    await region.call('DeleteVpc', { VpcId: vpcId });
  });

  it('take further ranges, and IPv6 opens the default ACL and groups', async () => {
    const vpcId = await makeVpc(region);
    const associate = (input: object) =>
      region.call<{ CidrBlockAssociation?: { AssociationId?: string } }>('AssociateVpcCidrBlock', {
        VpcId: vpcId,
        ...input,
      });
    expect(await faultOf(associate({ CidrBlock: '10.0.128.0/17' }))).toContain('CidrConflict');
    expect(await faultOf(associate({ CidrBlock: '192.168.0.0/16' }))).toContain('InvalidVpc.Range');
    const { CidrBlockAssociation } = await associate({ CidrBlock: '10.1.0.0/16' });
    const subnetId = await makeSubnet(region, vpcId, '10.1.2.0/24');
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
    const id = await makeSubnet(region, vpcId, '10.0.1.0/24', { Ipv6CidrBlock: v6 });
    await region.call('ModifySubnetAttribute', { SubnetId: id, AssignIpv6AddressOnCreation: { Value: true } });
    const made = await region.call<{ NetworkInterface: { Ipv6Addresses: unknown } }>('CreateNetworkInterface', {
      SubnetId: id,
    });
    expect(made.NetworkInterface.Ipv6Addresses).toMatchObject([{ Ipv6Address: v6.replace('/64', '4') }]);
  });
});

describe('subnets', () => {
  it('lie in the VPC, do not overlap, and keep five addresses back', async () => {
    const vpcId = await makeVpc(region);
    await makeSubnet(region, vpcId, '10.0.0.0/28', { AvailabilityZone: 'us-east-1b' });
    expect(await faultOf(makeSubnet(region, vpcId, '10.0.0.0/24'))).toBe(
      "InvalidSubnet.Conflict: The CIDR '10.0.0.0/24' conflicts with another subnet",
    );
    expect(await faultOf(makeSubnet(region, vpcId, '10.1.0.0/24'))).toBe(
      "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid.",
    );
    expect(await faultOf(makeSubnet(region, vpcId, '10.0.1.0/29'))).toBe(
      "InvalidSubnet.Range: The CIDR '10.0.1.0/29' is invalid.",
    );
    expect(await faultOf(makeSubnet(region, vpcId, '10.0.1.0/24', { AvailabilityZone: 'us-east-1z' }))).toContain(
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
    const vpcId = await makeVpc(region);
    const made = new Set<string>();
    for (let n = 0; n < 13; n++) made.add(await makeSubnet(region, vpcId, `10.0.${n}.0/24`));
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

describe('tags', () => {
  it('are put, filtered by wildcard and taken away; those of AWS are its own', async () => {
    const vpcId = await makeVpc(region);
    const long = (length: number) =>
      region.call('CreateTags', { Resources: [vpcId], Tags: [{ Key: 'Long', Value: 'x'.repeat(length) }] });
    await long(256);
    expect(await faultOf(long(257))).toContain('InvalidParameterValue');
    await region.call('DeleteTags', { Resources: [vpcId], Tags: [{ Key: 'Long' }] });
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
