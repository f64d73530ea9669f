/**
 * The default VPC. A region of the model begins without one, like an account whose default VPC was deleted: nothing is
 * there that the template did not make. CreateDefaultVpc makes it as AWS does.
 * https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
 */
import type { CreateDefaultVpcRequest, CreateDefaultVpcResult } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { internetGateways, routeTableAssociations, routeTables, vpcs } from './state.ts';
import { makeSubnet } from './subnet.ts';
import { makeVpc, renderVpc } from './vpc.ts';

export function createDefaultVpc(_: CreateDefaultVpcRequest, call: Call): CreateDefaultVpcResult {
  for (const vpc of vpcs(call).values()) {
    if (!vpc.isDefault) continue;
    throw new Fault('DefaultVpcAlreadyExists', 'A Default VPC already exists for this account in this region.');
  }
  const vpc = makeVpc(call, { cidr: '172.31.0.0/16', tenancy: 'default', isDefault: true, ipv6: false });
  const { vpcId } = vpc;
  const internetGatewayId = `igw-${call.random.hex(17)}`;
  internetGateways(call).put(internetGatewayId, { internetGatewayId, vpcId });
  const main = [...routeTableAssociations(call).values()].find((one) => one.vpcId === vpcId && one.main);
  const table = routeTables(call).get(main?.routeTableId ?? '');
  if (!table) throw new Error(`${vpcId} has no main route table`);
  const route = { destination: '0.0.0.0/0', target: { kind: 'gateway', id: internetGatewayId } } as const;
  routeTables(call).put(table.routeTableId, { ...table, routes: [route] });
  for (const [index, zone] of call.zones.entries()) {
    makeSubnet(call, { vpcId, zone, cidr: `172.31.${index * 16}.0/20`, ipv6: undefined, defaultForAz: true });
  }
  return { Vpc: renderVpc(call, vpc) };
}
