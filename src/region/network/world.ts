/**
 * The network as data: what EC2 holds (`WorldParts`, plain text as users wrote it) and the immutable, indexed snapshot
 * of it that `send` reads (`World`, made by `buildWorld` in `build-world.ts`). Rules stay one-to-one with what was
 * written, so that every verdict can cite them.
 */
import type { Address, Range } from './address.ts';
import type { WorldFaults } from './faults.ts';
import type { Span } from './match.ts';

/** `id` is AWS's id (`subnet-0a…`); `name` the template's logical id where known, else the id. */
export interface Part {
  readonly id: string;
  readonly name: string;
}

/** An IANA protocol number; −1 means every protocol. tcp 6, udp 17, icmp 1, icmpv6 58. */
export type ProtocolNumber = number;

/** Inclusive. Absent on a rule means every port. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** −1 means every type, every code. */
export interface IcmpMatch {
  readonly type: number;
  readonly code: number;
}

export interface VpcPart extends Part {
  /** IPv4 ranges, the primary one first, then IPv6 ranges. */
  readonly cidrs: readonly string[];
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
}

export interface SubnetPart extends Part {
  readonly vpcId: string;
  /** `us-east-1a` */
  readonly zone: string;
  /** The IPv4 range, the IPv6 range, or both. */
  readonly cidrs: readonly string[];
  /** The associated table, or the VPC's main one: whoever builds the parts resolves it. */
  readonly routeTableId: string;
  readonly aclId: string;
}

export type InterfaceKind = 'instance' | 'balancer' | 'nat' | 'endpoint' | 'other';

export interface InterfacePart extends Part {
  readonly kind: InterfaceKind;
  readonly subnetId: string;
  /** Instance id, load balancer ARN, NAT gateway id or endpoint id that it belongs to. */
  readonly owner: string;
  /** The owner's name: the template's logical id where known, else the same as `owner`. */
  readonly ownerName: string;
  /** Private IPv4 addresses, primary first, and IPv6 addresses, in any order. */
  readonly addresses: readonly string[];
  /** Elastic or auto-assigned IPv4 address, translated one-to-one to the primary private address. */
  readonly publicAddress?: string | undefined;
  readonly groupIds: readonly string[];
  readonly sourceDestCheck: boolean;
  /** Attached to something that is up: a stopped or terminated owner's interface takes no packets. */
  readonly attached: boolean;
}

export type RouteTarget =
  | { readonly kind: 'local' }
  | { readonly kind: 'internetGateway'; readonly id: string }
  | { readonly kind: 'egressOnlyGateway'; readonly id: string }
  | { readonly kind: 'nat'; readonly id: string }
  | { readonly kind: 'gatewayEndpoint'; readonly id: string }
  | { readonly kind: 'blackhole'; readonly id?: string | undefined }
  /** Peering, transit and virtual private gateways, interfaces as routers: reported, never guessed. */
  | { readonly kind: 'notModelled'; readonly id: string; readonly type: string };

export interface RoutePart {
  /** A range, or a prefix list's id (`pl-…`). */
  readonly destination: string;
  readonly target: RouteTarget;
  /** The logical id of the route's own resource. */
  readonly name?: string | undefined;
}

/** The VPC's local routes and those of associated gateway endpoints are added when the world is built, if not listed. */
export interface RouteTablePart extends Part {
  readonly vpcId: string;
  readonly routes: readonly RoutePart[];
}

export interface AclEntryPart {
  readonly number: number;
  readonly egress: boolean;
  readonly action: 'allow' | 'deny';
  readonly protocol: ProtocolNumber;
  readonly cidr: string;
  readonly ports?: PortRange | undefined;
  readonly icmp?: IcmpMatch | undefined;
  /** The logical id of the entry's own resource. */
  readonly name?: string | undefined;
}

/** The final `*` deny need not be listed. */
export interface AclPart extends Part {
  readonly vpcId: string;
  readonly entries: readonly AclEntryPart[];
}

export type GroupPeer = { readonly cidr: string } | { readonly groupId: string } | { readonly prefixListId: string };

export interface GroupRulePart {
  /** `sgr-…` */
  readonly id: string;
  /** The logical id when the rule is a resource of its own. */
  readonly name?: string | undefined;
  readonly egress: boolean;
  readonly protocol: ProtocolNumber;
  readonly ports?: PortRange | undefined;
  readonly icmp?: IcmpMatch | undefined;
  readonly peer: GroupPeer;
  readonly description?: string | undefined;
}

/** No egress rule allows no egress: the default "allow all" is a rule that EC2 makes, and is listed here. */
export interface SecurityGroupPart extends Part {
  readonly vpcId: string;
  readonly rules: readonly GroupRulePart[];
}

/** An Internet Gateway or egress-only Internet Gateway; `vpcId` is absent while it is detached. */
export interface GatewayPart extends Part {
  readonly vpcId?: string | undefined;
}

export interface NatGatewayPart extends Part {
  readonly subnetId: string;
  /** Its interface, of kind `nat`; the public address is the interface's. */
  readonly interfaceId: string;
  readonly state: 'pending' | 'available' | 'failed' | 'deleting' | 'deleted';
  readonly connectivity: 'public' | 'private';
}

export interface GatewayEndpointPart extends Part {
  readonly vpcId: string;
  /** `com.amazonaws.us-east-1.s3` */
  readonly serviceName: string;
  readonly routeTableIds: readonly string[];
  readonly prefixListId: string;
  readonly available: boolean;
  /** Only carried: S3 and IAM evaluate it. */
  readonly policy?: unknown;
}

export interface InterfaceEndpointPart extends Part {
  readonly vpcId: string;
  /** `com.amazonaws.us-east-1.monitoring` */
  readonly serviceName: string;
  /** Kind `endpoint`, one a subnet; the groups are the interfaces'. */
  readonly interfaceIds: readonly string[];
  readonly privateDns: boolean;
  readonly available: boolean;
  readonly policy?: unknown;
}

export interface PrefixListPart extends Part {
  readonly cidrs: readonly string[];
}

/** The public ranges of an AWS service of the region; every other public address is "the internet". */
export interface PublicServicePart {
  /** `com.amazonaws.us-east-1.s3` */
  readonly serviceName: string;
  readonly cidrs: readonly string[];
}

export interface WorldParts {
  readonly vpcs: readonly VpcPart[];
  readonly subnets: readonly SubnetPart[];
  readonly interfaces: readonly InterfacePart[];
  readonly routeTables: readonly RouteTablePart[];
  readonly acls: readonly AclPart[];
  readonly groups: readonly SecurityGroupPart[];
  readonly internetGateways: readonly GatewayPart[];
  readonly egressOnlyGateways: readonly GatewayPart[];
  readonly natGateways: readonly NatGatewayPart[];
  readonly gatewayEndpoints: readonly GatewayEndpointPart[];
  readonly interfaceEndpoints: readonly InterfaceEndpointPart[];
  readonly prefixLists: readonly PrefixListPart[];
  readonly publicServices: readonly PublicServicePart[];
}

export interface Vpc extends VpcPart {
  readonly ranges: readonly Range[];
  readonly internetGateway: GatewayPart | undefined;
  readonly egressOnlyGateway: GatewayPart | undefined;
  /** Private IPv4 and IPv6 addresses of the VPC's interfaces. */
  readonly byAddress: ReadonlyMap<Address, NetworkInterface>;
  /** Range base plus two: the Route 53 resolver. */
  readonly resolver: Address | undefined;
}

export interface Route extends RoutePart {
  /** `PrivateRoutesA 0.0.0.0/0` */
  readonly rule: string;
  readonly range: Range;
}

export interface AclEntry extends AclEntryPart {
  /** `PrivateAcl egress 100` */
  readonly rule: string;
  readonly allow: boolean;
  readonly range: Range;
  /** The headers that it matches. */
  readonly span: Span;
  /** What it matches, in words. */
  readonly why: string;
}

export interface Subnet extends SubnetPart {
  readonly vpc: Vpc;
  readonly ranges: readonly Range[];
  readonly routeTable: RouteTablePart;
  /** Longest prefix first. */
  readonly routes: readonly Route[];
  readonly acl: AclPart;
  /** Lowest number first. */
  readonly aclIngress: readonly AclEntry[];
  readonly aclEgress: readonly AclEntry[];
}

export interface GroupRule extends GroupRulePart {
  /** `ApiGroupFromBalancer`, or `ApiGroup ingress sgr-…`. */
  readonly rule: string;
  readonly group: SecurityGroupPart;
  /** The headers that it matches. */
  readonly span: Span;
  readonly ranges: readonly Range[];
  /** The private addresses of the referenced group's members. */
  readonly members: ReadonlySet<Address> | undefined;
  readonly why: string;
}

export interface NetworkInterface extends InterfacePart {
  readonly subnet: Subnet;
  readonly private: readonly Address[];
  /** The IPv4 address that `public` is translated to. */
  readonly primary: number | undefined;
  readonly public: number | undefined;
  /** NAT gateways, and Network Load Balancers made without groups, have no security group at all. */
  readonly filtered: boolean;
  readonly ingress: readonly GroupRule[];
  readonly egress: readonly GroupRule[];
  /** `ApiGroup` or `ApiGroup, ShellGroup`. */
  readonly groupNames: string;
}

export interface NatGateway extends NatGatewayPart {
  readonly interface: NetworkInterface;
}

export interface PublicService {
  readonly serviceName: string;
  readonly ranges: readonly Range[];
}

export interface World {
  readonly parts: WorldParts;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly natGateways: ReadonlyMap<string, NatGateway>;
  readonly gatewayEndpoints: ReadonlyMap<string, GatewayEndpointPart>;
  readonly interfaceEndpoints: ReadonlyMap<string, InterfaceEndpointPart>;
  readonly gateways: ReadonlyMap<string, GatewayPart>;
  /** Public IPv4 addresses, and the IPv6 addresses, of all interfaces. */
  readonly byPublicAddress: ReadonlyMap<Address, NetworkInterface>;
  readonly publicServices: readonly PublicService[];
  /** What is broken on purpose (`withFaults`). */
  readonly faults?: WorldFaults;
}
