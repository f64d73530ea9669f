import { resourceType } from '../../../stacks/resource-type.ts';
import type { Tag } from '../../tags.ts';
import { type Attribute, nameLength, retag, service, setAttributes, tagsOf } from './parts.ts';

interface TargetGroupProperties {
  readonly Name?: string;
  readonly Protocol?: string;
  readonly ProtocolVersion?: string;
  readonly Port?: number;
  readonly VpcId?: string;
  readonly TargetType?: string;
  readonly HealthCheckEnabled?: boolean;
  readonly HealthCheckProtocol?: string;
  readonly HealthCheckPort?: string;
  readonly HealthCheckPath?: string;
  readonly HealthCheckIntervalSeconds?: number;
  readonly HealthCheckTimeoutSeconds?: number;
  readonly HealthyThresholdCount?: number;
  readonly UnhealthyThresholdCount?: number;
  readonly Matcher?: { readonly HttpCode?: string };
  readonly TargetGroupAttributes?: readonly Attribute[];
  readonly Targets?: readonly { readonly Id: string; readonly Port?: number }[];
  readonly Tags?: readonly Tag[];
}

interface GroupView {
  readonly TargetGroupArn: string;
  readonly TargetGroupName: string;
  readonly LoadBalancerArns: readonly string[];
}

/** CloudFormation hands numbers and booleans on as they are written, often as text. */
function healthInput(p: TargetGroupProperties): object {
  const number = (value: number | undefined) => (value === undefined ? undefined : Number(value));
  return {
    HealthCheckEnabled: p.HealthCheckEnabled === undefined ? undefined : String(p.HealthCheckEnabled) === 'true',
    HealthCheckProtocol: p.HealthCheckProtocol,
    HealthCheckPort: p.HealthCheckPort === undefined ? undefined : String(p.HealthCheckPort),
    HealthCheckPath: p.HealthCheckPath,
    HealthCheckIntervalSeconds: number(p.HealthCheckIntervalSeconds),
    HealthCheckTimeoutSeconds: number(p.HealthCheckTimeoutSeconds),
    HealthyThresholdCount: number(p.HealthyThresholdCount),
    UnhealthyThresholdCount: number(p.UnhealthyThresholdCount),
    Matcher: p.Matcher?.HttpCode === undefined ? undefined : { HttpCode: String(p.Matcher.HttpCode) },
  };
}

function groupResult({ TargetGroupArn, TargetGroupName, LoadBalancerArns }: GroupView) {
  return {
    physicalId: TargetGroupArn,
    attributes: {
      TargetGroupArn,
      TargetGroupName,
      TargetGroupFullName: TargetGroupArn.slice(TargetGroupArn.indexOf('targetgroup/')),
      LoadBalancerArns,
    },
  };
}

export const targetGroup = resourceType<TargetGroupProperties>({
  honours: [
    'Name',
    'Protocol',
    'ProtocolVersion',
    'Port',
    'VpcId',
    'TargetType',
    'HealthCheckEnabled',
    'HealthCheckProtocol',
    'HealthCheckPort',
    'HealthCheckPath',
    'HealthCheckIntervalSeconds',
    'HealthCheckTimeoutSeconds',
    'HealthyThresholdCount',
    'UnhealthyThresholdCount',
    'Matcher.HttpCode',
    'TargetGroupAttributes',
    'Targets[].Id',
    'Targets[].Port',
    'Tags',
  ],
  async create(request) {
    const { properties: p, invoke, stackTags } = request;
    const Name = p.Name ?? request.name(nameLength);
    const { TargetGroups } = await invoke<{ TargetGroups: GroupView[] }>(service, 'CreateTargetGroup', {
      Name,
      Protocol: p.Protocol,
      ProtocolVersion: p.ProtocolVersion,
      Port: p.Port === undefined ? undefined : Number(p.Port),
      VpcId: p.VpcId,
      TargetType: p.TargetType,
      ...healthInput(p),
      Tags: tagsOf(stackTags, p.Tags),
    });
    const [group] = TargetGroups;
    if (!group) throw new Error('CreateTargetGroup answered without a group');
    request.made?.(group.TargetGroupArn);
    await setAttributes(
      request,
      'ModifyTargetGroupAttributes',
      'TargetGroupArn',
      group.TargetGroupArn,
      p.TargetGroupAttributes,
    );
    if (p.Targets?.length)
      await invoke(service, 'RegisterTargets', { TargetGroupArn: group.TargetGroupArn, Targets: p.Targets });
    return groupResult(group);
  },
  async update(request) {
    const { properties: p, previous, physicalId, invoke } = request;
    const { TargetGroups } = await invoke<{ TargetGroups: GroupView[] }>(service, 'ModifyTargetGroup', {
      TargetGroupArn: physicalId,
      ...healthInput(p),
    });
    await setAttributes(request, 'ModifyTargetGroupAttributes', 'TargetGroupArn', physicalId, p.TargetGroupAttributes);
    const key = ({ Id, Port }: { Id: string; Port?: number }) => `${Id} ${Port ?? ''}`;
    const wanted = new Set(p.Targets?.map(key));
    const gone = (previous.Targets ?? []).filter((target) => !wanted.has(key(target)));
    if (gone.length > 0) await invoke(service, 'DeregisterTargets', { TargetGroupArn: physicalId, Targets: gone });
    if (p.Targets?.length) await invoke(service, 'RegisterTargets', { TargetGroupArn: physicalId, Targets: p.Targets });
    await retag(request, physicalId, previous.Tags, p.Tags);
    const [group] = TargetGroups;
    if (!group) throw new Error(`Target group ${physicalId} is gone`);
    return groupResult(group);
  },
  async delete({ physicalId, invoke }) {
    await invoke(service, 'DeleteTargetGroup', { TargetGroupArn: physicalId });
  },
});
