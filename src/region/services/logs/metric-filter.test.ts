import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteMetricFilterCommand,
  DescribeMetricFiltersCommand,
  type MetricTransformation,
  PutLogEventsCommand,
  PutMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cloudWatch } from '../cloudwatch/index.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { logs } from './index.ts';

let region: TestRegion;
let client: CloudWatchLogsClient;
const names = { logGroupName: '/app', logStreamName: 'a' };
const minute = 60_000;
beforeEach(async () => {
  region = await testRegion({ services: [logs, cloudWatch] });
  client = region.client(CloudWatchLogsClient);
  await client.send(new CreateLogGroupCommand(names));
  await client.send(new CreateLogStreamCommand(names));
  await region.clock.advance(minute - (region.clock.now() % minute));
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const filter = (filterPattern: string, more: Partial<MetricTransformation> = {}, filterName = 'f') =>
  client.send(
    new PutMetricFilterCommand({
      ...names,
      filterName,
      filterPattern,
      metricTransformations: [{ metricName: 'M', metricNamespace: 'App', metricValue: '1', ...more }],
    }),
  );
const put = (...messages: string[]) =>
  client.send(
    new PutLogEventsCommand({
      ...names,
      logEvents: messages.map((message) => ({ timestamp: region.clock.now(), message })),
    }),
  );

/** By minute, oldest first. */
async function values(Stat: string, Dimensions: { Name: string; Value: string }[] = []) {
  const { MetricDataResults } = await region.client(CloudWatchClient).send(
    new GetMetricDataCommand({
      StartTime: new Date(region.clock.now() - 60 * minute),
      EndTime: new Date(region.clock.now() + minute),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        { Id: 'm', MetricStat: { Metric: { Namespace: 'App', MetricName: 'M', Dimensions }, Period: 60, Stat } },
      ],
    }),
  );
  return MetricDataResults?.[0]?.Values;
}

it('counts what matches, and says the default for minutes without a match', async () => {
  await filter('ERROR', { defaultValue: 0 });
  await put('ERROR one', 'fine', 'ERROR two');
  await region.clock.advance(minute);
  await put('fine');
  await region.clock.advance(2 * minute);
  await put('ERROR three');
  expect(await values('Sum')).toEqual([2, 0, 1]);
  expect(region.events.filter(({ source }) => source === 'logs')).toEqual([]);
});

it('takes values and dimensions from fields', async () => {
  await filter('{ $.latency = * }', { metricValue: '$.latency', unit: 'Milliseconds', dimensions: { Path: '$.path' } });
  const event = (latency: unknown, path?: string) => JSON.stringify({ latency, path });
  await put(event(10, '/a'), event(30, '/a'), event(7, '/b'), event(99), event('none', '/a'));
  const at = (Value: string) => [{ Name: 'Path', Value }];
  expect([await values('Average', at('/a')), await values('Maximum', at('/a')), await values('Sum', at('/b'))]).toEqual(
    [[20], [30], [7]],
  );
  expect(await values('Sum')).toEqual([]);
  await filter('[ip, ..., bytes > 10]', { metricValue: '$bytes' }, 'columns');
  await put('1.2.3.4 GET 200', '1.2.3.4 GET 5');
  expect(await values('Sum')).toEqual([200]);
});

it('is listed, replaced and deleted, and refused where AWS refuses', async () => {
  await filter('a');
  await filter('b');
  const list = (input: object = {}) => client.send(new DescribeMetricFiltersCommand(input));
  expect((await list({ metricName: 'M', metricNamespace: 'App' })).metricFilters).toEqual([
    {
      filterName: 'f',
      filterPattern: 'b',
      metricTransformations: [{ metricName: 'M', metricNamespace: 'App', metricValue: '1' }],
      creationTime: region.clock.now(),
      logGroupName: '/app',
      applyOnTransformedLogs: false,
    },
  ]);
  expect(await faultOf(filter('{ $.a }'))).toMatch(/^InvalidParameterException: Invalid filter pattern/);
  expect(await faultOf(filter('a', { metricValue: 'many' }))).toMatch(/neither a number nor a field/);
  expect(await faultOf(filter('a', { dimensions: { A: '$.a' } }))).toMatch(/only supported for JSON/);
  expect(await faultOf(filter('{ $.a = 1 }', { dimensions: { A: '$.a' }, defaultValue: 0 }))).toMatch(
    /mutually exclusive/,
  );
  expect(await faultOf(filter('a', { unit: 'Parsecs' as 'Count' }))).toMatch(
    /'metricTransformations.1.member.unit' failed/,
  );
  expect(await faultOf(filter('a', { metricNamespace: 'AWS/Logs' }))).toMatch(/reserved/);
  const remove = () => client.send(new DeleteMetricFilterCommand({ ...names, filterName: 'f' }));
  await remove();
  expect(await faultOf(remove())).toBe('ResourceNotFoundException: The specified metric filter does not exist.');
  expect((await list()).metricFilters).toEqual([]);
});
