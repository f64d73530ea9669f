/**
 * The worked examples of AWS's guides, each under the page that has it. What is only observed on AWS says so.
 */
import { CreateAutoScalingGroupCommand, PutScalingPolicyCommand } from '@aws-sdk/client-auto-scaling';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, describe, expect, test } from 'vitest';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName } from './group.fixture.ts';
import { policyGroup, tracked } from './policies.fixture.ts';

let own: Awaited<ReturnType<typeof policyGroup>>;
afterEach(() => own.close());

const change = (ScalingAdjustment: number) => ({
  PolicyType: 'StepScaling',
  AdjustmentType: 'ChangeInCapacity',
  StepAdjustments: [
    ScalingAdjustment > 0
      ? { MetricIntervalLowerBound: 0, ScalingAdjustment }
      : { MetricIntervalUpperBound: 0, ScalingAdjustment },
  ],
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
describe('documented, step and simple scaling', () => {
  const percent = (...steps: [from: number | undefined, to: number | undefined, percent: number][]) => ({
    PolicyType: 'StepScaling',
    AdjustmentType: 'PercentChangeInCapacity',
    StepAdjustments: steps.map(([MetricIntervalLowerBound, MetricIntervalUpperBound, ScalingAdjustment]) => ({
      MetricIntervalLowerBound,
      MetricIntervalUpperBound,
      ScalingAdjustment,
    })),
  });
  const out = percent([0, 10, 0], [10, 20, 10], [20, undefined, 30]);
  const inwards = percent([-10, 0, 0], [-20, -10, -10], [undefined, -20, -30]);
  const at = (MetricValue: number, policy = 'out') => own.execute({ MetricValue, BreachThreshold: 50 }, policy);

  test('10 at a threshold of 50: 60 makes 11, 70 then 14, 40 then 13, 30 then 10', async () => {
    own = await policyGroup({ MinSize: 1, MaxSize: 20, DesiredCapacity: 10, DefaultInstanceWarmup: 60 });
    await own.put(out, 'out');
    await own.put(inwards, 'in');
    await at(59.9);
    await at(40.1, 'in');
    expect(await own.desired()).toBe(10);
    for (const [value, policy, expected] of [
      [60, 'out', 11],
      [70, 'out', 14],
      [40, 'in', 13],
      [30, 'in', 10],
    ] as const) {
      await at(value, policy);
      expect(await own.desired()).toBe(expected);
      await own.pass(3, undefined);
      expect(await own.inService()).toBe(expected);
    }
  }, 20_000);

  test('while the one for 60 warms up, 62 adds nothing, and 70 two of its three', async () => {
    own = await policyGroup({ MinSize: 1, MaxSize: 20, DesiredCapacity: 10, DefaultInstanceWarmup: 300 });
    await own.put(out, 'out');
    await own.pass(3, undefined);
    await at(60);
    await own.pass(1, undefined);
    await at(62);
    expect(await own.desired()).toBe(11);
    await at(70);
    expect(await own.desired()).toBe(13);
  });

  test('25 % of 4, but at least 2: two are added', async () => {
    own = await policyGroup({ DesiredCapacity: 4 });
    await own.put({
      AdjustmentType: 'PercentChangeInCapacity',
      ScalingAdjustment: 25,
      MinAdjustmentMagnitude: 2,
    });
    await own.execute();
    expect(await own.desired()).toBe(6);
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scale-based-on-demand.html
describe('documented, bounds and several policies', () => {
  test('three more with a maximum of 3 is one, two fewer with a minimum of 2 is one', async () => {
    own = await policyGroup({ MinSize: 2, MaxSize: 3, DesiredCapacity: 2, DefaultInstanceWarmup: 0 });
    await own.put(change(3), 'out');
    await own.put(change(-2), 'in');
    await own.execute({ MetricValue: 51, BreachThreshold: 50 }, 'out');
    expect(await own.desired()).toBe(3);
    await own.pass(2, undefined);
    await own.execute({ MetricValue: 49, BreachThreshold: 50 }, 'in');
    expect(await own.desired()).toBe(2);
  });

  test.each([[['cpu', 'queue']], [['queue', 'cpu']]])(
    'one policy launches one, another two, at the same time (%j): two are launched',
    async (order) => {
      own = await policyGroup({ DesiredCapacity: 1 });
      const by: Record<string, number> = { cpu: 1, queue: 2 };
      for (const name of order) {
        const { PolicyARN = '' } = await own.put(change(by[name] ?? 0), name);
        await own.alarm(name, { AlarmActions: [PolicyARN] });
      }
      await own.pass(1, 80);
      await own.pass(1, undefined);
      expect(await own.desired()).toBe(3);
    },
  );

  test.each([[['three', 'quarter']], [['quarter', 'three']]])(
    'one policy ends three of eight, another a quarter, at the same time (%j): two are ended',
    async (order) => {
      own = await policyGroup({ DesiredCapacity: 8, DefaultInstanceWarmup: 0 });
      const settings = {
        three: change(-3),
        quarter: {
          PolicyType: 'StepScaling',
          AdjustmentType: 'PercentChangeInCapacity',
          StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: -25 }],
        },
      };
      for (const name of order) {
        const { PolicyARN = '' } = await own.put(settings[name as keyof typeof settings], name);
        await own.alarm(name, { AlarmActions: [PolicyARN], ComparisonOperator: 'LessThanThreshold' });
      }
      await own.report({ Load: 10 });
      await own.region.clock.advance(60_000);
      await own.region.clock.advance(5_000);
      expect(await own.desired()).toBe(6);
    },
  );
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
describe('documented, cooldowns', () => {
  test('an alarm that keeps ringing launches one, waits until it is there and for the cooldown, and launches the next', async () => {
    own = await policyGroup({ DesiredCapacity: 1, DefaultCooldown: 180 });
    const { PolicyARN = '' } = await own.put({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1 });
    await own.alarm('busy', { AlarmActions: [PolicyARN] });
    const course: (number | undefined)[] = [];
    for (let minute = 0; minute < 7; minute++) {
      await own.pass(1, 95);
      course.push(await own.desired());
    }
    // Heard once its first minute is over, and again three minutes after the launch.
    expect(course).toEqual([1, 2, 2, 2, 3, 3, 3]);
  });

  test('the cooldown of a policy is that of its own scaling, not of the one that waits for it', async () => {
    own = await policyGroup({ DesiredCapacity: 4, DefaultCooldown: 600 });
    await own.put({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: -1, Cooldown: 180 }, 'in');
    await own.put({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1 }, 'out');
    await own.execute({}, 'in');
    await own.pass(2, undefined);
    expect(await faultOf(own.execute({ HonorCooldown: true }, 'out'))).toMatch(/^ScalingActivityInProgress/);
    await own.pass(2, undefined);
    await own.execute({ HonorCooldown: true }, 'out');
    expect(await own.desired()).toBe(4);
    await own.pass(9, undefined);
    expect(await faultOf(own.execute({ HonorCooldown: true }, 'in'))).toMatch(/^ScalingActivityInProgress/);
    await own.pass(3, undefined);
    await own.execute({ HonorCooldown: true }, 'in');
    expect(await own.desired()).toBe(3);
  }, 20_000);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
describe('documented, target tracking', () => {
  test('one and a half to add are two, one and a half to remove are one', async () => {
    own = await policyGroup({ MaxSize: 20, DesiredCapacity: 3 });
    await own.put(tracked(50));
    await own.pass(4, 75);
    // 3 × 75 / 50 = 4.5
    expect(await own.desired()).toBe(5);
    await own.pass(3, 45);
    // 5 × 35 / 50 = 3.5
    await own.pass(16, 35);
    expect(await own.desired()).toBe(4);
  }, 20_000);

  test('what never reports scales neither out nor in, and says so', async () => {
    own = await policyGroup();
    await own.put(tracked(50));
    await own.pass(20, undefined);
    expect(await own.desired()).toBe(2);
    const alarms = await own.alarms();
    expect(alarms.map(({ StateValue }) => StateValue)).toEqual(['INSUFFICIENT_DATA', 'INSUFFICIENT_DATA']);
    expect(alarms.map(({ StateReason }) => StateReason)).toEqual([
      'Insufficient Data: 3 datapoints were unknown.',
      'Insufficient Data: 15 datapoints were unknown.',
    ]);
    const told = own.region.events.filter(({ kind }) => kind === 'alarm-without-data');
    expect(told.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^TargetTracking-api-AlarmHigh-\S+ has had no data since it was put/),
      expect.stringMatching(/^TargetTracking-api-AlarmLow-\S+ has had no data since it was put/),
    ]);
  }, 20_000);

  test('out when any says so, in only when all that can scale in are ready; one without data is not', async () => {
    own = await policyGroup({ DesiredCapacity: 4 });
    await own.put(tracked(50));
    await own.put(tracked(50, 'Queue'), 'by-queue');
    await own.put(tracked(50, 'Memory', { DisableScaleIn: true }), 'by-memory');
    await own.pass(18, { Load: 20, Memory: 48 });
    expect(await own.desired()).toBe(4);
    expect(own.region.events.flatMap(({ kind, text }) => (kind === 'scale-in-held' ? [text] : []))).toEqual([
      'api: by-load would scale in, and by-queue is not ready to',
    ]);
    await own.pass(15, { Load: 20, Queue: 30, Memory: 48 });
    await own.region.clock.advance(5_000);
    // The larger one: 4 × 30 / 50 = 2.4
    expect(await own.desired()).toBe(3);
    await own.pass(5, { Load: 20, Queue: 30, Memory: 75 });
    // 3 × 75 / 50 = 4.5, and what wants out keeps the others from going in.
    expect(await own.desired()).toBe(5);
  }, 30_000);

  test('a step policy that scales in is not held up by one that is not ready, but by one that scales out', async () => {
    own = await policyGroup({ DesiredCapacity: 4 });
    await own.put(tracked(50));
    const { PolicyARN = '' } = await own.put(change(-1), 'night');
    await own.alarm('night', {
      ...{ MetricName: 'Night', ComparisonOperator: 'LessThanThreshold', Threshold: 1 },
      AlarmActions: [PolicyARN],
    });
    await own.pass(3, { Load: 48, Night: 1 });
    await own.report({ Load: 48, Night: 0 });
    await own.region.clock.advance(60_000);
    await own.region.clock.advance(5_000);
    expect(await own.desired()).toBe(3);
    await own.pass(4, { Load: 50.1, Night: 1 });
    expect(await own.desired()).toBe(4);
    await own.pass(3, { Load: 50.1, Night: 0 });
    expect(await own.desired()).toBeGreaterThanOrEqual(4);
  });

  test('what another policy needs is told by its last whole minute, not by the seconds since', async () => {
    own = await policyGroup({ DesiredCapacity: 4, DefaultInstanceWarmup: 0 });
    await own.put(tracked(50));
    const sum = { Namespace: 'Own', MetricName: 'Sum', Statistic: 'Sum' as const };
    await own.put(tracked(100, '', { CustomizedMetricSpecification: sum }), 'by-sum');
    const { clock } = own.region;
    for (let minute = 0; minute < 17; minute++) {
      await own.report({ Load: 5, Sum: 5 });
      for (let second = 0; second < 30; second += 5) await clock.advance(5_000);
      await own.report({ Sum: 75 });
      for (let second = 0; second < 30; second += 5) await clock.advance(5_000);
    }
    // 4 × 80 / 100 = 3.2
    expect(await own.desired()).toBe(4);
  }, 20_000);

  test('nothing goes while something warms up', async () => {
    own = await policyGroup({ DesiredCapacity: 4, DefaultInstanceWarmup: 600 });
    await own.put(change(-1), 'in');
    await own.put(change(1), 'out');
    await own.pass(7, undefined);
    await own.execute({ MetricValue: 51, BreachThreshold: 50 }, 'out');
    await own.pass(9, undefined);
    await own.execute({ MetricValue: 49, BreachThreshold: 50 }, 'in');
    expect(await own.desired()).toBe(5);
    await own.pass(3, undefined);
    await own.execute({ MetricValue: 49, BreachThreshold: 50 }, 'in');
    expect(await own.desired()).toBe(4);
  });

  // https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
  test('what a policy launches warms up as long as the policy says', async () => {
    own = await policyGroup({ DesiredCapacity: 2, DefaultInstanceWarmup: 600, MaxSize: 20 });
    await own.put({ ...change(1), EstimatedInstanceWarmup: 60 });
    await own.pass(6, undefined);
    const more = () => own.execute({ MetricValue: 51, BreachThreshold: 50 });
    await more();
    await more();
    expect(await own.desired()).toBe(3);
    await own.pass(2, undefined);
    await more();
    expect(await own.desired()).toBe(4);
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-target-tracking-metric-math.html
test('documented, metric math: the backlog per instance, with the group’s own metric', async () => {
  own = await policyGroup({ DesiredCapacity: 2, DefaultInstanceWarmup: 0 });
  await own.region.invoke('autoscaling', 'EnableMetricsCollection', {
    AutoScalingGroupName,
    Granularity: '1Minute',
    Metrics: ['GroupInServiceInstances'],
  });
  const groupSize = {
    Namespace: 'AWS/AutoScaling',
    MetricName: 'GroupInServiceInstances',
    Dimensions: [{ Name: 'AutoScalingGroupName', Value: AutoScalingGroupName }],
  };
  await own.put({
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingConfiguration: {
      TargetValue: 100,
      CustomizedMetricSpecification: {
        Metrics: [
          {
            Id: 'm1',
            MetricStat: { Metric: { Namespace: 'Own', MetricName: 'Backlog' }, Stat: 'Sum' },
            ReturnData: false,
          },
          { Id: 'm2', MetricStat: { Metric: groupSize, Stat: 'Average' }, ReturnData: false },
          { Id: 'e1', Expression: 'm1 / m2', ReturnData: true },
        ],
      },
    },
  });
  await own.pass(5, { Backlog: 500 });
  expect(await own.desired()).toBe(5);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/policy-creating-high-resolution-metrics.html
test('documented, high resolution: points of ten seconds; how many of them is not documented', async () => {
  own = await policyGroup({ DesiredCapacity: 2 });
  const config = tracked(50).TargetTrackingConfiguration;
  const CustomizedMetricSpecification = { ...config.CustomizedMetricSpecification, Period: 10 };
  await own.put({ ...tracked(50), TargetTrackingConfiguration: { ...config, CustomizedMetricSpecification } });
  expect((await own.alarms()).map(({ Period, EvaluationPeriods }) => [Period, EvaluationPeriods])).toEqual([
    [10, 3],
    [10, 90],
  ]);
  for (let seconds = 0; seconds < 40; seconds += 10) {
    const MetricData = [{ MetricName: 'Load', Value: 100, StorageResolution: 1 }];
    await own.cloudWatch.send(new PutMetricDataCommand({ Namespace: 'Own', MetricData }));
    await own.region.clock.advance(10_000);
  }
  await own.region.clock.advance(5_000);
  expect(await own.desired()).toBe(4);
});

test('observed: three points of a minute above the target, fifteen below 90 % of it', async () => {
  own = await policyGroup();
  await own.put(tracked(40));
  const shown = (await own.alarms()).map((one) => [
    one.ComparisonOperator,
    one.Threshold,
    one.Period,
    one.EvaluationPeriods,
  ]);
  expect(shown).toEqual([
    ['GreaterThanThreshold', 40, 60, 3],
    ['LessThanThreshold', 36, 60, 15],
  ]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredefinedMetricSpecification.html
test('documented: requests per target are followed by the resource label, for target groups of the group alone', async () => {
  own = await policyGroup();
  const { region, around } = own;
  const label = `app/front/50dc6c495c0c9188/${around.targetGroupArn.split(':').at(-1)}`;
  const policy = {
    PolicyName: 'by-requests',
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingConfiguration: {
      TargetValue: 1000,
      PredefinedMetricSpecification: {
        PredefinedMetricType: 'ALBRequestCountPerTarget' as const,
        ResourceLabel: label,
      },
    },
  };
  expect(await faultOf(own.put(policy))).toMatch(/is not attached to the group api/);
  await region.autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'served',
      ...{ MinSize: 0, MaxSize: 1, TargetGroupARNs: [around.targetGroupArn] },
      LaunchTemplate: { LaunchTemplateId: around.templateId },
      VPCZoneIdentifier: around.subnets.join(','),
    }),
  );
  await region.autoScaling.send(new PutScalingPolicyCommand({ AutoScalingGroupName: 'served', ...policy }));
  expect((await own.alarms())[0]).toMatchObject({
    ...{ Namespace: 'AWS/ApplicationELB', MetricName: 'RequestCountPerTarget', Statistic: 'Sum', Threshold: 1000 },
    Dimensions: [
      { Name: 'LoadBalancer', Value: 'app/front/50dc6c495c0c9188' },
      { Name: 'TargetGroup', Value: around.targetGroupArn.split(':').at(-1) },
    ],
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
test('documented: requests per target scale out in proportion, and in to the minimum by zeros alone', async () => {
  own = await policyGroup({ DesiredCapacity: 2, DefaultInstanceWarmup: 0 });
  const { region, around } = own;
  const TargetGroup = around.targetGroupArn.split(':').at(-1) ?? '';
  const LoadBalancer = 'app/front/50dc6c495c0c9188';
  await region.invoke('autoscaling', 'AttachLoadBalancerTargetGroups', {
    AutoScalingGroupName,
    TargetGroupARNs: [around.targetGroupArn],
  });
  await own.put({
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingConfiguration: {
      TargetValue: 1000,
      PredefinedMetricSpecification: {
        PredefinedMetricType: 'ALBRequestCountPerTarget',
        ResourceLabel: `${LoadBalancer}/${TargetGroup}`,
      },
    },
  });
  const balancer = { kind: 'service', service: 'elasticloadbalancing.amazonaws.com', trusted: true } as const;
  /** A balancer tells each ten seconds, of requests or of none. */
  async function requests(minutes: number, perTarget: number) {
    const Dimensions = Object.entries({ TargetGroup, LoadBalancer }).map(([Name, Value]) => ({ Name, Value }));
    for (let count = 0; count < minutes * 6; count++) {
      const MetricData = [{ MetricName: 'RequestCountPerTarget', Dimensions, Value: perTarget / 6, Unit: 'Count' }];
      await region.scope.invoke(balancer, 'cloudwatch', 'PutMetricData', {
        Namespace: 'AWS/ApplicationELB',
        MetricData,
      });
      for (const ms of [5_000, 5_000]) await region.clock.advance(ms);
    }
  }
  await requests(3, 2400);
  await own.region.clock.advance(5_000);
  // 2 × 2400 / 1000 = 4.8, of whole minutes and not of the seconds since.
  expect(await own.desired()).toBe(5);
  await requests(16, 0);
  expect(await own.desired()).toBe(1);
}, 20_000);

// https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_autoscaling.BasicStepScalingPolicyProps.html#metricaggregationtype
test.each([
  ['Minimum', 3],
  ['Average', 4],
  [undefined, 4],
  ['Maximum', 5],
])(
  'documented: with the aggregation %s the step is that of all evaluation periods together',
  async (type, expected) => {
    own = await policyGroup();
    const steps = [
      { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1 },
      { MetricIntervalLowerBound: 10, MetricIntervalUpperBound: 30, ScalingAdjustment: 2 },
      { MetricIntervalLowerBound: 30, ScalingAdjustment: 3 },
    ];
    const { PolicyARN = '' } = await own.put({ ...change(1), StepAdjustments: steps, MetricAggregationType: type });
    await own.alarm('busy', { AlarmActions: [PolicyARN], EvaluationPeriods: 3 });
    for (const value of [55, 85, 56]) await own.pass(1, value);
    await own.region.clock.advance(5_000);
    expect(await own.desired()).toBe(expected);
  },
);
