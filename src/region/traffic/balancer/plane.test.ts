import { once } from 'node:events';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { withoutEntry, withoutRule } from '../../network/example-changes.ts';
import { balancerOf, groupOf, listenerOf, nextRequest, type SetUp, setUp, target } from './balancer.fixture.ts';

/** A request that the server has and did not answer yet. */
async function requestUnderWay({ connect, server }: SetUp) {
  const socket = await connect();
  const reached = nextRequest({ server });
  const request = httpRequest({ createConnection: () => socket, headers: { host: 'api.example' } });
  const answered = once(request, 'response').then(async ([answer]) => {
    let body = '';
    for await (const chunk of answer) body += chunk;
    return { status: answer.statusCode as number, body };
  });
  request.end();
  return { response: await reached, answered };
}

/** The target has written its whole answer, and the loop has turned often enough for it to have come, had it been let. */
async function sent(response: ServerResponse, body: string): Promise<void> {
  const { socket } = response;
  await new Promise<void>((resolve) => response.end(body, resolve));
  while ((socket?.writableLength ?? 0) > 0) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const replyDenied = withoutEntry('PrivateAcl', true, 100);

it('a request under way hangs when an ACL no longer lets its answer through, and ends in 504 after the idle timeout', async () => {
  const parts = await setUp();
  const { clock, swap, told } = parts;
  const { response, answered } = await requestUnderWay(parts);
  swap(replyDenied);
  await sent(response, 'too late');
  let status = 0;
  void answered.then((answer) => {
    status = answer.status;
  });
  await clock.advance(59_000);
  expect(status).toBe(0);
  await clock.advance(1_000);
  expect((await answered).status).toBe(504);
  // Asked and told once, however often it was tried again.
  expect(told).toEqual(['PrivateAcl egress 32767']);
});

it('what was lost is sent again: the answer arrives when the ACL lets it through in time', async () => {
  const parts = await setUp();
  const { clock, swap } = parts;
  const { response, answered } = await requestUnderWay(parts);
  swap(replyDenied);
  await sent(response, 'late');
  await clock.advance(5_000);
  swap();
  // Retries come at 0.2, 0.6, 1.4, 3 and 6.2 seconds.
  await clock.advance(1_200);
  expect(await answered).toEqual({ status: 200, body: 'late' });
});

it('groups track what is open: a rule that is taken away stops new connections only', async () => {
  const parts = await setUp();
  const { swap } = parts;
  const { response, answered } = await requestUnderWay(parts);
  swap(withoutRule('ApiFromBalancer'), withoutRule('BalancerToApi'));
  response.end('allowed once');
  expect(await answered).toEqual({ status: 200, body: 'allowed once' });
});

it('tells health when it changes, and not again with each change of the configuration', async () => {
  const { plane } = await setUp();
  const heard: string[] = [];
  plane.onHealth((group, id, port, { state }) => heard.push(`${group} ${id}:${port} ${state}`));
  plane.apply([balancerOf(listenerOf(groupOf('api')))]);
  expect(heard).toEqual([]);
  const other = { ...target, id: 'i-b', address: '10.0.11.30' };
  plane.apply([balancerOf(listenerOf(groupOf('api', [target, other]), groupOf('admin')))]);
  expect(heard.splice(0)).toEqual(['arn:api i-b:8080 healthy', 'arn:admin i-a:8080 healthy']);
  plane.apply([balancerOf(listenerOf(groupOf('api', [other])))]);
  expect(heard).toEqual([]);
  expect(plane.targetHealth('arn:api', 'i-a', 8080)).toBeUndefined();
  expect(plane.targetHealth('arn:admin', 'i-a', 8080)).toBeUndefined();
  expect(plane.targetHealth('arn:api', 'i-b', 8080)).toEqual({ state: 'healthy' });
  plane.apply([balancerOf(listenerOf(groupOf('api')))]);
  expect(heard).toEqual(['arn:api i-a:8080 healthy']);
});

describe('a connection to a target', () => {
  const answer = async (parts: SetUp) => {
    const { response, answered } = await requestUnderWay(parts);
    response.end('answered');
    expect(await answered).toEqual({ status: 200, body: 'answered' });
    return response.req.socket;
  };

  it('is kept for other requests, and closed by the balancer when it was idle for the idle timeout', async () => {
    const parts = await setUp();
    const { clock, server } = parts;
    server.keepAliveTimeout = 0;
    const socket = await answer(parts);
    await clock.advance(40_000);
    expect(await answer(parts)).toBe(socket);
    // Sixty seconds after its last request, not after its first.
    await clock.advance(59_000);
    expect(await answer(parts)).toBe(socket);
    const closed = once(socket, 'close');
    await clock.advance(60_000);
    await closed;
    expect(await answer(parts)).not.toBe(socket);
  });

  it('that the target closes while it is idle is not used again', async () => {
    const parts = await setUp();
    const socket = await answer(parts);
    const closed = once(socket, 'close');
    socket.end();
    await closed;
    expect(await answer(parts)).not.toBe(socket);
  });
});
