/**
 * Health checks of modelled targets: no connection is made, and the targets of an interval are looked at together, so that
 * a thousand of them cost one timer. On AWS each has its own phase.
 */
import type { Clock } from '../../clock/clock.ts';
import type { TargetHealth } from '../planes.ts';
import type { TargetConfig } from './config.ts';
import { HealthCount, type StartChecker } from './health.ts';

export interface ModelledChecks {
  readonly start: StartChecker;
  /** Says that a target may answer otherwise from now on. */
  changed(targetId: string): void;
}

/** @param failureOf what a check of a target would find now; undefined: it passes */
export function modelledChecks(failureOf: (target: TargetConfig) => TargetHealth | undefined): ModelledChecks {
  const rounds = new Map<number, Set<Look>>();
  const byTarget = new Map<string, Set<Look>>();

  function roundOf(clock: Clock, intervalMs: number): Set<Look> {
    let round = rounds.get(intervalMs);
    if (!round) {
      const made = new Set<Look>();
      round = made;
      rounds.set(intervalMs, made);
      clock.every(intervalMs, () => {
        // What answers as before, often enough, is left out until it is said to have changed.
        for (const look of [...made]) if (look.run()) made.delete(look);
      });
    }
    return round;
  }

  return {
    start(_fabric, clock, _node, first, target, changed) {
      let check = first.health;
      const view = new HealthCount();
      if (!check.enabled) view.health = { state: 'healthy' };
      let same = 0;
      let last: TargetHealth | undefined | null = null;
      const look: Look = {
        run() {
          const failure = failureOf(target);
          same = failure === last ? same + 1 : 1;
          last = failure;
          const was = view.record(failure, check);
          if (was) changed(view.health, was);
          return same > Math.max(check.healthyThreshold, check.unhealthyThreshold);
        },
        wake() {
          if (check.enabled) roundOf(clock, check.intervalMs).add(look);
        },
      };
      const looks = byTarget.get(target.id) ?? new Set();
      byTarget.set(target.id, looks.add(look));
      look.wake();
      const once = clock.after(0, () => {
        if (check.enabled) look.run();
      });
      return {
        view,
        configure(group) {
          if (group.health === check) return;
          rounds.get(check.intervalMs)?.delete(look);
          check = group.health;
          look.wake();
        },
        stop() {
          once.cancel();
          rounds.get(check.intervalMs)?.delete(look);
          looks.delete(look);
          if (looks.size === 0) byTarget.delete(target.id);
        },
      };
    },
    changed(targetId) {
      for (const look of byTarget.get(targetId) ?? []) look.wake();
    },
  };
}

interface Look {
  /** True when nothing else is to be expected of it. */
  run(): boolean;
  wake(): void;
}
