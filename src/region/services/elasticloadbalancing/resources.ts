/** Elastic Load Balancing in CloudFormation. */

import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';
import type { Tag } from './state.ts';

const service = 'elasticloadbalancing';

interface Attribute {
  readonly Key: string;
  readonly Value: string;
}

interface BalancerProperties {
  readonly Name?: string;
  readonly Scheme?: string;
  readonly Type?: string;
  readonly IpAddressType?: string;
  readonly Subnets?: readonly string[];
  readonly SubnetMappings?: readonly { readonly SubnetId: string }[];
  readonly SecurityGroups?: readonly string[];
  readonly LoadBalancerAttributes?: readonly Attribute[];
  readonly Tags?: readonly Tag[];
}

interface BalancerView {
  readonly LoadBalancerArn: string;
  readonly LoadBalancerName: string;
  readonly DNSName: string;
  readonly CanonicalHostedZoneId: string;
  readonly SecurityGroups: readonly string[];
  readonly State: { readonly Code: string };
}

/** Names of balancers and groups end in what is random, so that it is the stack's part that is cut. */
const nameLength = 32;

/** The stack's tags, the template's own before them. */
function tagsOf(stackTags: readonly Tag[], own: readonly Tag[] | undefined): Tag[] {
  const keys = new Set(own?.map(({ Key }) => Key));
  return [...(own ?? []), ...stackTags.filter(({ Key }) => !keys.has(Key))];
}

async function describeBalancer(
  { invoke }: Pick<ResourceRequest<unknown>, 'invoke'>,
  arn: string,
): Promise<BalancerView | undefined> {
  const { LoadBalancers } = await invoke<{ LoadBalancers: BalancerView[] }>(service, 'DescribeLoadBalancers', {
    LoadBalancerArns: [arn],
  });
  return LoadBalancers[0];
}

function balancerResult(view: BalancerView) {
  return {
    physicalId: view.LoadBalancerArn,
    attributes: {
      LoadBalancerArn: view.LoadBalancerArn,
      LoadBalancerName: view.LoadBalancerName,
      LoadBalancerFullName: view.LoadBalancerArn.split(':loadbalancer/')[1],
      DNSName: view.DNSName,
      CanonicalHostedZoneID: view.CanonicalHostedZoneId,
      SecurityGroups: view.SecurityGroups,
    },
  };
}

/** A name that is taken by this very resource (made before a crash) is adopted. */
async function adopt<T>(make: () => Promise<T>, code: string, find: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Fault && error.code === code) return find();
    throw error;
  }
}

export const loadBalancer = resourceType<BalancerProperties>({
  honours: [
    'Name',
    'Scheme',
    'Type',
    'IpAddressType',
    'Subnets',
    'SubnetMappings[].SubnetId',
    'SecurityGroups',
    'LoadBalancerAttributes',
    'Tags',
  ],
  async create(request) {
    const { properties, invoke, stackTags, until } = request;
    const name = properties.Name ?? request.name(nameLength);
    const { Scheme, Type, IpAddressType, Subnets, SubnetMappings, SecurityGroups } = properties;
    const { LoadBalancers } = await adopt<{ LoadBalancers: BalancerView[] }>(
      () =>
        invoke(service, 'CreateLoadBalancer', {
          Name: name,
          Scheme,
          Type,
          IpAddressType,
          Subnets,
          SubnetMappings,
          SecurityGroups,
          Tags: tagsOf(stackTags, properties.Tags),
        }),
      properties.Name === undefined ? 'DuplicateLoadBalancerName' : '',
      () => invoke(service, 'DescribeLoadBalancers', { Names: [name] }),
    );
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
    request.made?.(arn);
    await setAttributes(
      request,
      'ModifyLoadBalancerAttributes',
      'LoadBalancerArn',
      arn,
      properties.LoadBalancerAttributes,
    );
    const active = await until('the load balancer to be active', async () => {
      const view = await describeBalancer(request, arn);
      return view?.State.Code === 'active' && view;
    });
    return balancerResult(active);
  },
  async update(request) {
    const { properties, previous, physicalId, invoke } = request;
    const { Subnets, SubnetMappings, SecurityGroups } = properties;
    if (JSON.stringify([Subnets, SubnetMappings]) !== JSON.stringify([previous.Subnets, previous.SubnetMappings])) {
      await invoke(service, 'SetSubnets', { LoadBalancerArn: physicalId, Subnets, SubnetMappings });
    }
    if (SecurityGroups && JSON.stringify(SecurityGroups) !== JSON.stringify(previous.SecurityGroups)) {
      await invoke(service, 'SetSecurityGroups', { LoadBalancerArn: physicalId, SecurityGroups });
    }
    await setAttributes(
      request,
      'ModifyLoadBalancerAttributes',
      'LoadBalancerArn',
      physicalId,
      properties.LoadBalancerAttributes,
    );
    await retag(request, physicalId, previous.Tags, properties.Tags);
    const view = await describeBalancer(request, physicalId);
    if (!view) throw new Error(`Load balancer ${physicalId} is gone`);
    return balancerResult(view);
  },
  replaces: (before, after) => (before.IpAddressType ?? 'ipv4') !== (after.IpAddressType ?? 'ipv4'),
  async delete({ physicalId, invoke }) {
    await invoke(service, 'DeleteLoadBalancer', { LoadBalancerArn: physicalId });
  },
});

async function setAttributes(
  request: ResourceRequest<unknown>,
  operation: string,
  member: string,
  arn: string,
  attributes: readonly Attribute[] | undefined,
): Promise<void> {
  if (!attributes?.length) return;
  const Attributes = attributes.map(({ Key, Value }) => ({ Key, Value: String(Value) }));
  await request.invoke(service, operation, { [member]: arn, Attributes });
}

async function retag(
  request: ResourceRequest<unknown>,
  arn: string,
  before: readonly Tag[] | undefined,
  after: readonly Tag[] | undefined,
): Promise<void> {
  const gone = (before ?? []).flatMap(({ Key }) => (after?.some((tag) => tag.Key === Key) ? [] : [Key]));
  if (gone.length > 0) await request.invoke(service, 'RemoveTags', { ResourceArns: [arn], TagKeys: gone });
  if (after?.length) await request.invoke(service, 'AddTags', { ResourceArns: [arn], Tags: after });
}

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

interface ActionProperties {
  readonly Type: string;
  readonly TargetGroupArn?: string;
  readonly Order?: number;
  readonly ForwardConfig?: {
    readonly TargetGroups?: readonly { readonly TargetGroupArn: string; readonly Weight?: number }[];
  };
  readonly RedirectConfig?: Readonly<Record<string, string>>;
  readonly FixedResponseConfig?: Readonly<Record<string, string>>;
}

const actionPaths = (prefix: string) =>
  ['Type', 'TargetGroupArn', 'Order', 'ForwardConfig.TargetGroups', 'RedirectConfig', 'FixedResponseConfig'].map(
    (path) => `${prefix}[].${path}`,
  );

function actionInput(actions: readonly ActionProperties[]): object[] {
  return actions.map(({ Type, TargetGroupArn, Order, ForwardConfig, RedirectConfig, FixedResponseConfig }) => ({
    Type,
    TargetGroupArn,
    Order: Order === undefined ? undefined : Number(Order),
    ...(ForwardConfig
      ? {
          ForwardConfig: {
            TargetGroups: ForwardConfig.TargetGroups?.map((group) => ({
              TargetGroupArn: group.TargetGroupArn,
              Weight: group.Weight === undefined ? undefined : Number(group.Weight),
            })),
          },
        }
      : {}),
    ...(RedirectConfig ? { RedirectConfig } : {}),
    ...(FixedResponseConfig ? { FixedResponseConfig } : {}),
  }));
}

interface ListenerProperties {
  readonly LoadBalancerArn: string;
  readonly Port: number;
  readonly Protocol: string;
  readonly SslPolicy?: string;
  readonly Certificates?: readonly { readonly CertificateArn: string }[];
  readonly DefaultActions: readonly ActionProperties[];
}

interface ListenerView {
  readonly ListenerArn: string;
  readonly Port: number;
}

function listenerInput({ Port, Protocol, SslPolicy, Certificates, DefaultActions }: ListenerProperties): object {
  return { Port: Number(Port), Protocol, SslPolicy, Certificates, DefaultActions: actionInput(DefaultActions) };
}

export const listener = resourceType<ListenerProperties>({
  honours: [
    'LoadBalancerArn',
    'Port',
    'Protocol',
    'SslPolicy',
    'Certificates[].CertificateArn',
    ...actionPaths('DefaultActions'),
  ],
  async create({ properties, invoke, stackTags }) {
    const { LoadBalancerArn } = properties;
    const { Listeners } = await adopt<{ Listeners: ListenerView[] }>(
      () => invoke(service, 'CreateListener', { LoadBalancerArn, ...listenerInput(properties), Tags: stackTags }),
      'DuplicateListener',
      async () => {
        const found = await invoke<{ Listeners: (ListenerView & { Port: number })[] }>(service, 'DescribeListeners', {
          LoadBalancerArn,
        });
        const own = found.Listeners.filter(({ Port }) => Port === Number(properties.Port));
        const tags = await invoke<{ TagDescriptions: { Tags: Tag[] }[] }>(service, 'DescribeTags', {
          ResourceArns: own.map(({ ListenerArn }) => ListenerArn),
        });
        const mine = stackTags.every((tag) =>
          tags.TagDescriptions[0]?.Tags.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value),
        );
        if (!mine)
          throw new Fault('DuplicateListener', 'A listener already exists on this port for this load balancer');
        return { Listeners: own };
      },
    );
    const arn = Listeners[0]?.ListenerArn ?? '';
    return { physicalId: arn, attributes: { ListenerArn: arn } };
  },
  async update({ properties, physicalId, invoke }) {
    await invoke(service, 'ModifyListener', { ListenerArn: physicalId, ...listenerInput(properties) });
    return { physicalId, attributes: { ListenerArn: physicalId } };
  },
  delete: ({ physicalId, invoke }) =>
    unlessGone(['ListenerNotFound'], () => invoke(service, 'DeleteListener', { ListenerArn: physicalId })),
});

interface RuleProperties {
  readonly ListenerArn: string;
  readonly Priority: number;
  readonly Conditions: readonly object[];
  readonly Actions: readonly ActionProperties[];
}

export const listenerRule = resourceType<RuleProperties>({
  honours: [
    'ListenerArn',
    'Priority',
    ...[
      'Field',
      'Values',
      'HostHeaderConfig',
      'PathPatternConfig',
      'HttpHeaderConfig',
      'HttpRequestMethodConfig',
      'SourceIpConfig',
      'QueryStringConfig',
    ].map((path) => `Conditions[].${path}`),
    ...actionPaths('Actions'),
  ],
  async create({ properties, invoke, stackTags }) {
    const { ListenerArn, Priority, Conditions, Actions } = properties;
    const { Rules } = await invoke<{ Rules: { RuleArn: string }[] }>(service, 'CreateRule', {
      ListenerArn,
      Priority: Number(Priority),
      Conditions,
      Actions: actionInput(Actions),
      Tags: stackTags,
    });
    const arn = Rules[0]?.RuleArn ?? '';
    return { physicalId: arn, attributes: { RuleArn: arn, IsDefault: false } };
  },
  async update({ properties, previous, physicalId, invoke }) {
    await invoke(service, 'ModifyRule', {
      RuleArn: physicalId,
      Conditions: properties.Conditions,
      Actions: actionInput(properties.Actions),
    });
    if (Number(properties.Priority) !== Number(previous.Priority)) {
      await invoke(service, 'SetRulePriorities', {
        RulePriorities: [{ RuleArn: physicalId, Priority: Number(properties.Priority) }],
      });
    }
    return { physicalId, attributes: { RuleArn: physicalId, IsDefault: false } };
  },
  delete: ({ physicalId, invoke }) =>
    unlessGone(['RuleNotFound'], () => invoke(service, 'DeleteRule', { RuleArn: physicalId })),
});
