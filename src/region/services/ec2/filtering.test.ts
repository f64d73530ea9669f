import type {
  CreateNetworkAclResult,
  CreateSecurityGroupResult,
  DescribeNetworkAclsResult,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsResult,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeSubnet, makeVpc, vpcFilter } from './network.fixture.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

let region: ReturnType<typeof ec2Region>;
beforeEach(() => {
  region = ec2Region();
});

describe('network ACLs', () => {
  it('deny all when new, take 19 entries a direction and family, and move between subnets', async () => {
    const vpcId = await makeVpc(region);
    const subnetId = await makeSubnet(region, vpcId, '10.0.0.0/24');
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
    const vpcId = await makeVpc(region);
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
    const GroupId = await makeGroup(await makeVpc(region), 'web');
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
    const vpcId = await makeVpc(region);
    const [a, b] = [await makeGroup(vpcId, 'a'), await makeGroup(vpcId, 'b')];
    const permission = { GroupId: b, IpPermissions: [{ ...web, IpRanges: [], UserIdGroupPairs: [{ GroupId: a }] }] };
    await region.call('AuthorizeSecurityGroupIngress', permission);
    expect(await faultOf(region.call('DeleteSecurityGroup', { GroupId: a }))).toBe(
      `DependencyViolation: resource ${a} has a dependent object`,
    );
    await region.call('RevokeSecurityGroupIngress', permission);
    await region.call('DeleteSecurityGroup', { GroupId: a });
    const SubnetId = await makeSubnet(region, vpcId, '10.0.0.0/24');
    await region.call('CreateNetworkInterface', { SubnetId, Groups: [b] });
    expect(await faultOf(region.call('DeleteSecurityGroup', { GroupId: b }))).toContain('DependencyViolation');
  });
});
