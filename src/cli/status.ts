/** `orrery status`: what runs, asked of the region like any client would. */
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { appDir } from './app.ts';
import { line, paint, table } from './print.ts';
import { endpointOf, findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('what runs: stacks, machines and their health')
    .argument('[dir]', "the app's folder", '.')
    .option('--json', 'for programs')
    .action(async (dir: string, options: { json?: boolean }) => {
      const running = await findRunning(appDir(dir));
      if (!running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
      const status = await read(running);
      line(options.json ? JSON.stringify(status, null, 2) : text(status));
    });
}

interface Status {
  readonly endpoint: string;
  readonly pid: number;
  readonly stacks: readonly {
    readonly name: string;
    readonly status: string;
    readonly outputs: Readonly<Record<string, string>>;
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly desired: number;
    readonly min: number;
    readonly max: number;
  }[];
  readonly machines: readonly Machine[];
  /** Alarms whose metric does not report: they cannot act. */
  readonly withoutData: readonly { readonly alarm: string; readonly metric: string; readonly reason: string }[];
}

interface Machine {
  readonly id: string;
  readonly state: string;
  readonly zone: string;
  readonly address: string;
  readonly health: string;
}

async function read(running: RunningRegion): Promise<Status> {
  const endpoint = endpointOf(running);
  const config = { endpoint, region: running.region, credentials: running.rootKey };
  const target = targetOf(running);
  const balancing = new ElasticLoadBalancingV2Client(config);
  const [{ Stacks = [] }, { Reservations = [] }, { TargetGroups = [] }, { AutoScalingGroups = [] }] = await Promise.all(
    [
      target.cloudFormation.send(new DescribeStacksCommand({})),
      target.ec2.send(new DescribeInstancesCommand({})),
      balancing.send(new DescribeTargetGroupsCommand({})),
      new AutoScalingClient(config).send(new DescribeAutoScalingGroupsCommand({})),
    ],
  );
  const { MetricAlarms = [] } = await new CloudWatchClient(config).send(
    new DescribeAlarmsCommand({ StateValue: 'INSUFFICIENT_DATA', MaxRecords: 100 }),
  );
  const health = new Map<string, string>();
  for (const { TargetGroupArn } of TargetGroups) {
    const { TargetHealthDescriptions = [] } = await balancing.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    for (const { Target, TargetHealth } of TargetHealthDescriptions) {
      if (Target?.Id)
        health.set(Target.Id, [TargetHealth?.State, TargetHealth?.Reason].filter((part) => part).join(' '));
    }
  }
  return {
    endpoint,
    pid: running.pid,
    stacks: Stacks.map(stackView),
    groups: AutoScalingGroups.map((group) => ({
      name: group.AutoScalingGroupName ?? '',
      desired: group.DesiredCapacity ?? 0,
      min: group.MinSize ?? 0,
      max: group.MaxSize ?? 0,
    })),
    machines: Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => ({
      id: instance.InstanceId ?? '',
      state: instance.State?.Name ?? '',
      zone: instance.Placement?.AvailabilityZone ?? '',
      address: instance.PrivateIpAddress ?? '',
      health: health.get(instance.InstanceId ?? '') ?? '',
    })),
    // One that was put just now has not been looked at.
    withoutData: MetricAlarms.filter(({ StateReason = '' }) => !StateReason.startsWith('Unchecked')).map((alarm) => ({
      alarm: alarm.AlarmName ?? '',
      metric: `${alarm.Namespace ?? ''} ${alarm.MetricName ?? ''}`.trim(),
      reason: alarm.StateReason ?? '',
    })),
  };
}

function stackView({ StackName = '', StackStatus, Outputs = [] }: Stack): Status['stacks'][number] {
  return {
    name: StackName,
    status: StackStatus ?? '',
    outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
  };
}

function text({ endpoint, pid, stacks, groups, machines, withoutData }: Status): string {
  const parts = [`Region at ${endpoint} (pid ${pid})`];
  for (const stack of stacks)
    parts.push(
      `${paint.bold(stack.name)}  ${stack.status}`,
      table(Object.entries(stack.outputs).map(([key, value]) => [`  ${key}`, value])),
    );
  for (const group of groups)
    parts.push(`${paint.bold(group.name)}  ${group.desired} wanted, ${group.min} to ${group.max}`);
  parts.push(table(machines.map(({ id, state, zone, address, health }) => [`  ${id}`, state, zone, address, health])));
  if (withoutData.length > 0)
    parts.push(
      paint.yellow('No data: these alarms do nothing until there is some'),
      table(withoutData.map(({ alarm, metric }) => [`  ${metric}`, alarm])),
    );
  return parts.join('\n');
}
