/** Faults of the ways out of a private subnet: what is cut off vanishes, and the other ways stay. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Template } from './api-template.ts';
import { endpoint, privateTemplate } from './private-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

/** A client's connect timeout (127 s) takes seconds. */
const timeScale = 20;
const host = 'api.try.localhost';
const s3 = 's3.us-east-1.amazonaws.com';
const logs = 'logs.us-east-1.amazonaws.com';
const elsewhere = '192.0.2.80';

/** `/dial?name` begins a connection to its port 443, `/last` tells how it ended; `/lookup?name` what a name resolves to. */
const app = `const { createServer } = require('node:http');
const { connect } = require('node:net');
const { lookup } = require('node:dns');
let last = '';
createServer((request, response) => {
  const [path, name] = request.url.split('?');
  if (path === '/lookup') {
    lookup(name, { all: true }, (error, all) =>
      response.end(error ? error.code : all.map(({ address }) => address).sort().join()));
    return;
  }
  if (path === '/dial') {
    last = '';
    connect({ host: name, port: 443, autoSelectFamily: false })
      .on('connect', () => { last = 'connected'; })
      .on('error', ({ code }) => { last = code; });
  }
  response.end(last);
}).listen(8080);
`;

const ref = (Ref: string) => ({ Ref });
/** The NAT gateway in zone b, and besides S3's endpoint one of logs in both zones. */
function template(): Template {
  const { Resources } = privateTemplate(app, 'PublicB');
  return {
    Resources: {
      ...Resources,
      LogsGroup: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: {
          GroupDescription: 'logs',
          VpcId: ref('Vpc'),
          SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/16' }],
        },
      },
      LogsEndpoint: endpoint('logs', {
        VpcEndpointType: 'Interface',
        PrivateDnsEnabled: true,
        SubnetIds: [ref('Machines'), ref('PublicB')],
        SecurityGroupIds: [{ 'Fn::GetAtt': ['LogsGroup', 'GroupId'] }],
      }),
    },
  };
}

let tested: TestedRegion;
const counted = new Map<string, number>();

beforeAll(async () => {
  tested = await startRegion({
    timeScale,
    meter: () => ({
      count(namespace, metric, _sets, value) {
        if (namespace === 'AWS/NATGateway') counted.set(metric, (counted.get(metric) ?? 0) + value);
      },
    }),
  });
  expect(await tested.create('egress', template()), await tested.failures('egress')).toBe('CREATE_COMPLETE');
}, 60_000);
afterAll(() => tested.close());

async function ask(path: string): Promise<string> {
  const { body } = await eventually(
    () => tested.get(host, path),
    ({ status }) => status === 200,
  );
  return body;
}

/** How the machine's connection to a name ends. Nobody listens outside: what gets there is refused. */
async function dial(name: string): Promise<string> {
  await ask(`/dial?${name}`);
  return eventually(
    () => ask('/last'),
    (last) => last !== '',
  );
}

const begin = (kind: string, target?: string) =>
  tested.region.faults.begin({ kind, for: '2h', ...(target === undefined ? {} : { target }) });
const dropped = () => tested.eventTexts('packet-dropped').join('\n');

test('a NAT gateway that is down: what is for it vanishes and is counted nowhere, what needs it not goes on', async () => {
  expect(await dial(elsewhere)).toBe('ECONNREFUSED');
  const before = counted.get('ConnectionAttemptCount');
  expect(before).toBeGreaterThan(0);
  const { id, text } = begin('nat');
  expect(text).toMatch(/^NAT gateway nat-[0-9a-f]{17} carries nothing$/);
  expect(await dial(elsewhere)).toBe('ETIMEDOUT');
  expect(dropped()).toMatch(new RegExp(`to 192\\.0\\.2\\.80:443: dropped: ${id} at Nat: NAT gateway nat-\\w+ is down`));
  expect(counted.get('ConnectionAttemptCount')).toBe(before);
  expect(await dial(s3)).toBe('ECONNREFUSED');
  tested.region.faults.clear(id);
  expect(await dial(elsewhere)).toBe('ECONNREFUSED');
  expect(counted.get('ConnectionAttemptCount')).toBe((before ?? 0) + 1);
  // By its zone, which has one, or another.
  tested.region.faults.clear(begin('nat', 'us-east-1b').id);
  expect(() => begin('nat', 'us-east-1a')).toThrow(
    /^There is no NAT gateway in us-east-1a\. There is nat-[0-9a-f]{17} in us-east-1b\.$/,
  );
}, 60_000);

test('an endpoint that is down: a gateway endpoint has no stand-in, and the others stay', async () => {
  const { id } = begin('endpoint', 's3');
  expect(await dial(s3)).toBe('ETIMEDOUT');
  expect(dropped()).toContain(`${id} at S3Endpoint: endpoint vpce-`);
  expect(await dial(elsewhere)).toBe('ECONNREFUSED');
  tested.region.faults.clear(id);
  expect(await dial(s3)).toBe('ECONNREFUSED');
  expect(() => begin('endpoint', 'sqs')).toThrow(
    /^There is no VPC endpoint "sqs"\. There are s3 \(vpce-[0-9a-f]{17}\), logs \(vpce-[0-9a-f]{17}\)\.$/,
  );
}, 60_000);

test('an interface endpoint that is down in one zone is resolved to its other zone, once that is found out', async () => {
  const both = (await ask(`/lookup?${logs}`)).split(',');
  expect(both).toHaveLength(2);
  const { id } = begin('zone', 'us-east-1b');
  const left = await eventually(
    () => ask(`/lookup?${logs}`),
    (found) => !found.includes(','),
  );
  expect(left).toMatch(/^10\.0\.2\./);
  expect(await dial(logs)).toBe('ECONNREFUSED');
  tested.region.faults.clear(id);
  await eventually(
    () => ask(`/lookup?${logs}`),
    (found) => found === both.join(),
  );
  // All of it: no address is better than another.
  const { id: whole } = begin('endpoint', 'logs');
  expect(await dial(logs)).toBe('ETIMEDOUT');
  tested.region.faults.clear(whole);
}, 60_000);
