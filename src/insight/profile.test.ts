import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProfileError, parseProfile, profileLimits, profileOfCsv } from './profile.ts';

describe('a profile is its kind and numbers', () => {
  test.each([
    ['constant:rate=50,for=300', 300, { 0: 50, 299.9: 50, 300: 0 }],
    ['step:from=10,to=80,at=60,for=300', 300, { 0: 10, 59.9: 10, 60: 80, 299: 80, '-1': 0 }],
    ['ramp:from=10,to=80,at=60,over=2m,for=5m', 300, { 0: 10, 60: 10, 120: 45, 180: 80, 299: 80 }],
    ['ramp:from=80,to=0,at=0,over=100,for=100', 100, { 0: 80, 50: 40, 75: 20 }],
    ['spike:from=10,to=200,at=60,over=30,for=300', 300, { 0: 10, 60: 200, 89: 200, 90: 10 }],
    ['sine:from=10,to=80,period=1h,for=3h', 10_800, { 0: 10, 1800: 80, 3600: 10, 900: 45 }],
    [' step: from=1.5 , to=2e3, at=0, for=0.5h ', 1800, { 0: 2000 }],
  ])('%s', (spec, seconds, rates) => {
    const profile = parseProfile(spec);
    expect(profile.seconds).toBe(seconds);
    expect(profile.text).toBe(spec.trim());
    for (const [at, rate] of Object.entries(rates)) expect(profile.rate(Number(at))).toBeCloseTo(rate, 6);
  });

  test.each([
    ['', 'unknown kind ""'],
    ['stairs:from=1', 'unknown kind "stairs"'],
    ['constructor:rate=1,for=1', 'unknown kind "constructor"'],
    ['step', 'from, to, at, for missing. For example: step:from=10'],
    ['step:from=10,to=80,at=60', 'for missing'],
    ['step:from=10,to=80,at=60,for=300,speed=3', 'unknown key "speed". Allowed: from, to, at, for'],
    ['constant:rate=5,rate=6,for=3', 'rate is given twice'],
    ['constant:rate=5,for', '"for" must be key=value'],
    ['constant:rate=5,for=1=2', 'must be key=value'],
    ['constant:rate=-5,for=10', 'rate must be a rate from 0 to 10,000,000 requests per second, not "-5"'],
    ['constant:rate=many,for=10', 'not "many"'],
    ['constant:rate=0x10,for=10', 'not "0x10"'],
    ['constant:rate=,for=10', 'not ""'],
    ['constant:rate=10000001,for=10', 'not "10000001"'],
    ['constant:rate=5,for=49h', 'for must be from more than 0 to 172,800 seconds (48h), not "49h"'],
    ['constant:rate=5,for=0', 'not "0"'],
    ['constant:rate=5,for=3d', 'Written 90, 90s, 5m or 2h'],
    ['step:from=10,to=80,at=300,for=300', 'at is not before the end, at 300 s: at=300'],
    ['spike:from=10,to=80,at=200,over=101,for=300', 'over reaches beyond the end'],
    ['sine:from=10,to=80,period=0,for=300', 'period must be'],
  ])('"%s" is refused: %s', (spec, message) => {
    expect(() => parseProfile(spec)).toThrow(ProfileError);
    expect(() => parseProfile(spec)).toThrow(message);
  });
});

describe('a profile from measured rows', () => {
  test('rows hold until the next one, the last as long; a header, a byte order mark and blank lines do no harm', () => {
    const profile = profileOfCsv('\uFEFFseconds,requestsPerSecond\r\n0,10\r\n60,20.5\r\n\r\n120,0\r\n', 'day.csv');
    expect(profile.seconds).toBe(180);
    expect(profile.text).toBe('day.csv (3 rows)');
    expect([0, 59.9, 60, 119, 120, 179, 180].map(profile.rate)).toEqual([10, 10, 20.5, 20.5, 0, 0, 0]);
    expect(parseProfile('0,1\n1,2').rate(1.5)).toBe(2);
  });

  test.each([
    ['', 'day.csv has 0 rows; at least 2'],
    ['0,10', 'day.csv has 1 rows'],
    ['5,10\n10,10', 'day.csv, line 1: the first time must be 0, not 5'],
    ['0,10\n0,10', 'line 2: the time 0 must be after 0'],
    ['0,1\n60,1\n180,1', 'line 3: the time 180 leaves a gap: rows are 60 s apart, so 120 is due'],
    ['0,1\n60,1\n100,1', 'line 3: the time 100 does not go on evenly'],
    ['0,1\n60,1\n60,1', 'line 3: the time 60 does not go on evenly'],
    ['t,r\n0,1\n60,-1', 'line 3: the rate "-1" must be a rate from 0'],
    ['0,1\n60,lots', 'line 2: the rate "lots"'],
    ['0,1\nnoon,1', 'line 2: the time "noon" must be a number of seconds'],
    ['0,1\n60,1,5', 'line 2: "60,1,5" must be seconds,requestsPerSecond'],
    ['0,1\n60', 'line 2: "60" must be'],
    ['0,1\n60,NaN', 'the rate "NaN"'],
    ['0,1\n200000,1', 'is beyond 172,800 s'],
    ['0,1\n172800,1', 'is 345,600 s long'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => profileOfCsv(text, 'day.csv')).toThrow(ProfileError);
    expect(() => profileOfCsv(text, 'day.csv')).toThrow(message);
  });

  test('is bounded in rows', () => {
    const rows = Array.from({ length: profileLimits.rows + 1 }, (_, i) => `${(i * 0.5).toFixed(1)},1`).join('\n');
    expect(() => profileOfCsv(rows, 'long.csv')).toThrow('long.csv has more than 200,000 rows.');
    expect(profileOfCsv(rows.slice(0, rows.lastIndexOf('\n')), 'long.csv').seconds).toBe(100_000);
  });

  test('gives each row back, whatever the distance', () => {
    const rates = fc.array(fc.double({ min: 0, max: profileLimits.requestsPerSecond, noNaN: true }), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rates, fc.constantFrom(0.1, 0.25, 1, 7, 60, 900), (values, every) => {
        const profile = profileOfCsv(values.map((rate, i) => `${i * every},${rate}`).join('\n'), 'any.csv');
        expect(profile.seconds).toBeCloseTo(every * values.length, 6);
        for (const [i, rate] of values.entries()) expect(profile.rate(i * every)).toBe(rate);
      }),
    );
  });
});

test('whatever is given, it is a profile within its limits or a ProfileError', () => {
  const word = fc.constantFrom(
    'step',
    'sine',
    'from',
    'for',
    'at',
    ':',
    '=',
    ',',
    '10',
    '1e9',
    '-1',
    '\n',
    '0',
    'h',
    '0,1',
  );
  const spec = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 24 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(spec, (text) => {
      try {
        const profile = parseProfile(text);
        expect(profile.seconds).toBeGreaterThan(0);
        expect(profile.seconds).toBeLessThanOrEqual(profileLimits.seconds);
        for (const share of [0, 0.3, 0.999]) {
          const rate = profile.rate(share * profile.seconds);
          expect(rate >= 0 && rate <= profileLimits.requestsPerSecond).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProfileError);
      }
    }),
    { numRuns: 500 },
  );
});
