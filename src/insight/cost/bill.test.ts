import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billOf } from './bill.ts';
import { cents, decimal, decimalText, sum } from './decimal.ts';
import { type MeterId, meters, type NamedMeter } from './meters.ts';
import { merged, parsePriceBook, pricesOf } from './price-book.ts';
import { prices as book } from './prices.ts';
import type { Usage } from './usage.ts';

const regions = Object.keys(book.regions);
const prices = pricesOf(book, 'us-east-1');
const use = (meter: MeterId, quantity: bigint, part = 'Part'): Usage => ({
  ...{ part, meter, quantity, basis: '', assumed: [] },
});
const priced = (Object.keys(meters) as NamedMeter[]).filter((meter) => prices.price(meter));
const anyMeter = fc.constantFrom<MeterId>(...priced, 'instance:t4g.small', 'instance:m7i.large');
const quantities = fc.bigInt(0n, 10n ** 18n);

describe('the prices', () => {
  test('have the form of a file of prices, and every one its source', () => {
    expect(parsePriceBook(JSON.parse(JSON.stringify(book)), 'prices.ts')).toEqual(book);
  });

  test.each(regions)('of %s are there for every meter', (region) => {
    const of = pricesOf(book, region);
    const lacking = (Object.keys(meters) as NamedMeter[]).filter((meter) => !of.price(meter));
    const known: Readonly<Record<string, readonly NamedMeter[]>> = {
      'us-east-1': [],
      'us-west-2': ['logsVended', 'logsInfrequent'],
      'eu-central-1': ['gp3Iops', 'gp3Throughput', 'logsInfrequent'],
    };
    expect(lacking).toEqual(known[region] ?? ['logsInfrequent']);
    expect(of.price('instance:t4g.small')).toBeDefined();
  });

  test('were found twice, in copies of different hands, but for those of which there is one', () => {
    const once = Object.entries(book.sources).filter(([, { again }]) => again === undefined);
    expect(once.map(([id]) => id)).toEqual(['plans', 'flow-logs-frankfurt']);
  });

  test.each(regions)('of %s have machines of a T family that cost double at the next size', (region) => {
    const of = pricesOf(book, region);
    const at = (type: string) => decimal(of.price(`instance:${type}`)?.tiers[0]?.usd ?? '0');
    const sizes = ['nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge'];
    for (const family of ['t3', 't3a', 't4g']) {
      const nano = at(`${family}.nano`);
      expect(nano).toBeGreaterThan(0n);
      expect(sizes.map((size) => at(`${family}.${size}`))).toEqual(sizes.map((_, index) => nano * 2n ** BigInt(index)));
    }
  });

  test.each(regions)('of %s have tiers that rise', (region) => {
    for (const meter of Object.keys(meters) as NamedMeter[]) {
      const bounds = (pricesOf(book, region).price(meter)?.tiers ?? []).map(({ upTo }) => upTo);
      const known = bounds.flatMap((bound) => (bound === undefined ? [] : [Number(bound)]));
      expect(known).toEqual([...known].sort((one, other) => one - other));
      expect(bounds.slice(0, -1).every((bound) => bound !== undefined)).toBe(true);
    }
  });

  test('a region without prices is refused, with those that there are', () => {
    expect(() => pricesOf(book, 'ap-south-1')).toThrow(/no prices for the region ap-south-1.*eu-central-1, eu-west-1/);
  });

  test('a file of prices that somebody spoilt is refused by the place', () => {
    const spoilt = { ...book, everywhere: { queries: { source: 'route53', tiers: [{ usd: 'free' }] } } };
    expect(() => parsePriceBook(spoilt, 'mine.json')).toThrow(
      /mine\.json is no file of prices: everywhere\.queries\.tiers\.0\.usd/,
    );
    const without = { ...book, sources: {} };
    expect(() => parsePriceBook(without, 'mine.json')).toThrow(/a price without its source/);
  });

  test('what is newer goes before, and the rest stays', () => {
    const newer = {
      sources: { mine: { page: 'https://aws.amazon.com/vpc/pricing/', read: 'a test', checked: '2026-12-01' } },
      everywhere: {},
      edges: {},
      regions: {
        'eu-west-1': {
          edge: 'europe',
          prices: { natHours: { source: 'mine', tiers: [{ usd: '9' }] } },
          instances: { source: 'mine', usdPerHour: { 'm7i.large': '0.1' } },
        },
      },
    };
    const both = pricesOf(merged(book, newer), 'eu-west-1');
    expect(both.price('natHours')?.tiers).toEqual([{ usd: '9' }]);
    expect(both.price('natGigabytes')?.tiers).toEqual([{ usd: '0.048' }]);
    expect(both.price('instance:m7i.large')?.tiers).toEqual([{ usd: '0.1' }]);
  });
});

describe('tiers', () => {
  const out = (gigabytes: string) => {
    const [line] = billOf([use('transferOut', decimal(gigabytes))], prices).lines;
    return decimalText(line?.exact ?? 0n);
  };
  // 100 GB free, then 10 TB at 0.09, 40 TB at 0.085, 100 TB at 0.07, and 0.05.
  test.each([
    ['100', '0'],
    ['101', '0.09'],
    ['10340', '921.6'],
    ['10341', '921.685'],
    ['51300', '4403.2'],
    ['153700', '11571.2'],
    ['153701', '11571.25'],
  ])('%s GB to the internet are %s dollars', (gigabytes, usd) => expect(out(gigabytes)).toBe(usd));

  // AWS counts the 5 GB of each apart: Global-DataProcessing-Bytes, Global-TimedStorage-ByteHrs.
  test('logs that are taken in and logs that are kept have an allowance each', () => {
    const bill = billOf([use('logsIngested', decimal(6)), use('logsStored', decimal(7))], prices);
    expect(bill.lines.map(({ exact }) => decimalText(exact))).toEqual(['0.5', '0.06']);
  });

  test('a million metrics and one', () => {
    const { lines } = billOf([use('metrics', decimal(1_000_011))], prices);
    // 10 free, 10,000 at 0.30, 240,000 at 0.10, 750,000 at 0.05, and one at 0.02.
    expect(decimalText(lines[0]?.exact ?? 0n)).toBe('64500.02');
  });

  test('without allowances the first gigabyte costs, too', () => {
    const bill = billOf([use('transferOut', decimal(1))], prices, { withoutAllowances: true });
    expect(decimalText(bill.total)).toBe('0.09');
  });

  test('beyond what was checked it is said, and not made up', () => {
    const bill = billOf([use('bucketGigabytes', decimal(60_000))], pricesOf(book, 'eu-west-1'));
    expect(bill.notPriced).toMatchObject([{ part: 'Part', why: expect.stringMatching(/no price of so much/) }]);
    expect(decimalText(bill.total)).toBe('1177.6');
  });

  test('a type of machine without a price is said, by its name', () => {
    const bill = billOf([use('instance:x99.huge', decimal(730))], prices);
    expect(bill).toMatchObject({ lines: [], total: 0n });
    expect(bill.notPriced).toMatchObject([{ why: 'no price of x99.huge machines in us-east-1 was checked' }]);
  });

  test('parts fill them one after the other', () => {
    const alarms = [1, 2, 3].map((n) => use('alarms', decimal(5), `Alarm${n}`));
    expect(billOf(alarms, prices).lines.map(({ amount }) => decimalText(amount))).toEqual(['0', '0', '0.5']);
  });
});

describe('a bill', () => {
  test('is the sum of its lines, each rounded to the cent, and each with a page of AWS and a date', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyMeter, quantities), { maxLength: 30 }), (uses) => {
        const { lines, total } = billOf(
          uses.map(([meter, quantity]) => use(meter, quantity)),
          prices,
        );
        expect(total).toBe(sum(lines.map(({ exact }) => cents(exact))));
        for (const { source, exact, pieces } of lines) {
          expect(exact).toBe(sum(pieces.map(({ amount }) => amount)));
          expect(prices.source(source)).toMatchObject({
            page: expect.stringMatching(/^https:\/\/aws\.amazon\.com\//),
            checked: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
          });
        }
      }),
    );
  });

  test('is additive: parts of other meters do not touch each other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyMeter, { minLength: 2, maxLength: 12 }),
        quantities,
        fc.nat(),
        (some, quantity, at) => {
          const cut = 1 + (at % (some.length - 1));
          const bills = [some, some.slice(0, cut), some.slice(cut)].map((one) =>
            billOf(
              one.map((meter) => use(meter, quantity)),
              prices,
            ),
          );
          const [all, first, second] = bills.map(({ total }) => total);
          expect(all).toBe((first ?? 0n) + (second ?? 0n));
        },
      ),
    );
  });

  test('of a meter is the same however its parts are cut, but for the rounding of each piece', () => {
    fc.assert(
      fc.property(anyMeter, fc.array(quantities, { minLength: 1, maxLength: 8 }), (meter, cuts) => {
        const exactly = (uses: readonly bigint[]) =>
          billOf(
            uses.map((quantity) => use(meter, quantity)),
            prices,
          ).lines.flatMap(({ pieces }) => pieces);
        const [apart, together] = [exactly(cuts), exactly([sum(cuts)])];
        const difference = sum(apart.map(({ amount }) => amount)) - sum(together.map(({ amount }) => amount));
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(BigInt(apart.length + together.length));
      }),
    );
  });

  test('does not fall when more is used', () => {
    fc.assert(
      fc.property(anyMeter, quantities, quantities, (meter, some, more) => {
        const [less, all] = [some, some + more].map(
          (quantity) => billOf([use(meter, quantity)], prices).lines[0]?.exact,
        );
        expect((all ?? 0n) >= (less ?? 0n)).toBe(true);
      }),
    );
  });

  test('has tiers without a jump: a unit more costs no more than the dearest tier', () => {
    fc.assert(
      fc.property(anyMeter, quantities, (meter, quantity) => {
        const at = (value: bigint) => billOf([use(meter, value)], prices).lines[0]?.exact ?? 0n;
        const { per = '1', tiers = [] } = prices.price(meter) ?? {};
        const dearest = Math.max(...tiers.map(({ usd }) => Number(usd))) / Number(per);
        const step = at(quantity + decimal(1)) - at(quantity);
        expect(step <= decimal(dearest) + 4n).toBe(true);
      }),
    );
  });
});
