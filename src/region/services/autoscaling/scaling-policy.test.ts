/** Policies by the measured metric: nobody but CloudWatch's alarms moves the group here. */
import {
  DeleteAutoScalingGroupCommand,
  DeletePolicyCommand,
  DescribePoliciesCommand,
  DescribeScalingActivitiesCommand,
  ExecutePolicyCommand,
  type PutScalingPolicyCommandInput,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { type CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName } from './group.fixture.ts';
import { policyGroup, tracked } from './policies.fixture.ts';

let own: Awaited<ReturnType<typeof policyGroup>>;
let region: typeof own.region;
let cloudWatch: CloudWatchClient;

beforeEach(async () => {
  own = await policyGroup();
  ({ region, cloudWatch } = own);
});
afterEach(() => own.close());

const put = (...given: Parameters<typeof own.put>) => own.put(...given);
const pass = (...given: Parameters<typeof own.pass>) => own.pass(...given);
const desired = () => own.desired();
const alarms = () => own.alarms();

describe('target tracking', () => {
  test('makes two alarms of its own, changes them with it, and takes them away', async () => {
    const { PolicyARN, Alarms } = await put(tracked(50));
    expect(PolicyARN).toMatch(
      /^arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:[0-9a-f-]{36}:autoScalingGroupName\/api:policyName\/by-load$/,
    );
    expect(Alarms?.map(({ AlarmName }) => AlarmName)).toEqual([
      expect.stringMatching(/^TargetTracking-api-AlarmHigh-[0-9a-f-]{36}$/),
      expect.stringMatching(/^TargetTracking-api-AlarmLow-[0-9a-f-]{36}$/),
    ]);
    expect(
      (await alarms()).map(({ Threshold, EvaluationPeriods, AlarmActions }) => [
        Threshold,
        EvaluationPeriods,
        AlarmActions,
      ]),
    ).toEqual([
      [50, 3, [PolicyARN]],
      [45, 15, [PolicyARN]],
    ]);
    const again = await put(tracked(80, 'Load', { DisableScaleIn: true }));
    expect(again).toMatchObject({ PolicyARN, Alarms: [Alarms?.[0]] });
    expect((await alarms()).map(({ Threshold }) => Threshold)).toEqual([80]);
    const { ScalingPolicies } = await region.autoScaling.send(new DescribePoliciesCommand({ AutoScalingGroupName }));
    expect(ScalingPolicies).toMatchObject([{ PolicyName: 'by-load', PolicyARN, Enabled: true, Alarms: [Alarms?.[0]] }]);
    await region.autoScaling.send(new DeletePolicyCommand({ PolicyName: PolicyARN }));
    expect(await alarms()).toEqual([]);
  });

  test('grows in proportion once it is breached for three minutes, then holds while new machines warm up', async () => {
    await put(tracked(50));
    await pass(2, 90);
    expect(await desired()).toBe(2);
    await pass(2, 90);
    // 2 × 90 / 50 = 3.6
    expect(await desired()).toBe(4);
    const { Activities = [] } = await region.autoScaling.send(
      new DescribeScalingActivitiesCommand({ AutoScalingGroupName }),
    );
    expect(Activities[0]?.Cause).toMatch(
      /^At 20\S+Z a monitor alarm TargetTracking-api-AlarmHigh-\S+ in state ALARM triggered policy by-load changing the desired capacity from 2 to 4\. {2}At 20\S+Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 2 to 4\.$/,
    );
    await pass(1, 90);
    expect(await desired()).toBe(4);
    // Warm now, and still too busy: 4 × 90 / 50 = 7.2
    await pass(2, 90);
    expect(await desired()).toBe(8);
  });

  test('shrinks after a quarter of an hour, by less than it grew', async () => {
    await put(tracked(50));
    await pass(14, 30);
    expect(await desired()).toBe(2);
    await pass(3, 20);
    expect(await desired()).toBe(1);
  }, 20_000);

  test('shrinks only when every policy agrees', async () => {
    await put(tracked(50));
    await put(tracked(10, 'Queue'), 'by-queue');
    for (let minute = 0; minute < 18; minute++) {
      await cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'Own',
          MetricData: [{ MetricName: 'Queue', Value: 9.5, Timestamp: region.clock.date() }],
        }),
      );
      await pass(1, 5);
    }
    expect(await desired()).toBe(2);
    await put(tracked(10, 'Queue', { DisableScaleIn: true }), 'by-queue');
    await pass(1, 5);
    expect(await desired()).toBe(1);
  }, 20_000);

  test('does nothing without data, or while alarms are not to be heard', async () => {
    await put(tracked(50));
    await pass(20, undefined);
    expect(await desired()).toBe(2);
    await region.autoScaling.send(
      new SuspendProcessesCommand({ AutoScalingGroupName, ScalingProcesses: ['AlarmNotification'] }),
    );
    await pass(5, 100);
    expect(await desired()).toBe(2);
  }, 20_000);

  test('goes with its group', async () => {
    await put(tracked(50));
    await region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
    await pass(2, undefined);
    expect(await alarms()).toEqual([]);
  });
});

describe('steps and simple policies', () => {
  const steps = {
    PolicyType: 'StepScaling',
    AdjustmentType: 'PercentChangeInCapacity',
    MinAdjustmentMagnitude: 1,
    StepAdjustments: [
      { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 50 },
      { MetricIntervalLowerBound: 10, ScalingAdjustment: 200 },
    ],
  };
  const execute = (more: object = {}) =>
    region.autoScaling.send(new ExecutePolicyCommand({ AutoScalingGroupName, PolicyName: 'by-load', ...more }));

  test('the step is chosen by the breach; machines that warm up are counted once', async () => {
    await put(steps);
    await execute({ MetricValue: 65, BreachThreshold: 60 });
    expect(await desired()).toBe(3);
    await pass(1, undefined);
    // Of the two that are warm: one more by the same step is there already, four more by the higher one.
    await execute({ MetricValue: 65, BreachThreshold: 60 });
    expect(await desired()).toBe(3);
    await execute({ MetricValue: 80, BreachThreshold: 60 });
    expect(await desired()).toBe(6);
    expect(await faultOf(execute({ MetricValue: 50, BreachThreshold: 60 }))).toMatch(/no step adjustment/);
    expect(await faultOf(execute())).toMatch(/^ValidationError: MetricValue and BreachThreshold/);
  });

  test('a simple policy honours its cooldown when it is asked to, and the bounds always', async () => {
    await put({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 5, Cooldown: 60 });
    await execute();
    expect(await desired()).toBe(7);
    expect(await faultOf(execute({ HonorCooldown: true }))).toMatch(/^ScalingActivityInProgress/);
    await execute();
    expect(await desired()).toBe(10);
    await pass(2, undefined);
    await execute({ HonorCooldown: true });
    expect(await desired()).toBe(10);
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExecutePolicy.html
test('what a request may say depends on the type of the policy', async () => {
  await put({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1 }, 'simple');
  await put(oneStep, 'step');
  await put(tracked(5), 'tracking');
  expect(await faultOf(own.execute({ MetricValue: 5, BreachThreshold: 1 }, 'simple'))).toMatch(/only .*StepScaling/);
  expect(await faultOf(own.execute({ MetricValue: 5, BreachThreshold: 1, HonorCooldown: true }, 'step'))).toMatch(
    /only .*SimpleScaling/,
  );
  expect(await faultOf(own.execute({}, 'tracking'))).toMatch(/cannot be executed by request/);
  expect(await faultOf(put(tracked(7), 'again'))).toMatch(/Only one TargetTrackingScaling policy for a given metric/);
});

const oneStep = {
  PolicyType: 'StepScaling',
  AdjustmentType: 'ChangeInCapacity',
  StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
};

test.each<[string, Partial<PutScalingPolicyCommandInput>, RegExp]>([
  ['an unknown type', { PolicyType: 'Magic' }, /policy type "Magic" is not valid/],
  ['what is not modelled', { PolicyType: 'PredictiveScaling' }, /not modelled by Orrery/],
  ['no configuration', { PolicyType: 'TargetTrackingScaling' }, /TargetTrackingConfiguration must be specified/],
  [
    'no metric',
    { PolicyType: 'TargetTrackingScaling', TargetTrackingConfiguration: { TargetValue: 5 } },
    /Exactly one of/,
  ],
  [
    'a label of nothing',
    {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: {
        TargetValue: 5,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ALBRequestCountPerTarget', ResourceLabel: 'api' },
      },
    },
    /ResourceLabel "api" is not valid/,
  ],
  [
    'a simple policy with steps',
    { AdjustmentType: 'ExactCapacity', ScalingAdjustment: 1, EstimatedInstanceWarmup: 5 },
    /EstimatedInstanceWarmup is not supported/,
  ],
  ['no adjustment', { AdjustmentType: 'ChangeInCapacity' }, /must specify a ScalingAdjustment/],
  [
    'steps that overlap',
    {
      PolicyType: 'StepScaling',
      AdjustmentType: 'ChangeInCapacity',
      StepAdjustments: [
        { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 20, ScalingAdjustment: 1 },
        { MetricIntervalLowerBound: 10, ScalingAdjustment: 2 },
      ],
    },
    /overlap/,
  ],
  // Documented: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-steps
  [
    'a step without bounds',
    { ...oneStep, StepAdjustments: [{ ScalingAdjustment: 1 }] },
    /bounds of a step adjustment can not both be null/,
  ],
  [
    'steps that end below the threshold',
    { ...oneStep, StepAdjustments: [{ MetricIntervalLowerBound: -5, ScalingAdjustment: 1 }] },
    /one must have a null lower bound/,
  ],
  [
    'steps that end above it',
    {
      ...oneStep,
      StepAdjustments: [{ MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 5, ScalingAdjustment: 1 }],
    },
    /one must have a null upper bound/,
  ],
  [
    'a negative capacity',
    { AdjustmentType: 'ExactCapacity', ScalingAdjustment: -1 },
    /must not be negative with the adjustment type ExactCapacity/,
  ],
  ['an aggregation', { ...oneStep, MetricAggregationType: 'Sum' }, /Minimum, Maximum, Average, not Sum/],
  [
    'a smallest number without per cent',
    { AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1, MinAdjustmentMagnitude: 2 },
    /MinAdjustmentMagnitude can only/,
  ],
  ['a target of nothing', tracked(0), /TargetValue must be in the range of 8\.515920e-109 to 1\.174271e\+108, not 0/],
  ['a target that is too large', tracked(2e108), /TargetValue must be in the range/],
  [
    'a period that target tracking does not know',
    tracked(5, 'Load', {
      CustomizedMetricSpecification: { Namespace: 'Own', MetricName: 'Load', Statistic: 'Average', Period: 20 },
    }),
    /Period must be one of 10, 30, 60, not 20/,
  ],
  [
    'the predefined metric of high resolution',
    {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: {
        TargetValue: 5,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilizationHighResolution' as never },
      },
    },
    /ASGAverageCPUUtilizationHighResolution is not modelled by Orrery/,
  ],
  [
    'the load metric of predictive scaling',
    {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: {
        TargetValue: 5,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ASGTotalCPUUtilization' as never },
      },
    },
    /PredefinedMetricType "ASGTotalCPUUtilization" is not valid/,
  ],
  [
    'a configuration of predictive scaling',
    { ...tracked(5), PredictiveScalingConfiguration: { MetricSpecifications: [{ TargetValue: 5 }] } },
    /PredictiveScalingConfiguration is not supported by policies of type TargetTrackingScaling/,
  ],
])('%s is refused', async (_, input, message) => {
  const fault = await faultOf(put(input));
  expect(fault).toMatch(/^ValidationError: /);
  expect(fault).toMatch(message);
});
