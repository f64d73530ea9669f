import type {
  CreateLaunchTemplateResult,
  DescribeAddressesResult,
  DescribeInstanceStatusResult,
  DescribeInstancesResult,
  DescribeInstanceTypesResult,
  DescribeLaunchTemplateVersionsResult,
  DescribeVolumesResult,
  Instance,
  Reservation,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../store/memory-store.ts';
import { resolveInVpc } from './endpoint-dns.ts';
import { publicImages } from './image.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
let SubnetId: string;
let VpcId: string;
const images = publicImages('us-east-1');
const ImageId = images.find((image) => image.architecture === 'arm64' && image.imdsV2)?.imageId ?? '';
const base = { ImageId, InstanceType: 't4g.small', MinCount: 1, MaxCount: 1 };
const root = { kind: 'service', service: 'autoscaling.amazonaws.com', trusted: true } as const;

beforeEach(async () => {
  region = ec2Region();
  const { Vpc } = await region.call<{ Vpc: { VpcId: string } }>('CreateVpc', { CidrBlock: '10.0.0.0/16' });
  VpcId = Vpc.VpcId;
  const { Subnet } = await region.call<{ Subnet: { SubnetId: string } }>('CreateSubnet', {
    VpcId,
    CidrBlock: '10.0.0.0/24',
  });
  SubnetId = Subnet.SubnetId;
});

async function run(more: object = {}): Promise<Instance[]> {
  const made = await region.call<Reservation>('RunInstances', { ...base, SubnetId, ...more });
  return made.Instances ?? [];
}

async function instance(id: string | undefined): Promise<Instance | undefined> {
  const { Reservations } = await region.call<DescribeInstancesResult>('DescribeInstances', { InstanceIds: [id ?? ''] });
  return Reservations?.[0]?.Instances?.[0];
}

const settle = () => region.clock.advance(10);

describe('RunInstances', () => {
  it('launches machines that become running, with what EC2 says of them by default', async () => {
    const UserData = Buffer.from('#!/bin/sh\necho hello\n').toString('base64');
    const [one] = await run({
      UserData,
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
    });
    expect(one).toMatchObject({
      State: { Name: 'pending', Code: 0 },
      PrivateIpAddress: '10.0.0.4',
      PrivateDnsName: 'ip-10-0-0-4.ec2.internal',
      PublicDnsName: '',
      Architecture: 'arm64',
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
      Monitoring: { State: 'disabled' },
      Tags: [{ Key: 'Name', Value: 'web' }],
    });
    expect(one?.InstanceId).toMatch(/^i-[0-9a-f]{17}$/);
    await settle();
    expect((await instance(one?.InstanceId))?.State).toEqual({ Name: 'running', Code: 16 });
    expect(region.machines.launched).toMatchObject([
      {
        instanceId: one?.InstanceId,
        privateIp: '10.0.0.4',
        userData: '#!/bin/sh\necho hello\n',
        tags: { Name: 'web' },
        metadata: { httpTokens: 'required', hopLimit: 2, enabled: true },
      },
    ]);
    const { Volumes } = await region.call<DescribeVolumesResult>('DescribeVolumes');
    expect(Volumes).toMatchObject([
      {
        Size: 8,
        VolumeType: 'gp3',
        Iops: 3000,
        Encrypted: false,
        State: 'in-use',
        Attachments: [{ Device: '/dev/xvda', InstanceId: one?.InstanceId }],
      },
    ]);
    expect(await region.call('GetConsoleOutput', { InstanceId: one?.InstanceId })).toMatchObject({
      Output: Buffer.from(`console of ${one?.InstanceId}\n`).toString('base64'),
    });
  });

  it.each([
    [{ ImageId: 'nonsense' }, 'InvalidAMIID.Malformed: Invalid id: "nonsense" (expecting "ami-...")'],
    [{ ImageId: undefined }, 'MissingParameter: The request must contain the parameter ImageId'],
    [{ InstanceType: 'z9.huge' }, "InvalidParameterValue: Invalid value 'z9.huge' for InstanceType."],
    [
      { InstanceType: 't3.small' },
      /^InvalidParameterValue: The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the specified AMI\./,
    ],
    [{ SubnetId: 'subnet-1' }, "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist"],
    [{ SubnetId: undefined }, /^VPCIdNotSpecified: No default VPC for this user/],
    [
      { SecurityGroupIds: ['sg-0123456789abcdef0'] },
      "InvalidGroup.NotFound: The security group 'sg-0123456789abcdef0' does not exist",
    ],
    [{ MinCount: 3, MaxCount: 2 }, /minCount must be less than or equal to maxCount/],
    [{ MinCount: 400, MaxCount: 500 }, /^InsufficientFreeAddressesInSubnet/],
    [{ UserData: '%%%' }, 'InvalidUserData.Malformed: Invalid BASE64 encoding of user data.'],
    [
      { UserData: Buffer.alloc(16_385).toString('base64') },
      'InvalidParameterValue: User data is limited to 16384 bytes',
    ],
    [{ KeyName: 'mine' }, "InvalidKeyPair.NotFound: The key pair 'mine' does not exist"],
    [
      { InstanceMarketOptions: { MarketType: 'spot' } },
      'UnsupportedOperation: The parameter InstanceMarketOptions is not modelled by Orrery.',
    ],
    [{ LaunchTemplate: { LaunchTemplateName: 'none' } }, /^InvalidLaunchTemplateName.NotFoundException/],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 4 } }] }, /^InvalidBlockDeviceMapping/],
    [{ PrivateIpAddress: '10.0.0.1' }, "InvalidParameterValue: Address is in subnet's reserved address range"],
    [
      { NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: 'subnet-1' }] },
      /^InvalidParameterCombination: Network interfaces and an instance-level subnet ID/,
    ],
    [
      { TagSpecifications: [{ ResourceType: 'vpc', Tags: [] }] },
      "InvalidParameterValue: 'vpc' is not a valid taggable resource type for this operation.",
    ],
  ])('refuses %j', async (more, fault) => {
    const said = await faultOf(run(more));
    if (typeof fault === 'string') expect(said).toBe(fault);
    else expect(said).toMatch(fault);
    expect(region.machines.launched).toEqual([]);
    expect(region.scope.table('ec2/network-interfaces').size).toBe(0);
  });

  it('takes an unknown image for Amazon Linux, and says so', async () => {
    await run({ ImageId: 'ami-0123456789abcdef0', InstanceType: 'm5.large' });
    expect(region.events.find((event) => event.kind === 'image-assumed')?.text).toContain('ami-0123456789abcdef0');
  });

  it('launches as many as there are addresses for, and the same once for a client token', async () => {
    const { Subnet } = await region.call<{ Subnet: { SubnetId: string } }>('CreateSubnet', {
      VpcId,
      CidrBlock: '10.0.1.0/28',
    });
    const many = await run({ SubnetId: Subnet.SubnetId, MinCount: 2, MaxCount: 20 });
    expect(many).toHaveLength(11);
    expect(many.map((one) => one.AmiLaunchIndex)).toEqual(Array.from({ length: 11 }, (_, n) => n));
    const [first] = await run({ ClientToken: 'a' });
    const [again] = await run({ ClientToken: 'a' });
    expect(again?.InstanceId).toBe(first?.InstanceId);
    expect(await faultOf(run({ ClientToken: 'a', InstanceType: 't4g.micro' }))).toContain(
      'IdempotentParameterMismatch',
    );
  });

  it('gives public addresses where the subnet does, and takes them back on a stop', async () => {
    await region.call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } });
    await region.call('ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: true } });
    const [one] = await run();
    expect(one?.PublicIpAddress).toMatch(/^198\.18\./);
    expect(one?.PublicDnsName).toBe(`ec2-${one?.PublicIpAddress?.replaceAll('.', '-')}.compute-1.amazonaws.com`);
    await settle();
    const InstanceIds = [one?.InstanceId ?? ''];
    expect(await region.call('StopInstances', { InstanceIds })).toMatchObject({
      StoppingInstances: [{ CurrentState: { Name: 'stopping' }, PreviousState: { Name: 'running' } }],
    });
    expect(await faultOf(region.call('RebootInstances', { InstanceIds }))).toContain('IncorrectInstanceState');
    await settle();
    const stopped = await instance(one?.InstanceId);
    expect(stopped?.State?.Name).toBe('stopped');
    expect(stopped?.PublicIpAddress).toBeUndefined();
    expect(stopped?.PrivateIpAddress).toBe('10.0.0.4');
    await region.call('StartInstances', { InstanceIds });
    await settle();
    const started = await instance(one?.InstanceId);
    expect(started?.State?.Name).toBe('running');
    expect(started?.PublicIpAddress).toMatch(/^198\.18\./);
  });

  it('are neither launched nor started in a zone without capacity, which changes nothing', async () => {
    const [one] = await run();
    await settle();
    const InstanceIds = [one?.InstanceId ?? ''];
    await region.call('StopInstances', { InstanceIds });
    await settle();
    const zone = one?.Placement?.AvailabilityZone ?? '';
    region.machines.full.add(zone);
    const refused = `InsufficientInstanceCapacity: We currently do not have sufficient ${one?.InstanceType} capacity in the Availability Zone you requested (${zone}).`;
    expect(await faultOf(run())).toContain(refused);
    expect(await faultOf(region.call('StartInstances', { InstanceIds }))).toContain(refused);
    expect((await instance(one?.InstanceId))?.State?.Name).toBe('stopped');
    expect(region.machines.launched).toHaveLength(1);
    region.machines.full.clear();
    await region.call('StartInstances', { InstanceIds });
    await settle();
    expect((await instance(one?.InstanceId))?.State?.Name).toBe('running');
  });
});

describe('host names', () => {
  it('are ids where the subnet says so, and resolve inside the VPC', async () => {
    const set = (input: object) => region.call('ModifySubnetAttribute', { SubnetId, ...input });
    await set({ PrivateDnsHostnameTypeOnLaunch: 'resource-name' });
    await set({ EnableResourceNameDnsARecordOnLaunch: { Value: true } });
    const [one] = await run();
    expect(one?.PrivateDnsName).toBe(`${one?.InstanceId}.ec2.internal`);
    const resolve = (name: string | undefined) => resolveInVpc(region.scope, VpcId, name ?? '');
    expect(resolve(one?.PrivateDnsName)).toEqual(['10.0.0.4']);
    expect(resolve('ip-10-0-0-4.ec2.internal')).toEqual(['10.0.0.4']);
    expect(resolve('ip-10-0-0-5.ec2.internal')).toBeUndefined();
    expect(resolve('i-0123456789abcdef0.ec2.internal')).toBeUndefined();
    expect(resolve('example.com')).toBeUndefined();
    expect(resolve('pictures.s3.us-east-1.amazonaws.com')).toEqual(['52.216.0.10']);
    await region.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: false } });
    expect(resolve(one?.PrivateDnsName)).toBeUndefined();
  });
});

describe('interfaces of instances', () => {
  it('are attached, get further addresses, and come off', async () => {
    const [one] = await run();
    await settle();
    const { NetworkInterface } = await region.call<{ NetworkInterface: { NetworkInterfaceId: string } }>(
      'CreateNetworkInterface',
      { SubnetId },
    );
    const { NetworkInterfaceId } = NetworkInterface;
    const attach = (DeviceIndex: number) =>
      region.call<{ AttachmentId: string }>('AttachNetworkInterface', {
        NetworkInterfaceId,
        InstanceId: one?.InstanceId,
        DeviceIndex,
      });
    expect(await faultOf(attach(0))).toContain("already has an interface attached at device index '0'");
    const { AttachmentId } = await attach(1);
    expect(
      await region.call('AssignPrivateIpAddresses', { NetworkInterfaceId, SecondaryPrivateIpAddressCount: 2 }),
    ).toMatchObject({
      AssignedPrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.6' }, { PrivateIpAddress: '10.0.0.7' }],
    });
    const taken = region.call('AssignPrivateIpAddresses', {
      NetworkInterfaceId,
      PrivateIpAddresses: ['10.0.0.9', '10.0.0.4'],
    });
    expect(await faultOf(taken)).toBe('InvalidIPAddress.InUse: Address 10.0.0.4 is in use.');
    expect((await instance(one?.InstanceId))?.NetworkInterfaces?.map((eni) => eni.PrivateIpAddresses?.length)).toEqual([
      1, 3,
    ]);
    await region.call('UnassignPrivateIpAddresses', { NetworkInterfaceId, PrivateIpAddresses: ['10.0.0.6'] });
    expect(await faultOf(region.call('DeleteNetworkInterface', { NetworkInterfaceId }))).toBe(
      `InvalidParameterValue: Network interface '${NetworkInterfaceId}' is currently in use.`,
    );
    await region.call('DetachNetworkInterface', { AttachmentId });
    await region.call('DeleteNetworkInterface', { NetworkInterfaceId });
  });

  it('are found in a default VPC when nothing is said', async () => {
    await region.call('CreateDefaultVpc');
    expect(await faultOf(region.call('CreateDefaultVpc'))).toContain('DefaultVpcAlreadyExists');
    const [one] = await run({ SubnetId: undefined, SecurityGroups: ['default'] });
    expect(one?.PrivateIpAddress).toBe('172.31.0.4');
    expect(one?.PublicDnsName).toMatch(/^ec2-198-18-/);
    expect(one?.SecurityGroups).toMatchObject([{ GroupName: 'default' }]);
  });
});

describe('the end of an instance', () => {
  it('takes its interface and volume, stays visible for an hour and frees its address', async () => {
    const [one] = await run();
    const InstanceIds = [one?.InstanceId ?? ''];
    await settle();
    await region.call('ModifyInstanceAttribute', {
      InstanceId: one?.InstanceId,
      DisableApiTermination: { Value: true },
    });
    expect(await faultOf(region.call('TerminateInstances', { InstanceIds }))).toBe(
      `OperationNotPermitted: The instance '${one?.InstanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
    await region.call('ModifyInstanceAttribute', {
      InstanceId: one?.InstanceId,
      DisableApiTermination: { Value: false },
    });
    expect(await region.call('TerminateInstances', { InstanceIds })).toMatchObject({
      TerminatingInstances: [{ CurrentState: { Name: 'shutting-down', Code: 32 }, PreviousState: { Name: 'running' } }],
    });
    await settle();
    const ended = await instance(one?.InstanceId);
    expect(ended).toMatchObject({
      State: { Name: 'terminated', Code: 48 },
      StateReason: { Code: 'Client.UserInitiatedShutdown' },
      NetworkInterfaces: [],
      BlockDeviceMappings: [],
    });
    expect(ended?.StateTransitionReason).toBe('User initiated (2026-01-01 00:00:00 GMT)');
    expect(ended?.PrivateIpAddress).toBeUndefined();
    expect(region.scope.table('ec2/volumes').size).toBe(0);
    const [next] = await run();
    expect(next?.PrivateIpAddress).toBe('10.0.0.4');
    await region.clock.advance(3_700_000);
    expect(await faultOf(instance(one?.InstanceId))).toBe(
      `InvalidInstanceID.NotFound: The instance ID '${one?.InstanceId}' does not exist`,
    );
    expect(await faultOf(region.call('TerminateInstances', { InstanceIds: ['i-1'] }))).toBe(
      'InvalidInstanceID.Malformed: Invalid id: "i-1"',
    );
  });

  it('shows in its status checks when the machine died, while it stays running', async () => {
    const [one] = await run();
    await settle();
    const status = async () =>
      (await region.call<DescribeInstanceStatusResult>('DescribeInstanceStatus')).InstanceStatuses?.[0];
    expect(await status()).toMatchObject({ InstanceStatus: { Status: 'ok' }, SystemStatus: { Status: 'ok' } });
    region.machines.machine(one?.InstanceId ?? '').kill();
    expect(await status()).toMatchObject({
      InstanceState: { Name: 'running' },
      InstanceStatus: { Status: 'impaired', Details: [{ Status: 'failed' }] },
    });
  });

  it('releases an Elastic IP address', async () => {
    const { InternetGateway } = await region.call<{ InternetGateway: { InternetGatewayId: string } }>(
      'CreateInternetGateway',
    );
    await region.call('AttachInternetGateway', { InternetGatewayId: InternetGateway.InternetGatewayId, VpcId });
    const [one] = await run();
    await settle();
    const { AllocationId, PublicIp } = await region.call<{ AllocationId: string; PublicIp: string }>('AllocateAddress');
    await region.call('AssociateAddress', { AllocationId, InstanceId: one?.InstanceId });
    expect((await instance(one?.InstanceId))?.PublicIpAddress).toBe(PublicIp);
    await region.call('TerminateInstances', { InstanceIds: [one?.InstanceId] });
    await settle();
    const { Addresses } = await region.call<DescribeAddressesResult>('DescribeAddresses');
    expect(Addresses?.[0]?.AssociationId).toBeUndefined();
    await region.call('ReleaseAddress', { AllocationId });
  });
});

describe('launch templates', () => {
  it('have versions, of which a launch takes the default, the latest or one by number', async () => {
    const { LaunchTemplate } = await region.call<CreateLaunchTemplateResult>('CreateLaunchTemplate', {
      LaunchTemplateName: 'web',
      LaunchTemplateData: {
        ImageId,
        InstanceType: 't4g.small',
        MetadataOptions: { HttpTokens: 'optional' },
        TagSpecifications: [
          {
            ResourceType: 'instance',
            Tags: [
              { Key: 'A', Value: '1' },
              { Key: 'B', Value: '1' },
            ],
          },
        ],
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeSize: 20 } }],
      },
    });
    const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId ?? '';
    expect(LaunchTemplateId).toMatch(/^lt-[0-9a-f]{17}$/);
    expect(
      await faultOf(region.call('CreateLaunchTemplate', { LaunchTemplateName: 'web', LaunchTemplateData: {} })),
    ).toBe('InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use.');
    await region.call('CreateLaunchTemplateVersion', {
      LaunchTemplateId,
      SourceVersion: '1',
      LaunchTemplateData: { InstanceType: 't4g.micro' },
    });
    const launch = (Version: string | undefined, more: object = {}) =>
      region
        .inside<Reservation>(root, 'RunInstances', {
          MinCount: 1,
          MaxCount: 1,
          SubnetId,
          LaunchTemplate: { LaunchTemplateId, Version },
          ...more,
        })
        .then((made) => made.Instances?.[0]);
    expect((await launch(undefined))?.InstanceType).toBe('t4g.small');
    expect(
      await launch('$Latest', { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'B', Value: '2' }] }] }),
    ).toMatchObject({
      InstanceType: 't4g.micro',
      MetadataOptions: { HttpTokens: 'optional' },
      Tags: [
        { Key: 'aws:ec2launchtemplate:id', Value: LaunchTemplateId },
        { Key: 'aws:ec2launchtemplate:version', Value: '2' },
        { Key: 'A', Value: '1' },
        { Key: 'B', Value: '2' },
      ],
    });
    const { Volumes } = await region.call<DescribeVolumesResult>('DescribeVolumes');
    expect(Volumes).toMatchObject([{ Encrypted: true, Size: 20, VolumeType: 'gp3' }, { Encrypted: true }]);
    expect(await faultOf(launch('7'))).toBe(
      `InvalidLaunchTemplateId.VersionNotFound: Could not find the specified version 7 for the launch template with ID ${LaunchTemplateId}.`,
    );
    await region.call('ModifyLaunchTemplate', { LaunchTemplateId, DefaultVersion: '2' });
    const { LaunchTemplateVersions } = await region.call<DescribeLaunchTemplateVersionsResult>(
      'DescribeLaunchTemplateVersions',
      { LaunchTemplateName: 'web' },
    );
    expect(LaunchTemplateVersions?.map((one) => [one.VersionNumber, one.DefaultVersion])).toEqual([
      [2, true],
      [1, false],
    ]);
    await region.call('DeleteLaunchTemplate', { LaunchTemplateId });
    expect(region.scope.table('ec2/launch-template-versions').size).toBe(0);
  });
});

describe('a restart', () => {
  it('launches again what was running, ends what was ending', async () => {
    const store = memoryStore();
    region = ec2Region({ store });
    const { Vpc } = await region.call<{ Vpc: { VpcId: string } }>('CreateVpc', { CidrBlock: '10.0.0.0/16' });
    const { Subnet } = await region.call<{ Subnet: { SubnetId: string } }>('CreateSubnet', {
      VpcId: Vpc.VpcId,
      CidrBlock: '10.0.0.0/24',
    });
    SubnetId = Subnet.SubnetId;
    const [running, ending] = await run({ MinCount: 2, MaxCount: 2 });
    await settle();
    await region.call('TerminateInstances', { InstanceIds: [ending?.InstanceId] });
    region = ec2Region({ store, seed: 2 });
    // Before its machine has been started anew it is not called ill: a group would replace it.
    const { InstanceStatuses } = await region.call<DescribeInstanceStatusResult>('DescribeInstanceStatus');
    expect(InstanceStatuses).toMatchObject([
      { InstanceId: running?.InstanceId, InstanceStatus: { Status: 'initializing' } },
    ]);
    await settle();
    expect(region.machines.launched.map((spec) => spec.instanceId)).toEqual([running?.InstanceId]);
    expect((await instance(running?.InstanceId))?.State?.Name).toBe('running');
    expect((await instance(ending?.InstanceId))?.State?.Name).toBe('terminated');
  });
});

describe('the catalogues', () => {
  it('know common types and Amazon Linux', async () => {
    const { InstanceTypes } = await region.call<DescribeInstanceTypesResult>('DescribeInstanceTypes', {
      Filters: [
        { Name: 'processor-info.supported-architecture', Values: ['arm64'] },
        { Name: 'vcpu-info.default-vcpus', Values: ['1'] },
      ],
    });
    expect(InstanceTypes?.map((one) => one.InstanceType)).toContain('m7g.medium');
    expect(InstanceTypes?.every((one) => one.ProcessorInfo?.SupportedArchitectures?.[0] === 'arm64')).toBe(true);
    expect(await faultOf(region.call('DescribeInstanceTypes', { InstanceTypes: ['q1.tiny'] }))).toBe(
      'InvalidInstanceType: The following supplied instance types do not exist: [q1.tiny]',
    );
    const { Images } = await region.call<{ Images: { Name: string }[] }>('DescribeImages', {
      Owners: ['amazon'],
      Filters: [{ Name: 'name', Values: ['al2023-ami-2023*arm64'] }],
    });
    expect(Images).toHaveLength(1);
    const unknown = await region.call('DescribeImages', { ImageIds: ['ami-0123456789abcdef0'] });
    expect(unknown).toMatchObject({
      Images: [{ ImageId: 'ami-0123456789abcdef0', Name: 'assumed-ami-0123456789abcdef0' }],
    });
    expect(await faultOf(region.call('DescribeImages', { ImageIds: ['x'] }))).toContain('InvalidAMIID.Malformed');
  });
});
