/** Route tables and which subnets use them. */
import type {
  AssociateRouteTableRequest,
  AssociateRouteTableResult,
  CreateRouteTableRequest,
  CreateRouteTableResult,
  DeleteRouteTableRequest,
  DescribeRouteTablesRequest,
  DescribeRouteTablesResult,
  DisassociateRouteTableRequest,
  ReplaceRouteTableAssociationRequest,
  ReplaceRouteTableAssociationResult,
  RouteTable,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import {
  dependencyViolation,
  needRouteTable,
  needRouteTableAssociation,
  needSubnet,
  needVpc,
  refuseMembers,
} from './faults.ts';
import { grouped } from './grouped.ts';
import { once } from './idempotency.ts';
import { limits } from './limits.ts';
import { renderRoutes } from './route.ts';
import {
  endpoints,
  type RouteTableAssociationRecord,
  type RouteTableRecord,
  routeTableAssociations,
  routeTables,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function createRouteTable(input: CreateRouteTableRequest, call: Call): CreateRouteTableResult {
  const { vpcId } = needVpc(call, input.VpcId);
  const given = specifiedTags(call, input.TagSpecifications, 'route-table');
  const [id] = once(
    call,
    input,
    (one) => routeTables(call).has(one),
    () => {
      if ([...routeTables(call).values()].filter((table) => table.vpcId === vpcId).length >= limits.routeTablesPerVpc) {
        throw new Fault('RouteTableLimitExceeded', 'The maximum number of route tables has been reached.');
      }
      const routeTableId = `rtb-${call.random.hex(17)}`;
      routeTables(call).put(routeTableId, { routeTableId, vpcId, routes: [] });
      putTags(call, routeTableId, 'route-table', given);
      return [routeTableId];
    },
  );
  return {
    RouteTable: render(call, needRouteTable(call, id)),
    ...(input.ClientToken ? { ClientToken: input.ClientToken } : {}),
  };
}

/** Associations by table, made once for each Describe call. */
function associationsOf(scope: Scope): (routeTableId: string) => readonly RouteTableAssociationRecord[] {
  const byTable = grouped(routeTableAssociations(scope).values(), (one) => one.routeTableId);
  return (id) => byTable.get(id) ?? [];
}

function fieldsOf(scope: Scope): FilterFields<RouteTableRecord> {
  const associations = associationsOf(scope);
  const routes = (table: RouteTableRecord) => renderRoutes(scope, table);
  return {
    'association.gateway-id': () => undefined,
    'association.main': (table) => associations(table.routeTableId).map((one) => one.main),
    'association.route-table-association-id': (table) =>
      associations(table.routeTableId).map((one) => one.associationId),
    'association.route-table-id': (table) => associations(table.routeTableId).map((one) => one.routeTableId),
    'association.subnet-id': (table) => associations(table.routeTableId).map((one) => one.subnetId),
    'owner-id': () => scope.account,
    'route-table-id': (table) => table.routeTableId,
    'route.destination-cidr-block': (table) => routes(table).map((route) => route.DestinationCidrBlock),
    'route.destination-ipv6-cidr-block': (table) => routes(table).map((route) => route.DestinationIpv6CidrBlock),
    'route.destination-prefix-list-id': (table) => routes(table).map((route) => route.DestinationPrefixListId),
    'route.egress-only-internet-gateway-id': (table) => routes(table).map((route) => route.EgressOnlyInternetGatewayId),
    'route.gateway-id': (table) => routes(table).map((route) => route.GatewayId),
    'route.instance-id': (table) => routes(table).map((route) => route.InstanceId),
    'route.nat-gateway-id': (table) => routes(table).map((route) => route.NatGatewayId),
    'route.origin': (table) => routes(table).map((route) => route.Origin),
    'route.state': (table) => routes(table).map((route) => route.State),
    'route.transit-gateway-id': (table) => routes(table).map((route) => route.TransitGatewayId),
    'route.vpc-peering-connection-id': (table) => routes(table).map((route) => route.VpcPeeringConnectionId),
    'vpc-id': (table) => table.vpcId,
  };
}

export function describeRouteTables(input: DescribeRouteTablesRequest, call: Call): DescribeRouteTablesResult {
  const { records, NextToken } = select(call, input, {
    table: routeTables(call),
    id: (table) => table.routeTableId,
    fields: fieldsOf(call),
    ids: input.RouteTableIds,
    need: needRouteTable,
    pageSize: { min: 5, max: 100 },
  });
  return { RouteTables: records.map((table) => render(call, table)), NextToken };
}

function render(scope: Scope, table: RouteTableRecord): RouteTable {
  return {
    RouteTableId: table.routeTableId,
    VpcId: table.vpcId,
    OwnerId: scope.account,
    PropagatingVgws: [],
    Routes: renderRoutes(scope, table),
    Associations: associationsOf(scope)(table.routeTableId).map((one) => ({
      Main: one.main,
      RouteTableAssociationId: one.associationId,
      RouteTableId: one.routeTableId,
      SubnetId: one.subnetId,
      AssociationState: { State: 'associated' },
    })),
    Tags: tagList(scope, table.routeTableId),
  };
}

export function deleteRouteTable(input: DeleteRouteTableRequest, call: Call): object {
  const { routeTableId } = needRouteTable(call, input.RouteTableId);
  if (associationsOf(call)(routeTableId).length > 0) {
    throw dependencyViolation(`The routeTable '${routeTableId}' has dependencies and cannot be deleted.`);
  }
  routeTables(call).delete(routeTableId);
  forgetTags(call, routeTableId);
  for (const endpoint of [...endpoints(call).values()]) {
    if (!endpoint.routeTableIds.includes(routeTableId)) continue;
    const routeTableIds = endpoint.routeTableIds.filter((id) => id !== routeTableId);
    endpoints(call).put(endpoint.vpcEndpointId, { ...endpoint, routeTableIds });
  }
  return {};
}

export function associateRouteTable(input: AssociateRouteTableRequest, call: Call): AssociateRouteTableResult {
  refuseMembers(input, ['GatewayId', 'PublicIpv4Pool']);
  const table = needRouteTable(call, input.RouteTableId);
  const subnet = needSubnet(call, input.SubnetId);
  sameNetwork(table, subnet);
  const present = [...routeTableAssociations(call).values()].find((one) => one.subnetId === subnet.subnetId);
  if (present?.routeTableId === table.routeTableId) {
    return { AssociationId: present.associationId, AssociationState: { State: 'associated' } };
  }
  if (present) {
    throw new Fault(
      'Resource.AlreadyAssociated',
      `the specified association for route table ${table.routeTableId} conflicts with an existing association`,
    );
  }
  const associationId = `rtbassoc-${call.random.hex(17)}`;
  const { routeTableId, vpcId } = table;
  routeTableAssociations(call).put(associationId, {
    associationId,
    routeTableId,
    vpcId,
    subnetId: subnet.subnetId,
    main: false,
  });
  return { AssociationId: associationId, AssociationState: { State: 'associated' } };
}

function sameNetwork(table: RouteTableRecord, subnet: { subnetId: string; vpcId: string }): void {
  if (table.vpcId === subnet.vpcId) return;
  throw new Fault(
    'InvalidParameterValue',
    `route table ${table.routeTableId} and subnet ${subnet.subnetId} belong to different networks`,
  );
}

export function disassociateRouteTable(input: DisassociateRouteTableRequest, call: Call): object {
  const association = needRouteTableAssociation(call, input.AssociationId);
  if (association.main) {
    throw new Fault(
      'InvalidParameterValue',
      `cannot disassociate the main route table association ${association.associationId}`,
    );
  }
  routeTableAssociations(call).delete(association.associationId);
  return {};
}

/** The replacement has a new id. This is also how the main table is changed. */
export function replaceRouteTableAssociation(
  input: ReplaceRouteTableAssociationRequest,
  call: Call,
): ReplaceRouteTableAssociationResult {
  const association = needRouteTableAssociation(call, input.AssociationId);
  const table = needRouteTable(call, input.RouteTableId);
  if (table.vpcId !== association.vpcId) {
    throw new Fault(
      'InvalidParameterValue',
      `route table ${table.routeTableId} and network ${association.vpcId} belong to different networks`,
    );
  }
  const associationId = `rtbassoc-${call.random.hex(17)}`;
  routeTableAssociations(call).delete(association.associationId);
  routeTableAssociations(call).put(associationId, { ...association, associationId, routeTableId: table.routeTableId });
  return { NewAssociationId: associationId, AssociationState: { State: 'associated' } };
}
