import { expect, it } from 'vitest';
import { check } from './check.ts';
import type { Rule } from './rule.ts';

const closing: Rule = { id: 'a', severity: 'error', title: 'A', find: () => [] };
const ofNetwork: Rule = { ...closing, id: 'b', needs: 'whole network' };

const broken = `
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Metadata: { 'aws:cdk:path': Stack/Vpc/Resource }
    Properties: { CidrBlock: 10.0.0.0/8 }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: 'a b' } }
  Other: { Type: AWS::SNS::Topic }
  Queue: { Type: AWS::SQS::Queue }
`;

it('tells all refusals at once, with line and construct path, and what is not proven because of them', async () => {
  const result = await check({ template: broken, name: 'x.yml' }, [closing, ofNetwork]);
  expect(result.findings).toMatchObject([
    {
      rule: 'service-refused',
      logicalId: 'Vpc',
      line: 3,
      constructPath: 'Stack/Vpc/Resource',
      message: "Vpc: The CIDR '10.0.0.0/8' is invalid (InvalidVpc.Range).",
    },
    { rule: 'service-refused', logicalId: 'Topic', line: 8, message: expect.stringContaining('(InvalidParameter') },
  ]);
  expect(result.notRun).toEqual(['b']);
  expect(result.held).toContain('a');
  expect(result.held).not.toContain('service-refused');
  expect(result.resources).toBe(1);
  expect(result.notProven.map(({ logicalId, what, line }) => [logicalId, what, line])).toEqual([
    ['Queue', undefined, 10],
    ['Vpc', 'it could not be made', 3],
    ['Topic', 'it could not be made', 8],
    ['Subnet', 'it was not made: it needs Vpc', 7],
  ]);
});

it('calls no error what only lacks what is not modelled', async () => {
  const template = `
Resources:
  Launch: { Type: AWS::AutoScaling::LaunchConfiguration, Properties: { ImageId: ami-1, InstanceType: t4g.small } }
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: { MinSize: 1, MaxSize: 1, LaunchConfigurationName: !Ref Launch, AvailabilityZones: [us-east-1a] }
  Topic: { Type: AWS::SNS::Topic }
`;
  const { findings, notProven, notRun } = await check({ template, name: 'x.yml' }, [closing, ofNetwork]);
  expect(findings).toEqual([]);
  expect(notRun).toEqual(['b']);
  expect(notProven.map(({ logicalId }) => logicalId)).toContain('Group');
  expect(notProven.at(-1)?.what).toMatch(/^it could not be made without what is not modelled/);
});

it('makes the templates of CDK, which look for the version of its bootstrap', async () => {
  const template = JSON.stringify({
    Resources: {
      Ip: { Type: 'AWS::EC2::EIP' },
      CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: { Analytics: 'v2' } },
    },
    Parameters: {
      BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
    },
    Rules: {
      CheckBootstrapVersion: {
        Assertions: [
          { Assert: { 'Fn::Not': [{ 'Fn::Contains': [['1', '2', '3', '4', '5'], { Ref: 'BootstrapVersion' }] }] } },
        ],
      },
    },
  });
  const { findings, notProven, resources } = await check({ template, name: 'Web.template.json' });
  expect({ findings, notProven, resources }).toEqual({ findings: [], notProven: [], resources: 1 });
});

it('says of a group that begins empty that its machines were not seen', async () => {
  const template = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Launch:
    Type: AWS::EC2::LaunchTemplate
    Properties: { LaunchTemplateData: { ImageId: ami-0123456789abcdef0, InstanceType: t4g.small } }
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: 0
      MaxSize: 1
      VPCZoneIdentifier: [!Ref Subnet]
      LaunchTemplate: { LaunchTemplateId: !Ref Launch, Version: !GetAtt Launch.LatestVersionNumber }
`;
  const { findings, notProven } = await check({ template, name: 'x.yml' });
  expect(findings).toEqual([]);
  expect(notProven).toMatchObject([{ logicalId: 'Group', line: 8, what: expect.stringContaining('without machines') }]);
});

it('calls what the model alone refuses not proven, not a mistake', async () => {
  const result = await check({
    template: `
Resources:
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: in the default VPC } }
  Logged:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Logging: { Bucket: logs.s3.amazonaws.com }
        Origins: [{ Id: o, DomainName: api.example.com, CustomOriginConfig: { OriginProtocolPolicy: https-only } }]
        DefaultCacheBehavior: { TargetOriginId: o, ViewerProtocolPolicy: https-only, ForwardedValues: { QueryString: true } }
`,
    name: 'x.yml',
  });
  expect(result.findings.map(({ rule }) => rule)).not.toContain('service-refused');
  const whats = result.notProven.map(({ logicalId, what }) => `${logicalId}: ${what}`).join('\n');
  expect(whats).toMatch(/^Group: .*No default VPC/m);
  expect(whats).toMatch(/^Logged: .*Access logging/m);
});

it.each([
  ['by reference', 'Pages: { Type: AWS::S3::Bucket }', '!Ref Pages'],
  ['by its name', 'Pages: { Type: AWS::S3::Bucket, Properties: { BucketName: my-pages-7 } }', 'my-pages-7'],
  ['by a text with its name', 'Pages: { Type: AWS::S3::Bucket }', '!Sub "${Pages}"'],
])('says of a bucket whose policy could not be made that it is not known who reads it: %s', async (_, bucket, name) => {
  const template = `
Conditions: { Always: !Equals [a, a] }
Resources:
  ${bucket}
  Policy:
    Type: AWS::S3::BucketPolicy
    Condition: Always
    Properties:
      Bucket: ${name}
      PolicyDocument: { Statement: [{ Effect: Deny, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::another/*' }] }
`;
  const { findings, notProven } = await check({ template, name: 'x.yml' });
  expect(findings.map(({ rule, logicalId }) => `${rule} ${logicalId}`)).toEqual([
    'service-refused Policy',
    'bucket-versioning Pages',
  ]);
  expect(findings[0]?.message).toBe('Policy: Policy has invalid resource (MalformedPolicy).');
  expect(notProven.map(({ logicalId, what }) => `${logicalId}: ${what}`)).toEqual([
    'Policy: it could not be made',
    'Pages: its policy could not be made: who may read it, and whether by TLS alone, is not known',
  ]);
});

it('says of a policy that is made beside its bucket how to have it wait', async () => {
  const template = `
Resources:
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Sub 'pages-\${AWS::AccountId}'
      PolicyDocument:
        Statement: [{ Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub 'arn:aws:s3:::pages-\${AWS::AccountId}/*' }]
  Pages:
    Type: AWS::S3::Bucket
    DependsOn: Topic
    Properties: { BucketName: !Sub 'pages-\${AWS::AccountId}' }
  Topic: { Type: AWS::SNS::Topic }
`;
  const { findings } = await check({ template, name: 'x.yml' }, []);
  expect(findings).toMatchObject([
    {
      ...{ rule: 'service-refused', logicalId: 'Policy', message: expect.stringContaining('(NoSuchBucket)') },
      fix: expect.stringMatching(/^Bucket: !Ref Pages /),
    },
  ]);
});

it('takes a dynamic reference that is not modelled for no mistake', async () => {
  const template = `
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: '{{resolve:secretsmanager:name}}' } }
  Base:
    Type: AWS::RDS::DBInstance
    Properties: { DBInstanceClass: db.t4g.micro, MasterUserPassword: '{{resolve:secretsmanager:base}}' }
  Other: { Type: AWS::SNS::Topic, Properties: { DisplayName: !GetAtt Base.Endpoint.Address } }
`;
  const { findings, notProven, resources } = await check({ template, name: 'x.yml' });
  expect(findings).toEqual([]);
  expect(notProven.map(({ logicalId, what }) => `${logicalId}: ${what}`)).toEqual([
    'Topic: dynamic references to secretsmanager are not modelled',
    'Base: undefined',
    'Topic: it could not be made',
  ]);
  expect(resources).toBe(1);
});

it('calls no mistake what names a thing of the account by its id', async () => {
  const template = `
Parameters: { Old: { Type: String, Default: vpc-0123456789abcdef0 } }
Resources:
  Given: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: in mine, VpcId: !Ref Old } }
  Written: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: in mine, VpcId: vpc-0123456789abcdef1 } }
`;
  const { findings, notProven } = await check({ template, name: 'x.yml' });
  expect(findings).toEqual([]);
  expect(notProven.map(({ logicalId, what }) => `${logicalId}: ${what}`)).toEqual([
    expect.stringMatching(/^Given: it needs vpc-0123456789abcdef0, and the model has nothing of your account/),
    expect.stringMatching(/^Written: it needs vpc-0123456789abcdef1, and the model has nothing of your account/),
  ]);
});

it('calls no mistake what CloudFormation takes and the model does not', async () => {
  const template = `
Rules:
  InVpc: { Assertions: [{ Assert: !EachMemberEquals [!ValueOf [Subnets, VpcId], !Ref Old] }] }
Parameters: { Old: { Type: String, Default: x }, Subnets: { Type: CommaDelimitedList, Default: x } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Other: { Type: AWS::SNS::Topic, Properties: { Fn::Transform: { Name: AWS::Include, Parameters: { Location: s3://a/b } } } }
`;
  const { findings, notProven, resources } = await check({ template, name: 'x.yml' });
  expect({ findings, resources }).toEqual({ findings: [], resources: 1 });
  expect(notProven.map(({ logicalId, what }) => `${logicalId}: ${what}`)).toEqual([
    'InVpc: Fn::ValueOf is not modelled by Orrery: whether parameters keep the rule is not known',
    'Other: Fn::Transform is not modelled by Orrery',
    'Other: it could not be made',
  ]);
});

it('calls a bucket that takes logs not public, and one without ACLs that is to take them refused', async () => {
  const template = `
Resources:
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: LogDeliveryWrite
      OwnershipControls: { Rules: [{ ObjectOwnership: BucketOwnerPreferred }] }
  Enforced: { Type: AWS::S3::Bucket, Properties: { AccessControl: LogDeliveryWrite } }
  Pages: { Type: AWS::S3::Bucket, Properties: { AccessControl: PublicRead } }
`;
  const { findings, resources } = await check({ template, name: 'x.yml' }, []);
  expect(findings.map(({ rule, logicalId }) => `${rule} ${logicalId}`)).toEqual([
    'service-refused Enforced',
    'bucket-public Pages',
  ]);
  expect(findings[0]?.message).toMatch(/^Enforced: The bucket does not allow ACLs /);
  expect(findings[0]?.fix).toMatch(/ObjectOwnership: BucketOwnerPreferred/);
  expect(resources).toBe(1);
});

it('calls an endpoint of a service that the model does not know no mistake, but one of another region', async () => {
  const endpoint = (name: string, region: string) =>
    `  ${name}: { Type: AWS::EC2::VPCEndpoint, Properties: { VpcId: !Ref Vpc, VpcEndpointType: Interface, ServiceName: com.amazonaws.${region}.textract } }`;
  const template = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
${endpoint('Here', 'us-east-1')}
${endpoint('Elsewhere', 'eu-west-1')}
`;
  const { findings, notProven } = await check({ template, name: 'x.yml' }, []);
  expect(findings.map(({ rule, logicalId }) => `${rule} ${logicalId}`)).toEqual(['service-refused Elsewhere']);
  expect(notProven.map(({ logicalId }) => logicalId)).toEqual(['Here', 'Elsewhere']);
});

it('tells of what is of an unknown type, and waits for what could not be made, once', async () => {
  const template = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/99 } }
  Queue: { Type: AWS::SQS::Queue, DependsOn: Vpc }
`;
  const { notProven } = await check({ template, name: 'x.yml' }, []);
  expect(notProven.map(({ logicalId, what }) => [logicalId, what])).toEqual([
    ['Queue', undefined],
    ['Vpc', 'it could not be made'],
  ]);
});
