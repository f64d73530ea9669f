/** The whole region from a template: names, packets, health and machines, as traffic sees them. */

import { Resolver } from 'node:dns/promises';
import { request } from 'node:http';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import { freePorts, Region } from '../src/region/region.ts';
import { apiTemplate, type Template, without } from './api-template.ts';

/** Waits of minutes (health checks, delays) take seconds; requests are still signed within the allowed skew. */
const timeScale = 5;

let region: Region;
const config = () => ({
  endpoint: region.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

beforeAll(async () => {
  region = await Region.start({ ports: freePorts, clock: realClock(timeScale) });
});
afterAll(() => region.close());

/** Asks again until the answer will do; the test's own time limit ends it. */
async function eventually<T>(ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function settled(name: string): Promise<string> {
  const client = new CloudFormationClient(config());
  const status = async () =>
    (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus ?? '';
  return eventually(status, (found) => !found.endsWith('_IN_PROGRESS'));
}

async function create(name: string, template: Template): Promise<string> {
  await new CloudFormationClient(config()).send(
    new CreateStackCommand({ StackName: name, TemplateBody: JSON.stringify(template) }),
  );
  return settled(name);
}

async function update(name: string, template: Template): Promise<string> {
  await new CloudFormationClient(config()).send(
    new UpdateStackCommand({ StackName: name, TemplateBody: JSON.stringify(template) }),
  );
  return settled(name);
}

async function reasons(name: string): Promise<string> {
  const { StackEvents = [] } = await new CloudFormationClient(config()).send(
    new DescribeStackEventsCommand({ StackName: name }),
  );
  return StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason).join('\n');
}

async function failures(name: string): Promise<string> {
  const { StackEvents = [] } = await new CloudFormationClient(config()).send(
    new DescribeStackEventsCommand({ StackName: name }),
  );
  return StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'))
    .map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`)
    .join('\n');
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** By the front door, as a browser would: the port stands for 80 of every name. */
function get(host: string, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: region.ports.http, path, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function targetHealth(): Promise<string[]> {
  const client = new ElasticLoadBalancingV2Client(config());
  const { TargetGroups = [] } = await client.send(new DescribeTargetGroupsCommand({}));
  const { TargetHealthDescriptions = [] } = await client.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn }),
  );
  return TargetHealthDescriptions.map(({ TargetHealth }) =>
    [TargetHealth?.State, TargetHealth?.Reason].filter((part) => part).join(' '),
  );
}

const eventTexts = (kind: string) =>
  region.events.recent().flatMap((event) => (event.kind === kind ? [event.text] : []));

describe('an API behind a balancer', () => {
  test('is made from its template, boots by cfn-init, and answers by name through gateway, balancer, ACL and group', async () => {
    expect(await create('api', apiTemplate), await failures('api').catch(String)).toBe('CREATE_COMPLETE');
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${region.ports.dns}`]);
    expect(await resolver.resolve4('api.try.localhost')).toHaveLength(2);
    expect(await eventually(targetHealth, ([state]) => state === 'healthy')).toEqual(['healthy']);
    expect(await get('api.try.localhost')).toEqual({ status: 200, body: 'forwarded for 203.0.113.1' });
  }, 60_000);

  test('its machine cannot be reached around the balancer', async () => {
    const { Reservations = [] } = await new EC2Client(config()).send(new DescribeInstancesCommand({}));
    const machine = Reservations.flatMap(({ Instances = [] }) => Instances)[0];
    const trip = region.scope.planes.fabric.ask({
      from: { address: '203.0.113.9' },
      to: { address: machine?.PublicIpAddress ?? '', port: 8080 },
    });
    expect(trip).toMatchObject({ delivered: false, end: 'deniedByAclIngress', at: 'Machines' });
  });

  test('without the ACL rule for replies to the balancer: Target.Timeout, 504 although it fails open, and the log names the rule', async () => {
    expect(await update('api', without(apiTemplate, 'RepliesToBalancer'))).toBe('UPDATE_COMPLETE');
    expect(await eventually(targetHealth, ([state]) => state?.startsWith('unhealthy') ?? false)).toEqual([
      'unhealthy Target.Timeout',
    ]);
    // A connection that is open already is tracked by nobody but the ACL: each new one times out.
    const answer = await eventually(
      () => get('api.try.localhost'),
      ({ status }) => status !== 200,
    );
    expect(answer.status).toBe(504);
    expect(eventTexts('packet-dropped').join('\n')).toMatch(
      /MachineAcl egress \* \(deny\).*add an egress rule to MachineAcl/,
    );
  }, 60_000);

  test('with the rule again it heals by its own checks', async () => {
    expect(await update('api', apiTemplate)).toBe('UPDATE_COMPLETE');
    expect(await eventually(targetHealth, ([state]) => state === 'healthy')).toEqual(['healthy']);
    expect((await get('api.try.localhost')).status).toBe(200);
  }, 60_000);

  test('a name that nobody has is told with those that are known', async () => {
    const answer = await get('nobody.localhost');
    expect(answer.status).toBe(421);
    expect(answer.body).toContain('api.try.localhost');
  });
});

test('without the ACL rule for replies to machines the boot fails, the stack rolls back and says why', async () => {
  const template = without(apiTemplate, 'RepliesToMachines');
  const named = JSON.parse(JSON.stringify(template).replaceAll('try.localhost', 'fail.localhost')) as Template;
  expect(await create('broken', named)).toBe('ROLLBACK_COMPLETE');
  expect(await failures('broken')).toContain('Machine: Received 1 FAILURE signal(s) out of 1');
  expect(await reasons('broken')).toMatch(/Received FAILURE signal with UniqueId i-.*MachineAcl/);
  expect(eventTexts('boot-failed').join('\n')).toContain('MachineAcl');
}, 60_000);
