/** Internet gateways, and egress-only ones for IPv6. */
import type {
  AttachInternetGatewayRequest,
  CreateEgressOnlyInternetGatewayRequest,
  CreateEgressOnlyInternetGatewayResult,
  CreateInternetGatewayRequest,
  CreateInternetGatewayResult,
  DeleteEgressOnlyInternetGatewayRequest,
  DeleteEgressOnlyInternetGatewayResult,
  DeleteInternetGatewayRequest,
  DescribeEgressOnlyInternetGatewaysRequest,
  DescribeEgressOnlyInternetGatewaysResult,
  DescribeInternetGatewaysRequest,
  DescribeInternetGatewaysResult,
  DetachInternetGatewayRequest,
  EgressOnlyInternetGateway,
  InternetGateway,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, needEgressOnlyGateway, needInternetGateway, needVpc } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import {
  addresses,
  type EgressOnlyGatewayRecord,
  egressOnlyGateways,
  type InternetGatewayRecord,
  interfaces,
  internetGateways,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function createInternetGateway(
  input: CreateInternetGatewayRequest & Repeatable,
  call: Call,
): CreateInternetGatewayResult {
  const given = specifiedTags(call, input.TagSpecifications, 'internet-gateway');
  const [id] = once(
    call,
    input,
    (one) => internetGateways(call).has(one),
    () => {
      if (internetGateways(call).size >= limits.internetGateways) {
        throw new Fault('InternetGatewayLimitExceeded', 'The maximum number of internet gateways has been reached.');
      }
      const internetGatewayId = `igw-${call.random.hex(17)}`;
      internetGateways(call).put(internetGatewayId, { internetGatewayId });
      putTags(call, internetGatewayId, 'internet-gateway', given);
      return [internetGatewayId];
    },
  );
  return { InternetGateway: render(call, needInternetGateway(call, id)) };
}

const fields: FilterFields<InternetGatewayRecord> = {
  'attachment.state': (gateway) => (gateway.vpcId ? 'available' : undefined),
  'attachment.vpc-id': (gateway) => gateway.vpcId,
  'internet-gateway-id': (gateway) => gateway.internetGatewayId,
};

export function describeInternetGateways(
  input: DescribeInternetGatewaysRequest,
  call: Call,
): DescribeInternetGatewaysResult {
  const { records, NextToken } = select(call, input, {
    table: internetGateways(call),
    id: (gateway) => gateway.internetGatewayId,
    fields: { ...fields, 'owner-id': () => call.account },
    ids: input.InternetGatewayIds,
    need: needInternetGateway,
    pageSize: { min: 5, max: 1000 },
  });
  return { InternetGateways: records.map((gateway) => render(call, gateway)), NextToken };
}

function render(scope: Scope, gateway: InternetGatewayRecord): InternetGateway {
  return {
    InternetGatewayId: gateway.internetGatewayId,
    OwnerId: scope.account,
    // The attachment's state is said as `available` in answers, not `attached` as for other gateways.
    Attachments: gateway.vpcId ? [{ State: 'available' as never, VpcId: gateway.vpcId }] : [],
    Tags: tagList(scope, gateway.internetGatewayId),
  };
}

export function attachInternetGateway(input: AttachInternetGatewayRequest, call: Call): object {
  const gateway = needInternetGateway(call, input.InternetGatewayId);
  const { vpcId } = needVpc(call, input.VpcId);
  if (gateway.vpcId) {
    throw new Fault(
      'Resource.AlreadyAssociated',
      `resource ${gateway.internetGatewayId} is already attached to network ${gateway.vpcId}`,
    );
  }
  if ([...internetGateways(call).values()].some((other) => other.vpcId === vpcId)) {
    throw new Fault('InvalidParameterValue', `Network ${vpcId} already has an internet gateway attached`);
  }
  internetGateways(call).put(gateway.internetGatewayId, { ...gateway, vpcId });
  return {};
}

export function detachInternetGateway(input: DetachInternetGatewayRequest, call: Call): object {
  const gateway = needInternetGateway(call, input.InternetGatewayId);
  const { vpcId } = needVpc(call, input.VpcId);
  if (gateway.vpcId !== vpcId) {
    throw new Fault('Gateway.NotAttached', `resource ${gateway.internetGatewayId} is not attached to network ${vpcId}`);
  }
  const mapped = new Set<string>();
  for (const address of addresses(call).values()) {
    if (address.association) mapped.add(address.association.networkInterfaceId);
  }
  const inUse = [...interfaces(call).values()].some(
    (one) => one.vpcId === vpcId && (one.autoPublicIp !== undefined || mapped.has(one.networkInterfaceId)),
  );
  if (inUse) {
    throw dependencyViolation(
      `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
  }
  internetGateways(call).put(gateway.internetGatewayId, { internetGatewayId: gateway.internetGatewayId });
  return {};
}

export function deleteInternetGateway(input: DeleteInternetGatewayRequest, call: Call): object {
  const gateway = needInternetGateway(call, input.InternetGatewayId);
  if (gateway.vpcId) {
    throw dependencyViolation(
      `The internetGateway '${gateway.internetGatewayId}' has dependencies and cannot be deleted.`,
    );
  }
  internetGateways(call).delete(gateway.internetGatewayId);
  forgetTags(call, gateway.internetGatewayId);
  return {};
}

export function createEgressOnlyInternetGateway(
  input: CreateEgressOnlyInternetGatewayRequest,
  call: Call,
): CreateEgressOnlyInternetGatewayResult {
  const { vpcId } = needVpc(call, input.VpcId);
  const given = specifiedTags(call, input.TagSpecifications, 'egress-only-internet-gateway');
  const [id] = once(
    call,
    input,
    (one) => egressOnlyGateways(call).has(one),
    () => {
      if (egressOnlyGateways(call).size >= limits.egressOnlyGateways) {
        throw new Fault(
          'EgressOnlyInternetGatewayLimitExceeded',
          'The maximum number of egress-only internet gateways has been reached.',
        );
      }
      const egressOnlyInternetGatewayId = `eigw-${call.random.hex(17)}`;
      egressOnlyGateways(call).put(egressOnlyInternetGatewayId, { egressOnlyInternetGatewayId, vpcId });
      putTags(call, egressOnlyInternetGatewayId, 'egress-only-internet-gateway', given);
      return [egressOnlyInternetGatewayId];
    },
  );
  return {
    ClientToken: input.ClientToken,
    EgressOnlyInternetGateway: renderEgressOnly(call, needEgressOnlyGateway(call, id)),
  };
}

function renderEgressOnly(scope: Scope, gateway: EgressOnlyGatewayRecord): EgressOnlyInternetGateway {
  return {
    EgressOnlyInternetGatewayId: gateway.egressOnlyInternetGatewayId,
    Attachments: [{ State: 'attached', VpcId: gateway.vpcId }],
    Tags: tagList(scope, gateway.egressOnlyInternetGatewayId),
  };
}

export function describeEgressOnlyInternetGateways(
  input: DescribeEgressOnlyInternetGatewaysRequest,
  call: Call,
): DescribeEgressOnlyInternetGatewaysResult {
  const { records, NextToken } = select(call, input, {
    table: egressOnlyGateways(call),
    id: (gateway) => gateway.egressOnlyInternetGatewayId,
    fields: {},
    ids: input.EgressOnlyInternetGatewayIds,
    need: needEgressOnlyGateway,
    pageSize: { min: 5, max: 255 },
  });
  return { EgressOnlyInternetGateways: records.map((gateway) => renderEgressOnly(call, gateway)), NextToken };
}

export function deleteEgressOnlyInternetGateway(
  input: DeleteEgressOnlyInternetGatewayRequest,
  call: Call,
): DeleteEgressOnlyInternetGatewayResult {
  const gateway = needEgressOnlyGateway(call, input.EgressOnlyInternetGatewayId);
  egressOnlyGateways(call).delete(gateway.egressOnlyInternetGatewayId);
  forgetTags(call, gateway.egressOnlyInternetGatewayId);
  return { ReturnCode: true };
}
