/**
 * What EC2's network remembers: one table a noun. Values are plain data, times are ms since the epoch.
 * Tags are in a table of their own (`tags.ts`), instances and launch templates in `instance-state.ts`.
 */
import type { Scope } from '../service.ts';

export interface VpcRecord {
  readonly vpcId: string;
  /** The primary range first. */
  readonly cidrs: readonly CidrAssociation[];
  readonly ipv6Cidrs: readonly CidrAssociation[];
  readonly tenancy: 'default' | 'dedicated';
  readonly isDefault: boolean;
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly enableNetworkAddressUsageMetrics: boolean;
}

export interface CidrAssociation {
  readonly associationId: string;
  readonly cidr: string;
}

export interface SubnetRecord {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly ipv6?: CidrAssociation | undefined;
  readonly mapPublicIpOnLaunch: boolean;
  readonly assignIpv6AddressOnCreation: boolean;
  readonly enableDns64: boolean;
  readonly privateDnsNameOptions: PrivateDnsNameOptions;
  readonly defaultForAz: boolean;
}

export interface PrivateDnsNameOptions {
  readonly hostnameType: 'ip-name' | 'resource-name';
  readonly aRecord: boolean;
  readonly aaaaRecord: boolean;
}

export interface RouteTableRecord {
  readonly routeTableId: string;
  readonly vpcId: string;
  readonly routes: readonly RouteRecord[];
}

/** The VPC's local routes are derived, never listed. */
export interface RouteRecord {
  /** A canonical range or a prefix list's id. */
  readonly destination: string;
  readonly target: RouteTargetRecord;
}

export interface RouteTargetRecord {
  readonly kind: 'gateway' | 'nat' | 'egressOnly' | 'interface';
  readonly id: string;
}

export interface RouteTableAssociationRecord {
  readonly associationId: string;
  readonly routeTableId: string;
  readonly vpcId: string;
  /** Absent for the main association. */
  readonly subnetId?: string | undefined;
  readonly main: boolean;
}

export interface InternetGatewayRecord {
  readonly internetGatewayId: string;
  readonly vpcId?: string | undefined;
}

export interface EgressOnlyGatewayRecord {
  readonly egressOnlyInternetGatewayId: string;
  readonly vpcId: string;
}

export interface AddressRecord {
  readonly allocationId: string;
  readonly publicIp: string;
  /** Of a service's own (a load balancer's nodes): neither counted nor shown among the account's. */
  readonly managedBy?: string | undefined;
  readonly association?:
    | {
        readonly associationId: string;
        readonly networkInterfaceId: string;
        readonly privateIp: string;
        readonly instanceId?: string | undefined;
      }
    | undefined;
}

export interface NatGatewayRecord {
  readonly natGatewayId: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly connectivity: 'public' | 'private';
  readonly state: 'pending' | 'available' | 'failed' | 'deleting' | 'deleted';
  readonly allocationId?: string | undefined;
  readonly associationId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  readonly privateIp?: string | undefined;
  readonly publicIp?: string | undefined;
  readonly createdMs: number;
  readonly deletedMs?: number | undefined;
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
}

export interface NetworkAclRecord {
  readonly networkAclId: string;
  readonly vpcId: string;
  readonly isDefault: boolean;
  /** The final `*` entries (number 32767) are derived, never listed. */
  readonly entries: readonly AclEntryRecord[];
}

export interface AclEntryRecord {
  readonly number: number;
  readonly egress: boolean;
  readonly action: 'allow' | 'deny';
  /** An IANA number, −1 for all. */
  readonly protocol: number;
  readonly cidr?: string | undefined;
  readonly ipv6Cidr?: string | undefined;
  readonly ports?: { readonly from: number; readonly to: number } | undefined;
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
}

/** One for each subnet, by its id. */
export interface AclAssociationRecord {
  readonly associationId: string;
  readonly networkAclId: string;
  readonly subnetId: string;
}

export interface SecurityGroupRecord {
  readonly groupId: string;
  readonly groupName: string;
  readonly description: string;
  readonly vpcId: string;
  readonly rules: readonly GroupRuleRecord[];
}

export interface GroupRuleRecord {
  readonly ruleId: string;
  readonly egress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1`, or a number. */
  readonly protocol: string;
  /** Ports, or ICMP's type; absent for protocols without. */
  readonly from?: number | undefined;
  /** Ports, or ICMP's code. */
  readonly to?: number | undefined;
  readonly cidr?: string | undefined;
  readonly ipv6Cidr?: string | undefined;
  readonly prefixListId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly description?: string | undefined;
}

export interface EndpointRecord {
  readonly vpcEndpointId: string;
  readonly type: 'Gateway' | 'Interface';
  readonly vpcId: string;
  readonly serviceName: string;
  readonly state: 'pending' | 'available' | 'deleting';
  /** A JSON document as text. */
  readonly policy: string;
  readonly routeTableIds: readonly string[];
  readonly subnetIds: readonly string[];
  readonly groupIds: readonly string[];
  readonly networkInterfaceIds: readonly string[];
  readonly privateDns: boolean;
  readonly ipAddressType: 'ipv4' | 'dualstack' | 'ipv6';
  /** The random end of its own DNS names. */
  readonly dnsLabel: string;
  readonly createdMs: number;
}

export interface FlowLogRecord {
  readonly flowLogId: string;
  readonly resourceId: string;
  readonly resourceType: 'VPC' | 'Subnet' | 'NetworkInterface';
  readonly trafficType: 'ACCEPT' | 'REJECT' | 'ALL';
  /** Empty for a bucket, as is the role. */
  readonly logGroupName: string;
  readonly deliverLogsPermissionArn: string;
  /** Instead of a log group. */
  readonly s3?:
    | {
        /** As it was given: the bucket's, with a folder or without. */
        readonly arn: string;
        readonly bucket: string;
        /** Empty, or ends in a slash. */
        readonly prefix: string;
        readonly hive: boolean;
        readonly hourly: boolean;
      }
    | undefined;
  readonly logFormat: string;
  readonly maxAggregationIntervalSeconds: number;
  readonly createdMs: number;
  /** Set when the last delivery failed. */
  readonly deliverError?: string | undefined;
}

export interface InterfaceRecord {
  readonly networkInterfaceId: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly zone: string;
  readonly description: string;
  readonly interfaceType: 'interface' | 'nat_gateway' | 'vpc_endpoint' | 'network_load_balancer';
  readonly macAddress: string;
  /** The primary one first. */
  readonly privateIps: readonly string[];
  readonly ipv6: readonly string[];
  readonly groupIds: readonly string[];
  readonly sourceDestCheck: boolean;
  /** Assigned at launch, or to a load balancer's node; Elastic IP addresses are found through `addresses`. */
  readonly autoPublicIp?: string | undefined;
  /** Who made it on the account's behalf: `amazon-elb`, `amazon-vpc` … */
  readonly requesterId?: string | undefined;
  /** What it belongs to: an instance, NAT gateway or endpoint id, a load balancer's ARN. */
  readonly owner?: string | undefined;
  /** How the template names a load balancer, which has its tags elsewhere. */
  readonly ownerLogicalId?: string | undefined;
  readonly attachment?:
    | {
        readonly attachmentId: string;
        readonly deviceIndex: number;
        readonly instanceId?: string | undefined;
        readonly instanceOwnerId: string;
        readonly deleteOnTermination: boolean;
        readonly attachedMs: number;
      }
    | undefined;
}

export const vpcs = (scope: Scope) => scope.table<VpcRecord>('ec2/vpcs');
export const subnets = (scope: Scope) => scope.table<SubnetRecord>('ec2/subnets');
export const routeTables = (scope: Scope) => scope.table<RouteTableRecord>('ec2/route-tables');
export const routeTableAssociations = (scope: Scope) =>
  scope.table<RouteTableAssociationRecord>('ec2/route-table-associations');
export const internetGateways = (scope: Scope) => scope.table<InternetGatewayRecord>('ec2/internet-gateways');
export const egressOnlyGateways = (scope: Scope) => scope.table<EgressOnlyGatewayRecord>('ec2/egress-only-gateways');
/** By allocation id. */
export const addresses = (scope: Scope) => scope.table<AddressRecord>('ec2/addresses');
export const natGateways = (scope: Scope) => scope.table<NatGatewayRecord>('ec2/nat-gateways');
export const networkAcls = (scope: Scope) => scope.table<NetworkAclRecord>('ec2/network-acls');
/** By subnet id. */
export const aclAssociations = (scope: Scope) => scope.table<AclAssociationRecord>('ec2/network-acl-associations');
export const securityGroups = (scope: Scope) => scope.table<SecurityGroupRecord>('ec2/security-groups');
export const endpoints = (scope: Scope) => scope.table<EndpointRecord>('ec2/vpc-endpoints');
export const flowLogs = (scope: Scope) => scope.table<FlowLogRecord>('ec2/flow-logs');
export const interfaces = (scope: Scope) => scope.table<InterfaceRecord>('ec2/network-interfaces');
