/**
 * Health checks of modelled targets: no connection is made, and the targets of an interval are looked at together, so that
 * a thousand of them cost one timer. On AWS each has its own phase.
 */
import type { Clock } from '../../clock/clock.ts';
import type { TargetHealth } from '../planes.ts';
import type { TargetConfig } from './config.ts';
import { HealthCount, type StartChecker } from './health.ts';

/** @param failureOf what a check of a target would find now; undefined: it passes */
export function modelledChecks(failureOf: (target: TargetConfig) => TargetHealth | undefined): StartChecker {
  const rounds = new Map<number, Set<() => void>>();

  function roundOf(clock: Clock, intervalMs: number): Set<() => void> {
    let round = rounds.get(intervalMs);
    if (!round) {
      const made = new Set<() => void>();
      round = made;
      rounds.set(intervalMs, made);
      clock.every(intervalMs, () => {
        for (const look of made) look();
      });
    }
    return round;
  }

  return (_fabric, clock, _node, first, target, changed) => {
    let check = first.health;
    const view = new HealthCount();
    if (!check.enabled) view.health = { state: 'healthy' };
    const look = () => {
      const was = view.record(failureOf(target), check);
      if (was) changed(view.health, was);
    };
    let round = check.enabled ? roundOf(clock, check.intervalMs) : undefined;
    round?.add(look);
    const once = clock.after(0, () => {
      if (check.enabled) look();
    });
    return {
      view,
      configure(group) {
        check = group.health;
        round?.delete(look);
        round = check.enabled ? roundOf(clock, check.intervalMs) : undefined;
        round?.add(look);
      },
      stop() {
        once.cancel();
        round?.delete(look);
      },
    };
  };
}
