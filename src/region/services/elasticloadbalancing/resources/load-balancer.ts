import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import type { Tag } from '../../tags.ts';
import { type Attribute, adopt, nameLength, retag, service, setAttributes, tagsOf } from './parts.ts';

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
