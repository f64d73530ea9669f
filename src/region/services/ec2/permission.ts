/** From `IpPermission`s, as requests give them, to single rules: one source or destination each. */
import type { IpPermission } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { v4RangeOf, v6RangeOf } from './cidr.ts';
import { needSecurityGroup } from './faults.ts';
import { needPrefixList } from './prefix-list.ts';
import { hasPorts, isIcmp, protocolNumber, protocolText } from './protocol.ts';
import { type GroupRuleRecord, type SecurityGroupRecord, securityGroups } from './state.ts';

type RuleWish = Omit<GroupRuleRecord, 'ruleId' | 'egress'>;

/** The single-rule members of older clients stand beside `IpPermissions`. */
interface RuleRequest {
  readonly IpPermissions?: IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
  readonly SourceSecurityGroupOwnerId?: string | undefined;
}

export function wishOfRequest(call: Call, input: RuleRequest): readonly IpPermission[] {
  const listed = input.IpPermissions ?? [];
  if (!input.IpProtocol && !input.CidrIp && !input.SourceSecurityGroupName) return listed;
  if (listed.length > 0) {
    throw new Fault(
      'InvalidParameterCombination',
      'The parameter ipPermissions may not be used with the parameter ipProtocol',
    );
  }
  const { IpProtocol, FromPort, ToPort } = input;
  const permission: IpPermission = { IpProtocol: IpProtocol ?? '-1', FromPort, ToPort };
  if (input.CidrIp) permission.IpRanges = [{ CidrIp: input.CidrIp }];
  if (input.SourceSecurityGroupName) {
    const UserId = input.SourceSecurityGroupOwnerId ?? call.account;
    permission.UserIdGroupPairs = [{ GroupName: input.SourceSecurityGroupName, UserId }];
  }
  return [permission];
}

export function rulesOf(
  call: Call,
  group: SecurityGroupRecord,
  permissions: readonly IpPermission[],
): readonly RuleWish[] {
  return permissions.flatMap((permission) => {
    const matched = matchOf(permission);
    const wish = (peer: Partial<RuleWish>, description: string | undefined): RuleWish => {
      if (
        description !== undefined &&
        (description.length > 255 || !/^[\w .:/()#,@[\]+=&;{}!$*-]*$/.test(description))
      ) {
        throw new Fault(
          'InvalidParameterValue',
          `Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
        );
      }
      return { ...matched, ...peer, description };
    };
    const rules = [
      ...(permission.IpRanges ?? []).map((one) => {
        const { text } = v4RangeOf(one.CidrIp ?? '', 'cidrIp');
        return wish({ cidr: text }, one.Description);
      }),
      ...(permission.Ipv6Ranges ?? []).map((one) => {
        const { text } = v6RangeOf(one.CidrIpv6 ?? '', 'cidrIpv6');
        return wish({ ipv6Cidr: text }, one.Description);
      }),
      ...(permission.PrefixListIds ?? []).map((one) =>
        wish({ prefixListId: needPrefixList(call, one.PrefixListId ?? '').id }, one.Description),
      ),
      ...(permission.UserIdGroupPairs ?? []).map((one) =>
        wish({ groupId: peerGroup(call, group, one) }, one.Description),
      ),
    ];
    if (rules.length === 0) {
      throw new Fault(
        'InvalidParameterValue',
        'The request must contain at least one source or destination of each rule.',
      );
    }
    return rules;
  });
}

function peerGroup(
  call: Call,
  group: SecurityGroupRecord,
  peer: { GroupId?: string | undefined; GroupName?: string | undefined; UserId?: string | undefined },
): string {
  if (peer.UserId !== undefined && peer.UserId !== call.account) {
    throw new Fault('InvalidGroup.NotFound', `You have specified two resources that belong to different networks.`);
  }
  if (peer.GroupId) {
    const found = needSecurityGroup(call, peer.GroupId);
    if (found.vpcId === group.vpcId) return found.groupId;
    throw new Fault('InvalidGroup.NotFound', 'You have specified two resources that belong to different networks.');
  }
  for (const other of securityGroups(call).values()) {
    if (other.vpcId === group.vpcId && other.groupName === peer.GroupName) return other.groupId;
  }
  throw new Fault('InvalidGroup.NotFound', `The security group '${peer.GroupName ?? ''}' does not exist`);
}

function matchOf(permission: IpPermission): Pick<RuleWish, 'protocol' | 'from' | 'to'> {
  const { IpProtocol, FromPort: from, ToPort: to } = permission;
  if (IpProtocol === undefined)
    throw new Fault('MissingParameter', 'The request must contain the parameter ipProtocol');
  const number = protocolNumber(IpProtocol);
  const protocol = protocolText(number);
  if (hasPorts(number)) {
    // −1 to −1 stands for every port, and so does an absent range.
    if ((from === undefined || from === -1) && (to === undefined || to === -1)) {
      if (from === undefined && to === undefined) {
        throw new Fault(
          'InvalidParameterValue',
          `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`,
        );
      }
      return { protocol, from: 0, to: 65_535 };
    }
    if (from === undefined || to === undefined) {
      throw new Fault(
        'InvalidParameterValue',
        `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`,
      );
    }
    if (from < 0 || to > 65_535 || !Number.isInteger(from) || !Number.isInteger(to)) {
      throw new Fault('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
    }
    if (from > to) throw new Fault('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
    return { protocol, from, to };
  }
  if (isIcmp(number)) {
    const type = from ?? -1;
    const code = to ?? -1;
    if (type < -1 || type > 255 || code < -1 || code > 255) {
      throw new Fault('InvalidParameterValue', `ICMP type and code must be from -1 to 255, not ${type} and ${code}`);
    }
    return { protocol, from: type, to: code };
  }
  // Rules of other protocols are for all of their traffic: EC2 drops the ports, and so it is answered without them.
  return { protocol };
}

export function sameRule(one: RuleWish, other: RuleWish): boolean {
  return (
    one.protocol === other.protocol &&
    one.from === other.from &&
    one.to === other.to &&
    one.cidr === other.cidr &&
    one.ipv6Cidr === other.ipv6Cidr &&
    one.prefixListId === other.prefixListId &&
    one.groupId === other.groupId
  );
}

/** As EC2 quotes a rule: `peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW`. */
export function ruleText(rule: RuleWish): string {
  const peer = rule.cidr ?? rule.ipv6Cidr ?? rule.prefixListId ?? rule.groupId ?? '';
  if (rule.protocol === '-1') return `peer: ${peer}, ALL, ALLOW`;
  const ports =
    rule.from === undefined
      ? ''
      : isIcmp(protocolNumber(rule.protocol))
        ? `, type: ${rule.from}, code: ${rule.to ?? -1}`
        : `, from port: ${rule.from}, to port: ${rule.to ?? rule.from}`;
  return `peer: ${peer}, ${rule.protocol.toUpperCase()}${ports}, ALLOW`;
}
