/** A group in a region of its own for each test of a file, and what a client reads of it. */
import {
  type Activity,
  type AutoScalingGroup,
  CreateAutoScalingGroupCommand,
  type CreateAutoScalingGroupCommandInput,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest';
import { memoryStore } from '../../store/memory-store.ts';
import { type GroupRegion, groupRegion, groupsOnSocket, surroundings } from './region.fixture.ts';
import type { DescribedHealth } from './shapes.ts';

export const AutoScalingGroupName = 'api';

type Region = Awaited<ReturnType<typeof groupsOnSocket>>;
type Around = Awaited<ReturnType<typeof surroundings>>;
type RegionOptions = NonNullable<Parameters<typeof groupRegion>[0]>;

/** What is wrong with the region itself, whatever a test expects, fails the test. */
export async function closeSound(region: Region): Promise<void> {
  expect(region.failures).toEqual([]);
  expect(region.events.filter(({ kind }) => kind === 'internal-failure')).toEqual([]);
  await region.close();
}

/** Those of one state, in service unless told otherwise. */
export const ids = ({ Instances = [] }: AutoScalingGroup, state = 'InService') =>
  Instances.flatMap(({ InstanceId, LifecycleState }) => (LifecycleState === state && InstanceId ? [InstanceId] : []));

/** The letters of its instances' zones. */
export const zones = ({ Instances = [] }: AutoScalingGroup) =>
  Instances.map((one) => one.AvailabilityZone?.at(-1)).sort();

/** What is read of the region that `now` gives when it is read. */
export function groupReaders(now: () => Region) {
  async function describe(...names: string[]): Promise<AutoScalingGroup[]> {
    const input = names.length > 0 ? { AutoScalingGroupNames: names } : {};
    const { AutoScalingGroups = [] } = await now().autoScaling.send(new DescribeAutoScalingGroupsCommand(input));
    return AutoScalingGroups;
  }
  /** The newest first. */
  async function activities(...ActivityIds: string[]): Promise<Activity[]> {
    const which = ActivityIds.length > 0 ? { ActivityIds } : { AutoScalingGroupName };
    const { Activities = [] } = await now().autoScaling.send(new DescribeScalingActivitiesCommand(which));
    return Activities;
  }
  async function group(name = AutoScalingGroupName): Promise<AutoScalingGroup> {
    const [found] = await describe(name);
    if (!found) throw new Error('no group');
    return found;
  }
  return {
    groups: () => describe(),
    group,
    desired: async () => (await group()).DesiredCapacity,
    activities,
    /** The newest first, without their times and instances. */
    causes: async (count?: number) =>
      (await activities())
        .slice(0, count)
        .map(({ Cause = '' }) => Cause.replaceAll(/At \S+Z /g, '').replaceAll(/ i-\w+/g, ' i')),
    /** By instance; empty when there is no group. */
    async states(): Promise<Record<string, string | undefined>> {
      const [{ Instances = [] } = {}] = await describe(AutoScalingGroupName);
      return Object.fromEntries(Instances.map(({ InstanceId, LifecycleState }) => [InstanceId, LifecycleState]));
    },
    /** The newest maximum of one of the group's own metrics. */
    async metric(MetricName: string): Promise<number | undefined> {
      const { clock, invoke } = now();
      const { Datapoints } = await invoke<{ Datapoints: { Maximum: number }[] }>('cloudwatch', 'GetMetricStatistics', {
        Namespace: 'AWS/AutoScaling',
        MetricName,
        Dimensions: [{ Name: 'AutoScalingGroupName', Value: AutoScalingGroupName }],
        StartTime: new Date(clock.now() - 60_000),
        EndTime: new Date(clock.now() + 60_000),
        Period: 60,
        Statistics: ['Maximum'],
      });
      return Datapoints.at(-1)?.Maximum;
    },
    wait: (seconds: number) => now().clock.advance(seconds * 1000),
  };
}

/** Each test of the file has the region with its surroundings, and leaves it sound. `region` and `around` are read when used. */
export function groupFixture({ balanced = false, ...options }: RegionOptions & { readonly balanced?: boolean } = {}) {
  let own: { readonly region: Region; readonly around: Around };
  beforeEach(async () => {
    const region = await groupsOnSocket(options);
    own = { region, around: await surroundings(region) };
    if (balanced) await own.around.balance();
  });
  afterEach(() => closeSound(own.region));

  async function targetHealth() {
    const { TargetHealthDescriptions } = await own.region.invoke<DescribedHealth>(
      'elasticloadbalancing',
      'DescribeTargetHealth',
      { TargetGroupArn: own.around.targetGroupArn },
    );
    return TargetHealthDescriptions;
  }
  type Input = Partial<CreateAutoScalingGroupCommandInput> &
    Pick<CreateAutoScalingGroupCommandInput, 'MinSize' | 'MaxSize'>;
  return {
    get region() {
      return own.region;
    },
    get around() {
      return own.around;
    },
    ...groupReaders(() => own.region),
    /** In two zones and in the target group, unless told otherwise. */
    create: (input: Input) =>
      own.region.autoScaling.send(
        new CreateAutoScalingGroupCommand({
          AutoScalingGroupName,
          LaunchTemplate: { LaunchTemplateId: own.around.templateId, Version: '$Latest' },
          VPCZoneIdentifier: own.around.subnets.slice(0, 2).join(','),
          TargetGroupARNs: [own.around.targetGroupArn],
          ...input,
        }),
      ),
    targetHealth,
    targets: async () => (await targetHealth()).map(({ Target }) => Target.Id),
  };
}

/** A region without a wire that is to stop, and to start again over what it stored. */
export async function restartable(options: RegionOptions = {}) {
  const store = memoryStore();
  const start = (more: RegionOptions) => {
    const region = groupRegion({ ...options, ...more, store });
    onTestFinished(() => region.clock.stop());
    return region;
  };
  const before = start({});
  const { subnets, templateId } = await surroundings(before);
  return {
    before,
    create: (input: object) =>
      before.invoke('autoscaling', 'CreateAutoScalingGroup', {
        AutoScalingGroupName,
        LaunchTemplate: { LaunchTemplateId: templateId },
        VPCZoneIdentifier: subnets.join(','),
        ...input,
      }),
    restart(more: RegionOptions = {}) {
      before.clock.stop();
      const after = start({ seed: 2, ...more });
      return { after, ...readersInside(after) };
    },
  };
}

function readersInside({ invoke }: Pick<GroupRegion, 'invoke'>) {
  return {
    async group() {
      const { AutoScalingGroups } = await invoke<{ AutoScalingGroups: AutoScalingGroup[] }>(
        'autoscaling',
        'DescribeAutoScalingGroups',
        {},
      );
      return AutoScalingGroups[0];
    },
    async reservations(input: object = {}) {
      const { Reservations } = await invoke<{ Reservations: unknown[] }>('ec2', 'DescribeInstances', input);
      return Reservations;
    },
  };
}
