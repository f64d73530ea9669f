/** Between a balancer and its targets. */
import { parseAddress } from '../../../region/network/address.ts';
import { likelyFix } from '../../../region/network/describe.ts';
import { roundTrip } from '../../../region/network/send.ts';
import type { Dropped } from '../../../region/network/verdict.ts';
import type { NetworkInterface, World } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Found, Rule } from '../rule.ts';
import { entryText, freeNumber, rangeAround } from './acl-text.ts';
import { scalingGroups, type Target, type TargetGroup, targetGroups, targetsOf } from './groups.ts';
import { interfaceAt, interfacesOf, ownerOf, placeOf, reachedFromOutside } from './parts.ts';

const balancing = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application';

export const healthCheckBlocked: Rule = {
  id: 'health-check-blocked',
  severity: 'error',
  title: 'Every balancer reaches its targets, at their port and at that of the health check',
  page: `${balancing}/target-group-health-checks.html`,
  needs: 'whole network',
  async find(model) {
    const found = new Map<string, Found>();
    for (const group of await targetGroups(model)) {
      const nodes = interfacesOf(model, 'balancer').filter(({ owner }) => group.LoadBalancerArns?.includes(owner));
      for (const target of await targetsOf(model, group.TargetGroupArn)) {
        const machine = interfaceOf(model.world, target);
        if (!machine) continue;
        for (const node of nodes) {
          for (const blocked of blockedBetween(model.world, group, target, node, machine)) {
            // All machines and nodes that one rule stops are one finding.
            const key = `${group.TargetGroupArn} ${blocked.dropped.end} ${placeOfStop(model, blocked.dropped).logicalId}`;
            if (!found.has(key)) found.set(key, blockedFinding(model, group, node, machine, blocked));
          }
        }
      }
    }
    return found.values();
  },
};

interface Blocked {
  readonly dropped: Dropped;
  readonly port: number;
  readonly checks: boolean;
}

function interfaceOf(world: World, { Id }: Target): NetworkInterface | undefined {
  if (/^[\d.]+$/.test(Id)) return interfaceAt(world, parseAddress(Id));
  for (const one of world.interfaces.values()) if (one.owner === Id && one.attached) return one;
  return undefined;
}

function blockedBetween(
  world: World,
  group: TargetGroup,
  target: Target,
  node: NetworkInterface,
  machine: NetworkInterface,
): readonly Blocked[] {
  if (node.primary === undefined || machine.primary === undefined) return [];
  const traffic = target.Port ?? group.Port ?? 80;
  const check = group.HealthCheckPort === undefined ? traffic : Number(group.HealthCheckPort);
  const checkPort = Number.isInteger(check) ? check : traffic;
  const from = node.primary;
  const to = machine.primary;
  return [...new Set([checkPort, traffic])].flatMap((port) => {
    const { forward } = roundTrip(world, {
      protocol: 'tcp',
      source: { address: from, port: 40_000 },
      destination: { address: to, port },
      enters: { kind: 'interface', id: node.id },
    });
    return forward.delivered ? [] : [{ dropped: forward, port, checks: port === checkPort }];
  });
}

function placeOfStop(model: Model, { hops }: Dropped) {
  const last = hops.at(-1);
  const at = last && model.world.interfaces.get(last.id);
  if (at?.groupIds[0] !== undefined) return placeOf(model, at.groupIds[0]);
  const subnet = last && model.world.subnets.get(last.id);
  return subnet ? placeOf(model, last.kind === 'acl' ? subnet.aclId : subnet.id) : {};
}

function blockedFinding(
  model: Model,
  group: TargetGroup,
  node: NetworkInterface,
  machine: NetworkInterface,
  { dropped, port, checks }: Blocked,
): Found {
  const name = model.logicalIdOf(group.TargetGroupArn) ?? group.TargetGroupName;
  const follows = checks
    ? `its health checks fail with Target.Timeout, and with the group's checks set to ELB the machines are replaced for ever`
    : 'the checks pass, and every request ends in 504';
  return {
    ...placeOfStop(model, dropped),
    message: `${name}: ${node.ownerName} does not reach ${ownerOf(machine)} at port ${port}: ${dropped.rule}: ${dropped.why}. So ${follows}.`,
    fix: fixOf(model, dropped, node, machine, port),
  };
}

function fixOf(
  model: Model,
  dropped: Dropped,
  node: NetworkInterface,
  machine: NetworkInterface,
  port: number,
): string | undefined {
  const idOf = (group: string | undefined) => (group === undefined ? '…' : (model.logicalIdOf(group) ?? group));
  const ports = `IpProtocol: tcp, FromPort: ${port}, ToPort: ${port}`;
  switch (dropped.end) {
    case 'deniedByGroupIngress':
      return `SecurityGroupIngress:\n  - { ${ports}, SourceSecurityGroupId: !Ref ${idOf(node.groupIds[0])} }`;
    case 'deniedByGroupEgress':
      // By itself: the two groups name each other, and inside of them it would be a circle.
      return [
        `${idOf(node.groupIds[0])}To${port}:`,
        '  Type: AWS::EC2::SecurityGroupEgress',
        '  Properties:',
        `    GroupId: !Ref ${idOf(node.groupIds[0])}`,
        `    { ${ports}, DestinationSecurityGroupId: !Ref ${idOf(machine.groupIds[0])} }`
          .replace(/[{}] ?/g, '')
          .replaceAll(', ', '\n    '),
      ].join('\n');
    case 'deniedByAclIngress':
    case 'deniedByAclEgress': {
      const egress = dropped.end === 'deniedByAclEgress';
      const { subnet } = egress ? node : machine;
      const number = Number(/\d+$/.exec(dropped.rule)?.[0]);
      const entries = egress ? subnet.aclEgress : subnet.aclIngress;
      const peer = egress ? dropped.destination.address : dropped.source.address;
      return entryText({
        ...{ acl: subnet.acl.name, egress, protocol: 6, ports: { from: port, to: port } },
        number: freeNumber(entries, number < 32_767 ? number : undefined),
        range: rangeAround(model.world, peer),
      });
    }
    default:
      return likelyFix(model.world, dropped);
  }
}

export const balancerMissesZone: Rule = {
  id: 'balancer-misses-zone',
  severity: 'error',
  title: 'Every balancer has a node in each zone of its machines',
  page: `${balancing}/load-balancer-subnets.html`,
  needs: 'whole network',
  async find(model) {
    const found: Found[] = [];
    const targets = new Map((await targetGroups(model)).map((one) => [one.TargetGroupArn, one]));
    for (const group of await scalingGroups(model)) {
      for (const arn of group.TargetGroupARNs ?? []) {
        for (const balancer of targets.get(arn)?.LoadBalancerArns ?? []) {
          const nodes = interfacesOf(model, 'balancer').filter(({ owner }) => owner === balancer);
          const zones = new Set(nodes.map(({ subnet }) => subnet.zone));
          const missing = group.AvailabilityZones.filter((zone) => !zones.has(zone));
          if (missing.length === 0 || zones.size === 0) continue;
          found.push({
            ...placeOf(model, balancer, 'Properties', 'Subnets'),
            message: `${nodes[0]?.ownerName} has no node in ${listed(missing)}, where ${model.logicalIdOf(group.AutoScalingGroupName)} launches machines: those are never used (Target.NotInUse).`,
            fix: `Subnets: one more for each of ${listed(missing)}   # public ones`,
          });
        }
      }
    }
    return found;
  },
};

export const targetsWithoutBalancer: Rule = {
  id: 'targets-without-balancer',
  severity: 'warning',
  title: 'Every target group with machines gets requests of a listener',
  page: `${balancing}/target-group-health-checks.html`,
  async find(model) {
    const found: Found[] = [];
    for (const group of await targetGroups(model)) {
      if ((group.LoadBalancerArns ?? []).length > 0) continue;
      if ((await targetsOf(model, group.TargetGroupArn)).length === 0) continue;
      found.push({
        ...placeOf(model, group.TargetGroupArn),
        message: `${model.logicalIdOf(group.TargetGroupArn)} has machines, but no listener forwards to it: they are neither checked nor used (Target.NotInUse).`,
        fix: `DefaultActions:   # of a listener, or Actions of a listener's rule\n  - { Type: forward, TargetGroupArn: !Ref ${model.logicalIdOf(group.TargetGroupArn)} }`,
      });
    }
    return found;
  },
};

export const balancerBypassed: Rule = {
  id: 'balancer-bypassed',
  severity: 'error',
  title: 'Nobody on the internet reaches machines past their balancer',
  page: `${balancing}/load-balancer-update-security-groups.html`,
  needs: 'whole network',
  async find(model) {
    const found = new Map<string, Found>();
    for (const group of await targetGroups(model)) {
      if ((group.LoadBalancerArns ?? []).length === 0) continue;
      for (const target of await targetsOf(model, group.TargetGroupArn)) {
        const machine = interfaceOf(model.world, target);
        if (!machine) continue;
        const port = target.Port ?? group.Port ?? 80;
        const [groupId = ''] = machine.groupIds;
        if (found.has(groupId) || !reachedFromOutside(model.world, machine, port)) continue;
        found.set(groupId, {
          ...placeOf(model, groupId, 'Properties', 'SecurityGroupIngress'),
          message: `${ownerOf(machine)} answers the internet at port ${port} itself, past the balancer with its TLS, logs and limits: ${machine.groupNames} allows it.`,
          fix: `SecurityGroupIngress:\n  - { IpProtocol: tcp, FromPort: ${port}, ToPort: ${port}, SourceSecurityGroupId: !Ref … }   # the balancer's group, in place of a range`,
        });
      }
    }
    return found.values();
  },
};
