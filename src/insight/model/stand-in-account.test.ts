/** What stands for an account is made by the control plane, told, and nothing of the template. */
import { afterEach, describe, expect, it } from 'vitest';
import { check } from '../check/check.ts';
import { cost } from '../cost/cost.ts';
import { draw } from '../draw/draw.ts';
import { type Model, modelOf } from './model.ts';

let model: Model | undefined;
afterEach(() => model?.close());

async function modelled(template: string, parameters: Record<string, string> = {}): Promise<Model> {
  model = await modelOf({ template, name: 'x.yml', parameters, partial: true });
  return model;
}

const told = ({ assumed }: Model) => Object.fromEntries(assumed.map(({ logicalId, what }) => [logicalId, what]));

const web = `
Parameters:
  VpcId: { Type: 'AWS::EC2::VPC::Id' }
  PublicSubnets: { Type: 'List<AWS::EC2::Subnet::Id>' }
  PrivateSubnetB: { Type: 'AWS::EC2::Subnet::Id' }
  Shared: { Type: 'AWS::EC2::SecurityGroup::Id' }
  Image: { Type: 'AWS::EC2::Image::Id' }
  Key: { Type: 'AWS::EC2::KeyPair::KeyName' }
  ZoneId: { Type: 'AWS::Route53::HostedZone::Id' }
  DomainName: { Type: String, Default: shop.example.org }
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: the web
      VpcId: !Ref VpcId
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0 }]
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: { Subnets: !Ref PublicSubnets, SecurityGroups: [!Ref Group] }
  Machine:
    Type: AWS::EC2::Instance
    Properties:
      InstanceType: t4g.small
      ImageId: !Ref Image
      SubnetId: !Ref PrivateSubnetB
      SecurityGroupIds: [!Ref Shared]
  Name:
    Type: AWS::Route53::RecordSet
    Properties: { HostedZoneId: !Ref ZoneId, Name: !Ref DomainName, Type: A, TTL: '60', ResourceRecords: [192.0.2.1] }
`;

describe('parts of an account that parameters name', () => {
  it('are a network with an internet gateway, and are of no resources of the template', async () => {
    const { world, resources, failed, isStandIn, logicalIdOf, ...rest } = await modelled(web);
    expect(failed).toEqual([]);
    expect([...resources.keys()]).toEqual(['Group', 'Balancer', 'Machine', 'Name']);
    const subnets = [...world.subnets.values()].map(({ id, zone }) => `${logicalIdOf(id)} ${zone}`).sort();
    expect(subnets).toEqual([
      'PrivateSubnetB us-east-1b',
      'PublicSubnetsA us-east-1a',
      'PublicSubnetsB us-east-1b',
      'VpcIdNatSubnet us-east-1a',
    ]);
    expect(['VpcId', 'PublicSubnetsA', 'VpcIdNat', 'Group'].map(isStandIn)).toEqual([true, true, true, false]);
    expect(told({ ...rest } as Model)).toEqual({
      VpcId: 'it has no value: a VPC 172.31.0.0/16 with an internet gateway stands for it',
      PublicSubnets: 'it has no value: a public subnet in each of 2 zones stands for it',
      PrivateSubnetB: 'it has no value: a private subnet, with its way out by a NAT gateway, stands for it',
      Shared: 'it has no value: a security group that lets in only its own members stands for it',
      Image: 'it has no value: one of Amazon Linux 2023 stands for it',
      Key: 'it has no value: a key pair stands for it, which nothing looks at',
      ZoneId: 'it has no value: a public hosted zone of shop.example.org stands for it',
    });
  });

  it('are found no mistakes in, cost nothing of their own, and are told', async () => {
    const { findings, assumed, notProven } = await check({ template: web, name: 'x.yml' });
    expect(
      findings.filter(({ logicalId = '' }) => !['Group', 'Balancer', 'Machine', 'Name'].includes(logicalId)),
    ).toEqual([]);
    expect(assumed).toHaveLength(7);
    expect(notProven).toEqual([]);
    const { lines, notes } = await cost({ template: web, name: 'x.yml' });
    expect(lines.filter(({ part, kind }) => part.startsWith('VpcId') && kind === 'hour')).toEqual([]);
    expect(notes.join('\n')).toContain('VpcId (line 3): it has no value');
  });

  it('are drawn, and a note says what they are', async () => {
    const { content, parts, assumed } = await draw({ template: web, name: 'x.yml', format: 'mermaid' });
    expect(String(content)).toContain('172.31.0.0/16');
    expect(parts.flatMap(({ resources }) => resources)).not.toContain('VpcId');
    expect(assumed).toHaveLength(7);
    const svg = await draw({ template: web, name: 'x.yml', format: 'svg' });
    expect(
      String(svg.content)
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' '),
    ).toContain('VpcId, PublicSubnets, PrivateSubnetB');
  });

  it('are as many as are taken out of a list, and have addresses beside those of the template', async () => {
    const { world, failed } = await modelled(`
Parameters: { Vpc: { Type: 'AWS::EC2::VPC::Id' }, Subnets: { Type: 'List<AWS::EC2::Subnet::Id>' } }
Resources:
  Own: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.7.0.0/24 } }
  Nat: { Type: AWS::EC2::NatGateway, Properties: { ConnectivityType: private, SubnetId: !Select [2, !Ref Subnets] } }
`);
    expect(failed).toEqual([]);
    expect([...world.subnets.values()].map(({ cidrs: [cidr = ''] }) => cidr).sort()).toEqual([
      '10.7.0.0/24',
      '10.7.253.0/24',
      '10.7.254.0/24',
      '10.7.255.0/24',
    ]);
  });

  it('are made for any names and numbers of parameters', async () => {
    const named = ['Image', 'Nothing', 'Vpc', 'VpcGateway', 'Output', 'Routes'];
    const many = Array.from({ length: 40 }, (_, index) => `Subnet${index}`);
    const { world, assumed } = await modelled(`
Parameters:
${[...named, ...many].map((name) => `  ${name}: { Type: 'AWS::EC2::Subnet::Id' }`).join('\n')}
Resources: { Topic: { Type: AWS::SNS::Topic } }
`);
    expect(assumed).toHaveLength(46);
    expect(world.subnets.size).toBe(46);
  });

  it('are as many as an account has room for', async () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    const template = `
Parameters:
${names.map((name) => `  ${name}: { Type: 'AWS::EC2::VPC::Id' }`).join('\n')}
Resources: { Topic: { Type: AWS::SNS::Topic } }
`;
    await expect(modelled(template)).rejects.toThrow(/what stands for \w+ could not be made: .*LimitExceeded/);
  });

  it('are no reason to call a resource mistaken that does not fit them', async () => {
    const template = `
Parameters: { Vpc: { Type: 'AWS::EC2::VPC::Id' } }
Resources:
  Peer: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: !Join ['', ['10.9.0.0', '/24']] } }
  Topic: { Type: AWS::SNS::Topic }
`;
    const { findings, notProven } = await check({ template, name: 'x.yml' });
    expect(findings).toEqual([]);
    expect(notProven).toMatchObject([{ logicalId: 'Peer', what: expect.stringContaining('as Vpc may be another') }]);
  });

  it('follow a change that both templates ask them for', async () => {
    const wider = web.replace('FromPort: 80, ToPort: 80', 'FromPort: 80, ToPort: 81');
    const before = { template: web, name: 'x.yml' };
    const { changes } = await draw({ template: wider, name: 'y.yml', format: 'mermaid', before });
    expect(changes).toMatchObject([{ logicalId: 'Group', mark: 'changed' }]);
  });
});

describe('texts that anybody may choose', () => {
  const parameters = `
Parameters:
  Stage: { Type: String, AllowedValues: [prod, test] }
  AlarmEmail: { Type: String, AllowedPattern: '.+@.+' }
  VpcCidr: { Type: String }
  SubnetCidrs: { Type: CommaDelimitedList }
  Machines: { Type: Number, MinValue: 2 }
  TopicName: { Type: String, MaxLength: 10, AllowedPattern: '[a-z]+' }
`;

  it('are let through by the constraints, and are what the name says', async () => {
    const all = await modelled(`${parameters}
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: !Ref VpcCidr } }
  A: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: !Select [0, !Ref SubnetCidrs] } }
  B: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: !Select [1, !Ref SubnetCidrs] } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref TopicName } }
`);
    expect(all.failed).toEqual([]);
    expect(all.parameters).toEqual({
      Stage: 'prod',
      AlarmEmail: 'someone@example.com',
      VpcCidr: '10.0.0.0/16',
      SubnetCidrs: '10.0.0.0/24,10.0.1.0/24',
      Machines: '2',
      TopicName: 'topicname',
    });
    expect(told(all).Stage).toBe('it has no value: "prod" stands for it');
  });

  it('are asked for where nothing is let through', async () => {
    const template = `
Parameters: { Odd: { Type: String, AllowedPattern: 'q{3}7' } }
Resources: { Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Odd } } }
`;
    await expect(modelled(template)).rejects.toThrow(/Parameters: \[Odd\] must have values\n.*--parameter Odd=…/);
    await expect(check({ template, name: 'x.yml' })).rejects.toThrow(/--parameter Odd=…/);
  });

  it('are not in the place of what was given', async () => {
    const { parameters: values, assumed } = await modelled(
      'Parameters: { Name: { Type: String } }\nResources: { A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } } }',
      { Name: 'mine' },
    );
    expect([values, assumed]).toEqual([{ Name: 'mine' }, []]);
  });
});
