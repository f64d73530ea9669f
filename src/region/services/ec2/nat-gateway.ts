/** NAT gateways: an interface in a subnet that becomes available, or fails, some time after the request. */
import type {
  CreateNatGatewayRequest,
  CreateNatGatewayResult,
  DeleteNatGatewayRequest,
  DeleteNatGatewayResult,
  DescribeNatGatewaysRequest,
  DescribeNatGatewaysResult,
  NatGateway,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { associate } from './elastic-ip.ts';
import { invalidValue, missing, needAddress, needNatGateway, needSubnet, refuseMembers } from './faults.ts';
import { once } from './idempotency.ts';
import { delaysMs, limits } from './limits.ts';
import { makeInterface, removeInterface, requesterAttachment } from './network-interface.ts';
import { addresses, internetGateways, type NatGatewayRecord, natGateways, subnets } from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function createNatGateway(input: CreateNatGatewayRequest, call: Call): CreateNatGatewayResult {
  refuseMembers(input, [
    'SecondaryAllocationIds',
    'SecondaryPrivateIpAddresses',
    'SecondaryPrivateIpAddressCount',
    'AvailabilityZoneAddresses',
  ]);
  if (input.AvailabilityMode !== undefined && input.AvailabilityMode !== 'zonal')
    refuseMembers(input, ['AvailabilityMode']);
  refuseMembers(input, ['VpcId']);
  if (!input.SubnetId) throw missing('subnetId');
  const subnet = needSubnet(call, input.SubnetId);
  const connectivity = input.ConnectivityType ?? 'public';
  if (connectivity !== 'public' && connectivity !== 'private') {
    throw invalidValue(connectivity, 'connectivityType', 'Valid values are public, private.');
  }
  if (connectivity === 'public' && !input.AllocationId) throw missing('AllocationId');
  if (connectivity === 'private' && input.AllocationId) {
    throw new Fault('InvalidParameter', 'AllocationId cannot be specified for a private NAT gateway');
  }
  if (input.AllocationId) needAddress(call, input.AllocationId);
  const tags = specifiedTags(call, input.TagSpecifications, 'natgateway');
  const [id] = once(call, input, isAlive(call), () => {
    const inZone = [...natGateways(call).values()].filter(
      (nat) => subnets(call).get(nat.subnetId)?.zone === subnet.zone && ['pending', 'available'].includes(nat.state),
    );
    if (inZone.length >= limits.natGatewaysPerZone) {
      throw new Fault(
        'NatGatewayLimitExceeded',
        `Performing this operation would exceed the limit of ${limits.natGatewaysPerZone} NAT gateways`,
      );
    }
    const natGatewayId = `nat-${call.random.hex(17)}`;
    const made = makeInterface(call, {
      subnet,
      description: `Interface for NAT Gateway ${natGatewayId}`,
      interfaceType: 'nat_gateway',
      groupIds: [],
      privateIp: input.PrivateIpAddress,
      sourceDestCheck: false,
      requesterId: 'amazon-vpc',
      owner: natGatewayId,
      attachment: requesterAttachment(call, 'amazon-aws'),
    });
    natGateways(call).put(natGatewayId, {
      natGatewayId,
      vpcId: subnet.vpcId,
      subnetId: subnet.subnetId,
      connectivity,
      state: 'pending',
      allocationId: input.AllocationId,
      networkInterfaceId: made.networkInterfaceId,
      privateIp: made.privateIps[0],
      createdMs: call.clock.now(),
    });
    putTags(call, natGatewayId, 'natgateway', tags);
    scheduleNatGateway(call, natGatewayId);
    return [natGatewayId];
  });
  return { ClientToken: input.ClientToken, NatGateway: render(call, needNatGateway(call, id)) };
}

function isAlive(scope: Scope): (id: string) => boolean {
  return (id) => ['pending', 'available'].includes(natGateways(scope).get(id)?.state ?? '');
}

/** Takes up a gateway where it stands: also after a restart. */
export function scheduleNatGateway(scope: Scope, id: string): void {
  const { clock } = scope;
  const record = natGateways(scope).get(id);
  if (record?.state === 'pending') clock.after(delaysMs.natGatewayAvailable, () => settle(scope, id));
  else if (record?.state === 'deleting') clock.after(delaysMs.natGatewayDeleted, () => finish(scope, id));
  else if (record?.state === 'deleted' || record?.state === 'failed') {
    const since = record.deletedMs ?? record.createdMs;
    clock.after(since + delaysMs.forgetAfter - clock.now(), () => forget(scope, id));
  }
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html */
function settle(scope: Scope, id: string): void {
  const record = natGateways(scope).get(id);
  if (record?.state !== 'pending') return;
  const failure = failureOf(scope, record);
  if (failure) {
    if (record.networkInterfaceId) removeInterface(scope, record.networkInterfaceId);
    natGateways(scope).put(id, {
      ...record,
      state: 'failed',
      failure,
      deletedMs: scope.clock.now(),
      networkInterfaceId: undefined,
    });
    scope.note({ source: 'ec2', kind: 'nat-failed', text: `${id} failed: ${failure.message}`, data: { id } });
    scheduleNatGateway(scope, id);
    return;
  }
  const address = record.allocationId ? addresses(scope).get(record.allocationId) : undefined;
  const holder = record.networkInterfaceId
    ? scope.table<Parameters<typeof associate>[2]>('ec2/network-interfaces').get(record.networkInterfaceId)
    : undefined;
  const associationId = address && holder ? associate(scope, address, holder) : undefined;
  natGateways(scope).put(id, { ...record, state: 'available', associationId, publicIp: address?.publicIp });
}

function failureOf(scope: Scope, record: NatGatewayRecord): NatGatewayRecord['failure'] {
  if (record.connectivity === 'private') return undefined;
  if (![...internetGateways(scope).values()].some((gateway) => gateway.vpcId === record.vpcId)) {
    return {
      code: 'Gateway.NotAttached',
      message: `Network ${record.vpcId} has no Internet gateway attached`,
    };
  }
  const address = record.allocationId ? addresses(scope).get(record.allocationId) : undefined;
  if (!address) {
    return {
      code: 'InvalidAllocationID.NotFound',
      message: `Elastic IP address ${record.allocationId} could not be associated with this NAT gateway`,
    };
  }
  if (address.association) {
    return {
      code: 'Resource.AlreadyAssociated',
      message: `Elastic IP address ${record.allocationId} is already associated`,
    };
  }
  return undefined;
}

export function deleteNatGateway(input: DeleteNatGatewayRequest, call: Call): DeleteNatGatewayResult {
  const record = needNatGateway(call, input.NatGatewayId);
  if (record.state === 'deleted' || record.state === 'deleting') return { NatGatewayId: record.natGatewayId };
  natGateways(call).put(record.natGatewayId, { ...record, state: 'deleting', deletedMs: call.clock.now() });
  scheduleNatGateway(call, record.natGatewayId);
  return { NatGatewayId: record.natGatewayId };
}

function finish(scope: Scope, id: string): void {
  const record = natGateways(scope).get(id);
  if (record?.state !== 'deleting') return;
  // The interface goes, and with it the association: the Elastic IP address stays allocated.
  if (record.networkInterfaceId) removeInterface(scope, record.networkInterfaceId);
  natGateways(scope).put(id, { ...record, state: 'deleted', deletedMs: scope.clock.now() });
  scheduleNatGateway(scope, id);
}

function forget(scope: Scope, id: string): void {
  natGateways(scope).delete(id);
  forgetTags(scope, id);
}

const fields: FilterFields<NatGatewayRecord> = {
  'nat-gateway-id': (nat) => nat.natGatewayId,
  state: (nat) => nat.state,
  'subnet-id': (nat) => nat.subnetId,
  'vpc-id': (nat) => nat.vpcId,
};

export function describeNatGateways(input: DescribeNatGatewaysRequest, call: Call): DescribeNatGatewaysResult {
  const { records, NextToken } = select(
    call,
    { ...input, Filters: input.Filter },
    {
      table: natGateways(call),
      id: (nat) => nat.natGatewayId,
      fields,
      ids: input.NatGatewayIds,
      need: needNatGateway,
      pageSize: { min: 5, max: 1000 },
    },
  );
  return { NatGateways: records.map((nat) => render(call, nat)), NextToken };
}

function render(scope: Scope, nat: NatGatewayRecord): NatGateway {
  return {
    NatGatewayId: nat.natGatewayId,
    VpcId: nat.vpcId,
    SubnetId: nat.subnetId,
    State: nat.state,
    ConnectivityType: nat.connectivity,
    AvailabilityMode: 'zonal',
    CreateTime: new Date(nat.createdMs),
    ...(nat.deletedMs === undefined ? {} : { DeleteTime: new Date(nat.deletedMs) }),
    ...(nat.failure ? { FailureCode: nat.failure.code, FailureMessage: nat.failure.message } : {}),
    NatGatewayAddresses: [
      {
        AllocationId: nat.allocationId,
        AssociationId: nat.associationId,
        IsPrimary: true,
        NetworkInterfaceId: nat.networkInterfaceId,
        PrivateIp: nat.privateIp,
        PublicIp: nat.publicIp,
        Status: nat.state === 'failed' ? 'failed' : 'succeeded',
        ...(nat.failure ? { FailureMessage: nat.failure.message } : {}),
      },
    ],
    Tags: tagList(scope, nat.natGatewayId),
  };
}
