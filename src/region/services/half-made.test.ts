/** Resources of which CloudFormation made only a part: what fails after the first call is deleted, what crashed is found again. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testRegion as testStacks } from '../stacks/testing.ts';
import { type GroupRegion, groupRegion, surroundings } from './autoscaling/region.fixture.ts';
import { testStack } from './ec2/stack.fixture.ts';

let region: GroupRegion;
beforeEach(() => {
  region = groupRegion();
});
afterEach(() => region.clock.stop());

const vpc = { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.1.0.0/16' } };

it.each<[string, object, string, string]>([
  [
    'a security group with a rule that is refused',
    {
      Vpc: vpc,
      Group: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: {
          GroupDescription: 'refused',
          VpcId: { Ref: 'Vpc' },
          SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '10.0.0.300/8' }],
        },
      },
    },
    'DescribeSecurityGroups',
    'SecurityGroups',
  ],
  [
    'an address for an instance that is not there',
    { Address: { Type: 'AWS::EC2::EIP', Properties: { InstanceId: 'i-0123456789abcdef0' } } },
    'DescribeAddresses',
    'Addresses',
  ],
  [
    'a NAT gateway whose address is not there',
    {
      Vpc: vpc,
      Subnet: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.1.0.0/24' } },
      Nat: {
        Type: 'AWS::EC2::NatGateway',
        Properties: { SubnetId: { Ref: 'Subnet' }, AllocationId: 'eipalloc-0123456789abcdef0' },
      },
    },
    'DescribeSubnets',
    'Subnets',
  ],
])('%s leaves nothing', async (_, Resources, operation, list) => {
  const all = async () => (await region.call<Record<string, unknown[]>>(operation))[list]?.length;
  const before = await all();
  const { clock, services, invoke } = region;
  const types = Object.assign({}, ...[...services.values()].map(({ resources }) => resources));
  const stacks = testStacks({ clock, types, invoke });
  stacks.create('half', { Resources });
  await stacks.settle();
  expect(stacks.stack('half').status, stacks.events('half', true).join('\n')).toBe('ROLLBACK_COMPLETE');
  expect(await all()).toBe(before);
});

it('takes a listener and its rule that are made again for the same', async () => {
  const { subnets, targetGroupArn: TargetGroupArn } = await surroundings(region);
  const stack = testStack(region);
  const LoadBalancerArn = await stack.create('AWS::ElasticLoadBalancingV2::LoadBalancer', 'Balancer', {
    Subnets: subnets.slice(0, 2),
  });
  const DefaultActions = [{ Type: 'forward', TargetGroupArn }];
  const ListenerArn = await stack.create('AWS::ElasticLoadBalancingV2::Listener', 'Listener', {
    LoadBalancerArn,
    Port: 80,
    Protocol: 'HTTP',
    DefaultActions,
  });
  const rule = {
    ListenerArn,
    Priority: 10,
    Conditions: [{ Field: 'path-pattern', Values: ['/admin/*'] }],
    Actions: DefaultActions,
  };
  const type = 'AWS::ElasticLoadBalancingV2::ListenerRule';
  const ruleArn = await stack.create(type, 'Rule', rule);
  expect(await stack.again('Listener')).toBe(ListenerArn);
  expect(await stack.again('Rule')).toBe(ruleArn);
  await expect(stack.create(type, 'Other', rule)).rejects.toThrow("Priority '10' is currently in use");
});
