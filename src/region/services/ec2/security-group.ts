/** Security groups; their rules are in `security-group-rule.ts`. */
import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  IpPermission,
  SecurityGroup,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, missing, needSecurityGroup, needVpc } from './faults.ts';
import { grouped } from './grouped.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import {
  endpoints,
  type GroupRuleRecord,
  interfaces,
  type SecurityGroupRecord,
  securityGroups,
  type VpcRecord,
  vpcs,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

/** Letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html */
const nameForm = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

export function createSecurityGroup(
  input: CreateSecurityGroupRequest & Repeatable,
  call: Call,
): CreateSecurityGroupResult {
  const { GroupName: groupName, Description: description } = input;
  if (!groupName) throw missing('GroupName');
  if (!description) throw missing('GroupDescription');
  if (!nameForm.test(groupName)) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${groupName}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.`,
    );
  }
  if (!nameForm.test(description)) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`,
    );
  }
  if (groupName === 'default') {
    throw new Fault('InvalidGroup.Reserved', `Cannot use reserved security group name: ${groupName}`);
  }
  if (groupName.startsWith('sg-')) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${groupName}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`,
    );
  }
  const vpc = input.VpcId ? needVpc(call, input.VpcId) : [...vpcs(call).values()].find((one) => one.isDefault);
  if (!vpc) throw new Fault('VPCIdNotSpecified', 'No default VPC for this user');
  const given = specifiedTags(call, input.TagSpecifications, 'security-group');
  const [groupId = ''] = once(
    call,
    input,
    (one) => securityGroups(call).has(one),
    () => {
      const id = makeGroup(call, vpc, groupName, description);
      putTags(call, id, 'security-group', given);
      return [id];
    },
  );
  return { GroupId: groupId, SecurityGroupArn: arnOf(call, groupId), Tags: tagList(call, groupId) };
}

/** With a rule that allows all egress, in each IP family that the VPC has. */
function makeGroup(call: Call, vpc: VpcRecord, groupName: string, description: string): string {
  const siblings = [...securityGroups(call).values()].filter((group) => group.vpcId === vpc.vpcId);
  if (siblings.some((group) => group.groupName === groupName)) {
    throw new Fault(
      'InvalidGroup.Duplicate',
      `The security group '${groupName}' already exists for VPC '${vpc.vpcId}'`,
    );
  }
  if (securityGroups(call).size >= limits.groups) {
    throw new Fault('SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.');
  }
  const groupId = `sg-${call.random.hex(17)}`;
  const rule = () => ({ ruleId: `sgr-${call.random.hex(17)}`, egress: true, protocol: '-1' });
  const rules: GroupRuleRecord[] = [{ ...rule(), cidr: '0.0.0.0/0' }];
  if (vpc.ipv6Cidrs.length > 0) rules.push({ ...rule(), ipv6Cidr: '::/0' });
  securityGroups(call).put(groupId, { groupId, groupName, description, vpcId: vpc.vpcId, rules });
  return groupId;
}

function arnOf(scope: Scope, groupId: string): string {
  return `arn:aws:ec2:${scope.region}:${scope.account}:security-group/${groupId}`;
}

const ruleFields: FilterFields<GroupRuleRecord> = {
  cidr: (rule) => rule.cidr,
  'from-port': (rule) => rule.from,
  'group-id': (rule) => rule.groupId,
  'ipv6-cidr': (rule) => rule.ipv6Cidr,
  'prefix-list-id': (rule) => rule.prefixListId,
  protocol: (rule) => rule.protocol,
  'to-port': (rule) => rule.to,
};

function fieldsOf(scope: Scope): FilterFields<SecurityGroupRecord> {
  const nameOf = (id: string | undefined) => (id ? securityGroups(scope).get(id)?.groupName : undefined);
  const all: FilterFields<GroupRuleRecord> = {
    ...ruleFields,
    'group-name': (rule) => nameOf(rule.groupId),
    'user-id': (rule) => (rule.groupId ? scope.account : undefined),
  };
  const rules = Object.entries(all).flatMap(([name, field]) =>
    (['ip-permission', 'egress.ip-permission'] as const).map((prefix) => {
      const egress = prefix.startsWith('egress');
      const values = (group: SecurityGroupRecord) =>
        group.rules.filter((rule) => rule.egress === egress).map((rule) => field(rule) as string | undefined);
      return [`${prefix}.${name}`, values] as const;
    }),
  );
  return {
    ...Object.fromEntries(rules),
    description: (group) => group.description,
    'group-id': (group) => group.groupId,
    'group-name': (group) => group.groupName,
    'owner-id': () => scope.account,
    'vpc-id': (group) => group.vpcId,
  };
}

export function describeSecurityGroups(input: DescribeSecurityGroupsRequest, call: Call): DescribeSecurityGroupsResult {
  const named = (input.GroupNames ?? []).map((name) => {
    const found = [...securityGroups(call).values()].find(
      (group) => group.groupName === name && vpcs(call).get(group.vpcId)?.isDefault,
    );
    if (found) return found;
    throw new Fault('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC`);
  });
  const { records, NextToken } = select(call, input, {
    table: named.length > 0 ? named : securityGroups(call),
    id: (group) => group.groupId,
    fields: fieldsOf(call),
    ids: input.GroupIds,
    need: needSecurityGroup,
    pageSize: { min: 5, max: 1000 },
  });
  return { SecurityGroups: records.map((group) => render(call, group)), NextToken };
}

function render(scope: Scope, group: SecurityGroupRecord): SecurityGroup {
  return {
    GroupId: group.groupId,
    GroupName: group.groupName,
    Description: group.description,
    OwnerId: scope.account,
    VpcId: group.vpcId,
    SecurityGroupArn: arnOf(scope, group.groupId),
    IpPermissions: permissions(
      scope,
      group.rules.filter((rule) => !rule.egress),
    ),
    IpPermissionsEgress: permissions(
      scope,
      group.rules.filter((rule) => rule.egress),
    ),
    Tags: tagList(scope, group.groupId),
  };
}

/** Rules of one protocol and port range are one permission. */
function permissions(scope: Scope, rules: readonly GroupRuleRecord[]): IpPermission[] {
  const groups = grouped(rules, (rule) => `${rule.protocol} ${rule.from ?? ''} ${rule.to ?? ''}`);
  return [...groups.values()].map((same) => {
    const [first] = same;
    const described = (rule: GroupRuleRecord) =>
      rule.description === undefined ? {} : { Description: rule.description };
    return {
      IpProtocol: first?.protocol,
      ...(first?.from === undefined ? {} : { FromPort: first.from }),
      ...(first?.to === undefined ? {} : { ToPort: first.to }),
      IpRanges: same.flatMap((rule) => (rule.cidr ? [{ CidrIp: rule.cidr, ...described(rule) }] : [])),
      Ipv6Ranges: same.flatMap((rule) => (rule.ipv6Cidr ? [{ CidrIpv6: rule.ipv6Cidr, ...described(rule) }] : [])),
      PrefixListIds: same.flatMap((rule) =>
        rule.prefixListId ? [{ PrefixListId: rule.prefixListId, ...described(rule) }] : [],
      ),
      UserIdGroupPairs: same.flatMap((rule) =>
        rule.groupId ? [{ GroupId: rule.groupId, UserId: scope.account, ...described(rule) }] : [],
      ),
    };
  });
}

export function deleteSecurityGroup(input: DeleteSecurityGroupRequest, call: Call): DeleteSecurityGroupResult {
  if (!input.GroupId && !input.GroupName) throw missing('groupName or groupId');
  const named = [...securityGroups(call).values()].find(
    (one) => one.groupName === input.GroupName && vpcs(call).get(one.vpcId)?.isDefault,
  );
  if (!input.GroupId && !named) {
    throw new Fault(
      'InvalidGroup.NotFound',
      `The security group '${input.GroupName ?? ''}' does not exist in default VPC`,
    );
  }
  const group = needSecurityGroup(call, input.GroupId ?? named?.groupId);
  const { groupId } = group;
  if (group.groupName === 'default') {
    throw new Fault('CannotDelete', `the specified group: "${groupId}" name: "default" cannot be deleted by a user`);
  }
  const used =
    [...interfaces(call).values()].some((one) => one.groupIds.includes(groupId)) ||
    [...endpoints(call).values()].some((one) => one.groupIds.includes(groupId)) ||
    [...securityGroups(call).values()].some(
      (other) => other.groupId !== groupId && other.rules.some((rule) => rule.groupId === groupId),
    );
  if (used) throw dependencyViolation(`resource ${groupId} has a dependent object`);
  securityGroups(call).delete(groupId);
  forgetTags(call, groupId);
  for (const rule of group.rules) forgetTags(call, rule.ruleId);
  return { Return: true, GroupId: groupId };
}
