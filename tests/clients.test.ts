/** The clients that people have: AWS's command line and boto3 read what the SDK made. Skipped, and said, where missing. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiTemplate } from './api-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

const run = promisify(execFile);
let tested: TestedRegion;

const environment = () => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  ENDPOINT: tested.region.endpoint,
});

async function works(program: string, ...argv: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(program, argv);
    return `${stdout}${stderr}`.trim();
  } catch {
    return undefined;
  }
}

/** Every `aws` there is: Debian's is version 2 and the one of pip version 1, and they differ on the wire. */
const candidates = [...new Set((process.env.PATH ?? '').split(':').map((folder) => `${folder}/aws`))].filter(
  existsSync,
);
const commandLines = new Map<string, string>();
for (const program of candidates) {
  const version = await works(program, '--version');
  const [, number] = /^aws-cli\/(\d+)\./.exec(version ?? '') ?? [];
  if (number) commandLines.set(`AWS CLI ${number}`, program);
}
for (const name of ['AWS CLI 1', 'AWS CLI 2']) {
  if (!commandLines.has(name))
    console.warn(`${name} is not installed: its test is skipped (apt install awscli, or pip install awscli).`);
}
const boto = await works('python3', '-c', 'import boto3; print(boto3.__version__)');
if (boto === undefined) console.warn('boto3 is not installed: its test is skipped (pip install boto3).');

beforeAll(async () => {
  tested = await startRegion();
  expect(await tested.create('api', apiTemplate), await tested.failures('api').catch(String)).toBe('CREATE_COMPLETE');
  const s3 = new S3Client({ ...tested.config, forcePathStyle: true });
  const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
  await s3.send(new CreateBucketCommand({ Bucket: 'things' }));
  await s3.send(new PutObjectCommand({ Bucket: 'things', Key: 'a/first thing.txt', Body: 'of the first' }));
  await eventually(
    () => tested.get('api.try.localhost'),
    ({ status }) => status === 200,
  );
}, 60_000);
afterAll(() => tested.close());

describe.each(['AWS CLI 1', 'AWS CLI 2'])('%s', (name) => {
  const program = commandLines.get(name) ?? '';
  const aws = async (...argv: string[]) => {
    const endpoint = ['--endpoint-url', tested.region.endpoint, '--output', 'json'];
    const { stdout } = await run(program, [...argv, ...endpoint], { env: environment() });
    return stdout;
  };
  const json = async <T>(...argv: string[]) => JSON.parse(await aws(...argv)) as T;

  test.skipIf(program === '')(
    'reads stacks, resources, instances, target health, objects and metrics',
    async () => {
      const { Stacks } = await json<{ Stacks: unknown[] }>('cloudformation', 'describe-stacks', '--stack-name', 'api');
      expect(Stacks).toMatchObject([{ StackName: 'api', StackStatus: 'CREATE_COMPLETE' }]);
      const { StackResources } = await json<{ StackResources: unknown[] }>(
        'cloudformation',
        'describe-stack-resources',
        '--stack-name',
        'api',
      );
      expect(StackResources).toContainEqual(
        expect.objectContaining({ LogicalResourceId: 'Balancer', ResourceStatus: 'CREATE_COMPLETE' }),
      );
      expect(await json('ec2', 'describe-instances', '--query', 'Reservations[].Instances[].State.Name')).toEqual([
        'running',
      ]);
      const arn =
        (await json<string[]>('elbv2', 'describe-target-groups', '--query', 'TargetGroups[].TargetGroupArn'))[0] ?? '';
      // An unchecked target is given requests, too, while there is no healthy one.
      await eventually(
        () =>
          json<string[]>(
            'elbv2',
            'describe-target-health',
            '--target-group-arn',
            arn,
            '--query',
            'TargetHealthDescriptions[].TargetHealth.State',
          ),
        ([state]) => state === 'healthy',
      );
      expect(await aws('s3', 'cp', 's3://things/a/first thing.txt', '-')).toBe('of the first');
      expect(await json('s3api', 'list-objects-v2', '--bucket', 'things', '--query', 'Contents[].Key')).toEqual([
        'a/first thing.txt',
      ]);
      expect(
        await json(
          'cloudwatch',
          'list-metrics',
          '--namespace',
          'AWS/ApplicationELB',
          '--metric-name',
          'RequestCount',
          '--query',
          'Metrics[0].MetricName',
        ),
      ).toBe('RequestCount');
    },
    60_000,
  );
});

const script = `
import json, os, boto3
def client(name): return boto3.client(name, endpoint_url=os.environ['ENDPOINT'])
elb = client('elbv2')
group = elb.describe_target_groups()['TargetGroups'][0]['TargetGroupArn']
print(json.dumps({
  'stack': client('cloudformation').describe_stacks(StackName='api')['Stacks'][0]['StackStatus'],
  'resources': sorted(r['LogicalResourceId'] for r in client('cloudformation').describe_stack_resources(StackName='api')['StackResources']),
  'instances': [i['State']['Name'] for r in client('ec2').describe_instances()['Reservations'] for i in r['Instances']],
  'health': [t['TargetHealth']['State'] for t in elb.describe_target_health(TargetGroupArn=group)['TargetHealthDescriptions']],
  'object': client('s3').get_object(Bucket='things', Key='a/first thing.txt')['Body'].read().decode(),
  'metrics': sorted({m['MetricName'] for m in client('cloudwatch').list_metrics(Namespace='AWS/ApplicationELB')['Metrics']}),
}))
`;

test.skipIf(boto === undefined)(
  'boto3 reads them too',
  async () => {
    const { stdout } = await run('python3', ['-c', script], { env: environment() });
    expect(JSON.parse(stdout)).toEqual({
      stack: 'CREATE_COMPLETE',
      resources: Object.keys(apiTemplate.Resources).sort(),
      instances: ['running'],
      health: ['healthy'],
      object: 'of the first',
      metrics: expect.arrayContaining(['RequestCount', 'HTTPCode_Target_2XX_Count', 'RequestCountPerTarget']),
    });
  },
  60_000,
);
