/** Those inside the region that write logs: the machines' agent, and flow logs. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, expect, it } from 'vitest';
import { agentLogs } from '../../machines/agent-logs.ts';
import { type AwsRequest, awsCalls } from '../../machines/aws-calls.ts';
import type { Guest } from '../../machines/guest.ts';
import type { MachineHost, MachineSpec } from '../../machines/machine.ts';
import { recordFlow } from '../ec2/flow-records.ts';
import { makeSubnet, makeVpc } from '../ec2/network.fixture.ts';
import { ec2Region, root } from '../ec2/region.fixture.ts';
import { authorise } from '../iam/authorise.ts';
import { iam } from '../iam/index.ts';
import { sts } from '../sts/index.ts';
import { testRegion } from '../testing.ts';
import { logs } from './index.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

it('the agent’s lines arrive, in a group that it makes', async () => {
  const region = await testRegion({ services: [logs] });
  const dir = mkdtempSync(join(tmpdir(), 'orrery-agent-'));
  const spec = { instanceId: 'i-1', privateDnsName: 'ip-10-0-0-1', privateIp: '10.0.0.1', region: 'us-east-1' };
  const host = { clock: region.clock };
  const surroundings = () => ({ awsPort: Number(new URL(region.url).port), imdsPort: 0 });
  const calls = awsCalls(
    host as unknown as MachineHost,
    spec as unknown as MachineSpec,
    { way: async () => {} },
    surroundings as unknown as Parameters<typeof awsCalls>[3],
  );
  cleanups.push(
    () => region.close(),
    () => calls.close(),
    () => rmSync(dir, { recursive: true }),
  );
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const guest = {
    spec,
    host,
    files: { locate: async (path: string) => join(dir, path) },
    aws: { call: (request: AwsRequest) => calls.call({ ...request, credentials }) },
  } as unknown as Guest;
  const problems: string[] = [];
  const file = {
    file_path: '/app.log',
    log_group_name: '/app/api',
    log_stream_name: '{instance_id}/boot',
    retention_in_days: 30,
  };
  const config = { force_flush_interval: 5, logs_collected: { files: { collect_list: [file] } } };
  const agent = agentLogs(guest, config as Parameters<typeof agentLogs>[1], (what) => problems.push(what));
  appendFileSync(join(dir, 'app.log'), 'one\nzwei ü\n');
  await agent.send();
  appendFileSync(join(dir, 'app.log'), 'three\n');
  await agent.send();
  expect(problems).toEqual([]);
  const client = region.client(CloudWatchLogsClient);
  const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName: '/app/api' }));
  expect(events.map(({ logStreamName, message }) => [logStreamName, message])).toEqual([
    ['i-1/boot', 'one'],
    ['i-1/boot', 'zwei ü'],
    ['i-1/boot', 'three'],
  ]);
  const { logGroups } = await region.invoke('logs', 'DescribeLogGroups', {});
  expect(logGroups).toMatchObject([{ logGroupName: '/app/api', retentionInDays: 30 }]);

  // A stream that was deleted is made anew; what waited for days goes in batches of less than one.
  await region.invoke('logs', 'DeleteLogStream', { logGroupName: '/app/api', logStreamName: 'i-1/boot' });
  for (const line of ['Monday', 'Tuesday', 'Wednesday']) {
    guest.aws.call = () => Promise.reject(new Error('no way there'));
    appendFileSync(join(dir, 'app.log'), `${line}\n`);
    await agent.send();
    await region.clock.advance(25 * 3_600_000);
  }
  expect(problems).toEqual(Array.from({ length: 3 }, () => 'logs: /app/api: no way there'));
  guest.aws.call = (request) => calls.call({ ...request, credentials });
  await agent.send();
  expect(problems.at(-1)).toMatch(/ResourceNotFoundException/);
  await agent.send();
  expect(problems).toHaveLength(4);
  const later = await region.invoke<{ events: { message: string }[] }>('logs', 'GetLogEvents', {
    logGroupName: '/app/api',
    logStreamName: 'i-1/boot',
    startFromHead: true,
  });
  expect(later.events.map(({ message }) => message)).toEqual(['Monday', 'Tuesday', 'Wednesday']);
});

it('flow logs arrive with the permissions of their role', async () => {
  const region = ec2Region({ services: [iam, sts, logs], authorise });
  const invoke = <O = Record<string, unknown>>(service: string, operation: string, input: object) =>
    region.scope.invoke<O>(root, service, operation, input);
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'vpc-flow-logs.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  await invoke('iam', 'CreateRole', { RoleName: 'flow', AssumeRolePolicyDocument });
  const VpcId = await makeVpc(region);
  const SubnetId = await makeSubnet(region, VpcId, '10.0.0.0/24');
  const made = await region.call<{ NetworkInterface: { NetworkInterfaceId: string } }>('CreateNetworkInterface', {
    SubnetId,
  });
  await region.call('CreateFlowLogs', {
    ResourceType: 'VPC',
    ResourceIds: [VpcId],
    TrafficType: 'REJECT',
    LogGroupName: 'flows',
    DeliverLogsPermissionArn: 'arn:aws:iam::123456789012:role/flow',
    MaxAggregationInterval: 60,
  });
  const interfaceId = made.NetworkInterface.NetworkInterfaceId;
  const flow = async (sourcePort: number) => {
    const nowMs = region.clock.now();
    recordFlow(region.scope, {
      interfaceId,
      sourceAddress: '203.0.113.9',
      sourcePort,
      destinationAddress: '10.0.0.4',
      destinationPort: 22,
      protocol: 6,
      packets: 1,
      bytes: 40,
      startMs: nowMs,
      endMs: nowMs,
      action: 'REJECT',
    });
    await region.clock.advance(61_000);
  };
  const delivery = async () => {
    const { FlowLogs = [] } = await region.call<{ FlowLogs?: { DeliverLogsErrorMessage?: string }[] }>(
      'DescribeFlowLogs',
    );
    return FlowLogs[0]?.DeliverLogsErrorMessage;
  };
  await flow(39_999);
  expect(await delivery()).toBe('Access error');
  expect(await invoke('logs', 'DescribeLogGroups', {})).toEqual({ logGroups: [] });

  // The group is named as CloudFormation's `Arn` of it is.
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: 'arn:aws:logs:us-east-1:123456789012:log-group:flows:*',
      },
    ],
  });
  await invoke('iam', 'PutRolePolicy', { RoleName: 'flow', PolicyName: 'write', PolicyDocument });
  await flow(40_000);
  expect(await delivery()).toBeUndefined();
  const pattern =
    '[version, account, eni, source, destination, srcport, destport=22, protocol=6, ..., action=REJECT, status]';
  const found = await invoke<{ events: { logStreamName: string; message: string }[] }>('logs', 'FilterLogEvents', {
    logGroupName: 'flows',
    filterPattern: pattern,
  });
  expect(found.events).toMatchObject([{ logStreamName: `${interfaceId}-reject` }]);
  expect(found.events[0]?.message).toMatch(/ 203\.0\.113\.9 10\.0\.0\.4 40000 22 6 1 40 \d+ \d+ REJECT OK$/);
});
