/** Where the parts of the network stand in the template, and what they are called there. */
import { type Address, parseAddress, rangeContains } from '../../../region/network/address.ts';
import { roundTrip } from '../../../region/network/send.ts';
import type { NetworkInterface, Route, Subnet, World } from '../../../region/network/world.ts';
import type { Path } from '../../../region/template.ts';
import type { Model } from '../../model/model.ts';

/** Clients, and whoever machines call: addresses outside. The model's clients live in TEST-NET-3. */
export const outside: Readonly<Record<4 | 6, Address>> = {
  4: parseAddress('203.0.113.9'),
  6: parseAddress('2001:db8::9'),
};

/** Of the region's S3, as its names resolve outside of a VPC. */
export function s3Address({ publicServices }: World): Address | undefined {
  const base = publicServices.find(({ serviceName }) => serviceName.endsWith('.s3'))?.ranges[0]?.base;
  return typeof base === 'number' ? base + 10 : undefined;
}

/** The route that a subnet takes to an address. */
export function routeTo({ routes }: Subnet, address: Address): Route | undefined {
  return routes.find(({ range }) => rangeContains(range, address));
}

/** `ApiGroup`: machines of a group share its name, whichever they are. */
export function ownerOf({ ownerName }: NetworkInterface): string {
  return ownerName.replace(/ i-[0-9a-f]+$/, '');
}

export function interfacesOf({ world }: Model, kind: NetworkInterface['kind']): readonly NetworkInterface[] {
  return [...world.interfaces.values()].filter((one) => one.kind === kind && one.attached);
}

export function interfaceAt({ vpcs, byPublicAddress }: World, address: Address): NetworkInterface | undefined {
  for (const { byAddress } of vpcs.values()) {
    const found = byAddress.get(address);
    if (found) return found;
  }
  return byPublicAddress.get(address);
}

/** By its public address, or an IPv6 one; the machine answers, and the reply gets back. */
export function reachedFromOutside(world: World, machine: NetworkInterface, port: number): boolean {
  const addresses = [machine.public, ...machine.private.filter((one) => typeof one === 'bigint')];
  return addresses.some(
    (address) =>
      address !== undefined &&
      roundTrip(world, {
        protocol: 'tcp',
        source: { address: outside[typeof address === 'number' ? 4 : 6], port: 40_000 },
        destination: { address, port },
        enters: { kind: 'internet' },
      }).delivered,
  );
}

/** One of each position: those in a subnet, of a kind and with the same groups fare alike. */
export function positions(interfaces: Iterable<NetworkInterface>): readonly NetworkInterface[] {
  const found = new Map<string, NetworkInterface>();
  for (const one of interfaces) {
    const { kind, subnetId, groupIds, ingress, egress } = one;
    const open = one.public !== undefined;
    const families = one.private.map((address) => typeof address).join();
    const key = [kind, subnetId, groupIds.join(), ingress.length, egress.length, open, families].join(' ');
    if (!found.has(key) && one.attached) found.set(key, one);
  }
  return [...found.values()];
}

/** A resource in the template: its logical id and the place in it. */
export interface Place {
  readonly logicalId?: string | undefined;
  readonly path?: Path | undefined;
}

/** Of an ACL's entry: its own resource, or else the ACL. */
export function placeOfEntry(model: Model, aclId: string, entry: { egress: boolean; number: number }): Place {
  const { egress, number } = entry;
  return (
    find(model, 'AWS::EC2::NetworkAclEntry', (properties) => {
      const { NetworkAclId, RuleNumber, Egress = false } = properties;
      return NetworkAclId === aclId && Number(RuleNumber) === number && String(Egress) === String(egress);
    }) ?? placeOf(model, aclId)
  );
}

/** Of a route: its own resource, or else the table. */
export function placeOfRoute(model: Model, tableId: string, destination: string): Place {
  return (
    find(model, 'AWS::EC2::Route', (properties) => {
      const { RouteTableId, DestinationCidrBlock, DestinationIpv6CidrBlock } = properties;
      return RouteTableId === tableId && (DestinationCidrBlock ?? DestinationIpv6CidrBlock) === destination;
    }) ?? placeOf(model, tableId)
  );
}

/** Of a group's rule: its own resource, or the list in the group's. */
export function placeOfRule(
  model: Model,
  rule: { readonly name?: string | undefined; readonly egress: boolean; readonly group: { readonly id: string } },
): Place {
  if (rule.name !== undefined) return { logicalId: rule.name };
  const { logicalId } = placeOf(model, rule.group.id);
  return { logicalId, path: ['Properties', `SecurityGroup${rule.egress ? 'Egress' : 'Ingress'}`] };
}

export function placeOf(model: Model, physicalId: string, ...path: Path): Place {
  const logicalId = model.logicalIdOf(physicalId);
  return logicalId === undefined ? {} : { logicalId, path };
}

function find(
  { resources }: Model,
  type: string,
  test: (properties: Readonly<Record<string, unknown>>) => boolean,
): Place | undefined {
  for (const one of resources.values())
    if (one.type === type && test(one.properties)) return { logicalId: one.logicalId };
  return undefined;
}
