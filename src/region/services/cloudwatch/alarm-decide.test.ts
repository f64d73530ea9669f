import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type AlarmRule, breachesOf, decide, reasonOf } from './alarm-decide.ts';

const breaches = (value: number) => value > 5;
/** `0 - X - X`: not breaching, missing, breaching …, oldest first. */
const range = (text: string) =>
  text.split(' ').map((mark, index) => ({
    atMs: Date.UTC(2026, 0, 1, 0, index),
    value: mark === '-' ? undefined : mark === 'X' ? 9 : 1,
  }));
const states = (text: string, evaluationPeriods: number, datapointsToAlarm: number) =>
  ['missing', 'ignore', 'breaching', 'notBreaching'].map((treatMissingData) => {
    const rule: AlarmRule = { evaluationPeriods, datapointsToAlarm, treatMissingData, breaches };
    return decide(range(text), rule).state ?? 'retain';
  });
const insufficient = 'INSUFFICIENT_DATA';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, of now and of 2019
describe('documented, the tables of the guide', () => {
  test.each([
    ['0 - X - X', 'OK', 'OK', 'OK', 'OK'],
    ['0 - - - -', 'OK', 'OK', 'OK', 'OK'],
    ['- - - - 0', 'OK', 'OK', 'OK', 'OK'],
    ['- - - - -', insufficient, 'retain', 'ALARM', 'OK'],
    ['0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['- - - - X', insufficient, 'retain', 'ALARM', 'OK'],
    ['- - X - -', 'ALARM', 'retain', 'ALARM', 'OK'],
    ['X - - - -', 'ALARM', 'retain', 'ALARM', 'OK'],
  ])('3 out of 3: %s', (text, ...expected) => expect(states(text, 3, 3)).toEqual(expected));

  test.each([
    ['0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - X', insufficient, 'retain', 'ALARM', 'OK'],
    ['- - - X -', 'ALARM', 'retain', 'ALARM', 'OK'],
  ])('2 out of 3: %s', (text, ...expected) => expect(states(text, 3, 2)).toEqual(expected));
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html#CloudWatch-alarms-avoiding-premature-transition
test.each([
  ['- - - - X', 3, insufficient],
  ['- - - X -', 3, insufficient],
  ['- - - X 0', 3, 'OK'],
  ['- - X - 0', 3, 'OK'],
  ['- - X - -', 3, 'ALARM'],
  ['- - - X -', 2, 'ALARM'],
])('documented, no premature alarm: %s, %i out of 3, missing as missing: %s', (text, m, expected) => {
  expect(states(text, 3, m)[0]).toBe(expected);
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
test('documented, the figure of the guide: three in a row breach, the sixth does not, of the ninth alone it stays OK', () => {
  const course = '0 0 X X X 0 0 0 X'.split(' ');
  const seen = course.map((_, at) => {
    const recent = ['-', '-', '-', '-', ...course].slice(at, at + 5);
    return states(recent.join(' '), 3, 3)[0];
  });
  expect(seen).toEqual(['OK', 'OK', 'OK', 'OK', 'ALARM', 'OK', 'OK', 'OK', 'OK']);
});

const marks = fc.array(fc.constantFrom('0', 'X', '-'), { minLength: 7, maxLength: 7 });

test('without missing data only the last N count, and the treatment does not matter', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('0', 'X'), { minLength: 7, maxLength: 7 }), fc.nat(4), (range, m) => {
      const breaching = range.slice(-5).filter((mark) => mark === 'X').length;
      const expected = breaching >= m + 1 ? 'ALARM' : 'OK';
      expect(states(range.join(' '), 5, m + 1)).toEqual([expected, expected, expected, expected]);
    }),
  );
});

test('notBreaching alarms never more than missing and ignore, breaching never less', () => {
  fc.assert(
    fc.property(marks, fc.nat(4), (range, m) => {
      const [missing, ignore, breaching, notBreaching] = states(range.join(' '), 5, m + 1);
      if (notBreaching === 'ALARM') expect([missing, ignore, breaching]).toEqual(['ALARM', 'ALARM', 'ALARM']);
      if (missing === 'ALARM' || ignore === 'ALARM') expect(breaching).toBe('ALARM');
    }),
  );
});

describe('the reason', () => {
  const tell = (
    text: string,
    treatMissingData: string,
    to: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA',
    datapointsToAlarm?: number,
  ) =>
    reasonOf({
      decision: decide(range(text), {
        evaluationPeriods: 3,
        datapointsToAlarm: datapointsToAlarm ?? 3,
        treatMissingData,
        breaches,
      }),
      ...{
        to,
        evaluationPeriods: 3,
        datapointsToAlarm,
        treatMissingData,
        comparison: 'GreaterThanThreshold',
        threshold: 5,
      },
    });

  it.each([
    [
      tell('0 0 X X X', 'missing', 'ALARM'),
      'Threshold Crossed: 3 datapoints [9.0 (01/01/26 00:04:00), 9.0 (01/01/26 00:03:00), 9.0 (01/01/26 00:02:00)] were greater than the threshold (5.0).',
    ],
    [
      tell('0 0 X 0 X', 'missing', 'ALARM', 2),
      'Threshold Crossed: 2 out of the last 3 datapoints [9.0 (01/01/26 00:04:00), 9.0 (01/01/26 00:02:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).',
    ],
    [
      tell('- - - - 0', 'notBreaching', 'OK'),
      'Threshold Crossed: 1 datapoint [1.0 (01/01/26 00:04:00)] was not greater than the threshold (5.0) and 2 missing datapoints were treated as [NonBreaching].',
    ],
    [
      tell('- - - - -', 'notBreaching', 'OK'),
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].',
    ],
    [tell('- - - - -', 'missing', 'INSUFFICIENT_DATA'), 'Insufficient Data: 3 datapoints were unknown.'],
  ])('%s', (told, expected) => expect(told).toBe(expected));
});

test.each([
  ['GreaterThanThreshold', [false, false, true]],
  ['GreaterThanOrEqualToThreshold', [false, true, true]],
  ['LessThanThreshold', [true, false, false]],
  ['LessThanOrEqualToThreshold', [true, true, false]],
] as const)('%s', (operator, expected) => expect([1, 2, 3].map(breachesOf(operator, 2))).toEqual(expected));
