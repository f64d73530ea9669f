import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from '../../store/lmdb-store.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { logs } from './index.ts';

let region: TestRegion;
let client: CloudWatchLogsClient;
const logGroupName = '/app/api';
beforeEach(async () => {
  region = await testRegion({ services: [logs] });
  client = region.client(CloudWatchLogsClient);
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of ['a', 'b']) {
    await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  }
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const put = (logStreamName: string, logEvents: { timestamp: number; message: string }[]) =>
  client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
const get = (input: object) =>
  client.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'a', startFromHead: true, ...input }));
const filter = (input: object = {}) => client.send(new FilterLogEventsCommand({ logGroupName, ...input }));
const texts = ({ events = [] }: { events?: { message?: string | undefined }[] | undefined }) =>
  events.map(({ message }) => message);
const at = (offsetMs: number, message: string) => ({ timestamp: region.clock.now() + offsetMs, message });

it('pages through a stream both ways, with tokens that stay put at the ends', async () => {
  await put('a', [at(-3000, 'one'), at(-2000, 'two'), at(-2000, 'three')]);
  // A later batch with an earlier time.
  await put('a', [at(-2500, 'between')]);
  await put('b', [at(-2600, 'elsewhere')]);
  const first = await get({ limit: 3 });
  expect(texts(first)).toEqual(['one', 'between', 'two']);
  expect(first.nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
  const second = await get({ limit: 3, nextToken: first.nextForwardToken });
  expect(texts(second)).toEqual(['three']);
  const end = await get({ nextToken: second.nextForwardToken });
  expect(texts(end)).toEqual([]);
  expect(end.nextForwardToken).toBe(second.nextForwardToken);
  expect(texts(await get({ limit: 2, nextToken: end.nextBackwardToken }))).toEqual(['two', 'three']);
  expect(texts(await get({ limit: 2, nextToken: second.nextBackwardToken }))).toEqual(['between', 'two']);
  const start = await get({ nextToken: first.nextBackwardToken });
  expect(start).toMatchObject({ events: [], nextBackwardToken: first.nextBackwardToken });
  // What comes later is found from the forward token.
  await put('a', [at(0, 'four')]);
  expect(texts(await get({ nextToken: end.nextForwardToken }))).toEqual(['four']);

  expect(texts(await get({ startFromHead: false, limit: 2 }))).toEqual(['three', 'four']);
  const now = region.clock.now();
  expect(texts(await get({ startTime: now - 2500, endTime: now - 2000 }))).toEqual(['between']);
  expect((await get({ startTime: 1e15 })).nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
  expect(await faultOf(get({ nextToken: 'f/1/s' }))).toBe(
    'InvalidParameterException: The specified nextToken is invalid.',
  );
});

it('finds events of all streams in the order of time, page by page', async () => {
  await put('a', [at(-50, 'a1 error'), at(-30, 'a2'), at(-10, 'a3 error')]);
  await put('b', [at(-50, 'b1 error'), at(-40, 'b2 error'), at(-10, 'b3')]);
  const all = await filter();
  expect(all.events?.map(({ timestamp = 0 }) => timestamp - region.clock.now())).toEqual([
    -50, -50, -40, -30, -10, -10,
  ]);
  expect(new Set(all.events?.map(({ eventId }) => eventId)).size).toBe(6);
  for (const startFromHead of [true, false]) {
    const given: (string | undefined)[] = [];
    let nextToken: string | undefined;
    const startTime = region.clock.now() - 60;
    do {
      const page = await filter({ limit: 1, filterPattern: 'error', startTime, startFromHead, nextToken });
      given.push(...texts(page));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    const whole = texts(await filter({ filterPattern: 'error', startTime, startFromHead }));
    expect(given).toEqual(whole);
    expect([...given].sort()).toEqual(['a1 error', 'a3 error', 'b1 error', 'b2 error']);
    expect(given.at(startFromHead ? -1 : 0)).toBe('a3 error');
  }
  expect(texts(await filter({ logStreamNames: ['b'], startTime: region.clock.now() - 40 }))).toEqual([
    'b2 error',
    'b3',
  ]);
  expect(texts(await filter({ logStreamNamePrefix: 'b', endTime: region.clock.now() - 40 }))).toHaveLength(2);
  expect(await faultOf(filter({ logStreamNames: ['c'] }))).toBe(
    'ResourceNotFoundException: The specified log stream does not exist.',
  );
});

it('refuses what AWS refuses, and tells of events that are too old or too new', async () => {
  const hour = 3_600_000;
  const day = 24 * hour;
  expect(await faultOf(put('a', [at(0, 'x'), at(-1, 'y')]))).toMatch(/must be in chronological order/);
  expect(await faultOf(put('a', [at(-25 * hour, 'x'), at(0, 'y')]))).toMatch(/cannot span more than 24 hours/);
  expect(await faultOf(put('a', [at(0, 'x'.repeat(1_048_551))]))).toBe(
    'InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576',
  );
  await put('a', [at(0, 'x'.repeat(1_048_550))]);
  expect(await faultOf(put('c', [at(0, 'x')]))).toMatch(/^ResourceNotFoundException: The specified log stream/);
  await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }));
  const mixed = [at(-15 * day, 'old'), at(-8 * day, 'expired'), at(0, 'good'), at(3 * hour, 'new')];
  const { rejectedLogEventsInfo } = await put('b', mixed);
  expect(rejectedLogEventsInfo).toEqual({
    tooOldLogEventEndIndex: 1,
    expiredLogEventEndIndex: 2,
    tooNewLogEventStartIndex: 3,
  });
  expect(texts(await get({ logStreamName: 'b' }))).toEqual(['good']);
});

it('lets events go when their time is over, and with their stream', async () => {
  const day = 24 * 3_600_000;
  await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
  await put('a', [at(0, 'first')]);
  await region.clock.advance(day / 2);
  await put('a', [at(0, 'second')]);
  await region.clock.advance(day / 2 + 1);
  expect(texts(await get({}))).toEqual(['second']);
  expect(texts(await filter())).toEqual(['second']);
  await region.clock.advance(3_700_000);
  const stored = () => [...region.store.index('logs/events').range({})].length;
  expect(stored()).toBe(1);
  const { logStreams = [] } = await client.send(
    new DescribeLogStreamsCommand({ logGroupName, orderBy: 'LastEventTime' }),
  );
  expect(logStreams.map(({ logStreamName }) => logStreamName)).toEqual(['b', 'a']);
  await region.invoke('logs', 'DeleteLogGroup', { logGroupName });
  await region.clock.advance(1000);
  expect(stored()).toBe(0);
});

it('what was acknowledged is there after a crash, in order, and is let go after one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-logs-'));
  const before = await testRegion({ services: [logs], store: openStore(join(dir, 'before')) });
  const invoke = (operation: string, input: object) => before.invoke('logs', operation, input);
  await invoke('CreateLogGroup', { logGroupName });
  const names = { logGroupName, logStreamName: 's' };
  await invoke('CreateLogStream', names);
  const messages = Array.from({ length: 2500 }, (_, index) => `message ${index}`);
  const logEvents = messages.map((message, index) => at(index, message));
  await invoke('PutLogEvents', { ...names, logEvents: logEvents.slice(0, 1250) });
  await invoke('PutLogEvents', { ...names, logEvents: logEvents.slice(1250) });
  // The files as a crash would leave them.
  cpSync(join(dir, 'before'), join(dir, 'after'), { recursive: true });
  await invoke('DeleteLogGroup', { logGroupName });
  cpSync(join(dir, 'before'), join(dir, 'deleted'), { recursive: true });
  await before.close();

  const after = await testRegion({ services: [logs], store: openStore(join(dir, 'after')) });
  const found = await after.invoke<{ events: { message: string }[] }>('logs', 'GetLogEvents', {
    ...names,
    startFromHead: true,
  });
  expect(texts(found)).toEqual(messages);
  await after.close();

  const deleted = await testRegion({ services: [logs], store: openStore(join(dir, 'deleted')) });
  const left = () => [...deleted.store.index('logs/events').range({ limit: 1 })].length;
  expect(left()).toBe(1);
  const leftSoon = async () => {
    await deleted.clock.advance(10);
    return left();
  };
  await expect.poll(leftSoon, { timeout: 10_000 }).toBe(0);
  await deleted.close();
  rmSync(dir, { recursive: true });
});
