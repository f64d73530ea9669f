/** What EC2 asks of IAM and tells CloudWatch Logs: both stand in here by the operations that EC2 calls. */
import type { DescribeFlowLogsResult, Reservation } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Flow } from '../../traffic/connections.ts';
import { Fault } from '../../wire/fault.ts';
import type { Authoriser } from '../dispatcher.ts';
import { type Call, service } from '../service.ts';
import { recordFlow } from './flow-records.ts';
import { publicImages } from './image.ts';
import { currentProfile } from './instance-profile.ts';
import { makeSubnet, makeVpc } from './network.fixture.ts';
import { ec2Region, faultOf } from './region.fixture.ts';

const arn = 'arn:aws:iam::123456789012:instance-profile/';
const iam = service('@aws-sdk/client-iam', 'iam', {
  operations: {
    getInstanceProfile({ InstanceProfileName: name }: { InstanceProfileName: string }) {
      if (!name.startsWith('app')) throw new Fault('NoSuchEntity', `Instance Profile ${name} cannot be found.`);
      const Roles = [{ RoleName: `${name}-role`, Arn: `arn:aws:iam::123456789012:role/${name}-role` }];
      return { InstanceProfile: { Arn: `${arn}${name}`, InstanceProfileId: `AIPA${name.toUpperCase()}`, Roles } };
    },
  },
});

interface Put {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logEvents?: readonly { readonly message: string; readonly timestamp: number }[];
}

const written: Put[] = [];
let logsFail = false;
const groups = new Set<string>();
const streams = new Set<string>();
const assumed: unknown[] = [];
const sts = service('@aws-sdk/client-sts', 'sts', {
  operations: {
    assumeRole: {
      access: () => [],
      handle({ RoleArn, RoleSessionName }: { RoleArn: string; RoleSessionName: string }, { caller }: Call) {
        assumed.push(caller);
        const Arn = `arn:aws:sts::123456789012:assumed-role/${RoleArn.split('/')[1]}/${RoleSessionName}`;
        return { AssumedRoleUser: { Arn, AssumedRoleId: 'AROA:x' }, Credentials: { AccessKeyId: 'ASIA' } };
      },
    },
  },
});
const logs = service('@aws-sdk/client-cloudwatch-logs', 'logs', {
  operations: {
    createLogGroup: ({ logGroupName }: Put) => {
      groups.add(logGroupName);
      return {};
    },
    createLogStream({ logGroupName, logStreamName }: Put) {
      if (!groups.has(logGroupName))
        throw new Fault('ResourceNotFoundException', 'The specified log group does not exist.');
      const name = `${logGroupName} ${logStreamName}`;
      if (streams.has(name))
        throw new Fault('ResourceAlreadyExistsException', 'The specified log stream already exists');
      streams.add(name);
      return {};
    },
    putLogEvents(input: Put) {
      if (logsFail) throw new Fault('AccessDeniedException', 'not allowed');
      written.push(input);
      return {};
    },
  },
});

let region: ReturnType<typeof ec2Region>;
let VpcId: string;
let SubnetId: string;
const ImageId = publicImages('us-east-1').find((image) => image.architecture === 'arm64')?.imageId;

async function begin(authorise?: Authoriser): Promise<void> {
  region = ec2Region({ services: [iam, sts, logs], ...(authorise ? { authorise } : {}) });
  VpcId = await makeVpc(region);
  SubnetId = await makeSubnet(region, VpcId, '10.0.0.0/24');
  written.length = 0;
  assumed.length = 0;
  groups.clear();
  streams.clear();
  logsFail = false;
}
beforeEach(() => begin());

async function run(IamInstanceProfile: object | undefined) {
  const input = { ImageId, InstanceType: 't4g.nano', MinCount: 1, MaxCount: 1, SubnetId, IamInstanceProfile };
  const made = await region.call<Reservation>('RunInstances', input);
  return made.Instances?.[0];
}

describe('instance profiles', () => {
  it('are checked at launch and given to the machine, by name or ARN', async () => {
    expect(await faultOf(run({ Name: 'none' }))).toBe(
      'InvalidParameterValue: Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    );
    expect(await faultOf(run({ Arn: `${arn}path/app` }))).toContain('Invalid IAM Instance Profile ARN');
    const one = await run({ Arn: `${arn}app` });
    expect(one?.IamInstanceProfile).toEqual({ Arn: `${arn}app`, Id: 'AIPAAPP' });
    expect(region.machines.launched).toMatchObject([{ roleName: 'app-role', instanceProfileArn: `${arn}app` }]);
  });

  it('need iam:PassRole of who launches', async () => {
    await begin((_, __, ___, access) => ({
      allowed: access.action !== 'iam:PassRole',
      reason: 'no statement',
      message: `not authorized to perform: ${access.action} on ${access.resource}`,
    }));
    expect(await faultOf(run({ Name: 'app' }))).toBe(
      'UnauthorizedOperation: not authorized to perform: iam:PassRole on arn:aws:iam::123456789012:role/app-role',
    );
    await run(undefined);
    expect(region.machines.launched).toHaveLength(1);
  });

  it('are changed while the instance runs, and its machine sees the new role', async () => {
    const one = await run(undefined);
    const InstanceId = one?.InstanceId ?? '';
    const associate = (Name: string) =>
      region.call<{ IamInstanceProfileAssociation: { AssociationId: string } }>('AssociateIamInstanceProfile', {
        InstanceId,
        IamInstanceProfile: { Name },
      });
    const { IamInstanceProfileAssociation } = await associate('app');
    expect(await faultOf(associate('app2'))).toContain('IncorrectState');
    const { AssociationId } = IamInstanceProfileAssociation;
    await region.call('ReplaceIamInstanceProfileAssociation', { AssociationId, IamInstanceProfile: { Name: 'app2' } });
    expect(region.machines.launched[0]?.roleName).toBe('app2-role');
    expect(currentProfile(region.scope, InstanceId)?.roleName).toBe('app2-role');
    expect(await faultOf(region.call('DisassociateIamInstanceProfile', { AssociationId }))).toContain('NotFound');
  });
});

describe('flow logs', () => {
  const role = 'arn:aws:iam::123456789012:role/flow';
  const create = (more: object) =>
    region.call('CreateFlowLogs', {
      ResourceType: 'VPC',
      ResourceIds: [VpcId],
      TrafficType: 'REJECT',
      LogGroupName: 'flows',
      DeliverLogsPermissionArn: role,
      ...more,
    });

  async function flow(more: Partial<Flow> = {}): Promise<Flow> {
    const made = await region.call<{ NetworkInterface: { NetworkInterfaceId: string } }>('CreateNetworkInterface', {
      SubnetId,
    });
    const nowMs = region.clock.now();
    return {
      interfaceId: made.NetworkInterface.NetworkInterfaceId,
      sourceAddress: '203.0.113.9',
      sourcePort: 40_000,
      destinationAddress: '10.0.0.4',
      destinationPort: 22,
      protocol: 6,
      packets: 1,
      bytes: 40,
      startMs: nowMs,
      endMs: nowMs,
      action: 'REJECT',
      ...more,
    };
  }

  it('sum up the flows of their kind over their interval, in their format', async () => {
    await create({ MaxAggregationInterval: 60 });
    const LogFormat = '${version} ${subnet-id} ${action} ${dstport} ${instance-id} ${tcp-flags} ${sublocation-id}';
    await create({ TrafficType: 'ACCEPT', LogFormat, MaxAggregationInterval: 60 });
    const rejected = await flow();
    recordFlow(region.scope, rejected);
    recordFlow(region.scope, { ...rejected, packets: 2, bytes: 80, endMs: rejected.endMs + 3000 });
    recordFlow(region.scope, { ...rejected, action: 'ACCEPT', destinationPort: 443, tcpFlags: 2 });
    recordFlow(region.scope, { ...rejected, action: 'ACCEPT', destinationPort: 443, tcpFlags: 1 });
    recordFlow(region.scope, { ...rejected, interfaceId: 'eni-unknown' });
    await region.clock.advance(59_000);
    expect(written).toEqual([]);
    await region.clock.advance(2000);
    const seconds = rejected.startMs / 1000;
    expect(written).toEqual([
      {
        logGroupName: 'flows',
        logStreamName: `${rejected.interfaceId}-reject`,
        logEvents: [
          {
            timestamp: rejected.endMs + 3000,
            message: `2 123456789012 ${rejected.interfaceId} 203.0.113.9 10.0.0.4 40000 22 6 3 120 ${seconds} ${seconds + 3} REJECT OK`,
          },
        ],
      },
      {
        logGroupName: 'flows',
        logStreamName: `${rejected.interfaceId}-accept`,
        logEvents: [{ timestamp: rejected.endMs, message: `4 ${SubnetId} ACCEPT 443 - 3 -` }],
      },
    ]);
    expect(assumed[0]).toMatchObject({ service: 'vpc-flow-logs.amazonaws.com', trusted: false });
    recordFlow(region.scope, rejected);
    await region.clock.advance(61_000);
    expect(written).toHaveLength(3);
  });

  it('say that records were left out when there are too many', async () => {
    await create({ MaxAggregationInterval: 60 });
    const one = await flow();
    for (let port = 0; port < 10_001; port++) recordFlow(region.scope, { ...one, sourcePort: port });
    await region.clock.advance(61_000);
    const lines = written.flatMap(({ logEvents = [] }) => logEvents);
    expect(lines).toHaveLength(10_001);
    expect(lines.at(-1)?.message).toMatch(/ - - - - - - - \d+ \d+ - SKIPDATA$/);
    // PutLogEvents takes 1 MiB at once.
    expect(written).toHaveLength(2);
  });

  it('say when they cannot deliver', async () => {
    await create({ MaxAggregationInterval: 60 });
    logsFail = true;
    recordFlow(region.scope, await flow());
    await region.clock.advance(61_000);
    const { FlowLogs } = await region.call<DescribeFlowLogsResult>('DescribeFlowLogs');
    expect(FlowLogs).toMatchObject([{ DeliverLogsStatus: 'FAILED', DeliverLogsErrorMessage: 'Access error' }]);
    expect(region.events.map(({ text }) => text).join()).toContain('not allowed');
    logsFail = false;
    recordFlow(region.scope, await flow());
    await region.clock.advance(61_000);
    const { FlowLogs: again } = await region.call<DescribeFlowLogsResult>('DescribeFlowLogs');
    expect(again).toMatchObject([{ DeliverLogsStatus: 'SUCCESS' }]);
  });

  it('refuse what they do not know', async () => {
    await create({});
    expect(await faultOf(create({}))).toContain('FlowLogAlreadyExists');
    expect(await faultOf(region.call('DeleteFlowLogs', { FlowLogIds: ['fl-1'] }))).toBe(
      'InvalidFlowLogId.NotFound: These flow log ids in the input list are not found: [TotalCount: 1] fl-1',
    );
    expect(await faultOf(create({ LogFormat: '${colour}' }))).toContain('${colour}');
    expect(await faultOf(create({ LogDestinationType: 'kinesis-data-firehose' }))).toContain('UnsupportedOperation');
    expect(await faultOf(create({ LogDestinationType: 's3' }))).toContain('LogGroupName is not applicable');
    expect(await faultOf(create({ MaxAggregationInterval: 30 }))).toContain('InvalidParameterValue');
    expect(await faultOf(create({ ResourceIds: ['vpc-1'] }))).toContain('InvalidVpcID.NotFound');
  });
});
