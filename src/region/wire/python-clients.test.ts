/** boto3 and the AWS CLI, which serialise by botocore's models and not by the SDK's. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint } from './canned.fixture.ts';
import { Fault } from './fault.ts';

const run = promisify(execFile);
let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
afterAll(async () => {
  expect(canned.failures).toEqual([]);
  await canned.close();
});

const environment = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'AKIDOTHER',
  AWS_SECRET_ACCESS_KEY: 'other/secret+key=',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_PAGER: '',
  AWS_MAX_ATTEMPTS: '1',
};

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3'], { timeout: 20_000 }).status === 0;
if (!hasBoto3) console.warn('boto3 is not installed for python3: its test is skipped');

/** The programs of both versions, wherever they are on the path. */
const clis = new Map<string, string>();
for (const folder of (process.env.PATH ?? '').split(':')) {
  const program = join(folder, 'aws');
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  const version = /aws-cli\/(\d)/.exec(stdout ?? '')?.[1];
  if (version !== undefined && !clis.has(version)) clis.set(version, program);
}
for (const version of ['1', '2'])
  if (!clis.has(version)) console.warn(`the AWS CLI ${version} is not installed: its test is skipped`);

const script = `
import boto3, datetime, io, json, sys, urllib.request
from botocore.config import Config
def client(name, **more):
    return boto3.client(name, endpoint_url=sys.argv[1], config=Config(retries={'max_attempts': 0}, s3={'addressing_style': 'path'}, **more))
when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
out = []
ec2 = client('ec2')
vpcs = ec2.describe_vpcs(Filters=[{'Name': 'vpc-id', 'Values': ['a', 'b']}], VpcIds=['v'])
assert vpcs['Vpcs'] == [{'VpcId': 'vpc-1', 'Tags': [], 'IsDefault': False}], vpcs
ec2.run_instances(ImageId='ami-1', MinCount=1, MaxCount=2, TagSpecifications=[{'ResourceType': 'instance', 'Tags': [{'Key': 'k', 'Value': 'ü&='}]}], UserData='#!/bin/sh', DryRun=False)
try:
    ec2.describe_subnets()
except ec2.exceptions.ClientError as error:
    assert error.response['Error'] == {'Code': 'InvalidSubnetID.NotFound', 'Message': 'no <subnet>'}, error.response
iam = client('iam')
assert iam.list_users() ['Users'] == [] and iam.list_users()['IsTruncated'] is False
try:
    iam.get_user(UserName='u')
except iam.exceptions.NoSuchEntityException as error:
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 404
client('elbv2').create_target_group(Name='t', Matcher={'HttpCode': '200'}, Tags=[{'Key': 'k', 'Value': 'v'}], HealthCheckEnabled=True, Port=80)
client('autoscaling').create_auto_scaling_group(AutoScalingGroupName='g', MinSize=0, MaxSize=3, AvailabilityZones=[])
client('cloudformation').create_stack(StackName='s', TemplateBody='{}', Parameters=[{'ParameterKey': 'k', 'ParameterValue': 'v'}], Capabilities=['CAPABILITY_IAM'])
client('cloudformation').delete_change_set(ChangeSetName='c', StackName='s')
client('sns').create_topic(Name='t', Attributes={'a': 'b'})
client('cloudwatch').put_metric_data(Namespace='N', MetricData=[{'MetricName': 'm', 'Value': 1.5, 'Timestamp': when, 'Dimensions': [{'Name': 'd', 'Value': 'e'}]}])
client('logs').put_log_events(logGroupName='g', logStreamName='s', logEvents=[{'timestamp': 1, 'message': 'm'}])
client('kms').encrypt(KeyId='k', Plaintext=b'\\x00\\xff')
client('ssm').get_parameter(Name='/p')
client('acm').request_certificate(DomainName='d')
client('route53').change_resource_record_sets(HostedZoneId='/hostedzone/Z1', ChangeBatch={'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': {'Name': 'n', 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': '1.2.3.4'}]}}]})
client('cloudfront').create_invalidation(DistributionId='D', InvalidationBatch={'CallerReference': 'r', 'Paths': {'Quantity': 1, 'Items': ['/*']}})
s3 = client('s3')
s3.put_object(Bucket='b', Key="a//b/./c d+é'(", Body=io.BytesIO(b'stream'), Metadata={'m': 'v'}, ContentType='x/y')
s3.delete_objects(Bucket='b', Delete={'Objects': [{'Key': 'a\\r&'}]})
assert s3.get_object(Bucket='b', Key='k')['Body'].read() == b'contents'
for version in ('s3v4', 's3'):
    url = client('s3', signature_version=version).generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'a b', 'ResponseContentType': 'x/y'})
    assert urllib.request.urlopen(url).read() == b'contents'
assert client('s3').generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'}).find('Signature=') > 0
print('done')
`;

test.skipIf(!hasBoto3)(
  'boto3',
  async () => {
    canned.calls.length = 0;
    canned.answer = ({ operation }) => answers[operation]?.() ?? {};
    const { stdout } = await run('python3', ['-c', script, canned.url], { env: environment });
    expect(stdout.trim()).toBe('done');
    const inputs = Object.fromEntries(
      canned.calls.map(({ service, operation, input }) => [`${service}:${operation}`, input]),
    );
    expect(canned.calls.every(({ identity }) => identity === 'AKIDOTHER')).toBe(true);
    expect(inputs).toMatchObject({
      'ec2:DescribeVpcs': { Filters: [{ Name: 'vpc-id', Values: ['a', 'b'] }], VpcIds: ['v'] },
      'ec2:RunInstances': {
        MinCount: 1,
        MaxCount: 2,
        DryRun: false,
        UserData: Buffer.from('#!/bin/sh').toString('base64'),
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'k', Value: 'ü&=' }] }],
      },
      'elasticloadbalancing:CreateTargetGroup': { Matcher: { HttpCode: '200' }, HealthCheckEnabled: true, Port: 80 },
      'autoscaling:CreateAutoScalingGroup': { MinSize: 0, MaxSize: 3, AvailabilityZones: [] },
      'cloudformation:CreateStack': {
        Parameters: [{ ParameterKey: 'k', ParameterValue: 'v' }],
        Capabilities: ['CAPABILITY_IAM'],
      },
      'sns:CreateTopic': { Attributes: { a: 'b' } },
      'cloudwatch:PutMetricData': {
        MetricData: [
          {
            MetricName: 'm',
            Value: 1.5,
            Timestamp: new Date('2026-01-02T03:04:05Z'),
            Dimensions: [{ Name: 'd', Value: 'e' }],
          },
        ],
      },
      'logs:PutLogEvents': { logEvents: [{ timestamp: 1, message: 'm' }] },
      'kms:Encrypt': { KeyId: 'k', Plaintext: Uint8Array.of(0, 255) },
      'ssm:GetParameter': { Name: '/p' },
      'acm:RequestCertificate': { DomainName: 'd' },
      'route53:ChangeResourceRecordSets': {
        HostedZoneId: 'Z1',
        ChangeBatch: {
          Changes: [{ Action: 'UPSERT', ResourceRecordSet: { TTL: 60, ResourceRecords: [{ Value: '1.2.3.4' }] } }],
        },
      },
      'cloudfront:CreateInvalidation': { InvalidationBatch: { Paths: { Quantity: 1, Items: ['/*'] } } },
      's3:PutObject': { Key: "a//b/./c d+é'(", Metadata: { m: 'v' }, ContentType: 'x/y' },
      's3:DeleteObjects': { Delete: { Objects: [{ Key: 'a\r&' }] } },
      's3:GetObject': { Key: 'a b', ResponseContentType: 'x/y' },
    });
    const put = canned.calls.find(({ operation }) => operation === 'PutObject');
    expect(put?.bytes?.toString()).toBe('stream');
  },
  60_000,
);

const answers: Record<string, () => object> = {
  DescribeVpcs: () => ({ Vpcs: [{ VpcId: 'vpc-1', IsDefault: false, Tags: [] }] }),
  DescribeSubnets: () => {
    throw new Fault('InvalidSubnetID.NotFound', 'no <subnet>');
  },
  ListUsers: () => ({ Users: [], IsTruncated: false }),
  GetUser: () => {
    throw new Fault('NoSuchEntity', 'no user');
  },
  GetObject: () => ({ Body: Buffer.from('contents'), ContentLength: 8 }),
  ListMetrics: () => ({ Metrics: [{ Namespace: 'N', MetricName: 'm', Dimensions: [] }] }),
};

describe.each(['1', '2'])('AWS CLI %s', (version) => {
  test.skipIf(!clis.has(version))('answers and errors', () => callsOfTheCli(clis.get(version) ?? ''), 60_000);
});

async function callsOfTheCli(program: string): Promise<void> {
  canned.calls.length = 0;
  canned.answer = ({ operation }) => answers[operation]?.() ?? {};
  const aws = async (...words: string[]) => {
    const { stdout } = await run(program, [...words, '--endpoint-url', canned.url, '--output', 'json'], {
      env: environment,
    });
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as object);
  };
  expect(await aws('ec2', 'describe-vpcs', '--filters', 'Name=vpc-id,Values=a,b')).toEqual({
    Vpcs: [{ VpcId: 'vpc-1', IsDefault: false, Tags: [] }],
  });
  expect(canned.seen().input).toMatchObject({ Filters: [{ Name: 'vpc-id', Values: ['a', 'b'] }] });
  expect(await aws('cloudwatch', 'list-metrics')).toEqual({
    Metrics: [{ Namespace: 'N', MetricName: 'm', Dimensions: [] }],
  });
  await expect(aws('ec2', 'describe-subnets')).rejects.toThrow('InvalidSubnetID.NotFound');
  await expect(aws('iam', 'get-user')).rejects.toThrow('NoSuchEntity');
}
