/** A group whose policies follow metrics that a test puts: nobody but CloudWatch's alarms moves it. */
import {
  CreateAutoScalingGroupCommand,
  type CreateAutoScalingGroupCommandInput,
  DescribePoliciesCommand,
  ExecutePolicyCommand,
  PutScalingPolicyCommand,
  type PutScalingPolicyCommandInput,
} from '@aws-sdk/client-auto-scaling';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { expect } from 'vitest';
import { cloudWatch as cloudWatchService } from '../cloudwatch/index.ts';
import { AutoScalingGroupName, closeSound, groupReaders, ids } from './group.fixture.ts';
import { groupsOnSocket, surroundings } from './region.fixture.ts';

/** Target tracking of the average of `Own` `Load`. */
export const tracked = (TargetValue: number, MetricName = 'Load', more: object = {}) => ({
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingConfiguration: {
    TargetValue,
    CustomizedMetricSpecification: { Namespace: 'Own', MetricName, Statistic: 'Average' as const },
    ...more,
  },
});

export async function policyGroup(more: Partial<CreateAutoScalingGroupCommandInput> = {}) {
  const region = await groupsOnSocket({ services: [cloudWatchService] });
  const cloudWatch = region.client(CloudWatchClient);
  const around = await surroundings(region);
  const { autoScaling, clock } = region;
  const settings = { MinSize: 1, MaxSize: 10, DesiredCapacity: 2, DefaultInstanceWarmup: 120, ...more };
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName,
      LaunchTemplate: { LaunchTemplateId: around.templateId },
      VPCZoneIdentifier: around.subnets.join(','),
      ...settings,
    }),
  );

  async function report(values: Readonly<Record<string, number>>): Promise<void> {
    const MetricData = Object.entries(values).map(([MetricName, Value]) => ({
      MetricName,
      Value,
      Timestamp: clock.date(),
    }));
    if (MetricData.length > 0) await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'Own', MetricData }));
  }
  /** Minutes go by, each with a value of the metric, or of several. */
  async function pass(minutes: number, values: number | Readonly<Record<string, number>> | undefined): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await report(typeof values === 'number' ? { Load: values } : (values ?? {}));
      for (let second = 0; second < 60; second += 5) await clock.advance(5_000);
    }
  }
  const { group, desired, activities } = groupReaders(() => region);
  await clock.advance(60_000 - (clock.now() % 60_000));
  await pass(5, undefined);
  const inService = async () => ids(await group()).length;
  expect(await inService()).toBe(settings.DesiredCapacity);

  return {
    region,
    cloudWatch,
    around,
    report,
    pass,
    inService,
    put: (input: Partial<PutScalingPolicyCommandInput>, PolicyName = 'by-load') =>
      autoScaling.send(new PutScalingPolicyCommand({ AutoScalingGroupName, PolicyName, ...input })),
    /** An alarm above a threshold of one minute's average of `Own` `Load`, unless told otherwise. */
    alarm: (AlarmName: string, input: Partial<PutMetricAlarmCommandInput>) =>
      cloudWatch.send(
        new PutMetricAlarmCommand({
          ...{ AlarmName, Namespace: 'Own', MetricName: 'Load', Statistic: 'Average', Period: 60 },
          ...{ EvaluationPeriods: 1, Threshold: 50, ComparisonOperator: 'GreaterThanThreshold' },
          ...input,
        }),
      ),
    execute: (input: object = {}, PolicyName = 'by-load') =>
      autoScaling.send(new ExecutePolicyCommand({ AutoScalingGroupName, PolicyName, ...input })),
    desired,
    causes: async () => (await activities()).map(({ Cause = '' }) => Cause),
    alarms: async () => (await cloudWatch.send(new DescribeAlarmsCommand({}))).MetricAlarms ?? [],
    policies: async () =>
      (await autoScaling.send(new DescribePoliciesCommand({ AutoScalingGroupName }))).ScalingPolicies ?? [],
    close: () => closeSound(region),
  };
}
