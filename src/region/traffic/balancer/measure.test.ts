/** Documented: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html */
import { describe, expect, it } from 'vitest';
import { balancerOf, exchange, groupOf, listenerOf, type SetUp, setUp, target } from './balancer.fixture.ts';
import type { ActionConfig, ListenerConfig, TargetConfig } from './config.ts';

const answering = (_: unknown, response: { end(): unknown }) => void response.end();
const get = (parts: SetUp, path = '/', more = '') =>
  exchange(parts, `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}Connection: close\r\n\r\n`);
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};
const balancer = 'app/balancer/1';
const group = 'targetgroup/api/1';
const zone = 'us-east-1a';

describe('a request that a target answers', () => {
  it('is counted by each of the documented sets of dimensions', async () => {
    const parts = await setUp(undefined, answering);
    await get(parts);
    await until(() => parts.counts.has('ProcessedBytes'));
    const all = {
      [balancer]: 1,
      [`${balancer} ${zone}`]: 1,
      [`${balancer} ${group}`]: 1,
      [`${balancer} ${group} ${zone}`]: 1,
    };
    expect(parts.sums('RequestCount')).toEqual(all);
    expect(parts.sums('HTTPCode_Target_2XX_Count')).toEqual(all);
    expect(Object.keys(parts.sums('TargetResponseTime')).sort()).toEqual(Object.keys(all).sort());
    expect(parts.sums('RequestCountPerTarget')).toEqual({
      [group]: 1,
      [`${group} ${zone}`]: 1,
      [`${balancer} ${group}`]: 1,
      [`${balancer} ${group} ${zone}`]: 1,
    });
    expect(Object.keys(parts.sums('ProcessedBytes'))).toEqual([balancer, `${balancer} ${zone}`]);
    expect(parts.counts.has('UnhealthyRoutingRequestCount')).toBe(false);
  });

  const checkedBy = (...targets: TargetConfig[]) => {
    const checked = groupOf('api', targets);
    return balancerOf(listenerOf({ ...checked, health: { ...checked.health, enabled: true } }));
  };

  it('is shared by the healthy ones', async () => {
    const parts = await setUp(checkedBy(target, { ...target, id: 'i-b', port: 8081 }), answering);
    await until(() => parts.plane.targetHealth('arn:api', target.id, target.port)?.state === 'healthy');
    await get(parts);
    await until(() => parts.counts.has('ProcessedBytes'));
    expect(parts.sums('RequestCountPerTarget')[group]).toBe(1);
  });

  it('is shared by all where none is healthy, and counted as routed to the unhealthy', async () => {
    const parts = await setUp(checkedBy(target, { ...target, id: 'i-b' }), ({ url }, response) => {
      // Nothing is said to the health check.
      if (url === '/asked') response.end();
    });
    await get(parts, '/asked');
    await until(() => parts.counts.has('ProcessedBytes'));
    expect(parts.sums('RequestCountPerTarget')[group]).toBe(0.5);
    expect(parts.sums('UnhealthyRoutingRequestCount')).toEqual({
      [`${balancer} ${group}`]: 1,
      [`${balancer} ${group} ${zone}`]: 1,
    });
  });
});

it('without requests there are zeros per target', async () => {
  const parts = await setUp();
  await parts.clock.advance(10_000);
  expect(parts.sums('RequestCountPerTarget')).toEqual({ [group]: 0, [`${balancer} ${group}`]: 0 });
  expect(parts.counts.has('RequestCount')).toBe(false);
});

describe('what the balancer answers by itself is no request with a target', () => {
  const rules = (action: ActionConfig): ListenerConfig => ({
    ...listenerOf(),
    rules: [
      ...['/a', '/b', '/c'].map((path, n) => ({
        arn: `arn:${path}`,
        priority: n + 1,
        conditions: [{ field: 'path-pattern' as const, values: [path] }],
        action,
      })),
      { arn: 'arn:default', priority: 0, conditions: [], action },
    ],
  });
  const redirect = {
    ...({ type: 'redirect', status: 301, protocol: 'HTTPS', host: '#{host}' } as const),
    ...{ port: '443', path: '/#{path}', query: '#{query}' },
  };
  it.each<[string, ActionConfig, Record<string, number>]>([
    [
      'a fixed response',
      { type: 'fixed-response', status: 404 },
      { HTTP_Fixed_Response_Count: 1, HTTPCode_ELB_4XX_Count: 1 },
    ],
    ['one that has no code to count', { type: 'fixed-response', status: 200 }, { HTTP_Fixed_Response_Count: 1 }],
    ['a redirect', redirect, { HTTP_Redirect_Count: 1, HTTPCode_ELB_3XX_Count: 1 }],
    [
      'no target',
      { type: 'forward', groups: [{ group: groupOf('api', []), weight: 1 }] },
      { HTTPCode_ELB_5XX_Count: 1, HTTPCode_ELB_503_Count: 1 },
    ],
  ])('%s', async (_, action, expected) => {
    const parts = await setUp(balancerOf(rules(action)));
    await get(parts, '/b');
    expect(parts.sums('RuleEvaluations')).toEqual({ [balancer]: 2 });
    const { ProcessedBytes, RuleEvaluations, NewConnectionCount, ...counted } = Object.fromEntries(parts.counts);
    expect(counted).toEqual(expected);
    expect(ProcessedBytes).toBeGreaterThan(100);
    expect([RuleEvaluations, NewConnectionCount]).toEqual([2, 1]);
    for (const metric of Object.keys(expected)) {
      expect(Object.keys(parts.sums(metric))).toEqual([balancer, `${balancer} ${zone}`]);
    }
  });

  it('the default rule is not counted among those that were evaluated', async () => {
    const parts = await setUp(balancerOf(rules({ type: 'fixed-response', status: 200 })));
    await get(parts, '/else');
    expect(parts.sums('RuleEvaluations')).toEqual({ [balancer]: 3 });
  });
});

it('connections are counted when they are new, and once a minute while they are open: clients’ and targets’', async () => {
  const parts = await setUp(undefined, answering);
  const socket = await parts.connect();
  const answers: string[] = [];
  socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')));
  for (const times of [1, 2]) {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => answers.join('').split('HTTP/1.1 200').length > times);
    if (times === 1) expect(parts.counts.get('NewConnectionCount')).toBe(2);
  }
  // The second request may find the target's connection still taken.
  const all = parts.counts.get('NewConnectionCount');
  await parts.clock.advance(59_000);
  expect(parts.counts.has('ActiveConnectionCount')).toBe(false);
  await parts.clock.advance(1_000);
  expect(parts.sums('ActiveConnectionCount')).toEqual({ [balancer]: all, [`${balancer} ${zone}`]: all });
});

it('requests that stickiness did not bind are counted where it is on', async () => {
  const parts = await setUp(
    balancerOf(listenerOf(groupOf('api', undefined, { stickiness: { durationMs: 60_000 } }))),
    answering,
  );
  const cookie = /AWSALB=[^;]+/.exec(await get(parts))?.[0];
  expect(parts.counts.get('NonStickyRequestCount')).toBe(1);
  await get(parts, '/', `Cookie: ${cookie}\r\n`);
  expect(parts.counts.get('NonStickyRequestCount')).toBe(1);
});
