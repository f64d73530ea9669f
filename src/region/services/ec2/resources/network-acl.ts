/** `AWS::EC2::NetworkAcl` and `AWS::EC2::NetworkAclEntry`. */
import type { CreateNetworkAclResult } from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { booleanOf, goneCodes, numberOf, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface AclProperties {
  readonly VpcId: string;
  readonly Tags?: readonly TagProperty[];
}

export const networkAcl = resourceType<AclProperties>({
  honours: ['VpcId', 'Tags'],
  async create(request) {
    const { NetworkAcl } = await request.invoke<CreateNetworkAclResult>('ec2', 'CreateNetworkAcl', {
      VpcId: request.properties.VpcId,
      TagSpecifications: tagSpecification(request, 'network-acl', request.properties.Tags),
      ClientToken: request.name(64),
    });
    const id = NetworkAcl?.NetworkAclId ?? '';
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteNetworkAcl', { NetworkAclId: request.physicalId })),
});

interface EntryProperties {
  readonly NetworkAclId: string;
  readonly RuleNumber: unknown;
  readonly Protocol: unknown;
  readonly RuleAction: string;
  readonly Egress?: unknown;
  readonly CidrBlock?: string;
  readonly Ipv6CidrBlock?: string;
  readonly PortRange?: { readonly From?: unknown; readonly To?: unknown };
  readonly Icmp?: { readonly Type?: unknown; readonly Code?: unknown };
}

/** Entries have no id on AWS: `Ref` is a name that CloudFormation makes. */
export const networkAclEntry = resourceType<EntryProperties>({
  honours: [
    'NetworkAclId',
    'RuleNumber',
    'Protocol',
    'RuleAction',
    'Egress',
    'CidrBlock',
    'Ipv6CidrBlock',
    'PortRange',
    'Icmp',
  ],
  async create(request) {
    await request.invoke('ec2', 'CreateNetworkAclEntry', { ...entryOf(request), ClientToken: request.name(64) });
    const id = request.name(64);
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request) {
    await request.invoke('ec2', 'ReplaceNetworkAclEntry', entryOf(request));
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  delete: (request) => unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteNetworkAclEntry', placeOf(request))),
});

function placeOf({ properties }: ResourceRequest<EntryProperties>) {
  return {
    NetworkAclId: properties.NetworkAclId,
    RuleNumber: numberOf(properties.RuleNumber),
    Egress: booleanOf(properties.Egress) ?? false,
  };
}

function entryOf(request: ResourceRequest<EntryProperties>) {
  const { Protocol, RuleAction, CidrBlock, Ipv6CidrBlock, PortRange, Icmp } = request.properties;
  return {
    ...placeOf(request),
    Protocol: String(Protocol),
    RuleAction,
    CidrBlock,
    Ipv6CidrBlock,
    ...(PortRange ? { PortRange: { From: numberOf(PortRange.From), To: numberOf(PortRange.To) } } : {}),
    ...(Icmp ? { IcmpTypeCode: { Type: numberOf(Icmp.Type), Code: numberOf(Icmp.Code) } } : {}),
  };
}
