import { describe, expect, it } from 'vitest';
import { misses, parseObjective } from './objective.ts';
import { resultOf } from './result.fixture.ts';
import { SimulationError } from './simulation-error.ts';

describe('an objective', () => {
  it.each([
    ['p99=300ms,errors=0.1%', { p99: 0.3, errors: 0.001 }],
    [' p50 = 1.5s , p90=2s', { p50: 1.5, p90: 2 }],
    ['errors=0%', { errors: 0 }],
    ['errors=100%', { errors: 1 }],
  ])('is read: %s', (text, found) => {
    const parsed = parseObjective(text);
    expect(Object.keys(parsed)).toEqual(Object.keys(found));
    for (const [key, value] of Object.entries(found)) expect(parsed[key as 'p99']).toBeCloseTo(value, 12);
  });

  it.each([
    '',
    'fast',
    'p99',
    'p99=300',
    'p99=300%',
    'p99=-1ms',
    'p95=1s',
    'p99=1h',
    'errors=1',
    'errors=101%',
    'errors=1ms',
    'constructor=1ms',
    'p99=1s;errors=1%',
    'p99=1s,',
  ])('is refused with what is allowed: "%s"', (text) => {
    expect(() => parseObjective(text)).toThrow(SimulationError);
    expect(() => parseObjective(text)).toThrow(
      /^--objective: ".*" is not understood. Allowed: p50, p90 or p99 with ms/,
    );
  });

  it('is given once', () => {
    expect(() => parseObjective('p99=1s,p99=2s')).toThrow('p99 is given twice');
  });
});

it.each([
  ['kept', { p99: 0.1, errors: 0 }, {}, []],
  ['a latency above', { p50: 0.01, p90: 0.05, p99: 0.05 }, {}, ['p50 20 ms', 'p99 100 ms']],
  ['errors above', { errors: 0.001 }, { failed: { 502: 1, 504: 1 } }, ['errors 0.2 %']],
  ['all failed', { p99: 1, errors: 0.5 }, { p99: null, failed: { 503: 1_000 } }, ['p99 unknown', 'errors 100 %']],
  ['nothing asked', { p99: 1, errors: 0 }, { requests: 0, p99: null }, []],
])('what misses an objective: %s', (_, objective, totals, found) => {
  expect(misses(objective, resultOf({ totals }))).toEqual(found);
});
