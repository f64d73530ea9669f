import { appendFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../clock/clock.ts';
import { parseAgentConfig } from './agent-config.ts';
import { Sha256 } from './aws-calls.ts';
import type { Machine, Machines } from './machine.ts';
import { until } from './machines.suite.ts';
import { processMachines } from './process-driver.ts';
import { type AwsRequestSeen, bootScript, releaseZip, type TestHost, testHost, testSpec } from './test-host.suite.ts';

let host: TestHost;
let machines: Machines;

beforeEach(() => {
  // An agent's minute passes in a third of a second.
  host = testHost(realClock(200));
  machines = processMachines(host);
});
afterEach(async () => {
  await machines.close();
  await host.dispose();
});

const config = {
  agent: { metrics_collection_interval: 60, run_as_user: 'root' },
  metrics: {
    namespace: 'App',
    append_dimensions: { AutoScalingGroupName: '${aws:AutoScalingGroupName}', InstanceId: '${aws:InstanceId}' },
    aggregation_dimensions: [['AutoScalingGroupName']],
    metrics_collected: { mem: { measurement: ['mem_used_percent'], metrics_collection_interval: 60 } },
  },
  logs: {
    logs_collected: {
      files: {
        collect_list: [
          {
            file_path: '/var/log/app.log',
            log_group_name: '/app/api',
            log_stream_name: '{instance_id}',
            retention_in_days: 30,
          },
        ],
      },
    },
  },
};
const path = '/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json';

async function boot(): Promise<Machine> {
  host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': 'setInterval(() => {}, 1000);' }));
  host.metadata.set('Template', {
    'AWS::CloudFormation::Init': {
      config: {
        packages: { yum: { 'amazon-cloudwatch-agent': [], nodejs20: [] } },
        files: {
          [path]: { content: config },
          '/opt/idle.js': { content: 'setInterval(() => {}, 1000);' },
          '/etc/systemd/system/idle.service': {
            content: '[Service]\nExecStart=/usr/bin/node /opt/idle.js\n[Install]\nWantedBy=multi-user.target\n',
          },
        },
        commands: {
          agent: {
            command: `/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:${path}`,
          },
        },
        services: { systemd: { idle: { ensureRunning: true } } },
      },
    },
  });
  const machine = machines.launch(testSpec({ userData: bootScript }));
  await until(() => machine.boot.status !== 'running');
  expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
  return machine;
}

const tags = `<DescribeTagsResponse><tagSet><item><resourceId>i-1</resourceId><key>aws:autoscaling:groupName</key><value>api &amp; co</value></item></tagSet></DescribeTagsResponse>`;
const form = (seen: AwsRequestSeen) => new URLSearchParams(seen.body);
const isAction = (name: string) => (seen: AwsRequestSeen) => form(seen).get('Action') === name;
const target = (seen: AwsRequestSeen) => String(seen.headers['x-amz-target'] ?? '').replace('Logs_20140328.', '');

describe('the CloudWatch agent', () => {
  it('sends memory in per cent of the instance type’s, by instance and by group, signed by the role', async () => {
    host.answer = (seen) => (isAction('DescribeTags')(seen) ? { status: 200, body: tags } : undefined);
    const machine = await boot();
    await until(() => host.awsRequests.some(isAction('PutMetricData')));
    const seen = host.awsRequests.find(isAction('PutMetricData'));
    if (!seen) throw new Error('nothing was sent');
    const sent = form(seen);
    expect(sent.get('Namespace')).toBe('App');
    expect(sent.get('MetricData.member.1.MetricName')).toBe('mem_used_percent');
    expect(sent.get('MetricData.member.1.Unit')).toBe('Percent');
    const labels = (member: number) =>
      [1, 2].map((n) => [
        sent.get(`MetricData.member.${member}.Dimensions.member.${n}.Name`),
        sent.get(`MetricData.member.${member}.Dimensions.member.${n}.Value`),
      ]);
    expect(labels(1)).toEqual([
      ['InstanceId', machine.spec.instanceId],
      ['AutoScalingGroupName', 'api & co'],
    ]);
    expect(labels(2)).toEqual([
      ['AutoScalingGroupName', 'api & co'],
      [null, null],
    ]);
    // A Node process of some ten MiB on a type with 2 GiB.
    const value = Number(sent.get('MetricData.member.1.Value'));
    expect(value).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(20);
    // CloudWatch is reached through the interface endpoint, EC2 over NAT.
    expect(seen.via.vpcEndpointId).toBe('vpce-monitoring');
    expect(host.awsRequests.find(isAction('DescribeTags'))?.via.natGatewayId).toBe('nat-a');
    await expectSigned(seen, 'monitoring');
  });

  it('sends no metrics until it knows the group, and says why', async () => {
    host.answer = (seen) =>
      isAction('DescribeTags')(seen)
        ? {
            status: 403,
            body: '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>No.</Message></Error></Errors></Response>',
          }
        : undefined;
    const machine = await boot();
    await until(() => machine.consoleOutput().includes('Unable to describe ec2 tags'));
    expect(machine.consoleOutput()).toContain('403 UnauthorizedOperation: No.');
    expect(host.awsRequests.some(isAction('PutMetricData'))).toBe(false);
  });

  it('follows log files over their turning, into a stream that it makes', async () => {
    let group = false;
    host.answer = (seen) => {
      if (target(seen) === 'CreateLogGroup') group = true;
      if (target(seen) !== 'CreateLogStream' || group) return undefined;
      return {
        status: 400,
        body: '{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}',
      };
    };
    const machine = await boot();
    const file = join(host.machinesDir, machine.spec.instanceId, 'root/var/log/app.log');
    const sent = () =>
      host.awsRequests
        .filter((seen) => target(seen) === 'PutLogEvents')
        .flatMap((seen) => (JSON.parse(seen.body) as { logEvents: { message: string }[] }).logEvents)
        .map(({ message }) => message);
    appendFileSync(file, 'one\ntwo\nhal');
    await until(() => sent().length === 2);
    appendFileSync(file, 'f\n');
    await until(() => sent().length === 3);
    renameSync(file, `${file}.1`);
    appendFileSync(file, 'after\n');
    await until(() => sent().length === 4);
    expect(sent()).toEqual(['one', 'two', 'half', 'after']);
    expect(host.awsRequests.map(target).filter((name) => name !== '' && name !== 'PutLogEvents')).toEqual([
      'CreateLogStream',
      'CreateLogGroup',
      'CreateLogStream',
      'PutRetentionPolicy',
    ]);
    const put = host.awsRequests.find((seen) => target(seen) === 'PutLogEvents');
    expect(JSON.parse(put?.body ?? '')).toMatchObject({
      logGroupName: '/app/api',
      logStreamName: machine.spec.instanceId,
    });
  });

  it('is stopped and started like a service', async () => {
    const machine = await boot();
    await machine.stop();
    host.awsRequests.length = 0;
    host.answer = (seen) => (isAction('DescribeTags')(seen) ? { status: 200, body: tags } : undefined);
    await machine.start();
    await until(() => host.awsRequests.some(isAction('PutMetricData')));
  });
});

describe('its configuration', () => {
  it.each([
    ['{', 'is not JSON'],
    ['{"metrics":{"metrics_collected":{"cpu":{}}}}', 'Unrecognized key: "cpu"'],
    [
      '{"metrics":{"metrics_collected":{"mem":{"measurement":["swap"]}}}}',
      'the agent’s measurement mem swap'.replace('’', "'"),
    ],
    ['{"metrics":{"append_dimensions":{"X":"${aws:X}"},"metrics_collected":{}}}', 'is not one that the agent knows'],
    ['{"agent":{"metrics_collection_interval":0}}', 'agent metrics_collection_interval'],
  ])('%s is refused', (text, message) => {
    expect(() => parseAgentConfig(text, 'c.json')).toThrow(message);
  });
});

/** Signs the request anew with the role's secret and compares. */
async function expectSigned(seen: AwsRequestSeen, service: string): Promise<void> {
  const given = String(seen.headers.authorization);
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(';') ?? [];
  const headers = Object.fromEntries(names.map((name) => [name, String(seen.headers[name])]));
  const signer = new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: {
      accessKeyId: /Credential=(\w+)/.exec(given)?.[1] ?? '',
      secretAccessKey: 'secret',
      sessionToken: 'session',
    },
    sha256: Sha256,
  });
  const at = String(seen.headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const request = {
    method: seen.method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    headers,
    body: seen.body,
  };
  const signed = await signer.sign(request, { signingDate: new Date(at) });
  expect(signed.headers.authorization).toBe(given);
}
