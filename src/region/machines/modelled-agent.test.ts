import { expect, it } from 'vitest';
import { VirtualClock } from '../clock/clock.ts';
import { ModelledAgents } from './modelled-agent.ts';
import { modelledMachines } from './modelled-driver.ts';
import { bootScript, testHost, testSpec } from './test-host.suite.ts';

const mebibyte = 1024 * 1024;
const group = 'AutoScalingGroupName';
const appended = {
  AutoScalingGroupName: '${aws:AutoScalingGroupName}',
  InstanceId: '${aws:InstanceId}',
  InstanceType: '${aws:InstanceType}',
};

const withAgent = (metrics: object) => ({
  'AWS::CloudFormation::Init': {
    run: { files: { '/opt/aws/amazon-cloudwatch-agent/etc/api.json': { content: { metrics } } } },
  },
});
const metrics = {
  append_dimensions: appended,
  aggregation_dimensions: [[group], [group, 'InstanceType'], ['ImageId']],
  metrics_collected: { mem: { measurement: ['mem_used_percent'] } },
};

/** What is told of machines that hold so many MiB, a minute after they serve. */
async function told(metadata: Record<string, unknown> | undefined, held: readonly number[], instanceType = 't3.nano') {
  const clock = new VirtualClock(0);
  const host = testHost(clock);
  if (metadata) host.metadata.set('Template', metadata);
  const memory = new Map<string, number>();
  const machines = modelledMachines(host, {
    bootMs: ({ instanceId }) => ((memory.get(instanceId) ?? 0) < 0 ? 1e9 : 1_000),
    usage: ({ instanceId }) => ({
      cpuSeconds: 0,
      networkInBytes: 0,
      networkOutBytes: 0,
      memoryBytes: (memory.get(instanceId) ?? 0) * mebibyte,
    }),
    serving() {},
  });
  for (const mebibytes of held) {
    const spec = testSpec({ instanceType, userData: bootScript, tags: { 'aws:autoscaling:groupName': 'api' } });
    memory.set(spec.instanceId, mebibytes);
    machines.launch(spec);
  }
  await clock.advance(60_000);
  const agents = new ModelledAgents(host);
  const data = await agents.measure(machines.list());
  await agents.measure(machines.list());
  await host.dispose();
  return { data, notes: host.notes };
}

it('tells the memory of machines together, under each set of dimensions that is not of a single one', async () => {
  // Half a gibibyte; the last one still boots.
  const { data } = await told(withAgent(metrics), [128, 256, 256, -1]);
  const values = new Map([
    [25, 1],
    [50, 2],
  ]);
  const common = { namespace: 'CWAgent', metric: 'mem_used_percent', unit: 'Percent', values };
  expect(data).toEqual([
    { ...common, dimensions: { [group]: 'api' } },
    { ...common, dimensions: { [group]: 'api', InstanceType: 't3.nano' } },
  ]);
});

it('calls it as the configuration does', async () => {
  const measurement = [{ name: 'used_percent', rename: 'Held', unit: 'None' }];
  const { data } = await told(
    withAgent({
      namespace: 'Mine',
      append_dimensions: { [group]: appended[group] },
      metrics_collected: { mem: { measurement } },
    }),
    [128],
  );
  expect(data).toMatchObject([{ namespace: 'Mine', metric: 'Held', unit: 'None', dimensions: { [group]: 'api' } }]);
});

it.each([
  ['no metadata', undefined],
  ['no agent in it', { 'AWS::CloudFormation::Init': { run: { files: { '/etc/other': { content: '{}' } } } } }],
  ['an agent without memory', withAgent({ metrics_collected: {} })],
  ['other measurements', withAgent({ ...metrics, metrics_collected: { mem: { measurement: ['mem_total'] } } })],
  ['no dimensions', withAgent({ metrics_collected: metrics.metrics_collected })],
])('tells nothing where there is %s', async (_, metadata) => {
  expect(await told(metadata, [128])).toEqual({ data: [], notes: [] });
});

it.each([
  [
    'what it would refuse',
    withAgent({ ...metrics, append_dimensions: { Host: 'x' } }),
    't3.nano',
    /append_dimensions Host/,
  ],
  ['what is not modelled', withAgent({ metrics_collected: { cpu: {} } }), 't3.nano', /not modelled/],
  ['an instance type of unknown memory', withAgent(metrics), 'p5.48xlarge', /memory of p5\.48xlarge is not known/],
])('says once why it tells nothing: %s', async (_, metadata, type, text) => {
  const { data, notes } = await told(metadata, [128, 128], type);
  expect(data).toEqual([]);
  expect(notes).toEqual([{ kind: 'agent-error', text: expect.stringMatching(text) }]);
});
