import type {
  DescribeNetworkAclsResult,
  DescribeSecurityGroupsResult,
  DescribeTagsResult,
  DescribeVpcEndpointsResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { roundTrip } from '../../network/send.ts';
import { packet } from '../../network/verdict.ts';
import { resolveInVpc } from './endpoint-dns.ts';
import { publicImages } from './image.ts';
import { ec2 } from './index.ts';
import { ec2Region } from './region.fixture.ts';
import { networkWorld } from './snapshot.ts';
import { testStack } from './stack.fixture.ts';

let region: ReturnType<typeof ec2Region>;
let stack: ReturnType<typeof testStack>;
beforeEach(() => {
  region = ec2Region();
  stack = testStack(region);
});

const ImageId = publicImages('us-east-1').find((image) => image.architecture === 'arm64')?.imageId;

/** The product's network in one zone, made of every type of EC2's that it has. */
async function architecture() {
  const { create, get } = stack;
  const VpcId = await create('VPC', 'Vpc', { CidrBlock: '10.0.0.0/16', EnableDnsHostnames: 'true' });
  await create('VPCCidrBlock', 'Ipv6', { VpcId, AmazonProvidedIpv6CidrBlock: true });
  const ipv6 = (await get('Vpc', 'Ipv6CidrBlocks')).replace('00::/56', '');
  const InternetGatewayId = await create('InternetGateway', 'Gateway', {});
  await create('VPCGatewayAttachment', 'GatewayAttachment', { VpcId, InternetGatewayId });
  const eigw = await create('EgressOnlyInternetGateway', 'EgressOnly', { VpcId });
  const publicSubnet = await create('Subnet', 'PublicSubnetA', {
    VpcId,
    CidrBlock: '10.0.0.0/24',
    Ipv6CidrBlock: `${ipv6}00::/64`,
    AvailabilityZone: 'us-east-1a',
    MapPublicIpOnLaunch: true,
    AssignIpv6AddressOnCreation: true,
  });
  const privateSubnet = await create('Subnet', 'PrivateSubnetA', {
    VpcId,
    CidrBlock: '10.0.10.0/24',
    Ipv6CidrBlock: `${ipv6}10::/64`,
    AvailabilityZone: 'us-east-1a',
    Tags: [{ Key: 'Name', Value: 'private' }],
  });
  const publicRoutes = await create('RouteTable', 'PublicRoutes', { VpcId });
  const privateRoutes = await create('RouteTable', 'PrivateRoutesA', { VpcId });
  await create('Route', 'ToInternet', {
    RouteTableId: publicRoutes,
    DestinationCidrBlock: '0.0.0.0/0',
    GatewayId: InternetGatewayId,
  });
  await create('SubnetRouteTableAssociation', 'PublicAssociation', {
    RouteTableId: publicRoutes,
    SubnetId: publicSubnet,
  });
  await create('SubnetRouteTableAssociation', 'PrivateAssociation', {
    RouteTableId: privateRoutes,
    SubnetId: privateSubnet,
  });
  await create('EIP', 'NatAddressA', { Domain: 'vpc' });
  const NatGatewayId = await create('NatGateway', 'NatA', {
    SubnetId: publicSubnet,
    AllocationId: await get('NatAddressA', 'AllocationId'),
  });
  await create('Route', 'ToNat', { RouteTableId: privateRoutes, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId });
  await create('Route', 'ToEgressOnly', {
    RouteTableId: privateRoutes,
    DestinationIpv6CidrBlock: '::/0',
    EgressOnlyInternetGatewayId: eigw,
  });
  const NetworkAclId = await create('NetworkAcl', 'PrivateAcl', { VpcId });
  const entry = (id: string, RuleNumber: number, Egress: boolean, CidrBlock: string, From: number, To: number) =>
    create('NetworkAclEntry', id, {
      NetworkAclId,
      RuleNumber,
      Egress,
      Protocol: 6,
      RuleAction: 'allow',
      CidrBlock,
      PortRange: { From: String(From), To },
    });
  await entry('ApiIn', 100, false, '10.0.0.0/24', 8080, 8080);
  await entry('RepliesIn', 120, false, '0.0.0.0/0', 32768, 60999);
  await entry('RepliesOut', 100, true, '10.0.0.0/24', 1024, 65535);
  await entry('HttpsOut', 120, true, '0.0.0.0/0', 443, 443);
  await entry('EndpointIn', 130, false, '10.0.10.0/24', 443, 443);
  await create('SubnetNetworkAclAssociation', 'PrivateAclAssociation', { NetworkAclId, SubnetId: privateSubnet });
  const balancerGroup = await create('SecurityGroup', 'BalancerGroup', {
    GroupDescription: 'Balancer',
    VpcId,
    SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }],
  });
  const apiGroup = await create('SecurityGroup', 'ApiGroup', {
    GroupDescription: 'Machines',
    VpcId,
    SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0', Description: 'AWS' }],
  });
  await create('SecurityGroupIngress', 'ApiFromBalancer', {
    GroupId: apiGroup,
    IpProtocol: 'tcp',
    FromPort: 8080,
    ToPort: '8080',
    SourceSecurityGroupId: balancerGroup,
  });
  const endpointGroup = await create('SecurityGroup', 'EndpointGroup', {
    GroupDescription: 'Endpoint',
    VpcId,
    SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, SourceSecurityGroupId: apiGroup }],
  });
  await create('VPCEndpoint', 'S3Endpoint', {
    VpcId,
    ServiceName: 'com.amazonaws.us-east-1.s3',
    RouteTableIds: [privateRoutes],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }],
    },
  });
  await create('VPCEndpoint', 'MonitoringEndpoint', {
    VpcId,
    VpcEndpointType: 'Interface',
    ServiceName: 'com.amazonaws.us-east-1.monitoring',
    SubnetIds: [privateSubnet],
    SecurityGroupIds: [endpointGroup],
    PrivateDnsEnabled: true,
  });
  const LaunchTemplateId = await create('LaunchTemplate', 'ApiTemplate', {
    LaunchTemplateData: {
      ImageId,
      InstanceType: 't4g.small',
      SecurityGroupIds: [apiGroup],
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: '1' },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: 'true', VolumeSize: '8' } }],
    },
  });
  const machine = await create('Instance', 'Api', {
    LaunchTemplate: { LaunchTemplateId, Version: await get('ApiTemplate', 'LatestVersionNumber') },
    SubnetId: privateSubnet,
  });
  // What the load balancer's service does for a node.
  const node = await region.inside<{
    NetworkInterface: { NetworkInterfaceId: string; PrivateIpAddress: string; Association: { PublicIp: string } };
  }>({ kind: 'service', service: 'elasticloadbalancing.amazonaws.com', trusted: true }, 'CreateNetworkInterface', {
    SubnetId: publicSubnet,
    Groups: [balancerGroup],
    Description: 'ELB app/shop/0123456789abcdef',
    AssociatePublicIpAddress: true,
    TagSpecifications: [
      { ResourceType: 'network-interface', Tags: [{ Key: 'aws:cloudformation:logical-id', Value: 'ApiBalancer' }] },
    ],
  });
  return {
    VpcId,
    publicSubnet,
    privateSubnet,
    machine,
    NatGatewayId,
    NetworkAclId,
    apiGroup,
    balancerGroup,
    node: node.NetworkInterface,
  };
}

describe('a stack with every type of the network', () => {
  it('makes the world in which the two journeys pass, each hop by its logical id', async () => {
    const { machine, node, NatGatewayId } = await architecture();
    const world = networkWorld(region.scope);
    const parts = [...world.interfaces.values()];
    expect(parts.map((part) => [part.name, part.kind]).sort()).toEqual([
      ['Api', 'instance'],
      ['ApiBalancer in PublicSubnetA', 'balancer'],
      ['MonitoringEndpoint in PrivateSubnetA', 'endpoint'],
      ['NatA', 'nat'],
    ]);
    expect(parts.find((part) => part.kind === 'balancer')?.owner).toBe(
      'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop/0123456789abcdef',
    );
    const api = parts.find((part) => part.owner === machine);
    const apiAddress = api?.addresses[0] ?? '';
    const fromNode = { kind: 'interface', id: node.NetworkInterfaceId } as const;
    const fromApi = { kind: 'interface', id: api?.id ?? '' } as const;
    const ask = (...args: Parameters<typeof packet>) => roundTrip(world, packet(...args));
    const rules = (trip: ReturnType<typeof ask>) => trip.forward.hops.map((hop) => hop.rule).filter(Boolean);

    const client = ask('tcp', '203.0.113.9', 40_000, node.Association.PublicIp, 443, { kind: 'internet' });
    expect(client.delivered, client.why).toBe(true);
    const request = ask('tcp', node.PrivateIpAddress, 40_000, apiAddress, 8080, fromNode);
    expect(request.delivered, request.why).toBe(true);
    expect(rules(request)).toContain('PrivateAcl ingress 100');
    expect(rules(request)).toContain('ApiFromBalancer');
    const s3 = ask('tcp', apiAddress, 40_000, '52.216.0.10', 443, fromApi);
    expect([s3.delivered, s3.via?.kind]).toEqual([true, 'gatewayEndpoint']);
    const outside = ask('tcp', apiAddress, 40_000, '203.0.113.80', 443, fromApi);
    expect([outside.delivered, outside.via]).toEqual([true, { kind: 'nat', id: NatGatewayId }]);
    const [monitoring = ''] =
      resolveInVpc(region.scope, api?.subnet.vpcId ?? '', 'monitoring.us-east-1.amazonaws.com') ?? [];
    expect(monitoring).toMatch(/^10\.0\.10\./);
    expect(ask('tcp', apiAddress, 40_000, monitoring, 443, fromApi).delivered).toBe(true);
    const direct = ask('tcp', '203.0.113.9', 40_000, node.Association.PublicIp, 80, { kind: 'internet' });
    expect(direct.end).toBe('deniedByGroupIngress');
  });

  it('is built anew only when something changed', async () => {
    const { NetworkAclId, machine, node } = await architecture();
    const before = networkWorld(region.scope);
    await region.call('DescribeInstances');
    expect(networkWorld(region.scope)).toBe(before);
    await region.call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 100, Egress: true });
    const world = networkWorld(region.scope);
    expect(world).not.toBe(before);
    const api = [...world.interfaces.values()].find((part) => part.owner === machine);
    const trip = roundTrip(
      world,
      packet('tcp', node.PrivateIpAddress, 40_000, api?.addresses[0] ?? '', 8080, {
        kind: 'interface',
        id: node.NetworkInterfaceId,
      }),
    );
    expect([trip.direction, trip.end, trip.rule]).toEqual(['reply', 'deniedByAclEgress', 'PrivateAcl egress 32767']);
  });

  it('ends with nothing left behind', async () => {
    const { node } = await architecture();
    await region.inside(
      { kind: 'service', service: 'elasticloadbalancing.amazonaws.com', trusted: true },
      'DeleteNetworkInterface',
      { NetworkInterfaceId: node.NetworkInterfaceId },
    );
    await stack.deleteAll();
    for (const table of [
      'vpcs',
      'subnets',
      'route-tables',
      'network-acls',
      'network-acl-associations',
      'security-groups',
      'addresses',
      'vpc-endpoints',
      'network-interfaces',
      'internet-gateways',
      'egress-only-gateways',
      'launch-templates',
      'launch-template-versions',
      'volumes',
    ]) {
      expect(region.scope.table(`ec2/${table}`).size, table).toBe(0);
    }
  });

  it('takes creations that are run again for the same', async () => {
    const { VpcId, publicSubnet, NatGatewayId, apiGroup } = await architecture();
    expect(await stack.again('Vpc')).toBe(VpcId);
    expect(await stack.again('PublicSubnetA')).toBe(publicSubnet);
    expect(await stack.again('NatA')).toBe(NatGatewayId);
    expect(await stack.again('ApiGroup')).toBe(apiGroup);
    expect(await stack.again('ApiFromBalancer')).toMatch(/^sgr-/);
    await stack.again('ApiIn');
    await stack.again('ToNat');
    await stack.again('GatewayAttachment');
    expect(region.scope.table('ec2/vpcs').size).toBe(1);
  });

  it('tags what can be tagged with its stack and logical id', async () => {
    const { privateSubnet } = await architecture();
    const { Tags } = await region.call<DescribeTagsResult>('DescribeTags', {
      Filters: [{ Name: 'resource-id', Values: [privateSubnet] }],
    });
    expect(Tags?.map((tag) => [tag.Key, tag.Value])).toEqual([
      ['aws:cloudformation:stack-name', 'shop'],
      ['aws:cloudformation:stack-id', expect.stringContaining('stack/shop/')],
      ['aws:cloudformation:logical-id', 'PrivateSubnetA'],
      ['Name', 'private'],
    ]);
  });
});

describe('security groups in a template', () => {
  const groupOf = async (id: string) =>
    (await region.call<DescribeSecurityGroupsResult>('DescribeSecurityGroups', { GroupIds: [id] })).SecurityGroups?.[0];
  const egress = [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }];

  it('without egress rules allow all egress, with some only these, and change in place', async () => {
    const VpcId = await stack.create('VPC', 'Vpc', { CidrBlock: '10.0.0.0/16' });
    await stack.create('VPCCidrBlock', 'Ipv6', { VpcId, AmazonProvidedIpv6CidrBlock: true });
    const open = await stack.create('SecurityGroup', 'Open', { GroupDescription: 'd', VpcId });
    expect((await groupOf(open))?.IpPermissionsEgress).toMatchObject([
      { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
    ]);
    const closed = await stack.create('SecurityGroup', 'Closed', {
      GroupDescription: 'd',
      VpcId,
      SecurityGroupEgress: egress,
    });
    expect((await groupOf(closed))?.IpPermissionsEgress).toMatchObject([
      { IpProtocol: 'tcp', FromPort: 443, Ipv6Ranges: [] },
    ]);
    await stack.update('Open', {
      GroupDescription: 'd',
      VpcId,
      SecurityGroupEgress: egress,
      SecurityGroupIngress: [{ IpProtocol: 'icmp', FromPort: 8, ToPort: -1, CidrIp: '10.0.0.0/8' }],
    });
    expect((await groupOf(open))?.IpPermissionsEgress).toMatchObject([{ IpProtocol: 'tcp', FromPort: 443 }]);
    expect((await groupOf(open))?.IpPermissions).toMatchObject([{ IpProtocol: 'icmp', FromPort: 8, ToPort: -1 }]);
    await stack.update('Open', { GroupDescription: 'd', VpcId });
    expect((await groupOf(open))?.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1' }]);
    expect((await groupOf(open))?.IpPermissions).toEqual([]);
  });
});

describe('an egress rule by itself', () => {
  it('takes "allow all" out of its group, as the type\'s handler does on AWS', async () => {
    const VpcId = await stack.create('VPC', 'Vpc', { CidrBlock: '10.0.0.0/16' });
    await stack.create('VPCCidrBlock', 'Ipv6', { VpcId, AmazonProvidedIpv6CidrBlock: true });
    const GroupId = await stack.create('SecurityGroup', 'Group', { GroupDescription: 'd', VpcId });
    const https = { GroupId, IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' };
    await stack.create('SecurityGroupEgress', 'Https', https);
    const { SecurityGroups } = await region.call<DescribeSecurityGroupsResult>('DescribeSecurityGroups', {
      GroupIds: [GroupId],
    });
    expect(SecurityGroups?.[0]?.IpPermissionsEgress).toMatchObject([
      { IpProtocol: 'tcp', FromPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [] },
    ]);
  });
});

describe('updates in place', () => {
  it('reach ACL entries, endpoints, tags and attributes', async () => {
    const { VpcId, privateSubnet, NetworkAclId } = await architecture();
    await stack.update('ApiIn', {
      NetworkAclId,
      RuleNumber: 100,
      Egress: false,
      Protocol: 6,
      RuleAction: 'deny',
      CidrBlock: '10.0.0.0/24',
      PortRange: { From: 80, To: 80 },
    });
    const { NetworkAcls } = await region.call<DescribeNetworkAclsResult>('DescribeNetworkAcls', {
      NetworkAclIds: [NetworkAclId],
    });
    expect(NetworkAcls?.[0]?.Entries?.find((entry) => !entry.Egress && entry.RuleNumber === 100)).toMatchObject({
      RuleAction: 'deny',
      PortRange: { From: 80, To: 80 },
    });
    await stack.update('S3Endpoint', { VpcId, ServiceName: 'com.amazonaws.us-east-1.s3', RouteTableIds: [] });
    const { VpcEndpoints } = await region.call<DescribeVpcEndpointsResult>('DescribeVpcEndpoints', {
      Filters: [{ Name: 'vpc-endpoint-type', Values: ['Gateway'] }],
    });
    expect(VpcEndpoints?.[0]?.RouteTableIds).toEqual([]);
    expect(VpcEndpoints?.[0]?.PolicyDocument).toContain('"Action":"*"');
    await stack.update('PrivateSubnetA', {
      VpcId,
      CidrBlock: '10.0.10.0/24',
      MapPublicIpOnLaunch: true,
      Tags: [{ Key: 'Other', Value: '1' }],
    });
    const { Subnets } = await region.call<{ Subnets: { MapPublicIpOnLaunch: boolean; Tags: { Key: string }[] }[] }>(
      'DescribeSubnets',
      { SubnetIds: [privateSubnet] },
    );
    expect(Subnets[0]?.MapPublicIpOnLaunch).toBe(true);
    expect(Subnets[0]?.Tags.map((tag) => tag.Key)).not.toContain('Name');
  });
});

describe('resource types', () => {
  it('fail with the reason of EC2 when a NAT gateway does', async () => {
    const VpcId = await stack.create('VPC', 'Vpc', { CidrBlock: '10.0.0.0/16' });
    const SubnetId = await stack.create('Subnet', 'Subnet', { VpcId, CidrBlock: '10.0.0.0/24' });
    await stack.create('EIP', 'Address', {});
    const AllocationId = await stack.get('Address', 'AllocationId');
    await expect(stack.create('NatGateway', 'Nat', { SubnetId, AllocationId })).rejects.toThrow(
      `failed to stabilize. Detailed failure message: Network ${VpcId} has no Internet gateway attached`,
    );
  });

  it('honour something each, and delete what is gone already', async () => {
    for (const [name, type] of Object.entries(ec2.resources)) expect(type.honours.length, name).toBeGreaterThan(0);
    const VpcId = await stack.create('VPC', 'Vpc', { CidrBlock: '10.0.0.0/16' });
    await region.call('DeleteVpc', { VpcId });
    await stack.deleteAll();
  });
});
