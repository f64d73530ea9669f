/** Names inside a VPC: those of interface endpoints, of AWS's services where private DNS is on, and of interfaces. */
import { matches, wildcard } from '../../pattern/wildcard.ts';
import type { Scope } from '../service.ts';
import { privateDnsName, publicDnsName, resourceDnsName } from './address-book.ts';
import { endpointServices } from './endpoint-services.ts';
import { instances } from './instance-state.ts';
import { associationByInterface, publicIpOf } from './interface-view.ts';
import { publicServiceAddress, serviceEndpoints } from './public-services.ts';
import { type EndpointRecord, endpoints, interfaces, vpcs } from './state.ts';

interface EndpointName {
  readonly name: string;
  readonly zoneId: string;
  readonly addresses: readonly string[];
}

/** The hosted zone of `vpce.amazonaws.com` names in us-east-1; the model uses it for all regions. */
const publicZone = 'Z7HUB22UULQXV';

/** The regional name, one for each zone, and the service's own names when private DNS is on. */
export function endpointDns(scope: Scope, endpoint: EndpointRecord): readonly EndpointName[] {
  if (endpoint.type !== 'Interface') return [];
  const nodes = endpoint.networkInterfaceIds.flatMap((id) => interfaces(scope).get(id) ?? []);
  const short = endpoint.serviceName.split('.').slice(3).reverse().join('.');
  const tail = `${short}.${scope.region}.vpce.amazonaws.com`;
  const addresses = nodes.flatMap((node) => node.privateIps);
  const own = `${endpoint.vpcEndpointId}-${endpoint.dnsLabel}`;
  const service = endpointServices(scope).find((one) => one.name === endpoint.serviceName);
  const privateZone = `Z${endpoint.vpcEndpointId.slice(5).toUpperCase()}`;
  return [
    { name: `${own}.${tail}`, zoneId: publicZone, addresses },
    ...nodes.map((node) => ({ name: `${own}-${node.zone}.${tail}`, zoneId: publicZone, addresses: node.privateIps })),
    ...(endpoint.privateDns ? (service?.privateDnsNames ?? []) : []).map((name) => ({
      name,
      zoneId: privateZone,
      addresses,
    })),
  ];
}

/**
 * What the VPC's resolver answers for a name that EC2 knows; undefined where it knows none and Route 53 is to be asked.
 * AWS's service names are always known: private where an endpoint stands for them, else public.
 */
export function resolveInVpc(scope: Scope, vpcId: string, name: string): readonly string[] | undefined {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  for (const endpoint of endpoints(scope).values()) {
    if (endpoint.vpcId !== vpcId || endpoint.state !== 'available') continue;
    for (const entry of endpointDns(scope, endpoint)) if (stands(entry.name, wanted)) return entry.addresses;
  }
  const vpc = vpcs(scope).get(vpcId);
  const host = /^(ip|ec2)-\d+-\d+-\d+-\d+\./.exec(wanted);
  if (host && vpc?.enableDnsSupport) {
    const found = host[1] === 'ip' ? byPrivateName(scope, vpcId, wanted) : byPublicName(scope, vpcId, wanted);
    if (found) return [found];
  }
  const id = /^(i-[0-9a-f]+)\./.exec(wanted)?.[1];
  if (id && vpc?.enableDnsSupport) {
    const found = byResourceName(scope, vpcId, id, wanted);
    if (found) return found;
  }
  return publicServiceName(scope.region, wanted);
}

/** Answered only where the instance asked for the record. */
function byResourceName(scope: Scope, vpcId: string, id: string, name: string): readonly string[] | undefined {
  const record = instances(scope).get(id);
  if (record?.vpcId !== vpcId || resourceDnsName(scope.region, id) !== name) return undefined;
  const primary = interfaces(scope).get(record.networkInterfaceIds[0] ?? '');
  return record.privateDnsNameOptions.aRecord ? primary?.privateIps.slice(0, 1) : undefined;
}

function stands(entry: string, wanted: string): boolean {
  return entry.includes('*') ? matches(wildcard(entry), wanted) : entry === wanted;
}

function byPrivateName(scope: Scope, vpcId: string, name: string): string | undefined {
  for (const one of interfaces(scope).values()) {
    if (one.vpcId !== vpcId) continue;
    const found = one.privateIps.find((ip) => privateDnsName(scope.region, ip) === name);
    if (found) return found;
  }
  return undefined;
}

/** From inside the VPC a public name leads to the private address: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html */
function byPublicName(scope: Scope, vpcId: string, name: string): string | undefined {
  const associated = associationByInterface(scope);
  for (const one of interfaces(scope).values()) {
    const publicIp = publicIpOf(one, associated(one.networkInterfaceId));
    if (publicIp === undefined || publicDnsName(scope.region, publicIp) !== name) continue;
    return one.vpcId === vpcId ? one.privateIps[0] : publicIp;
  }
  return undefined;
}

/** `monitoring.us-east-1.amazonaws.com`, `my-bucket.s3.us-east-1.amazonaws.com` → an address of the service's range. */
function publicServiceName(region: string, name: string): readonly string[] | undefined {
  if (!name.endsWith('.amazonaws.com')) return undefined;
  const labels = name.slice(0, -'.amazonaws.com'.length).split('.');
  if (labels.slice(-3).includes('s3') || labels.at(-1)?.startsWith('s3-')) {
    return [publicServiceAddress(region, 's3')];
  }
  const known = serviceEndpoints.find((one) => [`${one}.${region}`, one].includes(labels.join('.')));
  return known ? [publicServiceAddress(region, known)] : undefined;
}
