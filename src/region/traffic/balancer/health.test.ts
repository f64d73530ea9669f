/** What a row of checks means, by a table. */
import { expect, it } from 'vitest';
import type { HealthCheckConfig } from './config.ts';
import { HealthCount } from './health.ts';

const check: HealthCheckConfig = {
  enabled: true,
  port: 'traffic-port',
  path: '/',
  intervalMs: 5_000,
  timeoutMs: 2_000,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: '200',
};
const failure = { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out' } as const;

it.each([
  ['one pass is enough for a new target', 'p', 'h'],
  ['a failed check alone is not', 'pf', 'hh'],
  ['as many as the threshold in a row are', 'pff', 'hhu'],
  ['a pass between them starts anew', 'pfpff', 'hhhhu'],
  ['back it comes after passes in a row', 'pffppfppp', 'hhuuuuuuh'],
  ['a new target that never passes', 'fff', 'iuu'],
])('%s: %s is %s', (_what, checks, health) => {
  const count = new HealthCount();
  const found = [...checks].map((one) => {
    count.record(one === 'f' ? failure : undefined, check);
    return count.health.state[0];
  });
  expect(found.join('')).toBe(health);
});
