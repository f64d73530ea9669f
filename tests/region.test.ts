/** The whole region from a template: names, packets, health and machines, as traffic sees them. */

import { Resolver } from 'node:dns/promises';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import { apiTemplate, type Template, without } from './api-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

/** Waits of minutes (health checks, delays) take seconds; requests are still signed within the allowed skew. */
const timeScale = 5;

let tested: TestedRegion;

beforeAll(async () => {
  tested = await startRegion({ clock: realClock(timeScale) });
});
afterAll(() => tested.close());

async function targetHealth(): Promise<string[]> {
  const client = new ElasticLoadBalancingV2Client(tested.config);
  const { TargetGroups = [] } = await client.send(new DescribeTargetGroupsCommand({}));
  const { TargetHealthDescriptions = [] } = await client.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn }),
  );
  return TargetHealthDescriptions.map(({ TargetHealth }) =>
    [TargetHealth?.State, TargetHealth?.Reason].filter((part) => part).join(' '),
  );
}

describe('an API behind a balancer', () => {
  test('is made from its template, boots by cfn-init, and answers by name through gateway, balancer, ACL and group', async () => {
    expect(await tested.create('api', apiTemplate), await tested.failures('api').catch(String)).toBe('CREATE_COMPLETE');
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${tested.region.ports.dns}`]);
    expect(await eventually(targetHealth, ([state]) => state === 'healthy')).toEqual(['healthy']);
    // Of each zone, once its own checks have passed; until then DNS has the others alone.
    expect(
      await eventually(
        () => resolver.resolve4('api.try.localhost'),
        ({ length }) => length > 1,
      ),
    ).toHaveLength(2);
    expect(await tested.get('api.try.localhost')).toMatchObject({ status: 200, body: 'forwarded for 203.0.113.1' });
  }, 60_000);

  test('its machine cannot be reached around the balancer', async () => {
    const { Reservations = [] } = await new EC2Client(tested.config).send(new DescribeInstancesCommand({}));
    const machine = Reservations.flatMap(({ Instances = [] }) => Instances)[0];
    const trip = tested.region.scope.planes.fabric.ask({
      from: { address: '203.0.113.9' },
      to: { address: machine?.PublicIpAddress ?? '', port: 8080 },
    });
    expect(trip).toMatchObject({ delivered: false, end: 'deniedByAclIngress', at: 'Machines' });
  });

  test('without the ACL rule for replies to the balancer: Target.Timeout, 504 although it fails open, and the log names the rule', async () => {
    expect(await tested.update('api', without(apiTemplate, 'RepliesToBalancer'))).toBe('UPDATE_COMPLETE');
    expect(await eventually(targetHealth, ([state]) => state?.startsWith('unhealthy') ?? false)).toEqual([
      'unhealthy Target.Timeout',
    ]);
    // A connection that is open already is tracked by nobody but the ACL: each new one times out.
    const answer = await eventually(
      () => tested.get('api.try.localhost'),
      ({ status }) => status !== 200,
    );
    expect(answer.status).toBe(504);
    expect(tested.eventTexts('packet-dropped').join('\n')).toMatch(
      /MachineAcl egress \* \(deny\).*add an egress rule to MachineAcl/,
    );
  }, 60_000);

  test('with the rule again it heals by its own checks', async () => {
    expect(await tested.update('api', apiTemplate)).toBe('UPDATE_COMPLETE');
    expect(await eventually(targetHealth, ([state]) => state === 'healthy')).toEqual(['healthy']);
    expect((await tested.get('api.try.localhost')).status).toBe(200);
  }, 60_000);

  test('a name that nobody has is told with those that are known', async () => {
    const answer = await tested.get('nobody.localhost');
    expect(answer.status).toBe(421);
    expect(answer.body).toContain('api.try.localhost');
  });
});

test('without the ACL rule for replies to machines the boot fails, the stack rolls back and says why', async () => {
  const template = without(apiTemplate, 'RepliesToMachines');
  const named = JSON.parse(JSON.stringify(template).replaceAll('try.localhost', 'fail.localhost')) as Template;
  expect(await tested.create('broken', named)).toBe('ROLLBACK_COMPLETE');
  expect(await tested.failures('broken')).toContain('Machine: Received 1 FAILURE signal(s) out of 1');
  expect(await tested.reasons('broken')).toMatch(/Received FAILURE signal with UniqueId i-.*MachineAcl/);
  expect(tested.eventTexts('boot-failed').join('\n')).toContain('MachineAcl');
}, 60_000);

test('a signal to what waits for none is missed where one is waited for: the stack fails at once', async () => {
  const text = JSON.stringify(apiTemplate).replaceAll('try.localhost', 'astray.localhost');
  const sent = /(cfn-signal [^\\]*--resource Machine)\b/;
  expect(text).toMatch(sent);
  expect(await tested.create('astray', JSON.parse(text.replace(sent, '$1s')) as Template)).toBe('ROLLBACK_COMPLETE');
  expect(await tested.reasons('astray')).toContain(
    'Resource Machines is in CREATE_COMPLETE state and cannot be signaled',
  );
}, 60_000);
