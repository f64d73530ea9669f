import { expect, it } from 'vitest';
import { realClock, VirtualClock } from './clock.ts';

it('a real clock runs at its scale, from real time or from later on', async () => {
  const clock = realClock(1_000);
  const [model, wall] = [clock.now(), clock.wallMs()];
  await clock.sleep(20_000);
  const [modelMs, wallMs] = [clock.now() - model, clock.wallMs() - wall];
  expect(modelMs).toBeGreaterThanOrEqual(20_000 - 1_000);
  expect(modelMs).toBeLessThanOrEqual((wallMs + 1) * 1_000);
  expect(realClock(1, wall + 1e9).now() - wall).toBeGreaterThanOrEqual(1e9);
  expect(Math.abs(realClock(1, wall - 1e9).now() - wall)).toBeLessThan(60_000);
  for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => realClock(scale)).toThrow(RangeError);
  clock.stop();
});

it('a virtual clock moves only when told, and fires in order of time, then of scheduling', async () => {
  const clock = new VirtualClock(1_000);
  const fired: string[] = [];
  clock.after(20, () => fired.push('b'));
  clock.after(10, () => {
    fired.push('a');
    clock.after(10, () => fired.push('d'));
  });
  clock.after(20, () => fired.push('c'));
  const cancelled = clock.after(15, () => fired.push('never'));
  cancelled.cancel();
  const ticks = clock.every(25, () => fired.push(`tick ${clock.now()}`));
  await clock.advance(60);
  ticks.cancel();
  await clock.advance(60);
  expect(fired).toEqual(['a', 'b', 'c', 'd', 'tick 1025', 'tick 1050']);
  expect([clock.now(), clock.wallMs(), clock.scale]).toEqual([1_120, 1_120, 1]);
});
