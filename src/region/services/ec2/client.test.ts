/** EC2 as a client sees it: the SDK's own, over a socket. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AllocateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateFlowLogsCommand,
  CreateInternetGatewayCommand,
  CreateLaunchTemplateCommand,
  CreateNatGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeFlowLogsCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  ModifyVpcAttributeCommand,
  paginateDescribeSubnets,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEndpoint } from '../../wire/endpoint.ts';
import { publicImages } from './image.ts';
import { ec2 } from './index.ts';
import { ec2Region, root } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
let server: Server;
let client: EC2Client;

beforeEach(async () => {
  region = ec2Region();
  const endpoint = createEndpoint({
    services: [ec2],
    defaultRegion: 'us-east-1',
    anonymous: root,
    nowMs: () => region.clock.now(),
    requestId: () => region.scope.random.uuid(),
    credentials: (accessKeyId) => (accessKeyId === 'test' ? { secretAccessKey: 'test', identity: root } : undefined),
    invoke: ({ service, operation, input, requestId, identity, http }) =>
      region.dispatcher.call({
        region: 'us-east-1',
        service,
        operation,
        input,
        requestId,
        caller: identity,
        via: { sourceIp: http.sourceIp, secure: http.secure },
      }),
    failed: (error, operation) => {
      throw new Error(`${operation} failed: ${String(error)}`);
    },
    preflight: () => ({ status: 403, headers: {}, body: undefined }),
    corsHeaders: () => ({}),
  });
  server = createServer((request, response) => endpoint.serve(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  client = new EC2Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 2,
  });
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function vpcWithSubnet() {
  const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const VpcId = Vpc?.VpcId ?? '';
  const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24' }));
  return { VpcId, SubnetId: Subnet?.SubnetId ?? '' };
}

describe('the SDK client', () => {
  it('runs a network', async () => {
    const { VpcId, SubnetId } = await vpcWithSubnet();
    const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
    const InternetGatewayId = InternetGateway?.InternetGatewayId ?? '';
    await client.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
    const { AllocationId } = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    const { NatGateway } = await client.send(new CreateNatGatewayCommand({ SubnetId, AllocationId }));
    expect(NatGateway?.CreateTime).toEqual(new Date('2026-01-01T00:00:00Z'));
    await region.clock.advance(1000);
    const nats = await client.send(
      new DescribeNatGatewaysCommand({ Filter: [{ Name: 'state', Values: ['available'] }] }),
    );
    expect(nats.NatGateways?.[0]?.NatGatewayAddresses?.[0]).toMatchObject({ AllocationId, PrivateIp: '10.0.0.4' });
    const { RouteTable } = await client.send(new CreateRouteTableCommand({ VpcId }));
    const RouteTableId = RouteTable?.RouteTableId ?? '';
    const NatGatewayId = NatGateway?.NatGatewayId;
    await client.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId }));
    const tables = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
    expect(tables.RouteTables?.[0]?.Routes).toEqual([
      { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
      { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId, Origin: 'CreateRoute', State: 'active' },
    ]);
    const { NetworkAcl } = await client.send(new CreateNetworkAclCommand({ VpcId }));
    const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
    const entry = { Egress: true, Protocol: '1', RuleAction: 'deny', CidrBlock: '0.0.0.0/0' } as const;
    const IcmpTypeCode = { Type: 8, Code: -1 };
    await client.send(new CreateNetworkAclEntryCommand({ NetworkAclId, RuleNumber: 7, IcmpTypeCode, ...entry }));
    const acls = await client.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [NetworkAclId] }));
    expect(acls.NetworkAcls?.[0]?.Entries?.[0]).toEqual({ RuleNumber: 7, IcmpTypeCode, ...entry });
    await client.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const ServiceName = 'com.amazonaws.us-east-1.logs';
    await client.send(
      new CreateVpcEndpointCommand({ VpcId, ServiceName, VpcEndpointType: 'Interface', SubnetIds: [SubnetId] }),
    );
    await region.clock.advance(1000);
    const { VpcEndpoints } = await client.send(new DescribeVpcEndpointsCommand({}));
    expect(VpcEndpoints?.[0]).toMatchObject({ State: 'available', PrivateDnsEnabled: true, SubnetIds: [SubnetId] });
    expect(JSON.parse(VpcEndpoints?.[0]?.PolicyDocument ?? '')).toMatchObject({ Statement: [{ Effect: 'Allow' }] });
    const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand({}));
    expect(NetworkInterfaces?.map((one) => one.InterfaceType)).toEqual(['nat_gateway', 'vpc_endpoint']);
    const role = 'arn:aws:iam::123456789012:role/flow';
    await client.send(
      new CreateFlowLogsCommand({
        ResourceIds: [VpcId],
        ResourceType: 'VPC',
        TrafficType: 'REJECT',
        LogGroupName: 'flows',
        DeliverLogsPermissionArn: role,
      }),
    );
    const { FlowLogs } = await client.send(new DescribeFlowLogsCommand({}));
    expect(FlowLogs).toMatchObject([{ ResourceId: VpcId, LogGroupName: 'flows', MaxAggregationInterval: 600 }]);
  });

  it('runs instances from a launch template', async () => {
    const { VpcId, SubnetId } = await vpcWithSubnet();
    const group = await client.send(new CreateSecurityGroupCommand({ VpcId, GroupName: 'web', Description: 'web' }));
    const GroupId = group.GroupId ?? '';
    const UserIdGroupPairs = [{ GroupId, Description: 'each other' }];
    await client.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535, UserIdGroupPairs }],
      }),
    );
    const groups = await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
    expect(groups.SecurityGroups?.[0]?.IpPermissions?.[0]).toMatchObject({
      FromPort: 0,
      ToPort: 65_535,
      UserIdGroupPairs: [{ GroupId, UserId: '123456789012', Description: 'each other' }],
    });
    const UserData = Buffer.from('#!/bin/sh\n').toString('base64');
    const data = {
      ImageId: publicImages('us-east-1').find((image) => image.architecture === 'x86_64')?.imageId,
      InstanceType: 't3.micro',
      UserData,
      SecurityGroupIds: [GroupId],
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeSize: 9 } }],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
    } as const;
    const LaunchTemplateData = structuredClone(data) as never;
    await client.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
    const versions = await client.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'web' }));
    expect(versions.LaunchTemplateVersions?.[0]?.LaunchTemplateData).toEqual(data);
    const LaunchTemplate = { LaunchTemplateName: 'web', Version: '$Latest' };
    const run = await client.send(new RunInstancesCommand({ MinCount: 2, MaxCount: 2, SubnetId, LaunchTemplate }));
    expect(run.Instances?.map((one) => one.PrivateIpAddress)).toEqual(['10.0.0.4', '10.0.0.5']);
    const InstanceId = run.Instances?.[0]?.InstanceId ?? '';
    await region.clock.advance(10);
    const { Reservations } = await client.send(
      new DescribeInstancesCommand({ Filters: [{ Name: 'instance-state-name', Values: ['running'] }] }),
    );
    expect(Reservations).toHaveLength(1);
    const [one] = Reservations?.[0]?.Instances ?? [];
    expect(one).toMatchObject({
      InstanceId,
      LaunchTime: new Date('2026-01-01T00:00:00Z'),
      State: { Code: 16, Name: 'running' },
      SecurityGroups: [{ GroupId, GroupName: 'web' }],
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, State: 'applied' },
      CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
      NetworkInterfaces: [{ PrivateIpAddress: '10.0.0.4', Attachment: { DeviceIndex: 0, DeleteOnTermination: true } }],
    });
    expect(one?.Tags).toContainEqual({ Key: 'Name', Value: 'web' });
    const { Volumes } = await client.send(new DescribeVolumesCommand({}));
    expect(Volumes?.map((volume) => [volume.Size, volume.Encrypted])).toEqual([
      [9, true],
      [9, true],
    ]);
    const shown = await client.send(new GetConsoleOutputCommand({ InstanceId }));
    expect(Buffer.from(shown.Output ?? '', 'base64').toString()).toContain(InstanceId);
    await client.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    await region.clock.advance(10);
    const bytes = Buffer.from('#!/bin/sh\necho more\n');
    await client.send(new ModifyInstanceAttributeCommand({ InstanceId, UserData: { Value: bytes } }));
    const attribute = await client.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' }));
    expect(Buffer.from(attribute.UserData?.Value ?? '', 'base64').toString()).toBe('#!/bin/sh\necho more\n');
    const ended = await client.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(ended.TerminatingInstances?.[0]?.PreviousState?.Name).toBe('stopped');
  });

  it('turns pages, and names faults by their code', async () => {
    const { VpcId } = await vpcWithSubnet();
    for (let n = 1; n < 12; n++) await client.send(new CreateSubnetCommand({ VpcId, CidrBlock: `10.0.${n}.0/24` }));
    const sizes: number[] = [];
    for await (const page of paginateDescribeSubnets({ client, pageSize: 5 }, {}))
      sizes.push(page.Subnets?.length ?? 0);
    expect(sizes).toEqual([5, 5, 2]);
    await expect(client.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }))).rejects.toMatchObject({
      name: 'InvalidSubnet.Conflict',
      message: "The CIDR '10.0.1.0/24' conflicts with another subnet",
    });
    const { InstanceTypes } = await client.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t4g.nano'] }));
    expect(InstanceTypes?.[0]).toMatchObject({ MemoryInfo: { SizeInMiB: 512 }, VCpuInfo: { DefaultVCpus: 2 } });
  });
});
