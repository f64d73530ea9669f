import { describe, expect, it } from 'vitest';
import { Unknown } from './resolve.ts';
import { conform, isAwsType, propertyChanges, typeSpec } from './spec.ts';

describe('the schemas', () => {
  it('know the types of the product and the names of all', () => {
    expect(typeSpec('AWS::EC2::VPC')?.p.CidrBlock).toBe('s~');
    expect(typeSpec('AWS::Lambda::Function')).toBeUndefined();
    expect(isAwsType('AWS::Lambda::Function')).toBe(true);
    expect(isAwsType('AWS::Lambda::Funktion')).toBe(false);
    expect(isAwsType('nonsense')).toBe(false);
  });

  it('give scalars their types', () => {
    const { properties, problems } = conform('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: '80',
      HealthCheckEnabled: 'true',
      Name: 12,
      Matcher: { HttpCode: 200 },
      TargetGroupAttributes: [{ Key: 'a', Value: true }],
      VpcId: new Unknown('Vpc'),
    });
    expect(problems).toEqual([]);
    expect(properties).toEqual({
      Port: 80,
      HealthCheckEnabled: true,
      Name: '12',
      Matcher: { HttpCode: '200' },
      TargetGroupAttributes: [{ Key: 'a', Value: 'true' }],
      VpcId: new Unknown('Vpc'),
    });
  });

  it.each([
    ['AWS::EC2::Subnet', { VpcId: 'v', Nope: 1 }, '#: extraneous key [Nope] is not permitted'],
    ['AWS::EC2::SecurityGroup', {}, '#: required key [GroupDescription] not found'],
    [
      'AWS::EC2::SecurityGroup',
      { GroupDescription: 'x', SecurityGroupIngress: { IpProtocol: 'tcp' } },
      '#/SecurityGroupIngress: expected type: JSONArray, found: JSONObject',
    ],
    [
      'AWS::EC2::SecurityGroup',
      { GroupDescription: 'x', SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 'http' }] },
      '#/SecurityGroupIngress/0/FromPort: expected type: Integer, found: String',
    ],
    ['AWS::EC2::VPC', { EnableDnsSupport: 'maybe' }, '#/EnableDnsSupport: expected type: Boolean, found: String'],
    ['AWS::EC2::VPC', { CidrBlock: ['10.0.0.0/16'] }, '#/CidrBlock: expected type: String, found: JSONArray'],
  ])('%s %j: %s', (type, properties, message) => {
    expect(conform(type, properties).problems.map((problem) => problem.message)).toEqual([message]);
  });

  it('take either form of what has two', () => {
    for (const PolicyDocument of ['{}', { Version: '2012-10-17' }]) {
      expect(conform('AWS::IAM::ManagedPolicy', { PolicyDocument }).problems).toEqual([]);
    }
  });
});

describe('changes', () => {
  it.each([
    ['AWS::EC2::VPC', { CidrBlock: 'a' }, { CidrBlock: 'b' }, [['CidrBlock', 'Always']]],
    ['AWS::EC2::VPC', { EnableDnsSupport: true }, {}, [['EnableDnsSupport', 'Never']]],
    [
      'AWS::EC2::VPC',
      { InstanceTenancy: 'default' },
      { InstanceTenancy: 'dedicated' },
      [['InstanceTenancy', 'Conditionally']],
    ],
    [
      'AWS::EC2::VPC',
      { Tags: [{ Key: 'a', Value: 'b' }] },
      { Tags: [{ Value: 'c', Key: 'a' }] },
      [['Tags/0/Value', 'Never']],
    ],
    ['AWS::EC2::VPC', { Tags: [{ Key: 'a', Value: 'b' }] }, { Tags: [{ Value: 'b', Key: 'a' }] }, []],
    ['AWS::EC2::VPC', { Tags: [] }, { Tags: [{ Key: 'a', Value: 'b' }] }, [['Tags', 'Never']]],
  ])('%s %j → %j', (type, before, after, expected) => {
    expect(propertyChanges(type, before, after).map(({ path, recreation }) => [path.join('/'), recreation])).toEqual(
      expected,
    );
  });
});
