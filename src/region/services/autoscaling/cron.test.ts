import { describe, expect, test } from 'vitest';
import { nextTime, parseCron } from './cron.ts';
import { isZone } from './zone-time.ts';

function next(text: string, after: string, zone = 'Etc/UTC', count = 1): string[] {
  const cron = parseCron(text);
  if (!cron) throw new Error(`not parsed: ${text}`);
  const found: string[] = [];
  let at = Date.parse(after);
  for (let n = 0; n < count; n++) {
    at = nextTime(cron, zone, at) ?? Number.NaN;
    found.push(Number.isNaN(at) ? 'never' : new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

test.each([
  ['0 8 * * *', '2026-01-01T08:00:00Z', ['2026-01-02T08:00']],
  ['0 8 * * *', '2026-01-01T07:59:59Z', ['2026-01-01T08:00']],
  ['*/20 * * * *', '2026-01-01T00:05:00Z', ['2026-01-01T00:20', '2026-01-01T00:40', '2026-01-01T01:00']],
  ['5/25 0 * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:05', '2026-01-01T00:30', '2026-01-01T00:55']],
  ['30 0 1 1,6,12 *', '2026-01-01T01:00:00Z', ['2026-06-01T00:30', '2026-12-01T00:30', '2027-01-01T00:30']],
  ['0 9-17/4 * * MON-FRI', '2026-01-02T10:00:00Z', ['2026-01-02T13:00', '2026-01-02T17:00', '2026-01-05T09:00']],
  ['0 0 * * 7', '2026-01-01T00:00:00Z', ['2026-01-04T00:00']],
  ['0 0 * * 0', '2026-01-01T00:00:00Z', ['2026-01-04T00:00']],
  ['0 0 13 * FRI', '2026-02-01T00:00:00Z', ['2026-02-06T00:00', '2026-02-13T00:00', '2026-02-20T00:00']],
  ['0 0 13 * *', '2026-02-01T00:00:00Z', ['2026-02-13T00:00', '2026-03-13T00:00']],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ['0 0 30 2 *', '2026-01-01T00:00:00Z', ['never']],
  ['0 0 31 jan,mar *', '2026-01-31T00:00:00Z', ['2026-03-31T00:00']],
])('%s after %s', (text, after, expected) => {
  expect(next(text, after, 'Etc/UTC', expected.length)).toEqual(expected);
});

describe('in zones with daylight saving', () => {
  test('the clock on the wall counts', () => {
    const days = next('0 9 * * *', '2026-03-27T12:00:00Z', 'Europe/Berlin', 3);
    expect(days).toEqual(['2026-03-28T08:00', '2026-03-29T07:00', '2026-03-30T07:00']);
    expect(next('0 9 * * *', '2026-01-01T00:00:00Z', 'Asia/Kolkata')).toEqual(['2026-01-01T03:30']);
    // The day there, not here.
    expect(next('0 1 * * MON', '2026-01-04T00:00:00Z', 'Pacific/Auckland')).toEqual(['2026-01-04T12:00']);
    // Signs are the other way round in these names.
    expect(next('0 0 * * *', '2026-01-01T00:00:00Z', 'Etc/GMT+9')).toEqual(['2026-01-01T09:00']);
  });

  test('a time that is skipped does not come that day', () => {
    expect(next('30 2 * * *', '2026-03-07T12:00:00Z', 'America/New_York', 2)).toEqual([
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
  });

  test('a time that comes twice counts once', () => {
    expect(next('30 1 * * *', '2026-10-31T12:00:00Z', 'America/New_York', 2)).toEqual([
      '2026-11-01T05:30',
      '2026-11-02T06:30',
    ]);
    // Half an hour of it, on Lord Howe Island.
    expect(next('45 1 * * *', '2026-04-04T00:00:00Z', 'Australia/Lord_Howe', 2)).toEqual([
      '2026-04-04T14:45',
      '2026-04-05T15:15',
    ]);
  });
});

test.each([
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 8',
  '5-1 * * * *',
  '*/0 * * * *',
  '1,,2 * * * *',
  'a * * * *',
  '@daily',
  '? * * * *',
  '1-2-3 * * * *',
  '* * * * MONDAY',
  '-1 * * * *',
])('%s is no expression', (text) => {
  expect(parseCron(text)).toBeUndefined();
});

test.each([
  ['Etc/UTC', true],
  ['Pacific/Tahiti', true],
  ['America/Argentina/Buenos_Aires', true],
  ['UTC', true],
  ['Mars/Olympus', false],
  ['+01:00', false],
  ['', false],
])('%s is a zone: %s', (name, expected) => {
  expect(isZone(name)).toBe(expected);
});
