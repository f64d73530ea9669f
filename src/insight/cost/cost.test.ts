/** Bills of whole templates; `docs/cost.md` shows the two that were worked by hand. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigInput } from '../../blueprint/config.ts';
import { loadConfig } from '../../blueprint/load-config.ts';
import { synthesise } from '../../blueprint/synthesise.ts';
import { type AssumptionKey, assumptions, Settings } from './assumptions.ts';
import { given, of } from './cost.fixture.ts';
import { type CostOptions, costDiff } from './cost.ts';
import type { CostResult } from './result.ts';

const gallery = join(import.meta.dirname, '..', '..', '..', 'examples', 'gallery');
/** What costs a cent or more, as it was worked by hand. */
const amounts = ({ lines }: CostResult) =>
  lines.flatMap(({ part, what, usd }) => (usd === '0.00' ? [] : [[part, what, usd]]));

describe('bills that were worked by hand', () => {
  test('the gallery, with its domain, two zones and a NAT gateway in each', async () => {
    const { config } = await loadConfig(gallery);
    const result = await of(config);
    expect(amounts(result)).toEqual([
      ['ApiGroup', 'EC2 t4g.small', '24.53'],
      ['ApiGroup', 'Custom metrics', '1.20'],
      ['ApiGroup', 'Custom metrics', '0.60'],
      ['ApiGroup', 'EBS gp3', '1.28'],
      ['ApiGroup', 'Custom metrics', '0.30'],
      ['NatGatewayA', 'NAT gateway', '32.85'],
      ['NatGatewayB', 'NAT gateway', '32.85'],
      ['NatAddressA', 'Public IPv4 address', '3.65'],
      ['NatAddressB', 'Public IPv4 address', '3.65'],
      ['MonitoringEndpoint', 'Interface endpoint', '14.60'],
      ['LogsEndpoint', 'Interface endpoint', '14.60'],
      ['ApiBalancer', 'Application Load Balancer', '16.43'],
      ['ApiBalancer', 'Public IPv4 address', '7.30'],
      ['ApiBalancer', 'Load balancer capacity units', '0.02'],
      ['NatGatewayA', 'NAT gateway, data', '0.05'],
      ['NatGatewayB', 'NAT gateway, data', '0.05'],
      ['DataBucket', 'S3 Standard', '0.03'],
      ['DataBucket', 'S3 GET and others', '0.04'],
      ['DataBucket', 'S3 PUT, POST, LIST', '0.05'],
      ['SpaBucket', 'S3 GET and others', '0.04'],
      ['HostedZone', 'Hosted zone', '0.50'],
      ['HostedZone', 'Domain, a twelfth of its year', '1.33'],
      // 14 of them, of which 10 are free: seven of policies and three of the template.
      ['SlowApi', 'Alarms, by metric', '0.10'],
      ['NatTrafficA', 'Alarms, by metric', '0.10'],
      ['NatTrafficB', 'Alarms, by metric', '0.10'],
      ['SiteErrors', 'Alarms, by metric', '0.10'],
    ]);
    expect(result).toMatchObject({ usd: '156.35', notPriced: [] });
    expect(result.byKind).toEqual({ hour: '150.46', gigabyte: '1.41', request: '0.15', month: '4.33' });
    expect(result.surprises.map(({ usd }) => usd)).toEqual(['65.70', '0.10', '29.20', '0.00', '14.60', '0.00']);
    expect(result.breakEvens.map((one) => one.gigabytesPerMonth)).toEqual([3661, 418]);
  });

  test('in Ireland, without a domain, one NAT gateway, and a great deal of traffic', async () => {
    const result = await of(
      { name: 'shop', network: { nat: 'one' } },
      {
        region: 'eu-west-1',
        given: given({ requests: 300_000_000, egressGb: 1500, pageViews: 5_000_000, siteEgressGb: 4096, natGb: 500 }),
      },
    );
    expect(amounts(result)).toEqual([
      ['ApiGroup', 'EC2 t4g.small', '26.86'],
      ['ApiGroup', 'Custom metrics', '1.20'],
      ['ApiGroup', 'Custom metrics', '0.60'],
      ['ApiGroup', 'EBS gp3', '1.41'],
      ['ApiGroup', 'Custom metrics', '0.30'],
      ['NatGatewayA', 'NAT gateway', '35.04'],
      ['NatAddressA', 'Public IPv4 address', '3.65'],
      ['MonitoringEndpoint', 'Interface endpoint', '16.06'],
      ['LogsEndpoint', 'Interface endpoint', '16.06'],
      ['ApiBalancer', 'Application Load Balancer', '18.40'],
      ['ApiBalancer', 'Public IPv4 address', '7.30'],
      ['ApiBalancer', 'Load balancer capacity units', '13.12'],
      ['LogsEndpoint', 'Interface endpoint, data', '0.84'],
      ['NatGatewayA', 'NAT gateway, data', '12.00'],
      ['NatGatewayA', 'NAT gateway, data', '12.00'],
      ['NatGatewayA', 'Data between zones, each way', '5.00'],
      ['Distribution', 'CloudFront requests by HTTPS', '408.00'],
      ['Distribution', 'CloudFront data out', '388.62'],
      // A tenth of 300 million requests of 500 bytes: 13.9698 GB at 0.020.
      ['Distribution', 'CloudFront data to the origin', '0.28'],
      ['Distribution', 'CloudFront Functions', '34.80'],
      // A year of 3 million objects of 10,000 bytes a month: 335.276 GB at 0.023.
      ['DataBucket', 'S3 Standard', '7.71'],
      ['DataBucket', 'S3 GET and others', '12.00'],
      ['DataBucket', 'S3 PUT, POST, LIST', '15.00'],
      ['SpaBucket', 'S3 GET and others', '2.00'],
      ['ApiLogs', 'Logs taken in', '45.04'],
      ['ApiLogs', 'Logs kept', '0.22'],
      ['SlowApi', 'Alarms, by metric', '0.10'],
      ['NatTrafficA', 'Alarms, by metric', '0.10'],
    ]);
    expect(result.usd).toBe('1083.71');
    // The objects come to the 500 GB: 33 million of 10,000 bytes, 307.3364 GB, half of it from another zone.
    // 19.38 twice by NAT instead of 12.00, and 8.07 between zones (0.01 both ways) instead of 5.00: 1,083.71 + 17.83.
    expect(result.alternatives.find(({ title }) => title.startsWith('S3 over NAT'))?.usd).toBe('1101.54');
  });
});

describe('what it would be otherwise', () => {
  const shop = (more: Partial<ConfigInput>): ConfigInput => ({ name: 'shop', domain: 'myapp.com', ...more });
  // What machines fetch from the internet has no way without NAT: the comparison leaves it out.
  const quiet = { given: given({ natGbPerMachine: 0 }) };

  test.each<[string, ConfigInput, ConfigInput]>([
    ['One NAT gateway for all zones', shop({}), shop({ network: { nat: 'one' } })],
    ['A NAT gateway in each zone', shop({ network: { nat: 'one' } }), shop({})],
    ['No NAT gateway, interface endpoints instead', shop({}), shop({ network: { nat: 'none' } })],
    ['One NAT gateway for all zones', shop({ network: { zones: 3 } }), shop({ network: { zones: 3, nat: 'one' } })],
    ['t3.small instead of t4g.small', shop({}), shop({ api: { instanceType: 't3.small' } })],
  ])('%s costs what such a template costs', async (title, from, to) => {
    const [result, other] = [await of(from, quiet), await of(to, quiet)];
    expect(result.alternatives.find((one) => one.title === title)?.usd).toBe(other.usd);
  });

  test('S3 by an interface endpoint or by NAT, and a Savings Plan where its price is known', async () => {
    const result = await of(shop({ api: { instanceType: 'm7g.large' } }), {
      given: given({ requests: 10_000_000, readsPerRequest: 1, writesPerRequest: 0 }),
    });
    const difference = (title: RegExp) => result.alternatives.find((one) => title.test(one.title))?.difference;
    // 93.132 GB of objects, two NAT gateways at 0.045: each line is rounded.
    expect(difference(/^S3 over NAT/)).toBe('4.20');
    // 2 zones by 730 h at 0.01, and 93.132 GB at 0.01.
    expect(difference(/^S3 by an interface/)).toBe('15.53');
    // 1,460 h at 0.0599 and 0.0414 instead of 0.0816.
    expect(difference(/Plan of one year/)).toBe('-31.69');
    expect(difference(/Plan of three years/)).toBe('-58.70');
    expect((await of(shop({}))).alternatives.some(({ title }) => /Savings Plan/.test(title))).toBe(false);
  });
});

describe('traffic', () => {
  const shop: ConfigInput = { name: 'shop', domain: 'myapp.com' };

  test('only what the bill depends on is listed, with where it comes from', async () => {
    const { assumptions } = await of(shop, { given: given({ requests: 5_000_000 }) });
    expect(assumptions.find(({ key }) => key === 'requests')).toMatchObject({ value: '5000000', origin: 'given' });
    expect(assumptions.find(({ key }) => key === 'egressGb')).toMatchObject({ value: '9.313', origin: 'assumed' });
    expect(assumptions.some(({ key }) => key === 'flowLogGbPerMachine')).toBe(false);
  });

  test.each<[string, Record<string, number>, Record<string, string>]>([
    [
      'nothing: a page asks the API ten times',
      {},
      { requests: '1000000', pageViews: '100000', siteRequests: '1000000' },
    ],
    ['requests', { requests: 5_000_000 }, { pageViews: '500000', siteRequests: '5000000' }],
    ['pages', { pageViews: 300_000 }, { requests: '3000000', siteRequests: '3000000' }],
    ['pages, and what a page asks', { pageViews: 300_000, requestsPerPage: 2 }, { requests: '600000' }],
    ['what the CDN was asked', { siteRequests: 70_000 }, { pageViews: '7000', requests: '70000' }],
    ['both: neither leads', { pageViews: 300_000, requests: 5 }, { requests: '5', pageViews: '300000' }],
    // A tenth of an object is read for each request, and a hundredth written: answers and requests are not less than that.
    ['heavy objects', { objectBytes: 1_000_000 }, { responseBytes: '101000', requestBytes: '10400', dataGb: '111.8' }],
    ['all that is kept', { dataGb: 40 }, { dataGb: '40' }],
  ])('what is assumed agrees with what is given: %s', (_, known, expected) => {
    const told = new Settings(given(known)).told(new Set(Object.keys(assumptions) as AssumptionKey[]));
    expect(Object.fromEntries(told.map(({ key, value }) => [key, value]))).toMatchObject(expected);
  });

  test('the bill does not fall when any of it grows', async () => {
    const at = async (factor: number) =>
      Number((await of(shop, { given: given({ requests: 1_000_000 * factor, natGbPerMachine: factor }) })).usd);
    const bills = [await at(1), await at(10), await at(100), await at(1000)];
    expect(bills).toEqual([...bills].sort((one, other) => one - other));
  });

  test('what the API is sent costs on its way from the CDN alone, and by what sends something', async () => {
    const sent = async (config: ConfigInput, sendShare: number) =>
      (await of(config, { given: given({ requests: 300_000_000, sendShare }) })).lines.find(
        ({ what }) => what === 'CloudFront data to the origin',
      )?.usd;
    // 139.698 GB at 0.020.
    expect(await sent({ name: 'shop' }, 1)).toBe('2.79');
    expect(await sent({ name: 'shop' }, 0)).toBeUndefined();
    expect(await sent(shop, 1)).toBeUndefined();
  });

  test('flow logs are metered apart from the logs that the API writes, and have no allowance', async () => {
    const { lines } = await of({ ...shop, network: { flowLogs: true } });
    const taken = lines.filter(({ what }) => /ogs taken in$/.test(what)).map(({ what, usd }) => [what, usd]);
    // 2 machines, 1 GB each, at 0.50; 0.48 GB of 5 free.
    expect(taken.sort()).toEqual([
      ['Flow logs taken in', '1.00'],
      ['Logs taken in', '0.00'],
    ]);
  });

  test('machines of a simulation, and not those of another template', async () => {
    const hours = { ...shop, api: { min: 1 } };
    const result = await of(hours, { instanceHours: { 't4g.small': '3650' } });
    expect(result.lines.find(({ what }) => what === 'EC2 t4g.small')).toMatchObject({
      ...{ quantity: '3650', basis: '5 machines on average', usd: '61.32' },
    });
    expect(result.lines.find(({ what }) => what === 'EBS gp3')).toMatchObject({ quantity: '40' });
    await expect(of(shop, { instanceHours: { 'm7i.large': '1' } })).rejects.toThrow(
      /hours of m7i\.large.*are t4g\.small/,
    );
  });

  test('without allowances, and for how long a new account is credited', async () => {
    const result = await of(shop, { withoutAllowances: true, freeTier: true });
    expect(Number(result.usd)).toBeGreaterThan(170);
    expect(result.notes.join(' ')).toMatch(/credits of up to 200 dollars.*for 1\.\d months/);
    expect(result.notes.join(' ')).not.toContain('free trial of t4g.small');
    expect((await of(shop)).notes.join(' ')).toContain('free trial of t4g.small');
  });
});

test('two templates: what was added, what is gone, and what costs something else', async () => {
  const options = (config: ConfigInput): CostOptions => ({ name: 'x.yml', template: synthesise(config).yaml });
  const diff = await costDiff(
    options({ name: 'shop', domain: 'myapp.com' }),
    options({ name: 'shop', domain: 'myapp.com', network: { nat: 'one' }, api: { min: 3 } }),
  );
  expect(diff.changes.map(({ part, change, difference }) => [part, change, difference])).toEqual(
    [
      ['NatGatewayB', 'removed', '-32.90'],
      ['ApiGroup', 'changed', '15.30'],
      ['NatAddressB', 'removed', '-3.65'],
      ['NatTrafficB', 'removed', '-0.10'],
      ['NatGatewayA', 'changed', '0.11'],
      ['LogsEndpoint', 'changed', '0.01'],
    ].sort((one, other) => Math.abs(Number(other[2])) - Math.abs(Number(one[2]))),
  );
  expect(diff.difference).toBe('-21.23');
});
