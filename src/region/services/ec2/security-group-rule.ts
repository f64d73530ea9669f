/** Rules of security groups: authorised and revoked in the form of permissions, each a rule with an id of its own. */
import type {
  AuthorizeSecurityGroupEgressRequest,
  AuthorizeSecurityGroupEgressResult,
  AuthorizeSecurityGroupIngressRequest,
  AuthorizeSecurityGroupIngressResult,
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  IpPermission,
  ModifySecurityGroupRulesRequest,
  ModifySecurityGroupRulesResult,
  RevokeSecurityGroupEgressRequest,
  RevokeSecurityGroupEgressResult,
  RevokeSecurityGroupIngressRequest,
  RevokeSecurityGroupIngressResult,
  SecurityGroupRule,
  UpdateSecurityGroupRuleDescriptionsEgressRequest,
  UpdateSecurityGroupRuleDescriptionsEgressResult,
  UpdateSecurityGroupRuleDescriptionsIngressRequest,
  UpdateSecurityGroupRuleDescriptionsIngressResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { select } from './describe.ts';
import { missing, needSecurityGroup } from './faults.ts';
import { limits } from './limits.ts';
import { rulesOf, ruleText, sameRule, wishOfRequest } from './permission.ts';
import { managedPrefixLists } from './prefix-list.ts';
import { type GroupRuleRecord, type SecurityGroupRecord, securityGroups, vpcs } from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function authorizeSecurityGroupIngress(
  input: AuthorizeSecurityGroupIngressRequest,
  call: Call,
): AuthorizeSecurityGroupIngressResult {
  return authorize(input, call, false);
}

export function authorizeSecurityGroupEgress(
  input: AuthorizeSecurityGroupEgressRequest,
  call: Call,
): AuthorizeSecurityGroupEgressResult {
  return authorize(input, call, true);
}

function groupFrom(
  call: Call,
  input: { GroupId?: string | undefined; GroupName?: string | undefined },
): SecurityGroupRecord {
  if (input.GroupId) return needSecurityGroup(call, input.GroupId);
  if (!input.GroupName) throw missing('groupName or groupId');
  for (const group of securityGroups(call).values()) {
    if (group.groupName === input.GroupName && vpcs(call).get(group.vpcId)?.isDefault) return group;
  }
  throw new Fault('InvalidGroup.NotFound', `The security group '${input.GroupName}' does not exist in default VPC`);
}

function authorize(
  input: AuthorizeSecurityGroupIngressRequest | (AuthorizeSecurityGroupEgressRequest & { GroupName?: never }),
  call: Call,
  egress: boolean,
) {
  const group = groupFrom(call, input);
  const wishes = rulesOf(call, group, wishOfRequest(call, input));
  if (wishes.length === 0) throw missing('ipPermissions');
  const given = specifiedTags(call, input.TagSpecifications, 'security-group-rule');
  const rules = [...group.rules];
  const added: GroupRuleRecord[] = [];
  for (const wish of wishes) {
    if (rules.some((rule) => rule.egress === egress && sameRule(rule, wish))) {
      throw new Fault('InvalidPermission.Duplicate', `the specified rule "${ruleText(wish)}" already exists`);
    }
    const rule = { ...wish, ruleId: `sgr-${call.random.hex(17)}`, egress };
    rules.push(rule);
    added.push(rule);
  }
  refuseTooMany(call, rules, egress);
  securityGroups(call).put(group.groupId, { ...group, rules });
  for (const rule of added) putTags(call, rule.ruleId, 'security-group-rule', given);
  return { Return: true, SecurityGroupRules: added.map((rule) => render(call, group, rule)) };
}

/** A prefix list counts as many rules as it may have entries, IPv4 and IPv6 are counted apart, a group counts for both. */
function refuseTooMany(scope: Scope, rules: readonly GroupRuleRecord[], egress: boolean): void {
  const lists = managedPrefixLists(scope);
  let v4 = 0;
  let v6 = 0;
  for (const rule of rules) {
    if (rule.egress !== egress) continue;
    const weight = rule.prefixListId ? (lists.find((list) => list.id === rule.prefixListId)?.weight ?? 1) : 1;
    if (!rule.ipv6Cidr) v4 += weight;
    if (rule.ipv6Cidr || rule.groupId) v6 += weight;
  }
  if (v4 <= limits.rulesPerGroup && v6 <= limits.rulesPerGroup) return;
  throw new Fault(
    'RulesPerSecurityGroupLimitExceeded',
    'The maximum number of rules per security group has been reached.',
  );
}

export function revokeSecurityGroupIngress(
  input: RevokeSecurityGroupIngressRequest,
  call: Call,
): RevokeSecurityGroupIngressResult {
  return revoke(input, call, false);
}

export function revokeSecurityGroupEgress(
  input: RevokeSecurityGroupEgressRequest,
  call: Call,
): RevokeSecurityGroupEgressResult {
  return revoke(input, call, true);
}

function revoke(
  input: RevokeSecurityGroupIngressRequest | (RevokeSecurityGroupEgressRequest & { GroupName?: never }),
  call: Call,
  egress: boolean,
) {
  const group = groupFrom(call, input);
  const gone = new Set<GroupRuleRecord>();
  for (const id of input.SecurityGroupRuleIds ?? []) {
    const rule = group.rules.find((one) => one.ruleId === id && one.egress === egress);
    if (!rule) throw unknownRule(id);
    gone.add(rule);
  }
  for (const wish of rulesOf(call, group, wishOfRequest(call, input))) {
    const rule = group.rules.find((one) => one.egress === egress && sameRule(one, wish));
    if (!rule) {
      throw new Fault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    gone.add(rule);
  }
  if (gone.size === 0) throw missing('ipPermissions');
  securityGroups(call).put(group.groupId, { ...group, rules: group.rules.filter((rule) => !gone.has(rule)) });
  for (const rule of gone) forgetTags(call, rule.ruleId);
  return {
    Return: true,
    RevokedSecurityGroupRules: [...gone].map((rule) => ({
      SecurityGroupRuleId: rule.ruleId,
      GroupId: group.groupId,
      IsEgress: rule.egress,
      IpProtocol: rule.protocol,
      FromPort: rule.from ?? -1,
      ToPort: rule.to ?? -1,
      CidrIpv4: rule.cidr,
      CidrIpv6: rule.ipv6Cidr,
      PrefixListId: rule.prefixListId,
      ReferencedGroupId: rule.groupId,
      Description: rule.description,
    })),
  };
}

function unknownRule(id: string): Fault {
  if (!/^sgr-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    return new Fault('InvalidSecurityGroupRuleId.Malformed', `The security group rule ID '${id}' is malformed`);
  }
  return new Fault('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
}

export function modifySecurityGroupRules(
  input: ModifySecurityGroupRulesRequest,
  call: Call,
): ModifySecurityGroupRulesResult {
  const group = needSecurityGroup(call, input.GroupId);
  let rules = [...group.rules];
  for (const { SecurityGroupRuleId: id = '', SecurityGroupRule: wanted } of input.SecurityGroupRules ?? []) {
    const old = rules.find((rule) => rule.ruleId === id);
    if (!old) throw unknownRule(id);
    const described = wanted?.Description === undefined ? {} : { Description: wanted.Description };
    const permission: IpPermission = {
      IpProtocol: wanted?.IpProtocol,
      FromPort: wanted?.FromPort,
      ToPort: wanted?.ToPort,
      IpRanges: wanted?.CidrIpv4 ? [{ CidrIp: wanted.CidrIpv4, ...described }] : [],
      Ipv6Ranges: wanted?.CidrIpv6 ? [{ CidrIpv6: wanted.CidrIpv6, ...described }] : [],
      PrefixListIds: wanted?.PrefixListId ? [{ PrefixListId: wanted.PrefixListId, ...described }] : [],
      UserIdGroupPairs: wanted?.ReferencedGroupId ? [{ GroupId: wanted.ReferencedGroupId, ...described }] : [],
    };
    const [wish, more] = rulesOf(call, group, [permission]);
    if (!wish || more) throw new Fault('InvalidParameterValue', 'A rule must have exactly one source or destination.');
    if (rules.some((rule) => rule !== old && rule.egress === old.egress && sameRule(rule, wish))) {
      throw new Fault('InvalidPermission.Duplicate', `the specified rule "${ruleText(wish)}" already exists`);
    }
    rules = rules.map((rule) => (rule === old ? { ...wish, ruleId: old.ruleId, egress: old.egress } : rule));
  }
  securityGroups(call).put(group.groupId, { ...group, rules });
  return { Return: true };
}

export function updateSecurityGroupRuleDescriptionsIngress(
  input: UpdateSecurityGroupRuleDescriptionsIngressRequest,
  call: Call,
): UpdateSecurityGroupRuleDescriptionsIngressResult {
  return describeAnew(input, call, false);
}

export function updateSecurityGroupRuleDescriptionsEgress(
  input: UpdateSecurityGroupRuleDescriptionsEgressRequest,
  call: Call,
): UpdateSecurityGroupRuleDescriptionsEgressResult {
  return describeAnew(input, call, true);
}

function describeAnew(input: UpdateSecurityGroupRuleDescriptionsIngressRequest, call: Call, egress: boolean) {
  const group = groupFrom(call, input);
  let rules = [...group.rules];
  const change = (matches: (rule: GroupRuleRecord) => boolean, description: string | undefined) => {
    if (!rules.some(matches)) {
      throw new Fault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    rules = rules.map((rule) => (matches(rule) ? { ...rule, description } : rule));
  };
  for (const wish of rulesOf(call, group, input.IpPermissions ?? [])) {
    change((rule) => rule.egress === egress && sameRule(rule, wish), wish.description);
  }
  for (const { SecurityGroupRuleId: id, Description } of input.SecurityGroupRuleDescriptions ?? []) {
    change((rule) => rule.ruleId === id, Description);
  }
  securityGroups(call).put(group.groupId, { ...group, rules });
  return { Return: true };
}

interface FlatRule {
  readonly group: SecurityGroupRecord;
  readonly rule: GroupRuleRecord;
}

export function describeSecurityGroupRules(
  input: DescribeSecurityGroupRulesRequest,
  call: Call,
): DescribeSecurityGroupRulesResult {
  const flat: FlatRule[] = [];
  for (const group of securityGroups(call).values()) for (const rule of group.rules) flat.push({ group, rule });
  const asked = input.SecurityGroupRuleIds?.map((id) => {
    const found = flat.find((one) => one.rule.ruleId === id);
    if (!found) throw unknownRule(id);
    return found;
  });
  const { records, NextToken } = select(call, input, {
    table: asked?.length ? asked : flat,
    id: ({ rule }) => rule.ruleId,
    fields: {
      'group-id': ({ group }) => group.groupId,
      'security-group-rule-id': ({ rule }) => rule.ruleId,
    },
    pageSize: { min: 5, max: 1000 },
  });
  return { SecurityGroupRules: records.map(({ group, rule }) => render(call, group, rule)), NextToken };
}

function render(scope: Scope, group: SecurityGroupRecord, rule: GroupRuleRecord): SecurityGroupRule {
  const referenced = rule.groupId ? securityGroups(scope).get(rule.groupId) : undefined;
  return {
    SecurityGroupRuleId: rule.ruleId,
    SecurityGroupRuleArn: `arn:aws:ec2:${scope.region}:${scope.account}:security-group-rule/${rule.ruleId}`,
    GroupId: group.groupId,
    GroupOwnerId: scope.account,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    FromPort: rule.from ?? -1,
    ToPort: rule.to ?? -1,
    ...(rule.cidr ? { CidrIpv4: rule.cidr } : {}),
    ...(rule.ipv6Cidr ? { CidrIpv6: rule.ipv6Cidr } : {}),
    ...(rule.prefixListId ? { PrefixListId: rule.prefixListId } : {}),
    ...(rule.groupId
      ? {
          ReferencedGroupInfo: {
            GroupId: rule.groupId,
            UserId: scope.account,
            ...(referenced && referenced.vpcId !== group.vpcId ? { VpcId: referenced.vpcId } : {}),
          },
        }
      : {}),
    ...(rule.description === undefined ? {} : { Description: rule.description }),
    Tags: tagList(scope, rule.ruleId),
  };
}
