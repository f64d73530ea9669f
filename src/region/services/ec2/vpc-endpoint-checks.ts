/** What must hold of an endpoint, when it is made and when it is changed. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { needEndpointService } from './endpoint-services.ts';
import { needRouteTable, needSubnet } from './faults.ts';
import { endpoints, type VpcRecord } from './state.ts';

export const fullAccess = JSON.stringify({
  Version: '2008-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
});

export function checkedPolicy(text: string | undefined): string {
  if (!text) return fullAccess;
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && 'Statement' in document) return text;
  } catch {
    // Said below, as EC2 says it.
  }
  throw new Fault(
    'InvalidPolicyDocument',
    'The policy document is invalid: it must be JSON with at least one statement.',
  );
}

export function checkedRouteTables(
  call: Scope,
  vpc: Pick<VpcRecord, 'vpcId'>,
  ids: readonly string[],
  serviceName: string,
  own?: string,
): readonly string[] {
  const unique = [...new Set(ids)];
  for (const id of unique) {
    const table = needRouteTable(call, id);
    if (table.vpcId !== vpc.vpcId) {
      throw new Fault('InvalidParameter', `Route table ${id} belongs to a different VPC than the endpoint`);
    }
    for (const other of endpoints(call).values()) {
      if (other.vpcEndpointId === own || other.serviceName !== serviceName || !other.routeTableIds.includes(id))
        continue;
      throw new Fault(
        'RouteAlreadyExists',
        `route table ${id} already has a route with destination-prefix-list-id of ${serviceName}`,
      );
    }
  }
  return unique;
}

/** https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html: one subnet a zone. */
export function refuseSameZone(scope: Scope, vpc: Pick<VpcRecord, 'vpcId'>, subnetIds: readonly string[]): void {
  const zones = new Set<string>();
  for (const id of subnetIds) {
    const subnet = needSubnet(scope, id);
    if (subnet.vpcId !== vpc.vpcId) {
      throw new Fault('InvalidParameter', `Subnet ${id} does not belong to VPC ${vpc.vpcId}`);
    }
    if (zones.has(subnet.zone)) {
      throw new Fault(
        'DuplicateSubnetsInSameZone',
        `Found another VPC endpoint subnet in the availability zone of ${id}`,
      );
    }
    zones.add(subnet.zone);
  }
}

export function refusePrivateDns(scope: Scope, vpc: VpcRecord, serviceName: string, own?: string): void {
  if (!vpc.enableDnsSupport || !vpc.enableDnsHostnames) {
    throw new Fault(
      'InvalidParameter',
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.vpcId}`,
    );
  }
  const [name] = needEndpointService(scope, serviceName).privateDnsNames;
  for (const other of endpoints(scope).values()) {
    if (other.vpcEndpointId === own || other.vpcId !== vpc.vpcId || other.serviceName !== serviceName) continue;
    if (!other.privateDns || other.state === 'deleting') continue;
    throw new Fault(
      'InvalidParameter',
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpc.vpcId}`,
    );
  }
}
