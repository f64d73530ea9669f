/** The network that stands for an account's own, as resources of a template: AWS's default one, and private subnets besides. */

export type Tier = 'public' | 'private';

/** Logical ids begin with that of the VPC or subnet that they serve. */
export class StandInNetwork {
  readonly resources: Record<string, object> = {};
  readonly #cidrs = new Map<string, string>();
  #subnets = 0;

  /**
   * Its range; one that is there stays as it is.
   * @param within begins with the first two numbers of it: `10.20.`; AWS's default one by default
   */
  vpc(id: string, within = `172.${31 - this.#cidrs.size}.`): string {
    const known = this.#cidrs.get(id);
    if (known !== undefined) return known;
    const cidr = `${within}0.0/16`;
    this.#cidrs.set(id, cidr);
    const gateway = `${id}Gateway`;
    const attachment = `${id}Attachment`;
    const routes = `${id}PublicRoutes`;
    Object.assign(this.resources, {
      [id]: {
        Type: 'AWS::EC2::VPC',
        Properties: { CidrBlock: cidr, EnableDnsHostnames: true, EnableDnsSupport: true },
      },
      [gateway]: { Type: 'AWS::EC2::InternetGateway' },
      [attachment]: {
        Type: 'AWS::EC2::VPCGatewayAttachment',
        Properties: { VpcId: { Ref: id }, InternetGatewayId: { Ref: gateway } },
      },
      [routes]: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: { Ref: id } } },
      [`${routes}Default`]: defaultRoute(routes, { GatewayId: { Ref: gateway } }, attachment),
    });
    return cidr;
  }

  /** @param zoneIndex of the region's zones */
  subnet(id: string, vpcId: string, zoneIndex: number, tier: Tier): void {
    const [range = ''] = this.vpc(vpcId).split('.0.0/');
    // From the end: templates begin at the beginning with subnets of their own.
    const routes = tier === 'public' ? `${vpcId}PublicRoutes` : this.#privateRoutes(vpcId);
    const CidrBlock = `${range}.${255 - (this.#subnets % 256)}.0/24`;
    this.#subnets += 1;
    this.resources[id] = {
      Type: 'AWS::EC2::Subnet',
      Properties: {
        ...{ VpcId: { Ref: vpcId }, CidrBlock, AvailabilityZone: zone(zoneIndex) },
        MapPublicIpOnLaunch: tier === 'public',
      },
    };
    this.resources[`${id}Routes`] = {
      Type: 'AWS::EC2::SubnetRouteTableAssociation',
      Properties: { SubnetId: { Ref: id }, RouteTableId: { Ref: routes } },
    };
  }

  /** Lets in what is in it, as the default one of a VPC does. */
  group(id: string, vpcId: string, name?: string): void {
    this.vpc(vpcId);
    this.resources[id] = {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: `Stands for ${id}`,
        ...(name === undefined ? {} : { GroupName: name }),
        VpcId: { Ref: vpcId },
      },
    };
    const GroupId = { 'Fn::GetAtt': [id, 'GroupId'] };
    this.resources[`${id}Itself`] = {
      Type: 'AWS::EC2::SecurityGroupIngress',
      Properties: { IpProtocol: '-1', GroupId, SourceSecurityGroupId: GroupId },
    };
  }

  /** One NAT gateway for all of them, in a public subnet of its own. */
  #privateRoutes(vpcId: string): string {
    const routes = `${vpcId}PrivateRoutes`;
    if (this.resources[routes]) return routes;
    const nat = `${vpcId}Nat`;
    this.resources[routes] = { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: { Ref: vpcId } } };
    this.subnet(`${nat}Subnet`, vpcId, 0, 'public');
    const AllocationId = { 'Fn::GetAtt': [`${nat}Address`, 'AllocationId'] };
    Object.assign(this.resources, {
      [`${nat}Address`]: { Type: 'AWS::EC2::EIP', DependsOn: `${vpcId}Attachment`, Properties: { Domain: 'vpc' } },
      [nat]: { Type: 'AWS::EC2::NatGateway', Properties: { SubnetId: { Ref: `${nat}Subnet` }, AllocationId } },
      [`${routes}Default`]: defaultRoute(routes, { NatGatewayId: { Ref: nat } }),
    });
    return routes;
  }
}

/** Of the region's, from 0. */
export const zone = (index: number) => ({ 'Fn::Select': [index, { 'Fn::GetAZs': '' }] });

function defaultRoute(routes: string, target: object, DependsOn?: string): object {
  return {
    Type: 'AWS::EC2::Route',
    ...(DependsOn === undefined ? {} : { DependsOn }),
    Properties: { RouteTableId: { Ref: routes }, DestinationCidrBlock: '0.0.0.0/0', ...target },
  };
}
