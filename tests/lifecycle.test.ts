/** A machine that works on its own lifecycle hooks, with the SDK and what IMDS tells, as AWS's tutorial has it. */
import { join } from 'node:path';
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeWarmPoolCommand,
  PutWarmPoolCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import type { Template } from './api-template.ts';
import { groupTemplate } from './group-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

const AutoScalingGroupName = 'held';
const sdk = JSON.stringify(join(import.meta.dirname, '../package.json'));

/** Completes `ready` on its way into service or the warm pool, and `saved` when it shall end. */
const hooks = `const { AutoScalingClient, CompleteLifecycleActionCommand } =
  require('node:module').createRequire(${sdk})('@aws-sdk/client-auto-scaling');
const imds = 'http://169.254.169.254/latest/';
async function read(path) {
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await (await fetch(imds + 'api/token', { method: 'PUT', headers })).text();
  return (await fetch(imds + 'meta-data/' + path, { headers: { 'x-aws-ec2-metadata-token': token } })).text();
}
async function complete(LifecycleHookName) {
  const client = new AutoScalingClient({ region: 'us-east-1' });
  await client.send(new CompleteLifecycleActionCommand({
    AutoScalingGroupName: '${AutoScalingGroupName}',
    LifecycleHookName,
    InstanceId: await read('instance-id'),
    LifecycleActionResult: 'CONTINUE',
  }));
}
const hookOf = { InService: 'ready', 'Warmed:Stopped': 'ready', Terminated: 'saved' };
async function main() {
  for (let done; ; ) {
    await new Promise((go) => setTimeout(go, 50));
    const state = await read('autoscaling/target-lifecycle-state');
    // The balancer drains first: until then there is nothing to complete.
    if (state !== done && (await complete(hookOf[state]).then(() => true, () => false))) done = state;
  }
}
main();
`;

const userData = `#!/bin/bash
cat > /opt/hooks.js <<'END'
${hooks}
END
cat > /etc/systemd/system/hooks.service <<'END'
[Service]
ExecStart=/usr/bin/node-22 /opt/hooks.js
[Install]
WantedBy=multi-user.target
END
/opt/aws/bin/cfn-init -v --stack \${AWS::StackName} --resource Group --region \${AWS::Region}
systemctl enable --now hooks
/opt/aws/bin/cfn-signal -e $? --stack \${AWS::StackName} --resource Group --region \${AWS::Region}
`;

const ref = (Ref: string) => ({ Ref });

function template(): Template {
  const hook = (LifecycleHookName: string, what: string) => ({
    LifecycleHookName,
    LifecycleTransition: `autoscaling:EC2_INSTANCE_${what}`,
    HeartbeatTimeout: 7200,
  });
  const { Resources } = groupTemplate({
    userData,
    group: {
      AutoScalingGroupName,
      LifecycleHookSpecificationList: [hook('ready', 'LAUNCHING'), hook('saved', 'TERMINATING')],
      MinSize: '1',
      DesiredCapacity: '2',
    },
  });
  const { LaunchTemplateData } = (Resources.MachineTemplate?.Properties ?? {}) as { LaunchTemplateData?: object };
  const statement = (more: object) => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });
  return {
    Resources: {
      ...Resources,
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: statement({
            Principal: { Service: 'ec2.amazonaws.com' },
            Action: 'sts:AssumeRole',
          }),
          Policies: [
            {
              PolicyName: 'complete',
              // Its own group's alone.
              PolicyDocument: statement({
                Action: 'autoscaling:CompleteLifecycleAction',
                Resource: `arn:aws:autoscaling:*:123456789012:autoScalingGroup:*:autoScalingGroupName/${AutoScalingGroupName}`,
              }),
            },
          ],
        },
      },
      Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('Role')] } },
      MachineTemplate: {
        Type: 'AWS::EC2::LaunchTemplate',
        Properties: {
          LaunchTemplateData: {
            ...LaunchTemplateData,
            IamInstanceProfile: { Arn: { 'Fn::GetAtt': ['Profile', 'Arn'] } },
          },
        },
      },
    },
  };
}

let tested: TestedRegion;
let groups: AutoScalingClient;
beforeAll(async () => {
  tested = await startRegion({ clock: realClock(5) });
  groups = new AutoScalingClient(tested.config);
});
afterAll(() => tested.close());

async function states(): Promise<(string | undefined)[]> {
  const { AutoScalingGroups = [] } = await groups.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [AutoScalingGroupName] }),
  );
  const [found]: AutoScalingGroup[] = AutoScalingGroups;
  return (found?.Instances ?? []).map(({ LifecycleState }) => LifecycleState);
}

test('machines let themselves into service, and say when they are ready to end', async () => {
  expect(await tested.create('held', template()), await tested.failures('held').catch(String)).toBe('CREATE_COMPLETE');
  await eventually(states, (now) => now.length === 2 && now.every((state) => state === 'InService'));
  await groups.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 1 }));
  expect(await eventually(states, (now) => now.length === 1)).toEqual(['InService']);
  const done = tested.region.events.recent().filter(({ kind }) => kind === 'lifecycle-action');
  expect(done.map(({ data }) => data?.hook).sort()).toEqual(['ready', 'ready', 'saved']);
}, 60_000);

test('a machine of the warm pool boots, rests, and serves when it is called', async () => {
  const pooled = async () => (await groups.send(new DescribeWarmPoolCommand({ AutoScalingGroupName }))).Instances ?? [];
  await groups.send(new PutWarmPoolCommand({ AutoScalingGroupName, MaxGroupPreparedCapacity: 2 }));
  const [warm] = await eventually(pooled, ([one]) => one?.LifecycleState === 'Warmed:Stopped');
  await groups.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 2 }));
  await eventually(states, (now) => now.length === 2 && now.every((state) => state === 'InService'));
  const balancers = new ElasticLoadBalancingV2Client(tested.config);
  const { TargetGroups = [] } = await balancers.send(new DescribeTargetGroupsCommand({}));
  const TargetGroupArn = TargetGroups[0]?.TargetGroupArn;
  const health = async () => {
    const found = await balancers.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    return found.TargetHealthDescriptions?.find(({ Target }) => Target?.Id === warm?.InstanceId)?.TargetHealth?.State;
  };
  expect(await eventually(health, (state) => state === 'healthy')).toBe('healthy');
}, 60_000);
