/** S3 and `DescribeInstances`, of the region and of moto_server, by the same requests and by the same client. */
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { authorizationOf, compactTime, sha256 } from '../src/region/wire/sigv4.ts';
import { type Load, middle, type Repeated, type Request, repeated, wrk } from './load.ts';
import { startRegion } from './region.ts';
import { loadText, perSecond, type Result, type Row, ratio, type Settings } from './result.ts';
import { moto } from './servers.ts';

const instances = 20;
const sizes = { '1 KiB': 1024, '1 MiB': 1024 * 1024 } as const;
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const Bucket = 'bench';

export async function awsApi(settings: Settings): Promise<Result> {
  const how =
    `Raw: one signed request again and again over 32 kept connections. SDK: 8 at a time by one client of SDK v3. ` +
    `DescribeInstances tells of ${instances} instances. moto_server verifies no signature and asks no policy; the region does both.`;
  if (!wrk) return { title: 'S3 and EC2', how, rows: [], aims: [], missing: ['wrk: apt install wrk'] };
  const region = await startRegion();
  const own = await measure(region.config.endpoint, settings, false);
  await region.process.end();
  const server = await moto();
  // Of simultaneous uploads of one large object moto_server fails some ("I/O operation on closed file").
  const others = server ? await measure(server.url, settings, true) : undefined;
  await server?.end();
  const rows: Row[] = [];
  const aims: Result['aims'][number][] = [];
  for (const [what, load] of own) {
    rows.push({ who: 'Orrery', what, value: perSecond(load.requestsPerSecond), more: loadText(load) });
    const other = others?.get(what);
    if (!other) continue;
    const times = ratio(load.requestsPerSecond, other.requestsPerSecond);
    rows.push({
      who: 'moto_server',
      what,
      value: perSecond(other.requestsPerSecond),
      more: `${loadText(other)}; Orrery is ${times}`,
    });
    if (!what.startsWith('raw')) continue;
    aims.push({
      aim: `${what}: twenty times moto`,
      measured: times,
      met: load.requestsPerSecond >= 20 * other.requestsPerSecond,
    });
  }
  return { title: 'S3 and EC2', how, rows, aims, missing: server ? [] : ["moto_server: pip install 'moto[server]'"] };
}

async function measure(endpoint: string, settings: Settings, mayFail: boolean): Promise<Map<string, Repeated>> {
  const config = { endpoint, region: 'us-east-1', credentials };
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const ec2 = new EC2Client(config);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24' }));
  await ec2.send(
    new RunInstancesCommand({
      SubnetId: Subnet?.SubnetId,
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 't3.micro',
      MinCount: instances,
      MaxCount: instances,
    }),
  );
  const found = new Map<string, Repeated>();
  for (const [size, bytes] of Object.entries(sizes)) {
    const body = 'x'.repeat(bytes);
    const Key = `object-${bytes}`;
    const url = `${endpoint}/${Bucket}/${Key}`;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: body }));
    found.set(`raw GetObject ${size}`, await repeated(signed({ url }, 's3'), settings, { mayFail }));
    found.set(
      `raw PutObject ${size}`,
      await repeated(signed({ url, method: 'PUT', body }, 's3'), settings, { mayFail }),
    );
  }
  const form = 'Action=DescribeInstances&Version=2016-11-15';
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const describe: Request = { url: `${endpoint}/`, method: 'POST', headers, body: form };
  found.set('raw DescribeInstances', await repeated(signed(describe, 'ec2'), settings, { mayFail }));

  const get = () =>
    s3.send(new GetObjectCommand({ Bucket, Key: 'object-1024' })).then(({ Body }) => Body?.transformToByteArray());
  found.set('SDK GetObject 1 KiB', await bySdk(get, settings));
  found.set('SDK DescribeInstances', await bySdk(() => ec2.send(new DescribeInstancesCommand({})), settings));
  s3.destroy();
  ec2.destroy();
  return found;
}

/** Signed once: a signature is good for a quarter of an hour. */
function signed(request: Request, service: string): Request {
  const { host, pathname } = new URL(request.url);
  const method = request.method ?? 'GET';
  const timestamp = compactTime(Date.now());
  const payloadHash = sha256(request.body ?? '');
  const all: Record<string, string> = {
    ...request.headers,
    host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timestamp,
  };
  const signedHeaders = Object.keys(all).sort();
  const scope = { date: timestamp.slice(0, 8), region: 'us-east-1', service };
  const claim = { accessKeyId: credentials.accessKeyId, scope, signedHeaders, timestamp };
  const sent = { method, rawPath: pathname, rawQuery: '', headers: all };
  const { host: _, ...headers } = all;
  const authorization = authorizationOf(sent, claim, credentials.secretAccessKey, payloadHash);
  return { ...request, headers: { ...headers, authorization } };
}

const atOnce = 8;

async function bySdk(call: () => Promise<unknown>, { seconds, times }: Settings): Promise<Repeated> {
  await oneRun(call, 1);
  const runs: Load[] = [];
  for (let i = 0; i < times; i++) runs.push(await oneRun(call, seconds));
  return middle(runs);
}

async function oneRun(call: () => Promise<unknown>, seconds: number): Promise<Load> {
  const took: number[] = [];
  const beganMs = performance.now();
  const untilMs = beganMs + seconds * 1000;
  const worker = async () => {
    while (performance.now() < untilMs) {
      const fromMs = performance.now();
      await call();
      took.push(performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const elapsed = (performance.now() - beganMs) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
  return { requestsPerSecond: took.length / elapsed, p50: at(0.5), p99: at(0.99) };
}
