/** Elastic IP addresses. */
import type {
  Address,
  AllocateAddressRequest,
  AllocateAddressResult,
  AssociateAddressRequest,
  AssociateAddressResult,
  DescribeAddressesRequest,
  DescribeAddressesResult,
  DisassociateAddressRequest,
  ReleaseAddressRequest,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { publicAddress } from './address-book.ts';
import { type FilterFields, select } from './describe.ts';
import { invalidValue, missing, needAddress, needInterface, notModelled, refuseMembers } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { primaryInterfaceOf } from './instance-state.ts';
import { limits } from './limits.ts';
import { type AddressRecord, addresses, type InterfaceRecord, interfaces, internetGateways } from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function allocateAddress(input: AllocateAddressRequest & Repeatable, call: Call): AllocateAddressResult {
  refuseMembers(input, ['Address', 'CustomerOwnedIpv4Pool', 'IpamPoolId']);
  if (input.Domain !== undefined && input.Domain !== 'vpc') {
    throw invalidValue(input.Domain, 'domain', 'Only vpc is supported.');
  }
  if (input.PublicIpv4Pool !== undefined && input.PublicIpv4Pool !== 'amazon') {
    throw notModelled(`The address pool ${input.PublicIpv4Pool}`);
  }
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== call.region) {
    throw notModelled(`The network border group ${input.NetworkBorderGroup}`);
  }
  const given = specifiedTags(call, input.TagSpecifications, 'elastic-ip');
  const managedBy = call.caller.kind === 'service' ? call.caller.service : undefined;
  const [id] = once(
    call,
    input,
    (one) => addresses(call).has(one),
    () => {
      const own = [...addresses(call).values()].filter((one) => one.managedBy === undefined);
      if (managedBy === undefined && own.length >= limits.addresses) {
        throw new Fault('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
      }
      const allocationId = `eipalloc-${call.random.hex(17)}`;
      addresses(call).put(allocationId, { allocationId, publicIp: publicAddress(call), managedBy });
      putTags(call, allocationId, 'elastic-ip', given);
      return [allocationId];
    },
  );
  const record = needAddress(call, id);
  return {
    AllocationId: record.allocationId,
    PublicIp: record.publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: call.region,
  };
}

/** By allocation id or, as older clients do, by the address itself. */
function addressFrom(
  scope: Scope,
  input: { AllocationId?: string | undefined; PublicIp?: string | undefined },
): AddressRecord {
  if (input.AllocationId) return needAddress(scope, input.AllocationId);
  if (!input.PublicIp) throw missing('AllocationId');
  for (const record of addresses(scope).values()) if (record.publicIp === input.PublicIp) return record;
  throw new Fault('InvalidAddress.NotFound', `Address '${input.PublicIp}' not found.`);
}

export function associateAddress(input: AssociateAddressRequest, call: Call): AssociateAddressResult {
  const address = addressFrom(call, input);
  const target = targetInterface(call, input);
  const privateIp = input.PrivateIpAddress ?? target.privateIps[0] ?? '';
  if (!target.privateIps.includes(privateIp)) {
    throw new Fault(
      'InvalidParameterValue',
      `The private IP address ${privateIp} is not assigned to the network interface ${target.networkInterfaceId}`,
    );
  }
  if (privateIp !== target.privateIps[0]) throw notModelled('An Elastic IP address on a secondary private address');
  if (![...internetGateways(call).values()].some((gateway) => gateway.vpcId === target.vpcId)) {
    throw new Fault('Gateway.NotAttached', `Network ${target.vpcId} is not attached to any internet gateway`);
  }
  const other = [...addresses(call).values()].find(
    (one) => one.association?.networkInterfaceId === target.networkInterfaceId,
  );
  if (address.association?.networkInterfaceId === target.networkInterfaceId) {
    return { AssociationId: address.association.associationId };
  }
  if (address.association && input.AllowReassociation === false) {
    throw new Fault(
      'Resource.AlreadyAssociated',
      `resource ${address.allocationId} is already associated with associate-id ${address.association.associationId}`,
    );
  }
  if (other) {
    if (input.AllowReassociation === false) {
      throw new Fault(
        'Resource.AlreadyAssociated',
        `resource ${target.networkInterfaceId} is already associated with associate-id ${other.association?.associationId}`,
      );
    }
    addresses(call).put(other.allocationId, { ...other, association: undefined });
  }
  const associationId = associate(call, address, target);
  return { AssociationId: associationId };
}

/** The address that the interface had before goes back to Amazon's pool. */
export function associate(scope: Scope, address: AddressRecord, target: InterfaceRecord): string {
  const associationId = `eipassoc-${scope.random.hex(17)}`;
  addresses(scope).put(address.allocationId, {
    ...address,
    association: {
      associationId,
      networkInterfaceId: target.networkInterfaceId,
      privateIp: target.privateIps[0] ?? '',
      instanceId: target.attachment?.instanceId,
    },
  });
  if (target.autoPublicIp !== undefined) {
    interfaces(scope).put(target.networkInterfaceId, { ...target, autoPublicIp: undefined });
  }
  return associationId;
}

function targetInterface(call: Call, input: AssociateAddressRequest): InterfaceRecord {
  if (input.NetworkInterfaceId) return needInterface(call, input.NetworkInterfaceId);
  if (!input.InstanceId) {
    throw new Fault('MissingParameter', 'Either instance ID or network interface id must be specified');
  }
  return primaryInterfaceOf(call, input.InstanceId);
}

export function disassociateAddress(input: DisassociateAddressRequest, call: Call): object {
  const record = input.AssociationId
    ? [...addresses(call).values()].find((one) => one.association?.associationId === input.AssociationId)
    : addressFrom(call, input);
  if (!record) {
    throw new Fault(
      'InvalidAssociationID.NotFound',
      `The association ID '${input.AssociationId ?? ''}' does not exist`,
    );
  }
  const { association } = record;
  if (!association) return {};
  const holder = interfaces(call).get(association.networkInterfaceId);
  if (holder?.interfaceType === 'nat_gateway') {
    throw new Fault('AuthFailure', `You do not have permission to access the specified resource.`, { status: 403 });
  }
  addresses(call).put(record.allocationId, { ...record, association: undefined });
  return {};
}

export function releaseAddress(input: ReleaseAddressRequest, call: Call): object {
  const record = addressFrom(call, input);
  if (record.association) {
    throw new Fault('InvalidIPAddress.InUse', `Address ${record.publicIp} is in use.`);
  }
  addresses(call).delete(record.allocationId);
  forgetTags(call, record.allocationId);
  return {};
}

const fields: FilterFields<AddressRecord> = {
  'allocation-id': (one) => one.allocationId,
  'association-id': (one) => one.association?.associationId,
  domain: () => 'vpc',
  'instance-id': (one) => one.association?.instanceId,
  'network-interface-id': (one) => one.association?.networkInterfaceId,
  'private-ip-address': (one) => one.association?.privateIp,
  'public-ip': (one) => one.publicIp,
};

export function describeAddresses(input: DescribeAddressesRequest, call: Call): DescribeAddressesResult {
  const asked = [
    ...(input.AllocationIds ?? []).map((AllocationId) => addressFrom(call, { AllocationId })),
    ...(input.PublicIps ?? []).map((PublicIp) => addressFrom(call, { PublicIp })),
  ];
  const { records } = select(call, input, {
    table: (asked.length > 0 ? asked : [...addresses(call).values()]).filter(
      (one) => one.managedBy === undefined || call.caller.kind === 'service',
    ),
    id: (one) => one.allocationId,
    fields: {
      ...fields,
      'network-border-group': () => call.region,
      'network-interface-owner-id': (one) => (one.association ? call.account : undefined),
    },
    pageSize: { min: 1, max: Number.MAX_SAFE_INTEGER },
  });
  return { Addresses: records.map((one) => render(call, one)) };
}

function render(scope: Scope, record: AddressRecord): Address {
  const { association } = record;
  return {
    AllocationId: record.allocationId,
    PublicIp: record.publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: scope.region,
    ...(association
      ? {
          AssociationId: association.associationId,
          InstanceId: association.instanceId ?? '',
          NetworkInterfaceId: association.networkInterfaceId,
          NetworkInterfaceOwnerId: scope.account,
          PrivateIpAddress: association.privateIp,
        }
      : {}),
    Tags: tagList(scope, record.allocationId),
  };
}
