import { expect, it } from 'vitest';
import { modelOf } from './model.ts';
import { ModelError } from './model-error.ts';
import { modelOfRest } from './model-of-rest.ts';

const network = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Subnet:
    Type: AWS::EC2::Subnet
    Metadata: { 'aws:cdk:path': Stack/Network/Subnet }
    Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 }
`;
it('has a template as AWS would have it: resolved properties, the network, names and lines', async () => {
  const model = await modelOf({ template: network, name: 'network.yml' });
  const subnet = model.resources.get('Subnet');
  expect(subnet).toMatchObject({
    type: 'AWS::EC2::Subnet',
    properties: { VpcId: model.resources.get('Vpc')?.physicalId, CidrBlock: '10.0.0.0/24' },
    constructPath: 'Stack/Network/Subnet',
    line: 4,
    modelled: true,
  });
  const { physicalId = '' } = subnet ?? {};
  expect(model.logicalIdOf(physicalId)).toBe('Subnet');
  expect(model.world.subnets.get(physicalId)?.name).toBe('Subnet');
  expect(model.lineOf('Subnet', 'Properties', 'CidrBlock')).toBe(7);
  expect(model.notModelled).toEqual([]);
  await model.close();
});

const overlapping = `${network}
  Other:
    Type: AWS::EC2::Subnet
    Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.128/25 }
`;

it('says what cannot be made, and where', async () => {
  const made = modelOf({ template: overlapping, name: 'two.yml' });
  await expect(made).rejects.toThrow(
    /two\.yml could not be made in memory:\n {2}line \d+: .*conflicts with another subnet/,
  );
});

it('gives the rest of what cannot be made as a whole, on request', async () => {
  const model = await modelOf({ template: overlapping, name: 'two.yml', partial: true });
  expect(model.failed).toHaveLength(1);
  // The service's own words, without what CloudFormation writes around them.
  expect(model.failed[0]?.message).toMatch(
    /^\w+: The CIDR '\S+' conflicts with another subnet \(InvalidSubnet\.Conflict\)\.$/,
  );
  expect(model.resources.has('Vpc')).toBe(true);
  await model.close();
});

it.each([
  ['not a template', 'x: [', /could not be made/],
  ['no template', 'hello: world', /could not be made/],
  [
    'a circle',
    'Resources:\n  A: { Type: AWS::SNS::Topic, DependsOn: B }\n  B: { Type: AWS::SNS::Topic, DependsOn: A }',
    /line \d+: [Cc]ircular/,
  ],
  ['a type that is none', 'Resources:\n  A: { Type: 5 }', /line 2: .*must contain a Type member/],
  [
    'a missing parameter',
    'Parameters: { P: { Type: String, AllowedPattern: q+7 } }\nResources:\n  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref P } }',
    /--parameter P=…/,
  ],
])('refuses %s', async (_name, template, message) => {
  const made = modelOf({ template, name: 'x.yml' });
  await expect(made).rejects.toThrow(ModelError);
  await expect(made).rejects.toThrow(message);
});

it('lists what is not modelled, and makes the rest', async () => {
  const model = await modelOf({ template: `${network}  Q: { Type: AWS::SQS::Queue }\n`, name: 'x.yml' });
  expect(model.notModelled).toMatchObject([{ logicalId: 'Q', type: 'AWS::SQS::Queue', path: '' }]);
  expect(model.resources.get('Q')?.modelled).toBe(false);
  await model.close();
});

it('has an image stand for one of AWS’s that it does not know, and says so', async () => {
  const ecs = '/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id';
  const template = `
Parameters:
  Image: { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: ${ecs} }
  Known:
    Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>
    Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
${network}  Machine:
    Type: AWS::EC2::Instance
    Properties: { ImageId: !Ref Image, InstanceType: t4g.small, SubnetId: !Ref Subnet }
  Other:
    Type: AWS::EC2::Instance
    Properties: { ImageId: !Ref Known, InstanceType: t3.small, SubnetId: !Ref Subnet }
`;
  const model = await modelOf({ template, name: 'x.yml' });
  expect(model.notModelled).toEqual([
    {
      ...{ logicalId: 'Image', type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', path: '', line: 3 },
      what: `the image of ${ecs} is not known: one of Amazon Linux 2023 stands for it`,
    },
  ]);
  expect(model.resources.size).toBe(4);
  await model.close();
});

const ofAccount = `
Parameters:
  Old: { Type: 'AWS::EC2::VPC::Id' }
  OldSubnets: { Type: 'List<AWS::EC2::Subnet::Id>' }
  Name: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/topic }
Conditions: { IsOld: !Not [!Equals [!Ref Old, '']] }
${network.trimStart()}  Beside: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Old, CidrBlock: 10.1.0.0/24 } }
  Group:
    Type: AWS::EC2::SecurityGroup
    Condition: IsOld
    Properties: { GroupDescription: in mine, VpcId: !Ref Vpc }
  Other: { Type: AWS::EC2::NatGateway, Properties: { ConnectivityType: private, SubnetId: !Select [1, !Ref OldSubnets] } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }
  Imported: { Type: AWS::SNS::Topic, Properties: { TopicName: !ImportValue shared } }
  Machine:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole }]
      ManagedPolicyArns:
        - !Sub 'arn:\${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore'
        - !Join ['', ['arn:', !Ref AWS::Partition, ':iam::aws:policy/service-role/SomePolicyOfAws']]
`;

it('makes of a template that needs an account all that does not, and says what it lacks', async () => {
  const parameters = { Old: 'vpc-0123456789abcdef0', OldSubnets: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1' };
  const model = await modelOf({ template: ofAccount, name: 'x.yml', parameters, partial: true });
  expect([...model.resources.keys()]).toEqual(['Vpc', 'Subnet', 'Beside', 'Group', 'Other', 'Machine']);
  expect(
    model.failed.map(({ message }) => message.replace(/, and the model has nothing of your account.*/, '')),
  ).toEqual([
    'Topic: it needs /shop/topic of Parameter Store (parameter Name)',
    'Imported: it needs what other stacks export, as shared',
  ]);
  expect(model.unmade).toEqual(['Topic', 'Imported']);
  expect(model.assumed.map(({ logicalId, line, what }) => `${logicalId} ${line}: ${what}`)).toEqual([
    'Old 3: vpc-0123456789abcdef0 is not known: a VPC 10.1.0.0/16 with an internet gateway stands for it',
    'OldSubnets 4: subnet-0123456789abcdef0,subnet-0123456789abcdef1 is not known: a public subnet in each of 2 zones stands for it',
  ]);
  expect(model.notModelled).toMatchObject([
    {
      ...{ logicalId: 'Machine', path: 'ManagedPolicyArns[1]' },
      what: 'AWS’s policy service-role/SomePolicyOfAws is not known: what it allows is not seen'.replace('’', "'"),
    },
  ]);
  await model.close();
});

it('says of a template that is about the account alone that it is not there', async () => {
  const template = `
Parameters: { Name: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/topic } }
Resources:
  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }
`;
  await expect(modelOf({ template, name: 'x.yml', partial: true })).rejects.toThrow(
    /Unable to fetch parameters \[\/shop\/topic\] .*\n.*the model has nothing of your account/,
  );
});

it('makes the rest of a template of which something fails, with the lines of the whole', async () => {
  const template = `${network}  Twin: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Nat: { Type: AWS::EC2::NatGateway, Properties: { ConnectivityType: private, SubnetId: !Ref Twin } }
  Wrong: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.99.0.0/24 } }
  Topic: { Type: AWS::SNS::Topic, DependsOn: Subnet }
`;
  const model = await modelOfRest({ template, name: 'x.yml' });
  expect([...model.resources].map(([id, { line }]) => [id, line])).toEqual([
    ['Vpc', 3],
    ['Subnet', 4],
    ['Topic', 11],
  ]);
  expect(model.failed.map(({ logicalId, line }) => [logicalId, line]).sort()).toEqual([
    ['Twin', 8],
    ['Wrong', 10],
  ]);
  expect(model.unmade).toEqual(['Twin', 'Nat', 'Wrong']);
  await model.close();
});

it('leaves a template of which all fails as it is', async () => {
  const template = `
Resources:
  Image: { Type: AWS::EC2::Subnet, Properties: { VpcId: vpc-0123456789abcdef0, CidrBlock: 10.0.0.0/24 } }
  Nat: { Type: AWS::EC2::NatGateway, Properties: { ConnectivityType: private, SubnetId: !Ref Image } }
`;
  const model = await modelOfRest({ template, name: 'x.yml' });
  expect(model.failed.map(({ logicalId }) => logicalId)).toEqual(['Image']);
  expect(model.unmade).toEqual(['Image', 'Nat']);
  await model.close();
});
