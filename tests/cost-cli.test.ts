/** `orrery cost`, the built command: a bill for people and for programs, and what is wrong is said in one message. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measured } from '../src/cli/cost-measured.ts';
import { writeRunning } from '../src/cli/running.ts';
import type { AssumptionKey } from '../src/insight/cost/assumptions.ts';
import { decimalText } from '../src/insight/cost/decimal.ts';
import { servePriceList } from '../src/insight/cost/refresh.fixture.ts';
import type { CostDiff, CostResult } from '../src/insight/cost/result.ts';
import { apiTemplate } from './api-template.ts';
import { type Ended, expectBuilt, runCommand } from './command.fixture.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';
import { storyTemplate } from './story-template.ts';

let folder: string;

/** @param settings the folder with the user's own files */
function costIn(settings: string, ...argv: string[]): Promise<Ended> {
  return runCommand({ cwd: folder, env: { XDG_CONFIG_HOME: join(folder, settings) } }, 'cost', ...argv);
}
const cost = (...argv: string[]) => costIn('none', ...argv);
const pricesOf = (settings: string) => join(folder, settings, 'orrery', 'prices.json');

function spoilt(settings: string, text: string): void {
  mkdirSync(join(folder, settings, 'orrery'), { recursive: true });
  writeFileSync(pricesOf(settings), text);
}

beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-cost-'));
  const write = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  const { Resources } = storyTemplate('cpu', 'api.cli.localhost');
  write('old.json', { Resources });
  const Principal = { AWS: { 'Fn::Sub': `arn:aws:iam::\${AWS::AccountId}:root` } };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }];
  const Key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Version: '2012-10-17', Statement } } };
  const Cache = { Type: 'AWS::ElastiCache::ReplicationGroup', Properties: {} };
  write('new.json', { Resources: { ...Resources, Cache, Key } });
  write('none.json', { answer: 42 });
  writeFileSync(join(folder, 'list.csv'), 'a,b\n1,2\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.concurrent.each<[string, string[], string]>([
  ['no such file', ['lost.yml'], 'lost.yml'],
  ['not a template', ['none.json'], 'none.json'],
  ['a negative amount', ['old.json', '--requests', '-5'], '--requests'],
  ['an amount that is none', ['old.json', '--egress', 'much'], '--egress'],
  ['an unknown region', ['old.json', '--region', 'mars-1'], 'us-east-1'],
  ['an unknown assumption', ['old.json', '--assume', 'luck=1'], '"luck" is no assumption.'],
  ['a share of more than all', ['old.json', '--assume', 'cacheMisses=2'], 'from 0 to 1'],
  ['a term that is not sold', ['old.json', '--commit', '5y'], '--commit must be 1y or 3y, not "5y".'],
  ['a budget that is no amount', ['old.json', '--budget', 'low'], '--budget must be an amount of dollars'],
  ['one template to compare', ['--diff', 'old.json'], '--diff needs two templates, not 1.'],
  ['traffic twice', ['old.json', '--measured', '--profile', 'constant:rate=1,for=60'], 'exclude each other'],
  ['a region that does not run', ['old.json', '--measured'], 'nothing was measured'],
  ['no simulation', ['old.json', '--simulation', 'none.json'], 'none.json is no result of a simulation'],
  ['a price list without reading it', ['old.json', '--price-list', 'http://127.0.0.1:9'], 'for --refresh alone'],
])('what is wrong is said in one message, with exit code 1: %s', async (_, argv, message) => {
  const { code, out, error } = await cost(...argv);
  expect([code, out]).toEqual([1, '']);
  expect(error).toContain(message);
  expect(error).not.toContain('mistake of its own');
});

test('for people: lines with what was assumed, what surprises, what is otherwise, and where prices are from', async () => {
  const { code, out, error } = await cost('new.json', '--requests', '10M');
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/^Balancer +Application Load Balancer +730 h .* 16\.43$/m);
  expect(out).toMatch(/^us-east-1, dollars a month of 730 h +[\d.]+$/m);
  expect(out).toMatch(/^ {2}requests +10,000,000 a month +requests to the API +given$/m);
  expect(out).toMatch(/^ {2}requestBytes +500 bytes +a request to the API weighs, objects that it brings included$/m);
  expect(out).toMatch(/^Not priced: the bill is without\n {2}Cache +AWS::ElastiCache::ReplicationGroup/m);
  expect(out).toMatch(/^ {2}https:\/\/aws\.amazon\.com\/\S+ +compared \d{4}-\d\d-\d\d$/m);
}, 30_000);

test('above its budget the bill is shown whole, and the exit code is 1', async () => {
  const [above, below] = await Promise.all([
    cost('old.json', '--budget', '1', '--json'),
    cost('old.json', '--budget', '5000', '--json'),
  ]);
  const { usd } = JSON.parse(above.out) as CostResult;
  expect(above.code).toBe(1);
  expect(above.error).toBe(`The bill of $${usd} a month is above the budget of $1.\n`);
  expect([below.code, below.error]).toEqual([0, '']);
  expect((JSON.parse(below.out) as CostResult).usd).toBe(usd);
}, 30_000);

test('two templates: what each part costs more or less', async () => {
  const [people, programs] = await Promise.all([
    cost('--diff', 'old.json', 'new.json'),
    cost('--diff', 'old.json', 'new.json', '--json'),
  ]);
  expect(people.out).toMatch(/^\+ +Key +AWS::KMS::Key +1\.00 +\+1\.00$/m);
  expect(people.out).toMatch(/: \+1\.00 dollars a month\.$/m);
  const { difference, changes } = JSON.parse(programs.out) as CostDiff;
  expect(difference).toBe('1.00');
  expect(changes).toEqual([
    { part: 'Key', type: 'AWS::KMS::Key', change: 'added', before: null, after: '1.00', difference: '1.00' },
  ]);
  expect(people.out).toMatch(/^Not priced after\n[\s\S]*AWS::ElastiCache::ReplicationGroup/m);
}, 30_000);

test('machines and requests of a simulation, as if it went on for a month', async () => {
  const totals = { requests: 3600, instanceHours: { 't2.micro': 3 } };
  writeFileSync(join(folder, 'hour.json'), JSON.stringify({ series: { at: [0, 3600] }, totals }));
  const { code, out, error } = await cost('old.json', '--simulation', 'hour.json');
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/^Group +EC2 t2\.micro +2,190 h: 3 machines on average +25\.40$/m);
  expect(out).toMatch(/^ {2}requests +2,628,000 a month +requests to the API +simulation$/m);
}, 30_000);

test("AWS's price list is read for a region that Orrery has no prices of, and used from then on", async () => {
  const list = await servePriceList();
  try {
    const region = ['--region', 'ap-southeast-2'];
    const before = await costIn('own', 'old.json', ...region);
    expect([before.code, before.error]).toEqual([1, expect.stringContaining('--refresh')]);
    const read = await costIn('own', '--refresh', ...region, '--price-list', list.url);
    expect(read.code, read.error).toBe(0);
    expect(read.out).toContain(`${pricesOf('own')}: `);
    const after = await costIn('own', 'old.json', ...region);
    expect(after.out).toMatch(/^Balancer +Application Load Balancer +730 h .* 18\.40$/m);
  } finally {
    await list.close();
  }
}, 60_000);

test('offline nothing is changed, and that is said', async () => {
  // Whoever held this port has let it go.
  const list = await servePriceList();
  await list.close();
  const { code, error } = await costIn('offline', '--refresh', '--price-list', list.url);
  expect(code).toBe(1);
  expect(error).toContain('Nothing was changed: the prices are still those that come with Orrery.');
  expect(existsSync(pricesOf('offline'))).toBe(false);
}, 30_000);

test("a user's file of prices that is none is named, and left as it is", async () => {
  spoilt('spoilt', '{"regions": 1}');
  const { code, error } = await costIn('spoilt', 'old.json');
  expect([code, error]).toEqual([1, expect.stringContaining(pricesOf('spoilt'))]);
  expect(readFileSync(pricesOf('spoilt'), 'utf8')).toBe('{"regions": 1}');
}, 30_000);

/** A bucket and the balancer behind a distribution, and a network with flow logs. */
async function siteTemplate(config: TestedRegion['config']): Promise<string> {
  const client = new ElasticLoadBalancingV2Client(config);
  const { LoadBalancers: [balancer] = [] } = await client.send(new DescribeLoadBalancersCommand({}));
  client.destroy();
  return `
Resources:
  Site: { Type: AWS::S3::Bucket, Properties: { BucketName: measured-site } }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - { Id: site, DomainName: !GetAtt Site.RegionalDomainName, S3OriginConfig: { OriginAccessIdentity: '' } }
          - { Id: api, DomainName: ${balancer?.DNSName}, CustomOriginConfig: { OriginProtocolPolicy: http-only } }
        DefaultCacheBehavior:
          TargetOriginId: site
          ViewerProtocolPolicy: redirect-to-https
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.9.0.0/16 } }
  Flows: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: flows } }
  Flow:
    Type: AWS::EC2::FlowLog
    Properties:
      ResourceType: VPC
      ResourceId: !Ref Vpc
      TrafficType: ALL
      LogGroupName: !Ref Flows
      DeliverLogsPermissionArn: !Sub 'arn:aws:iam::\${AWS::AccountId}:role/flows'
`;
}

/** A mebibyte in two versions and one of the site, and a line of each log. */
async function keepSomething(config: TestedRegion['config']): Promise<void> {
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const logs = new CloudWatchLogsClient(config);
  const Bucket = 'measured-things';
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (const letter of ['a', 'b'])
    await s3.send(new PutObjectCommand({ Bucket, Key: 'thing', Body: letter.repeat(512 * 1024) }));
  await s3.send(new PutObjectCommand({ Bucket: 'measured-site', Key: 'page', Body: 'p'.repeat(1024 * 1024) }));
  const logEvents = [{ timestamp: await clockOf(config), message: 'x'.repeat(1_000) }];
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'api' }));
  for (const logGroupName of ['api', 'flows']) {
    const names = { logGroupName, logStreamName: 'one' };
    await logs.send(new CreateLogStreamCommand(names));
    await logs.send(new PutLogEventsCommand({ ...names, logEvents }));
  }
  for (const client of [s3, logs]) client.destroy();
}

/** Now, as the region has it. */
async function clockOf({ endpoint }: TestedRegion['config']): Promise<number> {
  const { nowMs } = (await (await fetch(`${endpoint}/_orrery/health`)).json()) as { nowMs: number };
  return nowMs;
}

test('what a running region counted is scaled to a month', async () => {
  const tested = await startRegion({ timeScale: 600 });
  try {
    const { ports } = tested.region;
    const app = join(folder, 'app');
    writeRunning(app, { pid: process.pid, ports, region: 'us-east-1', rootKey: tested.config.credentials });
    await expect(measured(app)).rejects.toThrow('less than a minute');
    expect(await tested.create('api', apiTemplate)).toBe('CREATE_COMPLETE');
    await eventually(
      () => tested.get('api.try.localhost'),
      ({ status }) => status === 200,
    );
    for (let count = 0; count < 10; count++) await tested.get('api.try.localhost');
    expect(await tested.create('site', await siteTemplate(tested.config))).toBe('CREATE_COMPLETE');
    await keepSomething(tested.config);
    const minutesOf = (notes: readonly string[] = []) =>
      Number(/^Measured for (\d+) minutes /.exec(notes[0] ?? '')?.[1]);
    const counted = await eventually(
      () => measured(app).catch(() => undefined),
      (found) => minutesOf(found?.notes) >= 30,
    );
    const known = counted?.given ?? {};
    const { requests, newConnections, egressGb, siteRequests, natGb } = known;
    const value = (key: AssumptionKey) => Number(decimalText(known[key]?.value ?? 0n));
    expect(requests?.origin).toBe('measured');
    // A request of a clock that is 600 times as fast stands for 600; the answer that was waited for is one more.
    const all = (Number(decimalText(requests?.value ?? 0n)) * minutesOf(counted?.notes)) / (730 * 60) / 600;
    expect(all).toBeGreaterThan(10.5);
    expect(newConnections?.value).toBeGreaterThan(0n);
    expect(egressGb?.value).toBeGreaterThan(0n);
    expect([siteRequests?.value, natGb?.value]).toEqual([0n, 0n]);
    // One machine, which booted after the stack began; two versions of half a mebibyte, and a page of one.
    expect(value('machines')).toBeGreaterThan(0.5);
    expect(value('machines')).toBeLessThanOrEqual(1);
    expect([value('dataGb'), value('siteGb')]).toEqual([0.000977, 0.000977]);
    // 1,000 bytes and 26 of the event, in a month of such windows; 600 times where a program wrote them.
    const logged = (1_026 * 730 * 60) / minutesOf(counted?.notes) / 2 ** 30;
    expect(value('logGb') / logged / 600).toBeCloseTo(1, 1);
    expect((value('flowLogGbPerMachine') * value('machines')) / logged).toBeCloseTo(1, 1);
    expect(counted?.notes?.[1]).toMatch(/^Of what the distribution was asked and sent/);
  } finally {
    await tested.close();
  }
}, 120_000);
