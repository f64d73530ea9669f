/** Templates by chance: networks of any shape, with what may lie in them, above them and beside them. */
import fc from 'fast-check';

type Resource = { Type: string; DependsOn?: string | string[]; Properties?: Record<string, unknown> };
type Resources = Record<string, Resource>;

const ref = (id: string) => ({ Ref: id });
const attribute = (id: string, name: string) => ({ 'Fn::GetAtt': [id, name] });
const image = '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}';
const services = ['logs', 'monitoring', 'kms', 'sts', 'sns', 'ssm', 'ec2', 'autoscaling'];

const network = fc.record({
  zones: fc.integer({ min: 1, max: 4 }),
  tiers: fc.array(
    fc.record({
      public: fc.boolean(),
      /** Of zones, the bits. */
      zones: fc.integer({ min: 1, max: 15 }),
      nat: fc.integer({ min: 0, max: 15 }),
      acl: fc.integer({ min: 0, max: 2 }),
      balancers: fc.integer({ min: 0, max: 2 }),
      groups: fc.array(fc.record({ min: fc.nat(3), framed: fc.boolean(), zones: fc.integer({ min: 1, max: 15 }) }), {
        maxLength: 2,
      }),
      machines: fc.nat(3),
      endpoints: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 4 },
  ),
  gateway: fc.boolean(),
  doors: fc.subarray(['s3', 'dynamodb']),
});

export const chosenTemplate = fc.record({
  networks: fc.array(network, { maxLength: 2 }),
  sites: fc.array(fc.record({ buckets: fc.integer({ min: 1, max: 2 }), named: fc.boolean(), balancer: fc.boolean() }), {
    maxLength: 2,
  }),
  names: fc.nat(3),
  buckets: fc.nat(9),
  topics: fc.nat(2),
  unknown: fc.nat(6),
  prefix: fc.constantFrom('', 'L', 'AQuiteLongLogicalIdAsGeneratorsMakeThem0123456789'),
});

type Chosen = typeof chosenTemplate extends fc.Arbitrary<infer T> ? T : never;
type Network = Chosen['networks'][number];

export function templateOf({ networks, sites, names, buckets, topics, unknown, prefix }: Chosen): string {
  const resources: Resources = {};
  for (const [index, one] of networks.entries()) Object.assign(resources, networkOf(one, `${prefix}N${index}`, index));
  const balancer = Object.entries(resources).find(
    ([, { Type, Properties }]) => Type.endsWith('LoadBalancer') && Properties?.Scheme === 'internet-facing',
  )?.[0];
  for (let index = 0; index < buckets; index++) resources[`${prefix}Bucket${index}`] = { Type: 'AWS::S3::Bucket' };
  for (let index = 0; index < names; index++) {
    const id = `${prefix}Zone${index}`;
    const Name = `zone${index}.example.com`;
    resources[id] = { Type: 'AWS::Route53::HostedZone', Properties: { Name } };
    if (balancer === undefined || index > 0) continue;
    resources[`${id}Api`] = alias(id, `api.${Name}`, balancer, attribute(balancer, 'CanonicalHostedZoneID'), 'DNSName');
  }
  for (const [index, site] of sites.entries()) {
    const id = `${prefix}Site${index}`;
    const origins = Array.from({ length: site.buckets }, (_, at) => `${id}Bucket${at}`);
    for (const origin of origins) resources[origin] = { Type: 'AWS::S3::Bucket' };
    resources[id] = distribution(origins, site.balancer ? balancer : undefined);
    const zone = `${prefix}Zone${names - 1}`;
    if (site.named && names > 0)
      resources[`${id}Name`] = alias(
        zone,
        `www${index}.zone${names - 1}.example.com`,
        id,
        'Z2FDTNDATAQYW2',
        'DomainName',
      );
  }
  for (let index = 0; index < topics; index++) resources[`${prefix}Topic${index}`] = { Type: 'AWS::SNS::Topic' };
  for (let index = 0; index < unknown; index++) resources[`${prefix}Queue${index}`] = { Type: 'AWS::SQS::Queue' };
  if (Object.keys(resources).length === 0) resources.Only = { Type: 'AWS::S3::Bucket' };
  return JSON.stringify({ Resources: resources });
}

function alias(zone: string, name: string, target: string, hostedZone: unknown, domain: string): Resource {
  const AliasTarget = { DNSName: attribute(target, domain), HostedZoneId: hostedZone };
  return {
    Type: 'AWS::Route53::RecordSet',
    Properties: { HostedZoneId: ref(zone), Name: name, Type: 'A', AliasTarget },
  };
}

function distribution(buckets: readonly string[], balancer: string | undefined): Resource {
  const behavior = {
    ViewerProtocolPolicy: 'https-only',
    CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  };
  const origins = buckets.map((id) => ({
    Id: id,
    DomainName: attribute(id, 'RegionalDomainName'),
    S3OriginConfig: { OriginAccessIdentity: '' },
  }));
  const DistributionConfig = {
    Enabled: true,
    DefaultCacheBehavior: { ...behavior, TargetOriginId: buckets[0] },
    Origins: [
      ...origins,
      ...(balancer === undefined
        ? []
        : [
            {
              Id: 'api',
              DomainName: attribute(balancer, 'DNSName'),
              CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
            },
          ]),
    ],
    ...(balancer === undefined
      ? {}
      : { CacheBehaviors: [{ ...behavior, PathPattern: '/api/*', TargetOriginId: 'api' }] }),
  };
  return { Type: 'AWS::CloudFront::Distribution', Properties: { DistributionConfig } };
}

function networkOf(chosen: Network, id: string, index: number): Resources {
  const { zones, tiers, gateway, doors } = chosen;
  const VpcId = ref(id);
  const found: Resources = { [id]: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: `10.${index}.0.0/16` } } };
  const add = (name: string, Type: string, Properties: Record<string, unknown>, DependsOn?: string) => {
    found[`${id}${name}`] = { Type: `AWS::${Type}`, ...(DependsOn === undefined ? {} : { DependsOn }), Properties };
    return `${id}${name}`;
  };
  const attached = `${id}Attach`;
  if (gateway) {
    add('Igw', 'EC2::InternetGateway', {});
    add('Attach', 'EC2::VPCGatewayAttachment', { VpcId, InternetGatewayId: ref(`${id}Igw`) });
  }
  const nats: string[] = [];
  for (const [tier, one] of tiers.entries()) {
    const open = one.public && gateway;
    const columns = Array.from({ length: zones }, (_, zone) => zone).filter((zone) => (one.zones >> zone) & 1);
    const table = add(`T${tier}`, 'EC2::RouteTable', { VpcId });
    const route = { RouteTableId: ref(table), DestinationCidrBlock: '0.0.0.0/0' };
    const nat = nats[tier % Math.max(1, nats.length)];
    if (open) add(`T${tier}Out`, 'EC2::Route', { ...route, GatewayId: ref(`${id}Igw`) }, attached);
    else if (nat !== undefined) add(`T${tier}Out`, 'EC2::Route', { ...route, NatGatewayId: ref(nat) });
    const acl = one.acl > 0 ? add(`Acl${one.acl === 1 ? tier : 'Shared'}`, 'EC2::NetworkAcl', { VpcId }) : undefined;
    const subnets = columns.map((zone) => {
      const CidrBlock = `10.${index}.${tier * 4 + zone}.0/24`;
      const subnet = add(`S${tier}Z${zone}`, 'EC2::Subnet', {
        VpcId,
        CidrBlock,
        AvailabilityZone: `us-east-1${'abcd'[zone]}`,
      });
      const SubnetId = ref(subnet);
      add(`S${tier}Z${zone}Routes`, 'EC2::SubnetRouteTableAssociation', { SubnetId, RouteTableId: ref(table) });
      if (acl !== undefined)
        add(`S${tier}Z${zone}Acl`, 'EC2::SubnetNetworkAclAssociation', { SubnetId, NetworkAclId: ref(acl) });
      if (open && (one.nat >> zone) & 1) {
        const address = add(`S${tier}Z${zone}Ip`, 'EC2::EIP', { Domain: 'vpc' }, attached);
        nats.push(
          add(
            `S${tier}Z${zone}Nat`,
            'EC2::NatGateway',
            { SubnetId, AllocationId: attribute(address, 'AllocationId') },
            attached,
          ),
        );
      }
      return SubnetId;
    });
    if (subnets.length === 0) continue;
    const group = add(`Sg${tier}`, 'EC2::SecurityGroup', {
      VpcId,
      GroupDescription: 'by chance',
      SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' }],
    });
    const targets: string[] = [];
    for (let count = 0; count < (subnets.length > 1 ? one.balancers : 0); count++) {
      const name = `Lb${tier}${count}`;
      const balancer = add(
        name,
        'ElasticLoadBalancingV2::LoadBalancer',
        {
          Scheme: open ? 'internet-facing' : 'internal',
          Subnets: subnets,
          ...(count === 0 ? { SecurityGroups: [ref(group)] } : {}),
        },
        open ? attached : undefined,
      );
      const target = add(`${name}Tg`, 'ElasticLoadBalancingV2::TargetGroup', { VpcId, Port: 80, Protocol: 'HTTP' });
      add(`${name}Li`, 'ElasticLoadBalancingV2::Listener', {
        LoadBalancerArn: ref(balancer),
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn: ref(target) }],
      });
      targets.push(target);
    }
    for (const [count, { min, framed, zones: of }] of one.groups.entries()) {
      const launch = add(`Lt${tier}${count}`, 'EC2::LaunchTemplate', {
        LaunchTemplateData: {
          ImageId: image,
          InstanceType: 't3.micro',
          ...(framed ? { SecurityGroupIds: [ref(group)] } : {}),
        },
      });
      const some = subnets.filter((_, at) => (of >> at) & 1);
      const known = Object.keys(found).filter((name) => found[name]?.Type.endsWith('TargetGroup'));
      add(`Asg${tier}${count}`, 'AutoScaling::AutoScalingGroup', {
        MinSize: String(min),
        MaxSize: String(min + 3),
        VPCZoneIdentifier: some.length > 0 ? some : subnets,
        LaunchTemplate: { LaunchTemplateId: ref(launch), Version: attribute(launch, 'LatestVersionNumber') },
        TargetGroupARNs: known.slice(0, 2).map(ref),
      });
    }
    for (let count = 0; count < one.machines; count++)
      add(`M${tier}${count}`, 'EC2::Instance', {
        ImageId: image,
        InstanceType: count === 1 ? 't3.small' : 't3.micro',
        SubnetId: subnets[count % subnets.length],
        ...(count === 2 ? { SecurityGroupIds: [ref(group)] } : {}),
      });
    for (const service of services.slice(0, one.endpoints))
      add(`Ep${tier}${service}`, 'EC2::VPCEndpoint', {
        VpcId,
        VpcEndpointType: 'Interface',
        ServiceName: `com.amazonaws.us-east-1.${service}`,
        PrivateDnsEnabled: false,
        SubnetIds: subnets,
        ...(tier % 2 === 0 ? { SecurityGroupIds: [ref(group)] } : {}),
      });
  }
  for (const service of doors)
    add(`Door${service}`, 'EC2::VPCEndpoint', {
      VpcId,
      ServiceName: `com.amazonaws.us-east-1.${service}`,
      RouteTableIds: tiers.map((_, tier) => ref(`${id}T${tier}`)),
    });
  return found;
}
