/** A machine that works on its own lifecycle hooks, with the SDK and what IMDS tells, as AWS's tutorial has it. */
import { join } from 'node:path';
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import type { Template } from './api-template.ts';
import { groupTemplate } from './group-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

const AutoScalingGroupName = 'held';
const sdk = JSON.stringify(join(import.meta.dirname, '../package.json'));

/** Completes `ready` once it may go into service, and `saved` when it shall end. */
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
async function reached(state) {
  while ((await read('autoscaling/target-lifecycle-state')) !== state) await new Promise((go) => setTimeout(go, 50));
}
async function main() {
  await reached('InService');
  await complete('ready');
  await reached('Terminated');
  // The balancer drains first: there is nothing to complete until then.
  for (;;) if (await complete('saved').then(() => true, () => false)) return;
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
END
/opt/aws/bin/cfn-init -v --stack \${AWS::StackName} --resource Group --region \${AWS::Region}
systemctl start hooks
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
