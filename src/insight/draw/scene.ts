/**
 * What a picture shows, before anything has a place: a typed graph, the same for every format. Keys are logical ids
 * (with a zone where a thing is in several), so that they stay when a template changes.
 */
import type { IconName } from './icons.ts';

/** What a change does to a part. */
export type Mark = 'added' | 'removed' | 'replaced' | 'changed';

export interface Part {
  readonly key: string;
  readonly icon: IconName;
  /** What it is: `NAT gateway`. */
  readonly title: string;
  /** Which one: its logical id, a range, a domain. */
  readonly name: string;
  /** Logical ids of the resources that it stands for, its own first. */
  readonly covers: readonly string[];
  readonly mark?: Mark | undefined;
  /** Not there yet: a machine that a group may start. */
  readonly faded?: boolean;
}

/** A machine, in its security groups' frame. */
export interface Card {
  readonly part: Part;
  readonly frame?: Part | undefined;
}

export interface SubnetScene extends Part {
  readonly loose: readonly Card[];
}

export type BandKind = 'balancer' | 'machines' | 'endpoints';

/** What lies across the subnets of a row: a balancer's nodes, a group's machines, an endpoint's interfaces. */
export interface Band {
  readonly key: string;
  readonly kind: BandKind;
  /** Indices of zones, ascending. */
  readonly columns: readonly number[];
  /** The Auto Scaling group. */
  readonly group?: Part | undefined;
  /** The security groups of all of it. */
  readonly frame?: Part | undefined;
  /** Balancers and endpoints. */
  readonly parts: readonly Part[];
  /** Machines, one a column. */
  readonly cards: readonly (readonly [column: number, card: Card])[];
}

/** A network ACL, across the subnets that it guards. */
export interface AclScene extends Part {
  readonly columns: readonly number[];
}

export interface Row {
  readonly tier: 'public' | 'private';
  /** By zone. */
  readonly subnets: readonly (SubnetScene | undefined)[];
  readonly bands: readonly Band[];
  readonly aclsAbove: readonly AclScene[];
  readonly aclsBelow: readonly AclScene[];
}

export interface NetworkScene extends Part {
  readonly zones: readonly string[];
  readonly rows: readonly Row[];
  /** On its edge to the internet. */
  readonly gateways: readonly Part[];
  /** Gateway endpoints, on its lower edge. */
  readonly doors: readonly Part[];
  /** What its endpoints lead to, below it. */
  readonly reached: readonly Part[];
}

/** A distribution and the buckets that it reads. */
export interface SiteScene {
  readonly distribution: Part;
  readonly origins: readonly Part[];
}

export type JourneyName = 'site' | 'api';

export interface Badge {
  readonly journey: JourneyName;
  readonly number: number;
}

export type LinkKind = JourneyName | 'shared' | 'plain' | 'outbound';

export interface Link {
  /** Keys of parts. */
  readonly from: string;
  readonly to: string;
  readonly kind: LinkKind;
  /** The way back of another link: beside it, dashed. */
  readonly reply?: boolean;
  /** The network drops what would go this way. */
  readonly stopped?: boolean;
  /** Arrows at both ends: there and back on one line. */
  readonly both?: boolean;
  readonly badges: readonly Badge[];
  /** What a person who points at it reads. */
  readonly text: string;
  readonly mark?: Mark | undefined;
}

export interface Step {
  readonly number: number;
  readonly text: string;
}

export interface Journey {
  readonly name: JourneyName;
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Scene {
  readonly title: string;
  readonly region: string;
  readonly users: Part | undefined;
  /** Route 53. */
  readonly names: readonly Part[];
  readonly sites: readonly SiteScene[];
  readonly networks: readonly NetworkScene[];
  /** Regional services that no endpoint leads to. */
  readonly services: readonly Part[];
  /** Small parts beside the network: keys, roles, alarms. */
  readonly side: readonly Part[];
  /** Resources of which the model has nothing, or that could not be made. */
  readonly notModelled: readonly Part[];
  readonly links: readonly Link[];
  readonly journeys: readonly Journey[];
  readonly notes: readonly string[];
  /** Of a change: what the marks mean is told. */
  readonly compared: boolean;
}
