/** A group of one to four machines that scales on one metric, and a server whose load is turned by its requests. */

import type { Template } from './api-template.ts';
import { groupTemplate } from './group-template.ts';

export type Metric = 'cpu' | 'memory' | 'network' | 'requests';

/** Of one machine, in the metric's unit: per cent, bytes and requests a minute. */
export const targets: Readonly<Record<Metric, number>> = { cpu: 30, memory: 40, network: 3_000_000, requests: 600 };

/** `?cpu=20` keeps a processor busy for 20 ms, `?hold=200` holds 200 MiB until told otherwise, `?bytes=9` answers so many. */
const storyServer = `const { createServer } = require('node:http');
require('node:v8').setFlagsFromString('--expose-gc');
const gc = require('node:vm').runInNewContext('gc');
let held = [];
createServer((request, response) => {
  const asked = new URL(request.url, 'http://api').searchParams;
  const end = performance.now() + Number(asked.get('cpu') ?? 0);
  while (performance.now() < end);
  if (asked.has('hold')) {
    held = Array.from({ length: Number(asked.get('hold')) }, () => Buffer.alloc(2 ** 20, 1));
    gc();
  }
  response.end('x'.repeat(Number(asked.get('bytes') ?? 1)));
}).listen(8080);
`;

const agent = {
  metrics: {
    namespace: 'CWAgent',
    append_dimensions: { AutoScalingGroupName: '${aws:AutoScalingGroupName}', InstanceId: '${aws:InstanceId}' },
    aggregation_dimensions: [['AutoScalingGroupName']],
    metrics_collected: { mem: { measurement: ['mem_used_percent'] } },
  },
};
const agentControl = '/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl';
const agentFile = '/opt/aws/amazon-cloudwatch-agent/etc/api.json';

const ref = (Ref: string) => ({ Ref });

function policy(configuration: object) {
  return {
    Type: 'AWS::AutoScaling::ScalingPolicy',
    Properties: {
      AutoScalingGroupName: ref('Group'),
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: configuration,
    },
  };
}

const predefined = (PredefinedMetricType: string, TargetValue: number, more: object = {}) =>
  policy({ PredefinedMetricSpecification: { PredefinedMetricType, ...more }, TargetValue });

function policies(metric: Metric): Template['Resources'] {
  switch (metric) {
    case 'cpu':
      return { Scale: predefined('ASGAverageCPUUtilization', targets.cpu) };
    case 'network':
      return { Scale: predefined('ASGAverageNetworkOut', targets.network) };
    case 'requests': {
      const label = '${Balancer.LoadBalancerFullName}/${Targets.TargetGroupFullName}';
      return {
        Scale: predefined('ALBRequestCountPerTarget', targets.requests, { ResourceLabel: { 'Fn::Sub': label } }),
      };
    }
    case 'memory':
      return {
        Scale: policy({
          CustomizedMetricSpecification: {
            Namespace: 'CWAgent',
            MetricName: 'mem_used_percent',
            Dimensions: [{ Name: 'AutoScalingGroupName', Value: ref('Group') }],
            Statistic: 'Average',
          },
          TargetValue: targets.memory,
          // A heap rarely shrinks: another metric says when machines are too many.
          DisableScaleIn: true,
        }),
        ScaleIn: predefined('ASGAverageCPUUtilization', 90),
      };
  }
}

/** @param host of its own zone: for `api.cpu.localhost` the zone `cpu.localhost` is made */
export function storyTemplate(metric: Metric, host: string): Template {
  const { Resources } = groupTemplate({
    host,
    server: storyServer,
    count: 1,
    group: { MinSize: '1', MaxSize: '4', DefaultInstanceWarmup: 60, HealthCheckType: 'EC2' },
    launch: {
      // One processor, or half a gibibyte.
      InstanceType: metric === 'memory' ? 't3.nano' : 't2.micro',
      Monitoring: { Enabled: true },
      IamInstanceProfile: { Arn: { 'Fn::GetAtt': ['MachineProfile', 'Arn'] } },
    },
    run: {
      packages: { 'amazon-cloudwatch-agent': [] },
      files: { [agentFile]: { content: agent } },
      commands: { agent: { command: `${agentControl} -a fetch-config -m ec2 -s -c file:${agentFile}` } },
    },
  });
  return { Resources: { ...Resources, ...role, ...policies(metric) } };
}

const role: Template['Resources'] = {
  MachineRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [
        {
          PolicyName: 'agent',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: ['cloudwatch:PutMetricData', 'ec2:DescribeTags'], Resource: '*' }],
          },
        },
      ],
    },
  },
  MachineProfile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('MachineRole')] } },
};
