/** `AWS::EC2::SecurityGroup` with its inline rules, and the standalone rules. */
import type {
  AuthorizeSecurityGroupIngressResult,
  CreateSecurityGroupResult,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsResult,
  IpPermission,
} from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { goneCodes, numberOf, type TagProperty, tagSpecification, tagsFor, updateTags } from './properties.ts';

interface RuleProperties {
  readonly IpProtocol: unknown;
  readonly FromPort?: unknown;
  readonly ToPort?: unknown;
  readonly CidrIp?: string;
  readonly CidrIpv6?: string;
  readonly Description?: string;
  readonly SourcePrefixListId?: string;
  readonly DestinationPrefixListId?: string;
  readonly SourceSecurityGroupId?: string;
  readonly SourceSecurityGroupName?: string;
  readonly SourceSecurityGroupOwnerId?: string;
  readonly DestinationSecurityGroupId?: string;
}

interface GroupProperties {
  readonly GroupDescription: string;
  readonly GroupName?: string;
  readonly VpcId?: string;
  readonly SecurityGroupIngress?: readonly RuleProperties[];
  readonly SecurityGroupEgress?: readonly RuleProperties[];
  readonly Tags?: readonly TagProperty[];
}

function permissionOf(rule: RuleProperties): IpPermission {
  const described = rule.Description === undefined ? {} : { Description: rule.Description };
  const prefixList = rule.SourcePrefixListId ?? rule.DestinationPrefixListId;
  const group = rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
  const { SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = rule;
  return {
    IpProtocol: String(rule.IpProtocol),
    FromPort: numberOf(rule.FromPort),
    ToPort: numberOf(rule.ToPort),
    ...(rule.CidrIp ? { IpRanges: [{ CidrIp: rule.CidrIp, ...described }] } : {}),
    ...(rule.CidrIpv6 ? { Ipv6Ranges: [{ CidrIpv6: rule.CidrIpv6, ...described }] } : {}),
    ...(prefixList ? { PrefixListIds: [{ PrefixListId: prefixList, ...described }] } : {}),
    ...(group || GroupName
      ? {
          UserIdGroupPairs: [
            { ...(group ? { GroupId: group } : { GroupName }), ...(UserId ? { UserId } : {}), ...described },
          ],
        }
      : {}),
  };
}

type Direction = 'Ingress' | 'Egress';

export const securityGroup = resourceType<GroupProperties>({
  honours: ['GroupDescription', 'GroupName', 'VpcId', 'SecurityGroupIngress', 'SecurityGroupEgress', 'Tags'],
  async create(request) {
    const { GroupDescription, GroupName, VpcId, Tags } = request.properties;
    const { GroupId = '' } = await request.invoke<CreateSecurityGroupResult>('ec2', 'CreateSecurityGroup', {
      GroupName: GroupName ?? request.name(255),
      Description: GroupDescription,
      VpcId,
      TagSpecifications: tagSpecification(request, 'security-group', Tags),
      ClientToken: request.name(64),
    });
    request.made?.(GroupId);
    await applyRules(request, GroupId, {});
    return await created(request, GroupId);
  },
  async update(request) {
    await applyRules(request, request.physicalId, request.previous);
    await updateTags(request, request.physicalId);
    return await created(request, request.physicalId);
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteSecurityGroup', { GroupId: request.physicalId })),
});

async function created(request: ResourceRequest<GroupProperties>, id: string) {
  const { SecurityGroups } = await request.invoke<DescribeSecurityGroupsResult>('ec2', 'DescribeSecurityGroups', {
    GroupIds: [id],
  });
  return { physicalId: id, attributes: { GroupId: id, Id: id, VpcId: SecurityGroups?.[0]?.VpcId } };
}

const allowAll: RuleProperties = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };
const allowAll6: RuleProperties = { IpProtocol: '-1', CidrIpv6: '::/0' };

/**
 * Makes the inline rules so, and leaves rules of other resources alone. A template without egress rules keeps EC2's
 * "allow all", one with some has only these.
 */
async function applyRules(
  request: ResourceRequest<GroupProperties>,
  GroupId: string,
  before: Partial<GroupProperties>,
) {
  const { properties } = request;
  const egressOf = (from: Partial<GroupProperties>) =>
    from.SecurityGroupEgress?.length ? from.SecurityGroupEgress : [allowAll];
  await change(request, GroupId, 'Ingress', before.SecurityGroupIngress ?? [], properties.SecurityGroupIngress ?? []);
  await change(request, GroupId, 'Egress', egressOf(before), egressOf(properties));
  // A group in a VPC with IPv6 is born with a second rule, which the template's own rules replace too.
  if (properties.SecurityGroupEgress?.length && !before.SecurityGroupEgress?.length) {
    if (!properties.SecurityGroupEgress.some((rule) => sameRule(rule, allowAll6)))
      await revoke(request, GroupId, 'Egress', allowAll6);
  }
}

const sameRule = (one: RuleProperties, other: RuleProperties) =>
  JSON.stringify(permissionOf(one)) === JSON.stringify(permissionOf(other));

async function change(
  request: ResourceRequest<GroupProperties>,
  GroupId: string,
  direction: Direction,
  before: readonly RuleProperties[],
  after: readonly RuleProperties[],
): Promise<void> {
  for (const rule of before) {
    if (!after.some((other) => sameRule(rule, other))) await revoke(request, GroupId, direction, rule);
  }
  for (const rule of after) {
    if (before.some((other) => sameRule(rule, other))) continue;
    const IpPermissions = [permissionOf(rule)];
    try {
      await request.invoke('ec2', `AuthorizeSecurityGroup${direction}`, { GroupId, IpPermissions });
    } catch (error) {
      // A creation that is run again finds its own rules; a rule given twice in one template is one rule.
      if (codeOf(error) !== 'InvalidPermission.Duplicate') throw error;
    }
  }
}

async function revoke(
  request: ResourceRequest<unknown>,
  GroupId: string,
  direction: Direction,
  rule: RuleProperties,
): Promise<void> {
  const input = { GroupId, IpPermissions: [permissionOf(rule)] };
  await unlessGone(goneCodes, () => request.invoke('ec2', `RevokeSecurityGroup${direction}`, input));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

interface StandaloneProperties extends RuleProperties {
  readonly GroupId?: string;
  readonly GroupName?: string;
}

const ruleMembers = ['IpProtocol', 'FromPort', 'ToPort', 'CidrIp', 'CidrIpv6', 'Description', 'GroupId'];

function standalone(direction: Direction, members: readonly string[]) {
  return resourceType<StandaloneProperties>({
    honours: [...ruleMembers, ...members],
    async create(request) {
      const { GroupId, GroupName } = request.properties;
      if (direction === 'Egress' && GroupId) await revokeAllowAll(request, GroupId);
      const input = {
        ...(GroupId ? { GroupId } : { GroupName }),
        IpPermissions: [permissionOf(request.properties)],
        TagSpecifications: tagSpecification(request, 'security-group-rule', undefined),
      };
      const id = await request
        .invoke<AuthorizeSecurityGroupIngressResult>('ec2', `AuthorizeSecurityGroup${direction}`, input)
        .then((made) => made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '')
        .catch(async (error: unknown) => {
          const own = codeOf(error) === 'InvalidPermission.Duplicate' ? await ownRule(request) : undefined;
          if (own) return own;
          throw error;
        });
      return { physicalId: id, attributes: { Id: id } };
    },
    /** Only the description changes in place. */
    async update(request) {
      const { GroupId, GroupName, Description } = request.properties;
      await request.invoke('ec2', `UpdateSecurityGroupRuleDescriptions${direction}`, {
        ...(GroupId ? { GroupId } : { GroupName }),
        SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: request.physicalId, Description }],
      });
      return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
    },
    async delete(request) {
      const { GroupId, GroupName } = request.properties;
      await unlessGone(goneCodes, () =>
        request.invoke('ec2', `RevokeSecurityGroup${direction}`, {
          ...(GroupId ? { GroupId } : { GroupName }),
          SecurityGroupRuleIds: [request.physicalId],
        }),
      );
    },
  });
}

/**
 * The handler of this type takes "allow all" out before it adds a rule, and cannot tell EC2's own from one that the
 * template has written: https://github.com/aws/aws-cdk/issues/22140, https://github.com/aws/aws-cdk/pull/998
 */
async function revokeAllowAll(request: ResourceRequest<StandaloneProperties>, GroupId: string): Promise<void> {
  for (const rule of [allowAll, allowAll6]) {
    if (!sameRule(rule, request.properties)) await revoke(request, GroupId, 'Egress', rule);
  }
}

/** The rule that this resource made before a crash: it carries the resource's tags. */
async function ownRule(request: ResourceRequest<StandaloneProperties>): Promise<string | undefined> {
  const wanted = tagsFor(request, undefined).filter((tag) => tag.Key.startsWith('aws:cloudformation:'));
  if (!wanted.some((tag) => tag.Key === 'aws:cloudformation:stack-id')) return undefined;
  const { SecurityGroupRules } = await request.invoke<DescribeSecurityGroupRulesResult>(
    'ec2',
    'DescribeSecurityGroupRules',
    { Filters: wanted.map((tag) => ({ Name: `tag:${tag.Key}`, Values: [tag.Value] })) },
  );
  return SecurityGroupRules?.[0]?.SecurityGroupRuleId;
}

export const securityGroupIngress = standalone('Ingress', [
  'GroupName',
  'SourcePrefixListId',
  'SourceSecurityGroupId',
  'SourceSecurityGroupName',
  'SourceSecurityGroupOwnerId',
]);

export const securityGroupEgress = standalone('Egress', ['DestinationPrefixListId', 'DestinationSecurityGroupId']);
