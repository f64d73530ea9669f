/** Target groups. */
import type {
  CreateTargetGroupCommandInput,
  DeleteTargetGroupCommandInput,
  DescribeTargetGroupAttributesCommandInput,
  DescribeTargetGroupsCommandInput,
  ModifyTargetGroupAttributesCommandInput,
  ModifyTargetGroupCommandInput,
  TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { applyAttributes, attributeList, groupAttributes } from './attributes.ts';
import {
  balancersOf,
  groupsOfAction,
  type HealthRecord,
  listenersOf,
  page,
  rulesOf,
  type TargetGroupRecord,
  targetGroups,
  targets,
  targetsOf,
  validationError,
} from './state.ts';
import { checkedTags } from './tags.ts';

export function groupOf(scope: Scope, arn: string | undefined): TargetGroupRecord {
  const found = targetGroups(scope).get(arn ?? '');
  if (!found) throw new Fault('TargetGroupNotFound', `Target groups '${arn}' not found`);
  return found;
}

type HealthInput = Pick<
  CreateTargetGroupCommandInput,
  | 'HealthCheckEnabled'
  | 'HealthCheckProtocol'
  | 'HealthCheckPort'
  | 'HealthCheckPath'
  | 'HealthCheckIntervalSeconds'
  | 'HealthCheckTimeoutSeconds'
  | 'HealthyThresholdCount'
  | 'UnhealthyThresholdCount'
  | 'Matcher'
>;

/** Defaults of an ALB's group: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
const defaultHealth: HealthRecord = {
  enabled: true,
  protocol: 'HTTP',
  port: 'traffic-port',
  path: '/',
  intervalSeconds: 30,
  timeoutSeconds: 5,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

function healthOf(input: HealthInput, before: HealthRecord): HealthRecord {
  const within = (value: number, from: number, to: number, what: string) => {
    if (!(Number.isInteger(value) && value >= from && value <= to))
      throw validationError(`${what} must be between ${from} and ${to}, not '${value}'`);
    return value;
  };
  const protocol = input.HealthCheckProtocol ?? before.protocol;
  if (protocol !== 'HTTP') throw validationError(`The health check protocol '${protocol}' is not modelled by Orrery`);
  const health: HealthRecord = {
    enabled: input.HealthCheckEnabled ?? before.enabled,
    protocol,
    port: input.HealthCheckPort ?? before.port,
    path: input.HealthCheckPath ?? before.path,
    intervalSeconds: within(
      input.HealthCheckIntervalSeconds ?? before.intervalSeconds,
      5,
      300,
      'Health check interval',
    ),
    timeoutSeconds: within(input.HealthCheckTimeoutSeconds ?? before.timeoutSeconds, 2, 120, 'Health check timeout'),
    healthyThreshold: within(input.HealthyThresholdCount ?? before.healthyThreshold, 2, 10, 'Healthy threshold count'),
    unhealthyThreshold: within(
      input.UnhealthyThresholdCount ?? before.unhealthyThreshold,
      2,
      10,
      'Unhealthy threshold count',
    ),
    matcher: input.Matcher?.HttpCode ?? before.matcher,
  };
  if (health.timeoutSeconds > health.intervalSeconds)
    throw validationError('Health check timeout must be smaller than or equal to the interval');
  if (!/^\/[ -~]{0,1023}$/.test(health.path))
    throw validationError(`Health check path '${health.path}' must begin with '/' and have at most 1024 characters`);
  if (health.port !== 'traffic-port') within(Number(health.port), 1, 65_535, 'Health check port');
  if (!/^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$/.test(health.matcher))
    throw validationError(`Health check matcher HTTP code '${health.matcher}' must be within '200-499'`);
  return health;
}

export function createTargetGroup(input: CreateTargetGroupCommandInput, call: Call) {
  const { Name: name = '', Protocol = 'HTTP', Port, VpcId, TargetType = 'instance', ProtocolVersion = 'HTTP1' } = input;
  if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/.test(name)) {
    throw validationError(
      `Target group name '${name}' must have 1 to 32 letters, digits or hyphens and not begin or end with a hyphen`,
    );
  }
  if (Protocol !== 'HTTP')
    throw validationError(`Target groups of the protocol '${Protocol}' are not modelled by Orrery`);
  if (ProtocolVersion !== 'HTTP1')
    throw validationError(`The protocol version '${ProtocolVersion}' is not modelled by Orrery`);
  if (TargetType !== 'instance' && TargetType !== 'ip')
    throw validationError(`Targets of the type '${TargetType}' are not modelled by Orrery`);
  if (Port === undefined || Port < 1 || Port > 65_535)
    throw validationError('A port must be specified, between 1 and 65535');
  if (VpcId === undefined) throw validationError('A VPC ID must be specified');
  const settings = {
    protocol: 'HTTP' as const,
    protocolVersion: 'HTTP1' as const,
    port: Port,
    vpcId: VpcId,
    targetType: TargetType,
    health: healthOf(input, defaultHealth),
  };
  const existing = [...targetGroups(call).values()].find((group) => group.name === name);
  if (existing) {
    const { protocol, protocolVersion, port, vpcId, targetType, health } = existing;
    if (JSON.stringify({ protocol, protocolVersion, port, vpcId, targetType, health }) !== JSON.stringify(settings)) {
      throw new Fault(
        'DuplicateTargetGroupName',
        'A target group with the same name, but with different settings, already exists',
      );
    }
    return { TargetGroups: [view(call, existing)] };
  }
  const suffix = `targetgroup/${name}/${call.random.hex(16)}`;
  const arn = `arn:aws:elasticloadbalancing:${call.region}:${call.account}:${suffix}`;
  const record: TargetGroupRecord = {
    arn,
    name,
    suffix,
    ...settings,
    attributes: { ...groupAttributes.defaults },
    tags: checkedTags(input.Tags),
  };
  targetGroups(call).put(arn, record);
  return { TargetGroups: [view(call, record)] };
}

function view(scope: Scope, { health, ...record }: TargetGroupRecord): TargetGroup {
  return {
    TargetGroupArn: record.arn,
    TargetGroupName: record.name,
    Protocol: record.protocol,
    ProtocolVersion: record.protocolVersion,
    Port: record.port,
    VpcId: record.vpcId,
    HealthCheckProtocol: health.protocol,
    HealthCheckPort: health.port,
    HealthCheckEnabled: health.enabled,
    HealthCheckIntervalSeconds: health.intervalSeconds,
    HealthCheckTimeoutSeconds: health.timeoutSeconds,
    HealthyThresholdCount: health.healthyThreshold,
    UnhealthyThresholdCount: health.unhealthyThreshold,
    HealthCheckPath: health.path,
    Matcher: { HttpCode: health.matcher },
    LoadBalancerArns: balancersOf(scope, record.arn),
    TargetType: record.targetType,
    IpAddressType: 'ipv4',
  };
}

export function describeTargetGroups(input: DescribeTargetGroupsCommandInput, call: Call) {
  let chosen = [...targetGroups(call).values()];
  if (input.TargetGroupArns?.length) chosen = input.TargetGroupArns.map((arn) => groupOf(call, arn));
  if (input.Names?.length) {
    chosen = input.Names.map((name) => {
      const found = chosen.find((group) => group.name === name);
      if (!found) throw new Fault('TargetGroupNotFound', `One or more target groups not found`);
      return found;
    });
  }
  if (input.LoadBalancerArn !== undefined) {
    const used = new Set(
      listenersOf(call, input.LoadBalancerArn).flatMap((listener) =>
        rulesOf(call, listener.arn).flatMap((rule) => rule.actions.flatMap(groupsOfAction)),
      ),
    );
    chosen = chosen.filter(({ arn }) => used.has(arn));
  }
  const { items, ...next } = page(chosen, input.Marker, input.PageSize);
  return { TargetGroups: items.map((group) => view(call, group)), ...next };
}

export function modifyTargetGroup(input: ModifyTargetGroupCommandInput, call: Call) {
  const record = groupOf(call, input.TargetGroupArn);
  const changed = { ...record, health: healthOf(input, record.health) };
  targetGroups(call).put(record.arn, changed);
  return { TargetGroups: [view(call, changed)] };
}

export function deleteTargetGroup({ TargetGroupArn = '' }: DeleteTargetGroupCommandInput, call: Call) {
  if (!targetGroups(call).has(TargetGroupArn)) return {};
  if (balancersOf(call, TargetGroupArn).length > 0) {
    throw new Fault('ResourceInUse', `Target group '${TargetGroupArn}' is currently in use by a listener or a rule`);
  }
  for (const target of targetsOf(call, TargetGroupArn))
    targets(call).delete(`${target.groupArn} ${target.id} ${target.port}`);
  targetGroups(call).delete(TargetGroupArn);
  return {};
}

export function describeTargetGroupAttributes(
  { TargetGroupArn }: DescribeTargetGroupAttributesCommandInput,
  call: Call,
) {
  return { Attributes: attributeList(groupOf(call, TargetGroupArn).attributes) };
}

export function modifyTargetGroupAttributes(input: ModifyTargetGroupAttributesCommandInput, call: Call) {
  const record = groupOf(call, input.TargetGroupArn);
  const attributes = applyAttributes(groupAttributes, record.attributes, input.Attributes ?? []);
  targetGroups(call).put(record.arn, { ...record, attributes });
  return { Attributes: attributeList(attributes) };
}
