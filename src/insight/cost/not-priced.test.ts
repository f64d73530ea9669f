import { describe, expect, test } from 'vitest';
import type { ConfigInput } from '../../blueprint/config.ts';
import { synthesise } from '../../blueprint/synthesise.ts';
import { everyVariant } from '../../blueprint/variants.suite.ts';
import { given, of } from './cost.fixture.ts';
import { cost } from './cost.ts';

describe('what it does not know it says', () => {
  const network = `
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Topic: { Type: AWS::SNS::Topic }
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
`;

  test('types that are not modelled, and free ones with their page', async () => {
    const result = await cost({ name: 'x.yml', template: network });
    expect(result.notPriced).toMatchObject([{ part: 'Queue', type: 'AWS::SQS::Queue' }]);
    expect(result.free).toEqual([{ part: 'Vpc', type: 'AWS::EC2::VPC', page: 'https://aws.amazon.com/vpc/pricing/' }]);
    expect(result.usd).toBe('0.00');
  });

  test('what cannot be made, and what came after it', async () => {
    const subnet = (id: string) =>
      `  ${id}: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }\n`;
    const nat =
      '  Nat: { Type: AWS::EC2::NatGateway, Properties: { SubnetId: !Ref Two, ConnectivityType: private } }\n';
    const { notPriced } = await cost({ name: 'x.yml', template: `${network}${subnet('One')}${subnet('Two')}${nat}` });
    const parts = notPriced.map(({ part }) => part);
    expect(parts).toContain('Nat');
    expect(notPriced.some(({ why }) => /conflicts with another subnet/.test(why))).toBe(true);
  });

  const zone = 'Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16, InstanceTenancy: TENANCY } }';
  const machine = `
Resources:
  ${zone}
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Machine:
    Type: AWS::EC2::Instance
    Properties: { ImageId: ami-0123456789abcdef0, InstanceType: t4g.small, SubnetId: !Ref Subnet }
`;

  test.each([
    ['default', []],
    ['dedicated', ['no price of t4g.small machines in dedicated tenancy was checked']],
  ])('machines of a VPC whose tenancy is %s', async (tenancy, why) => {
    const { lines, notPriced } = await cost({ name: 'x.yml', template: machine.replace('TENANCY', tenancy) });
    expect(notPriced.map((one) => one.why)).toEqual(why);
    expect(lines.some(({ what }) => what === 'EC2 t4g.small')).toBe(why.length === 0);
  });

  test('logs of the class for infrequent access cost half to take in, where that was checked', async () => {
    const yaml = synthesise({ name: 'shop' }).yaml.replace(
      'RetentionInDays: 30',
      'LogGroupClass: INFREQUENT_ACCESS, RetentionInDays: 30',
    );
    const options = { name: 'x.yml', template: yaml, given: given({ requests: 100_000_000 }) };
    const { lines } = await cost(options);
    // 100 million times 300 bytes and 2 times 0.1 GB: 28.1397 GB at 0.25, none of them free.
    expect(lines.find(({ what }) => what === 'Logs taken in, infrequent access')).toMatchObject({ usd: '7.03' });
    expect(lines.some(({ what }) => what === 'Logs taken in')).toBe(false);
    const { notPriced } = await cost({ ...options, region: 'eu-west-1' });
    expect(notPriced.map(({ why }) => why)).toContain(
      'no price of Logs taken in, infrequent access in eu-west-1 was checked',
    );
  });

  const flowLogs = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Machine:
    Type: AWS::EC2::Instance
    Properties: { ImageId: ami-0123456789abcdef0, InstanceType: t4g.small, SubnetId: !Ref Subnet }
  Bucket: { Type: AWS::S3::Bucket }
  Flows:
    Type: AWS::EC2::FlowLog
    Properties:
      ResourceType: VPC
      ResourceId: !Ref Vpc
      TrafficType: ALL
      LogDestinationType: s3
      LogDestination: !GetAtt Bucket.Arn
`;

  test('flow logs that go to a log group by its ARN are told from the logs of the API', async () => {
    const template = flowLogs
      .replace('Bucket: { Type: AWS::S3::Bucket }', 'Group: { Type: AWS::Logs::LogGroup }')
      .replace('LogDestinationType: s3', "DeliverLogsPermissionArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/flows'")
      .replace('Bucket.Arn', 'Group.Arn');
    const { lines } = await cost({ name: 'x.yml', template });
    expect(lines.find(({ part, kind }) => part === 'Group' && kind === 'gigabyte')?.what).toBe('Flow logs taken in');
  });

  test('a certificate that is served from addresses of its own, and not one by SNI', async () => {
    const { yaml } = synthesise({ name: 'shop', domain: 'myapp.com' });
    const of = async (template: string) =>
      (await cost({ name: 'x.yml', template })).lines.find(({ what }) => what === 'CloudFront dedicated IP')?.usd;
    expect(yaml).toContain('SslSupportMethod: sni-only');
    expect(await of(yaml)).toBeUndefined();
    expect(await of(yaml.replace('SslSupportMethod: sni-only', 'SslSupportMethod: vip'))).toBe('600.00');
  });

  test('flow logs that go to a bucket: it keeps them, and their delivery has no price', async () => {
    const { lines, notPriced } = await cost({ name: 'x.yml', template: flowLogs });
    expect(notPriced).toEqual([
      { part: 'Flows', type: 'AWS::EC2::FlowLog', why: 'no price of delivering flow logs to a bucket was checked' },
    ]);
    const kept = lines
      .filter(({ part }) => part === 'Bucket')
      .map(({ what, quantity, basis }) => [what, quantity, basis]);
    expect(kept).toEqual([['S3 Standard', '1', "a month's flow logs"]]);
  });

  test('types of machines without a price in the region', async () => {
    const result = await of({ name: 'shop', api: { instanceType: 'm7i.large' } }, { region: 'eu-central-1' });
    expect(result.notPriced).toContainEqual({
      part: 'ApiGroup',
      type: 'AWS::AutoScaling::AutoScalingGroup',
      why: 'no price of m7i.large machines in eu-central-1 was checked',
    });
  });

  test("the yearly fee of a domain that is not .com's, unless it is given", async () => {
    const shop: ConfigInput = { name: 'shop', domain: 'shop.example' };
    expect((await of(shop)).notPriced.map(({ part }) => part)).toEqual(['HostedZone']);
    const told = await of(shop, { given: given({ domainUsdPerYear: '24.60' }) });
    expect(told.notPriced).toEqual([]);
    expect(told.lines.find(({ what }) => what.startsWith('Domain'))).toMatchObject({ usd: '2.05' });
  });

  test.each(everyVariant)('of the blueprint everything has a price or is free: %s', async (_, config) => {
    const { yaml } = synthesise(config);
    const { notPriced, free, lines, byPart } = await cost({ name: 'build.yml', template: yaml });
    expect(notPriced.filter(({ why }) => !/yearly fee/.test(why))).toEqual([]);
    const parts = new Set([...free, ...byPart].map(({ part }) => part));
    expect(lines.every(({ source }) => source.page.startsWith('https://aws.amazon.com/'))).toBe(true);
    expect(parts.size).toBeGreaterThan(60);
  });
});
