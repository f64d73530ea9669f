/** Envelopes as AWS's own look, errors in each protocol, and the corners of the query protocols. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import { GetHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { cbor, dateToTag } from '@smithy/core/cbor';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint } from './canned.fixture.ts';
import { Fault } from './fault.ts';
import { errorCode, type RawRequest, raw, sign } from './raw.fixture.ts';

let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
beforeEach(() => {
  canned.answer = () => ({});
  canned.calls.length = 0;
});
afterEach(() => {
  expect(canned.failures.splice(0)).toEqual([]);
});
afterAll(async () => {
  await canned.close();
});

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const signedAs = (service: string, request: RawRequest) =>
  raw(canned.port, sign(canned.port, request, { service, nowMs: canned.nowMs() }).request);
const query = (service: string, body: string) => signedAs(service, { method: 'POST', headers: form, body });
const target = (service: string, name: string, body: string, version = '1.1') =>
  signedAs(service, {
    method: 'POST',
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': name },
    body,
  });
const cborCall = (operation: string, input: unknown) =>
  signedAs('monitoring', {
    method: 'POST',
    path: `/service/GraniteServiceVersion20100801/operation/${operation}`,
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', accept: 'application/cbor' },
    body: cbor.serialize(input),
  });

describe('envelopes', () => {
  test('EC2', async () => {
    canned.answer = () => ({ Vpcs: [{ VpcId: 'vpc-1', IsDefault: false, Tags: [] }], NextToken: 'a&b' });
    const answer = await query('ec2', 'Action=DescribeVpcs&Version=2016-11-15');
    const { requestId } = canned.seen();
    const items = ['<isDefault>false</isDefault>', '<tagSet></tagSet>', '<vpcId>vpc-1</vpcId>'];
    const [, vpc = ''] = /<vpcSet><item>(.*)<\/item><\/vpcSet>/.exec(answer.body) ?? [];
    expect(items.filter((item) => vpc.includes(item))).toEqual(items);
    expect(vpc).toHaveLength(items.join('').length);
    expect(answer.body).toContain(
      `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15"><requestId>${requestId}</requestId><`,
    );
    expect(answer.body).toContain('<nextToken>a&amp;b</nextToken>');
    expect(answer.headers).toMatchObject({ 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId });
    const done = await query('ec2', 'Action=DeleteVpc&Version=2016-11-15&VpcId=vpc-1');
    expect(done.body).toContain('<return>true</return></DeleteVpcResponse>');
  });

  test('query', async () => {
    canned.answer = () => ({ Users: [], IsTruncated: false });
    const answer = await query('iam', 'Action=ListUsers&Version=2010-05-08');
    expect(answer.body).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users></Users><IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>${canned.seen().requestId}</RequestId></ResponseMetadata></ListUsersResponse>`,
    );
    const none = await query('cloudformation', 'Action=DeleteChangeSet&Version=2010-05-15&ChangeSetName=c');
    expect(none.body).toContain('<DeleteChangeSetResult></DeleteChangeSetResult>');
    const empty = await query('iam', 'Action=DeleteUser&Version=2010-05-08&UserName=u');
    expect(empty.body).toMatch(/<DeleteUserResponse xmlns="[^"]*"><ResponseMetadata>/);
  });

  test('JSON 1.1 and 1.0', async () => {
    canned.answer = () => ({ logGroups: [{ creationTime: 5, arn: undefined }], notInTheModel: 1 });
    const logs = await target('logs', 'Logs_20140328.DescribeLogGroups', '{}');
    expect(logs.headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(JSON.parse(logs.body)).toEqual({ logGroups: [{ creationTime: 5 }] });
    const metrics = await target('monitoring', 'GraniteServiceVersion20100801.ListMetrics', '{}', '1.0');
    expect(metrics.headers['content-type']).toBe('application/x-amz-json-1.0');
  });

  test('CloudWatch in its three protocols', async () => {
    const input = {
      Namespace: 'N',
      MetricData: [{ MetricName: 'm', Value: 1.5, Timestamp: new Date(1_700_000_000_000) }],
    };
    const client = new CloudWatchClient({
      region: 'us-east-1',
      endpoint: canned.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await client.send(new PutMetricDataCommand(input));
    const [metric] = input.MetricData;
    await cborCall('PutMetricData', {
      ...input,
      MetricData: [{ ...metric, Timestamp: dateToTag(new Date(1_700_000_000_000)) }],
    });
    await query(
      'monitoring',
      'Action=PutMetricData&Version=2010-08-01&Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1.5&MetricData.member.1.Timestamp=2023-11-14T22%3A13%3A20Z',
    );
    expect(canned.calls.map((call) => call.input)).toEqual([input, input, input]);
    client.destroy();
  });

  test('CBOR answers keep times and bytes', async () => {
    canned.answer = () => ({
      Label: 'l',
      Datapoints: [{ Timestamp: new Date(1_700_000_000_500), Sum: 2, Average: 0.25 }],
    });
    const request: RawRequest = {
      method: 'POST',
      path: '/service/GraniteServiceVersion20100801/operation/GetMetricStatistics',
      headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
      body: cbor.serialize({ Namespace: 'N' }),
    };
    const { headers } = sign(canned.port, request, { service: 'monitoring', nowMs: canned.nowMs() }).request;
    const { host: _, ...rest } = headers;
    const answer = await fetch(`${canned.url}${request.path}`, {
      method: 'POST',
      headers: rest,
      body: request.body as Uint8Array<ArrayBuffer>,
    });
    expect(answer.headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
    expect(cbor.deserialize(new Uint8Array(await answer.arrayBuffer()))).toMatchObject({
      Label: 'l',
      Datapoints: [{ Timestamp: { tag: 1, value: 1_700_000_000.5 }, Sum: 2, Average: 0.25 }],
    });
  });

  test('XML text is escaped, and what XML cannot carry is left out', async () => {
    canned.answer = () => ({ Users: [{ UserName: '<a & "b">\r\n\u0001é😀' }] });
    const { body } = await query('iam', 'Action=ListUsers&Version=2010-05-08');
    expect(body).toContain('<UserName>&lt;a &amp; &quot;b&quot;&gt;&#xD;\né😀</UserName>');
  });
});

describe('errors', () => {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config = () => ({ region: 'us-east-1', endpoint: canned.url, credentials, maxAttempts: 1 });

  test('by the code of the query protocol or the name of the shape, with its members', async () => {
    canned.answer = () => {
      throw new Fault('NoSuchEntityException', 'The user with name u cannot be found.');
    };
    const client = new IAMClient(config());
    await expect(client.send(new GetUserCommand({}))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      Code: 'NoSuchEntity',
      message: 'The user with name u cannot be found.',
      $metadata: { httpStatusCode: 404 },
    });
    client.destroy();
    canned.answer = () => {
      throw new Fault('NoSuchEntity', 'again');
    };
    const answer = await query('iam', 'Action=GetUser&Version=2010-05-08');
    expect(answer).toMatchObject({ status: 404 });
    expect(answer.body).toContain(
      '<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>again</Message></Error>',
    );
  });

  test('EC2: no model of errors', async () => {
    canned.answer = () => {
      throw new Fault('InvalidVpcID.NotFound', "The vpc ID 'vpc-1' does not exist");
    };
    const client = new EC2Client(config());
    await expect(client.send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      name: 'InvalidVpcID.NotFound',
      message: "The vpc ID 'vpc-1' does not exist",
      $metadata: { httpStatusCode: 400 },
    });
    client.destroy();
  });

  test('JSON', async () => {
    canned.answer = () => {
      throw new Fault('ResourceAlreadyExistsException', 'The specified log group already exists');
    };
    const client = new CloudWatchLogsClient(config());
    await expect(client.send(new CreateLogGroupCommand({ logGroupName: 'g' }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'The specified log group already exists',
    });
    client.destroy();
  });

  test('query-compatible: the query code in a header', async () => {
    canned.answer = () => {
      throw new Fault('ResourceNotFound', 'no alarm', { status: 404 });
    };
    const answer = await target('monitoring', 'GraniteServiceVersion20100801.DescribeAlarms', '{}', '1.0');
    expect(answer.headers['x-amzn-query-error']).toBe('ResourceNotFound;Sender');
    const stacks = new CloudFormationClient(config());
    canned.answer = () => {
      throw new Fault('ValidationError', 'Stack with id s does not exist');
    };
    await expect(stacks.send(new DescribeStacksCommand({}))).rejects.toMatchObject({ name: 'ValidationError' });
    stacks.destroy();
  });

  test('CBOR', async () => {
    canned.answer = () => {
      throw new Fault('InvalidParameterValueException', 'no', { members: { extra: undefined } });
    };
    const answer = await cborCall('DescribeAlarms', {});
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/cbor' } });
    expect(answer.headers['x-amzn-query-error']).toBe('InvalidParameterValue;Sender');
  });

  test('REST-XML, S3 and not', async () => {
    const zones = new Route53Client(config());
    canned.answer = () => {
      throw new Fault('NoSuchHostedZone', 'No hosted zone found with ID: Z1', { status: 404 });
    };
    await expect(zones.send(new GetHostedZoneCommand({ Id: '/hostedzone/Z1' }))).rejects.toMatchObject({
      name: 'NoSuchHostedZone',
      $metadata: { httpStatusCode: 404 },
    });
    zones.destroy();
    const s3 = new S3Client({ ...config(), forcePathStyle: true });
    canned.answer = () => {
      throw new Fault('NoSuchBucket', 'The specified bucket does not exist', {
        status: 404,
        members: { BucketName: 'b' },
      });
    };
    await expect(s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
      BucketName: 'b',
      RequestId: expect.stringMatching(/^request-\d+$/),
    });
    const { body, headers } = await raw(canned.port, { path: '/b/k%20' });
    expect(body).toMatch(/<Error><Code>NoSuchBucket<\/Code>.*<Resource>\/b\/k%20<\/Resource><RequestId>.*<HostId>/);
    expect(headers).toMatchObject({ 'content-type': 'application/xml', 'x-amz-request-id': canned.seen().requestId });
    await expect(s3.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
    s3.destroy();
  });

  test('a mistake of ours is InternalFailure, and told to the host', async () => {
    canned.answer = () => {
      throw new TypeError('secret detail');
    };
    const answer = await query('iam', 'Action=GetUser&Version=2010-05-08');
    expect([answer.status, errorCode(answer)]).toEqual([500, 'InternalFailure']);
    expect(answer.body).not.toContain('secret detail');
    expect(errorCode(await raw(canned.port, { path: '/b/k' }))).toBe('InternalError');
    expect(canned.failures.splice(0)).toHaveLength(2);
  });

  test('what is in the model but not handled says whose fault that is', async () => {
    const ec2 = await query('ec2', 'Action=DescribeSpotPriceHistory&Version=2016-11-15');
    expect([ec2.status, errorCode(ec2)]).toEqual([400, 'InvalidAction']);
    expect(ec2.body).toContain('Orrery does not model ec2:DescribeSpotPriceHistory.');
    const s3 = await raw(canned.port, { path: '/bucket?accelerate' });
    expect([s3.status, errorCode(s3)]).toEqual([501, 'NotImplemented']);
    const kms = new KMSClient(config());
    await expect(kms.send(new ListAliasesCommand({}))).rejects.toThrow('Orrery does not model kms:ListAliases.');
    await kms.send(new CreateKeyCommand({}));
    kms.destroy();
    const other = await signedAs('lambda', { path: '/2015-03-31/functions/' });
    expect([other.status, other.headers['x-amzn-errortype']]).toEqual([501, 'UnknownEndpoint']);
    expect(other.body).toContain("Orrery does not model the service 'lambda'.");
  });

  test.each([
    ['ec2', 'Action=Nonsense&Version=2016-11-15', 'The action Nonsense is not valid for this web service.'],
    ['iam', 'Action=Nonsense&Version=2010-05-08', 'Could not find operation Nonsense for version 2010-05-08'],
    [
      'elasticloadbalancing',
      'Action=DescribeLoadBalancers&Version=2012-06-01',
      'Could not find operation DescribeLoadBalancers for version 2012-06-01',
    ],
    ['ec2', 'Version=2016-11-15', 'The request must contain the parameter Action'],
    ['ec2', 'Action=DescribeVpcs&Version=2016-11-15&Colour=blue', 'The parameter Colour is not recognized'],
    ['ec2', 'Action=DescribeVpcs&Version=2016-11-15&DryRun=perhaps', "Value 'perhaps' at 'DryRun' is not a boolean"],
    ['iam', 'Action=ListUsers&Version=2010-05-08&MaxItems=many', "Value 'many' at 'MaxItems' is not a number"],
  ])('%s: %s', async (service, body, message) => {
    const answer = await query(service, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(message);
  });
});

describe('query parameters', () => {
  test('lists, maps and structures, however the client numbers them', async () => {
    const base = 'Action=DescribeVpcs&Version=2016-11-15';
    await query(
      'ec2',
      `${base}&Filter.2.Name=b&Filter.2.Value.1=y&Filter.1.Name=a&Filter.1.Value.3=x&Filter.1.Value.1=w&VpcId.10=v`,
    );
    expect(canned.seen().input).toEqual({
      Filters: [
        { Name: 'a', Values: ['w', 'x'] },
        { Name: 'b', Values: ['y'] },
      ],
      VpcIds: ['v'],
    });
    await query('iam', 'Action=ListUsers&Version=2010-05-08&PathPrefix=');
    expect(canned.seen().input).toEqual({ PathPrefix: '' });
    const stack = 'Action=CreateStack&Version=2010-05-15&StackName=s';
    await query('cloudformation', `${stack}&Capabilities=&Tags.member.1.Key=k&Tags.member.1.Value=a%2Bb+c`);
    expect(canned.seen().input).toEqual({ StackName: 's', Capabilities: [], Tags: [{ Key: 'k', Value: 'a+b c' }] });
    const attributes =
      'Attributes.entry.1.key=__proto__&Attributes.entry.1.value=v&Attributes.entry.2.key=k&Attributes.entry.2.value=w';
    await query('sns', `Action=CreateTopic&Version=2010-03-31&Name=n&${attributes}`);
    const input = canned.seen().input as { Attributes: object };
    expect(Object.entries(input.Attributes)).toEqual([
      ['__proto__', 'v'],
      ['k', 'w'],
    ]);
  });

  test('in the query of a GET', async () => {
    await signedAs('sts', { path: '/?Action=GetCallerIdentity&Version=2011-06-15' });
    expect(canned.seen()).toMatchObject({ service: 'sts', operation: 'GetCallerIdentity', input: {} });
  });
});
