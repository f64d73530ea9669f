/**
 * Who is in equal position. Interfaces that every rule of addresses and every route answers alike are one *site*; those of
 * them with the same security groups are one *class*, and what is proven of one member is proven of all.
 */
import type { Address } from '../../region/network/address.ts';
import { anyRangeContains } from '../../region/network/address.ts';
import { routedOnInternet } from '../../region/network/reserved.ts';
import type { NetworkInterface, World } from '../../region/network/world.ts';
import { type Atom, Atoms } from './atoms.ts';

export interface Site {
  readonly id: number;
  readonly members: readonly NetworkInterface[];
  readonly classes: readonly InterfaceClass[];
}

export interface InterfaceClass {
  readonly kind: 'interfaces';
  readonly id: number;
  readonly site: Site;
  readonly members: readonly NetworkInterface[];
}

/** Addresses outside of every VPC that no rule tells apart. */
export interface Outside {
  readonly kind: 'outside';
  readonly atom: Atom;
  /** One of them, which stands for all. */
  readonly address: Address;
  /** The AWS service whose public addresses they are: `com.amazonaws.us-east-1.s3`. */
  readonly serviceName: string | undefined;
}

interface Owner {
  readonly owner: NetworkInterface;
  /** Place among its private addresses, or −1 for its public one. */
  readonly slot: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

export class Positions {
  readonly atoms: Atoms;
  readonly sites: readonly Site[];
  readonly classes: readonly InterfaceClass[];
  readonly outside: readonly Outside[];
  private readonly world: World;
  private readonly owners = new Map<Address, readonly Owner[]>();
  private readonly siteOf = new Map<string, Site>();
  private readonly badges = new Map<Address, number>();
  private readonly badgeIds = new Map<string, number>();

  constructor(world: World) {
    this.world = world;
    this.atoms = new Atoms(world);
    this.findOwners();
    this.sites = this.findSites();
    this.classes = this.sites.flatMap(({ classes }) => classes);
    this.outside = this.findOutside();
  }

  siteAt({ id }: NetworkInterface): Site {
    const site = this.siteOf.get(id);
    if (!site) throw new Error(`${id} is not of this world`);
    return site;
  }

  /** Whose address it is; undefined also where it is several interfaces' (of VPCs that overlap). */
  ownerOf(address: Address): NetworkInterface | undefined {
    const owners = this.owners.get(address);
    return owners?.length === 1 ? owners[0]?.owner : undefined;
  }

  /** The same text for addresses that no route and no rule tells apart, but for who exactly owns them. */
  keyOf(address: Address): string {
    const owners = this.owners.get(address);
    if (!owners) return `a${this.atoms.of(address).id}`;
    const [first] = owners;
    // Distinguished by nothing but itself: one interface that stands for others would be wrong for one of its owners.
    if (owners.length > 1 || !first) return `=${address}${typeof address}`;
    return `s${this.siteAt(first.owner).id}.${first.slot}`;
  }

  /** The same number for addresses that no security group tells apart. */
  badgeOf(address: Address): number {
    let badge = this.badges.get(address);
    if (badge === undefined) {
      const key = this.badgeKey(address);
      badge = this.badgeIds.get(key) ?? this.badgeIds.size;
      this.badgeIds.set(key, badge);
      this.badges.set(address, badge);
    }
    return badge;
  }

  get badgeCount(): number {
    return this.badgeIds.size;
  }

  private badgeKey(address: Address): string {
    const owners = this.owners.get(address) ?? [];
    const [first] = owners;
    if (owners.length > 1) return `=${address}${typeof address}`;
    const atom = this.atoms.of(address).id;
    return first && first.slot >= 0 ? `${atom} ${first.owner.groupIds.join(' ')}` : `${atom}`;
  }

  private findOwners(): void {
    const note = (address: Address, owner: Owner) =>
      this.owners.set(address, [...(this.owners.get(address) ?? []), owner]);
    for (const owner of this.world.interfaces.values()) {
      for (const [slot, address] of owner.private.entries()) note(address, { owner, slot });
      if (owner.public !== undefined) note(owner.public, { owner, slot: -1 });
    }
  }

  private findSites(): Site[] {
    const sites = new Map<string, Writable<Site>>();
    const classes = new Map<string, Writable<InterfaceClass>>();
    for (const one of this.world.interfaces.values()) {
      const key = this.siteKey(one);
      let site = sites.get(key);
      if (!site) {
        site = { id: sites.size, members: [], classes: [] };
        sites.set(key, site);
      }
      site.members.push(one);
      this.siteOf.set(one.id, site);
      const classKey = `${site.id} ${one.groupIds.join(' ')}`;
      let its = classes.get(classKey);
      if (!its) {
        its = { kind: 'interfaces', id: classes.size, site, members: [] };
        classes.set(classKey, its);
        site.classes.push(its);
      }
      its.members.push(one);
    }
    return [...sites.values()];
  }

  private siteKey(one: NetworkInterface): string {
    const { kind, subnetId, owner, attached, sourceDestCheck, filtered } = one;
    const addresses = one.public === undefined ? one.private : [...one.private, one.public];
    const alone = addresses.some((address) => (this.owners.get(address)?.length ?? 0) > 1);
    return [
      subnetId,
      kind,
      kind === 'nat' || kind === 'endpoint' ? owner : '',
      `${attached} ${sourceDestCheck} ${filtered} ${one.public !== undefined}`,
      this.world.faults?.interfaces.get(one.id)?.faultId ?? '',
      alone ? one.id : '',
      ...addresses.map((address) => this.atoms.of(address).id),
    ].join('|');
  }

  private findOutside(): Outside[] {
    const vpcRanges = [...this.world.vpcs.values()].flatMap(({ ranges }) => ranges);
    return this.atoms.all.flatMap((atom): Outside[] => {
      const address = this.atoms.free(atom, (taken) => this.owners.has(taken));
      if (address === undefined || !routedOnInternet(address) || anyRangeContains(vpcRanges, address)) return [];
      const service = this.world.publicServices.find(({ ranges }) => anyRangeContains(ranges, address));
      return [{ kind: 'outside', atom, address, serviceName: service?.serviceName }];
    });
  }
}
