import { afterEach, expect, test } from 'vitest';
import { synthesise } from '../../blueprint/synthesise.ts';
import { cost } from './cost.ts';
import { merged, parsePriceBook, pricesOf } from './price-book.ts';
import { cellsOf } from './price-list.ts';
import { prices as checked } from './prices.ts';
import { servePriceList } from './refresh.fixture.ts';
import { refresh } from './refresh.ts';

let closing: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await closing?.();
  closing = undefined;
});

async function refreshed(changed: Parameters<typeof servePriceList>[0] = {}) {
  const { url, close } = await servePriceList(changed);
  closing = close;
  return refresh({ region: 'ap-southeast-2', baseUrl: url, today: '2026-12-03' });
}

test.each([
  ['a,b,c', ['a', 'b', 'c']],
  ['"a","b, c",""', ['a', 'b, c', '']],
  ['"say ""hi""",2', ['say "hi"', '2']],
  ['', ['']],
  ['a,', ['a', '']],
])('a line %j has the cells %j', (line, cells) => expect(cellsOf(line)).toEqual(cells));

test("a region's prices as AWS's list has them: with tiers, for Linux, and with Savings Plans", async () => {
  const { book, lacking } = await refreshed();
  const prices = pricesOf(parsePriceBook(JSON.parse(JSON.stringify(book)), 'prices.json'), 'ap-southeast-2');
  const tiers = (meter: Parameters<typeof prices.price>[0]) => prices.price(meter)?.tiers;
  expect(tiers('natHours')).toEqual([{ usd: '0.059' }]);
  expect(tiers('endpointGigabytes')).toEqual([
    { usd: '0.01', upTo: '1048576' },
    { usd: '0.006', upTo: '5242880' },
    { usd: '0.004' },
  ]);
  expect(tiers('balancerHours')).toEqual([{ usd: '0.0252' }]);
  expect(prices.price('transferOut')).toMatchObject({
    free: '100',
    tiers: [{ usd: '0.114', upTo: '10240' }, { usd: '0.098' }],
  });
  expect(tiers('gp3Throughput')).toEqual([{ usd: '0.048' }]);
  expect(prices.price('metricRequests')).toEqual({
    source: 'AmazonCloudWatch ap-southeast-2',
    free: '1000000',
    tiers: [{ usd: '0.00001' }],
  });
  expect(tiers('logsVended')).toEqual([{ usd: '0.67', upTo: '10240' }, { usd: '0.335' }]);
  expect(tiers('logsInfrequent')).toEqual([{ usd: '0.335' }]);
  expect(prices.price('logsStored')).toMatchObject({ free: '5', tiers: [{ usd: '0.033' }] });
  expect(tiers('keyRequests')).toEqual([{ usd: '0.000003' }]);
  expect(book.regions['ap-southeast-2']?.instances.usdPerHour).toEqual({ 't4g.small': '0.0212' });
  const { plans } = book.regions['ap-southeast-2'] ?? {};
  expect([plans?.['1y']?.usdPerHour, plans?.['3y']?.usdPerHour]).toEqual([
    { 't4g.small': '0.0155' },
    { 't4g.small': '0.0106' },
  ]);
  expect(prices.source(prices.price('natHours')?.source ?? '')).toEqual({
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    read: 'AWS price list AmazonEC2 of 2026-12-01',
    checked: '2026-12-03',
  });
  expect(lacking).toEqual([
    'EBS:VolumeP-IOPS.gp3 (not found)',
    'CW:AlarmMonitorUsage (found at 2 prices)',
    'CW:HighResAlarmMonitorUsage (not found)',
    'CW:CompositeAlarmMonitorUsage (not found)',
  ]);
});

test('a template is priced with them, and what they lack is said', async () => {
  const { book } = await refreshed();
  const { yaml } = synthesise({ name: 'shop' });
  const options = { name: 'x.yml', template: yaml, region: 'ap-southeast-2' };
  await expect(cost(options)).rejects.toThrow(/no prices for the region ap-southeast-2/);
  const result = await cost({ ...options, refreshed: book });
  expect(result.lines.find(({ what }) => what === 'NAT gateway')).toMatchObject({ usd: '43.07' });
  const lacking = result.notPriced.map(({ why }) => why);
  expect(lacking).toContain('no price of Alarms, by metric in ap-southeast-2 was checked');
  // Where its users are is not known of a region that was not checked.
  expect(lacking).toContain('no price of CloudFront data out in ap-southeast-2 was checked');
  const plan = await cost({ ...options, refreshed: book, commit: '1y' });
  expect(plan.lines.find(({ what }) => what === 'EC2 t4g.small')).toMatchObject({ usd: '22.63' });
});

test.each<[string, Parameters<typeof servePriceList>[0], RegExp]>([
  ['an offer that is not there', { AmazonVPC: undefined }, /nothing at .*AmazonVPC.*HTTP 404/],
  ['a page instead of a list', { AWSELB: '<html>\n\n\n\n\n<body>' }, /no price list: its sixth line has no column SKU/],
  ['a list that ended early', { AWSELB: '"FormatVersion","v1.0"\n' }, /no price list, or ended early/],
  ['a line without an end', { AWSELB: 'x'.repeat(70_000) }, /a line has no end/],
  [
    'no machines',
    { AmazonEC2: '"a"\n"b"\n"Publication Date","2026-12-01"\n"c"\n"d"\n"SKU","TermType"\n' },
    /no machines for ap-southeast-2/,
  ],
])('%s is refused', async (_, changed, message) => {
  await expect(refreshed(changed)).rejects.toThrow(message);
});

test('offline it says so', async () => {
  const { url, close } = await servePriceList();
  await close();
  await expect(refresh({ region: 'eu-west-1', baseUrl: url, today: '2026-12-03' })).rejects.toThrow(
    /cannot be reached at .*ECONNREFUSED/,
  );
  await expect(refresh({ region: '../x', baseUrl: url, today: '2026-12-03' })).rejects.toThrow(/is no region/);
});

test('what was checked stays where the list has nothing of it', async () => {
  const { book } = await refreshed();
  expect(pricesOf(merged(checked, book), 'eu-west-1').price('natHours')?.tiers).toEqual([{ usd: '0.048' }]);
});
