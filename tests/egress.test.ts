/** The ways out of a private subnet: what goes over which of them, what is counted and logged of it, and what is said. */

import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateFlowLogsCommand,
  DescribeFlowLogsCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  ModifyVpcEndpointCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import { freePorts, Region } from '../src/region/region.ts';
import { type Template, without } from './api-template.ts';
import { privateTemplate, propertiesOf } from './private-template.ts';
import { eventually } from './region.fixture.ts';

/** A client's connect timeout (127 s) and a flow log's interval (60 s) take seconds. */
const timeScale = 20;
const objectBytes = 300_000;

let region: Region;
const counted: { metric: string; natGatewayId: string | undefined; value: number }[] = [];
/** Signed with model time, however far it has run ahead. */
const offset = () => region.scope.clock.now() - Date.now();

function client<C extends { config: object }>(Client: new (config: object) => C): C {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const made = new Client({ endpoint: region.endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  Object.defineProperty(made.config, 'systemClockOffset', { get: offset, set() {} });
  return made;
}

const sdk = JSON.stringify(join(import.meta.dirname, '../package.json'));
/** Reads the object on `/read?<clock offset>`, and tells on any other path how the last reading ended. */
const app = `const { createServer } = require('node:http');
const { S3Client, GetObjectCommand } = require('node:module').createRequire(${sdk})('@aws-sdk/client-s3');
let last = '';
async function read(systemClockOffset) {
  const s3 = new S3Client({ region: 'us-east-1', maxAttempts: 1, systemClockOffset });
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'egress-data', Key: 'picture' }));
    last = 'read ' + (await Body.transformToByteArray()).length;
  } catch (error) {
    last = error.name + ' ' + error.code;
  }
  s3.destroy();
}
createServer((request, response) => {
  const offset = /^\\/read\\?(-?\\d+)/.exec(request.url);
  if (offset) {
    last = '';
    void read(Number(offset[1]));
  }
  response.end(last);
}).listen(8080);
`;

const ref = (id: string) => ({ Ref: id });
const trust = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
});

/** The machine may read a bucket, and what goes through its VPC is logged. */
function egressTemplate(userData?: string): Template {
  const { Resources } = privateTemplate(app, 'PublicA', {
    IamInstanceProfile: ref('Profile'),
    ...(userData === undefined ? {} : { UserData: { 'Fn::Base64': { 'Fn::Sub': userData } } }),
  });
  return {
    Resources: {
      ...Resources,
      Targets: {
        Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
        Properties: { ...propertiesOf('Targets'), HealthCheckIntervalSeconds: 20, HealthCheckTimeoutSeconds: 10 },
      },
      Data: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'egress-data' } },
      Flows: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'egress-flows' } },
      FlowLog: {
        Type: 'AWS::EC2::FlowLog',
        Properties: {
          ResourceId: ref('Vpc'),
          ResourceType: 'VPC',
          TrafficType: 'ALL',
          LogDestinationType: 's3',
          LogDestination: { 'Fn::Sub': '${Flows.Arn}/vpc' },
          MaxAggregationInterval: 60,
        },
      },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust('ec2.amazonaws.com'),
          Policies: [
            {
              PolicyName: 'read',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::egress-data/*' }],
              },
            },
          ],
        },
      },
      Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('Role')] } },
    },
  };
}

beforeAll(async () => {
  region = await Region.start({
    ports: freePorts,
    clock: realClock(timeScale),
    meter: () => ({
      count: (namespace, metric, sets, value) => {
        if (namespace !== 'AWS/NATGateway') return;
        for (const { NatGatewayId } of sets) counted.push({ metric, natGatewayId: NatGatewayId, value });
      },
    }),
  });
});
afterAll(() => region.close());

async function settled(name: string): Promise<string> {
  const stacks = client(CloudFormationClient);
  return eventually(
    async () => (await stacks.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus ?? '',
    (status) => !status.endsWith('_IN_PROGRESS'),
  );
}

const asked = (template: Template) => ({
  StackName: 'egress',
  TemplateBody: JSON.stringify(template, null, 1),
  Capabilities: ['CAPABILITY_IAM' as const],
});

async function update(template: Template): Promise<string> {
  await client(CloudFormationClient).send(new UpdateStackCommand(asked(template)));
  return settled('egress');
}

async function reasons(): Promise<string> {
  const { StackEvents = [] } = await client(CloudFormationClient).send(
    new DescribeStackEventsCommand({ StackName: 'egress' }),
  );
  return StackEvents.map(
    ({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`,
  )
    .filter((line) => !line.endsWith('undefined'))
    .join('\n');
}

/** By the front door, the balancer and the machine. */
function get(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'api.try.localhost', connection: 'close' };
    const sent = request({ host: '127.0.0.1', port: region.ports.http, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? body : `status ${response.statusCode}`));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** How the machine's reading of the object ends. */
async function machineReads(): Promise<string> {
  await eventually(
    () => get(`/read?${offset()}`),
    (answer) => answer === '',
  );
  return eventually(
    () => get('/'),
    (answer) => answer !== '' && !answer.startsWith('status'),
  );
}

function total(metric: string): number {
  return counted.filter((one) => one.metric === metric).reduce((sum, { value }) => sum + value, 0);
}

const eventTexts = (kind: string) =>
  region.events
    .recent()
    .flatMap((event) => (event.kind === kind ? [event.text] : []))
    .join('\n');

interface FlowRecord {
  readonly key: string;
  readonly interfaceId: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  readonly bytes: number;
  readonly action: string;
}

async function flowRecords(): Promise<FlowRecord[]> {
  const s3 = client(S3Client);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'egress-flows' }));
  const files = await Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'egress-flows', Key }));
      const text = gunzipSync((await Body?.transformToByteArray()) ?? '').toString('utf8');
      const [header, ...lines] = text.trimEnd().split('\n');
      expect(header).toMatch(/^version account-id interface-id srcaddr dstaddr srcport dstport protocol/);
      return lines.map((line): FlowRecord => {
        const [, , interfaceId = '', source = '', destination = '', , port, , , bytes, , , action = ''] =
          line.split(' ');
        return {
          key: Key,
          interfaceId,
          source,
          destination,
          destinationPort: Number(port),
          bytes: Number(bytes),
          action,
        };
      });
    }),
  );
  return files.flat();
}

async function interfaces() {
  const { NetworkInterfaces = [] } = await client(EC2Client).send(new DescribeNetworkInterfacesCommand({}));
  return NetworkInterfaces;
}

async function machine() {
  const { Reservations = [] } = await client(EC2Client).send(new DescribeInstancesCommand({}));
  const found = Reservations.flatMap(({ Instances = [] }) => Instances).find(({ State }) => State?.Name === 'running');
  if (!found) throw new Error('no machine');
  return found;
}

test('a boot that calls what is not modelled is refused before anything starts', async () => {
  const script = '#!/bin/bash\nexport NAME=${Balancer}\ndnf -y install nodejs22\ndocker run --name $NAME app\n';
  const refused = client(CloudFormationClient).send(new CreateStackCommand(asked(egressTemplate(script))));
  await expect(refused).rejects.toThrow(
    /What Orrery's machines cannot do: AWS::EC2::Instance \(Machine, line \d+\) UserData: line 4: the command `docker`\. Nothing was started\./,
  );
  await expect(settled('egress')).rejects.toThrow('does not exist');
});

describe('a machine in a private subnet', () => {
  test('reads S3 by the gateway endpoint, and nothing of it is counted at the NAT gateway', async () => {
    await client(CloudFormationClient).send(new CreateStackCommand(asked(egressTemplate())));
    expect(await settled('egress'), await reasons()).toBe('CREATE_COMPLETE');
    const picture = { Bucket: 'egress-data', Key: 'picture', Body: Buffer.alloc(objectBytes) };
    await client(S3Client).send(new PutObjectCommand(picture));
    expect(await machineReads()).toBe(`read ${objectBytes}`);
    // Its signal to CloudFormation went that way.
    expect(total('BytesOutToSource')).toBeLessThan(objectBytes);
  }, 60_000);

  test('has its connections in the flow log, each way at each interface', async () => {
    const own = await machine();
    const ownId = own.NetworkInterfaces?.[0]?.NetworkInterfaceId;
    const balancers = (await interfaces()).filter(({ RequesterId }) => RequesterId === 'amazon-elb');
    const toS3 = (one: FlowRecord) => one.interfaceId === ownId && one.destinationPort === 443;
    const fromS3 = (one: FlowRecord) => one.interfaceId === ownId && one.bytes > objectBytes;
    const fromBrowser = (one: FlowRecord) => one.source.startsWith('203.0.113.') && one.destinationPort === 80;
    const wanted = [toS3, fromS3, fromBrowser];
    const records = await eventually(flowRecords, (found) => wanted.every((one) => found.some(one)));
    expect(records.find(toS3)).toMatchObject({ source: own.PrivateIpAddress, action: 'ACCEPT' });
    expect(records.find(fromS3)).toMatchObject({ destination: own.PrivateIpAddress, action: 'ACCEPT' });
    const atBalancer = records.find(fromBrowser);
    const node = balancers.find(({ NetworkInterfaceId }) => NetworkInterfaceId === atBalancer?.interfaceId);
    expect(atBalancer).toMatchObject({ destination: node?.PrivateIpAddress, action: 'ACCEPT' });
    expect(atBalancer?.key).toMatch(
      /^vpc\/AWSLogs\/123456789012\/vpcflowlogs\/us-east-1\/\d{4}\/\d\d\/\d\d\/123456789012_vpcflowlogs_us-east-1_fl-[0-9a-f]{17}_\d{8}T\d{4}Z_[0-9a-f]{8}\.log\.gz$/,
    );
  }, 60_000);

  test('and what its group refuses is there as REJECT, at its own interface', async () => {
    const own = await machine();
    const ownId = own.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
    const other = (await interfaces()).find(({ InterfaceType }) => String(InterfaceType) === 'interface');
    const from = { address: other?.PrivateIpAddress ?? '', interfaceId: other?.NetworkInterfaceId ?? '' };
    const to = { address: own.PrivateIpAddress ?? '', port: 22 };
    await expect(region.scope.planes.fabric.dial({ from, to, timeoutMs: 5_000 })).rejects.toThrow('ETIMEDOUT');
    const rejected = (one: FlowRecord) => one.destinationPort === 22;
    const records = await eventually(flowRecords, (found) => found.some(rejected));
    expect(records.filter(rejected).map(({ interfaceId, action }) => [interfaceId, action])).toEqual(
      expect.arrayContaining([[ownId, 'REJECT']]),
    );
  }, 60_000);

  test('a flow log to where nothing may be written says so', async () => {
    const ec2 = client(EC2Client);
    const ResourceIds = [(await machine()).VpcId ?? ''];
    const shared = { ResourceType: 'VPC' as const, ResourceIds, TrafficType: 'ALL' as const };
    const { Unsuccessful } = await ec2.send(
      new CreateFlowLogsCommand({ ...shared, LogDestinationType: 's3', LogDestination: 'arn:aws:s3:::egress-none' }),
    );
    expect(Unsuccessful?.[0]?.Error?.Message).toBe('LogDestination: egress-none does not exist');
    // The machine's role trusts EC2, not flow logs.
    const role = (await physicalIds()).Role ?? '';
    expect(role).toMatch(/^egress-Role-/);
    const DeliverLogsPermissionArn = `arn:aws:iam::123456789012:role/${role}`;
    const logs = { LogGroupName: 'flows', DeliverLogsPermissionArn, MaxAggregationInterval: 60 };
    const { FlowLogIds } = await ec2.send(new CreateFlowLogsCommand({ ...shared, ...logs }));
    const status = async () => (await ec2.send(new DescribeFlowLogsCommand({ FlowLogIds }))).FlowLogs?.[0];
    await get('/');
    const failed = await eventually(status, (found) => found?.DeliverLogsStatus === 'FAILED');
    expect(failed?.DeliverLogsErrorMessage).toBe('Access error');
    expect(eventTexts('flow-log-failed')).toContain('sts:AssumeRole');
  }, 60_000);

  test('installs packages only as far as the endpoint’s policy lets it read Amazon’s repository', async () => {
    const ec2 = client(EC2Client);
    const VpcEndpointId = (await physicalIds()).S3Endpoint;
    const boots = async (Resource: string, kind: string): Promise<string> => {
      const PolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }],
      });
      await ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, PolicyDocument }));
      const { Instances } = await ec2.send(
        new RunInstancesCommand({
          ImageId: 'ami-0123456789abcdef0',
          InstanceType: 't3.small',
          MinCount: 1,
          MaxCount: 1,
          SubnetId: (await machine()).SubnetId,
          UserData: Buffer.from('#!/bin/bash -e\ndnf -y install nodejs22\n').toString('base64'),
        }),
      );
      const InstanceId = Instances?.[0]?.InstanceId ?? '';
      const told = async () => {
        const booted = region.scope.machines.get(InstanceId);
        return { status: booted?.boot.status, text: `${booted?.boot.reason}` };
      };
      const { status, text } = await eventually(told, (found) => found.status !== 'running');
      expect(status, text).toBe(kind);
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
      return text;
    };
    await boots('arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*', 'succeeded');
    expect(await boots('arn:aws:s3:::egress-data/*', 'failed')).toMatch(
      /Status code: 403 .*missing: a statement in the VPC endpoint policy that allows "s3:GetObject"/,
    );
    await ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, ResetPolicy: true }));
  }, 60_000);

  test('reads S3 over the NAT gateway without the endpoint, and it is counted there', async () => {
    const before = total('BytesOutToSource');
    const template = without(egressTemplate(), 'S3Endpoint');
    expect(await update(template), await reasons()).toBe('UPDATE_COMPLETE');
    expect(await machineReads()).toBe(`read ${objectBytes}`);
    await eventually(
      async () => total('BytesOutToSource') - before,
      (bytes) => bytes > objectBytes,
    );
    expect(total('BytesInFromDestination')).toBe(total('BytesOutToSource'));
    expect(total('BytesInFromSource')).toBeGreaterThan(0);
    expect(total('ConnectionEstablishedCount')).toBe(total('ConnectionAttemptCount'));
    expect(new Set(counted.map(({ natGatewayId }) => natGatewayId))).toEqual(new Set([(await physicalIds()).Nat]));
    const nat = (await interfaces()).find(({ InterfaceType }) => String(InterfaceType) === 'nat_gateway');
    const atNat = (one: FlowRecord) => one.interfaceId === nat?.NetworkInterfaceId && one.bytes > objectBytes;
    const records = await eventually(flowRecords, (found) => found.filter(atNat).length >= 2);
    expect(new Set(records.filter(atNat).map(({ destination }) => destination))).toEqual(
      new Set([nat?.PrivateIpAddress, (await machine()).PrivateIpAddress]),
    );
  }, 60_000);

  test('with neither the call times out, and the log says why', async () => {
    const template = without(without(egressTemplate(), 'S3Endpoint'), 'ToNat');
    expect(await update(template), await reasons()).toBe('UPDATE_COMPLETE');
    expect(await machineReads()).toBe('TimeoutError ECONNRESET');
    expect(eventTexts('aws-call-failed')).toMatch(/s3\.us-east-1\.amazonaws\.com: connect ETIMEDOUT .*PrivateRoutes/);
    expect(eventTexts('packet-dropped')).toContain('PrivateRoutes has no route to');
  }, 60_000);
});

test('a balancer’s interfaces look as on AWS, and verdicts call them by the template’s name', async () => {
  const balancers = (await interfaces()).filter(({ RequesterId }) => RequesterId === 'amazon-elb');
  expect(balancers).toHaveLength(2);
  for (const one of balancers) {
    expect(one).toMatchObject({
      Description: expect.stringMatching(/^ELB app\/egress-Bal[\w-]*\/[0-9a-f]{16}$/),
      InterfaceType: 'interface',
      RequesterManaged: true,
      Status: 'in-use',
      Attachment: { InstanceOwnerId: 'amazon-elb', DeleteOnTermination: false, DeviceIndex: 1 },
      Association: { IpOwnerId: 'amazon-elb' },
      TagSet: [],
    });
  }
  const world = region.scope.planes.fabric.world();
  const names = balancers.map(({ NetworkInterfaceId = '' }) => world.interfaces.get(NetworkInterfaceId)?.name);
  expect(names.sort()).toEqual(['Balancer in PublicA', 'Balancer in PublicB']);
});

test('a machine that died stays running, and its status check says since when it fails', async () => {
  const ec2 = client(EC2Client);
  const InstanceIds = [(await machine()).InstanceId ?? ''];
  const status = async () => (await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds }))).InstanceStatuses?.[0];
  expect(await status()).toMatchObject({ InstanceStatus: { Status: 'ok' }, SystemStatus: { Status: 'ok' } });
  const before = Math.floor(region.scope.clock.now() / 1000) * 1000;
  region.scope.machines.get(InstanceIds[0] ?? '')?.kill();
  const impaired = await status();
  expect(impaired).toMatchObject({
    InstanceState: { Name: 'running' },
    InstanceStatus: { Status: 'impaired', Details: [{ Name: 'reachability', Status: 'failed' }] },
    SystemStatus: { Status: 'ok' },
  });
  expect(impaired?.InstanceStatus?.Details?.[0]?.ImpairedSince?.getTime()).toBeGreaterThanOrEqual(before);
  const filter = { Filters: [{ Name: 'instance-status.status', Values: ['impaired'] }] };
  expect((await ec2.send(new DescribeInstanceStatusCommand(filter))).InstanceStatuses).toHaveLength(1);
});

async function physicalIds(): Promise<Record<string, string>> {
  const { StackEvents = [] } = await client(CloudFormationClient).send(
    new DescribeStackEventsCommand({ StackName: 'egress' }),
  );
  // Those at the beginning of a creation have none yet.
  const known = StackEvents.filter(({ PhysicalResourceId }) => PhysicalResourceId);
  return Object.fromEntries(
    known.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [LogicalResourceId, PhysicalResourceId]),
  );
}
