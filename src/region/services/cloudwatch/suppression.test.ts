/** Documented: the examples of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html */
import type { StateValue } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { type Suppression, suppress } from './suppression.ts';

/** In the guide's time units. */
const wait = 2;
const extension = 3;

interface Example {
  /** When the composite alarm changes: to ALARM, to OK, to ALARM … */
  readonly composite: readonly number[];
  /** The same of the suppressor. */
  readonly suppressor: readonly number[];
}

/** Who suppresses at each time, and which state's actions are taken when. */
function run({ composite, suppressor }: Example) {
  let suppression: Suppression | undefined;
  let state: StateValue = 'OK';
  const acts: string[] = [];
  const by: string[] = [];
  for (let nowMs = 1; nowMs <= 10; nowMs++) {
    const before = state;
    if (composite.includes(nowMs)) state = state === 'OK' ? 'ALARM' : 'OK';
    const settled = suppress(suppression, {
      nowMs,
      changedFrom: state === before ? undefined : before,
      suppressing: suppressor.filter((at) => at <= nowMs).length % 2 === 1,
      waitMs: wait,
      extensionMs: extension,
    });
    suppression = settled.suppression;
    if (settled.actFrom !== undefined) acts.push(`${state} at t${nowMs}`);
    by.push(suppression?.by[0] ?? '-');
  }
  return { acts, by: by.join('') };
}

test.each<[string, Example, string[], string]>([
  ['1: actions are not suppressed after the wait', { composite: [2], suppressor: [] }, ['ALARM at t4'], '-WW-------'],
  ['2: the alarm suppresses before the wait is over', { composite: [2], suppressor: [3] }, [], '-WAAAAAAAA'],
  ['3: the state changes while it waits', { composite: [2, 3], suppressor: [] }, ['OK at t5'], '-WWW------'],
  ['4: the state changes while the alarm suppresses', { composite: [2], suppressor: [1] }, [], 'AAAAAAAAAA'],
  [
    '5: actions are not suppressed after the extension',
    { composite: [2], suppressor: [3, 6] },
    ['ALARM at t9'],
    '-WAAAEEE--',
  ],
  [
    '6: the state changes while the extension lasts',
    { composite: [2, 7], suppressor: [3, 6] },
    ['OK at t9'],
    '-WAAAEWW--',
  ],
])('documented, example %s', (_, example, acts, by) => {
  expect(run(example)).toEqual({ acts, by });
});

test('what did not change has nothing to act upon when the suppressor is done', () => {
  expect(run({ composite: [], suppressor: [2, 4] })).toEqual({ acts: [], by: '-AAEEE----' });
});
