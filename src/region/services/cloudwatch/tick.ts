/** Runs work at the ends of minutes, or of other whole intervals of model time. */
import type { Clock } from '../../clock/clock.ts';

/** Calls `run` with each multiple of `intervalMs` that passes, `lateMs` after it. */
export function atEach(clock: Clock, intervalMs: number, lateMs: number, run: (endMs: number) => void): void {
  let last = Math.floor((clock.now() - lateMs) / intervalMs) * intervalMs;
  const arm = () => {
    // A timer may fire a little early, and a clock that runs fast may leave some out.
    const end = Math.max(last + intervalMs, Math.floor((clock.now() - lateMs) / intervalMs) * intervalMs);
    clock.after(end + lateMs - clock.now(), () => {
      last = end;
      arm();
      run(end);
    });
  };
  arm();
}
