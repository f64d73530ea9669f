/**
 * Health checks of modelled targets: no connection is made, and the targets of an interval are looked at together, so that
 * a thousand of them cost one timer. On AWS each has its own phase.
 */
import type { Clock, Timer } from '../../clock/clock.ts';
import type { TargetHealth } from '../planes.ts';
import type { HealthCheckConfig, TargetConfig } from './config.ts';
import { HealthCount, type StartChecker } from './health.ts';

export interface ModelledChecks {
  readonly start: StartChecker;
  /** Says that a target may answer otherwise from now on. */
  changed(targetId: string): void;
}

/** Those with the same interval, since the first of them. */
interface Round {
  readonly beganMs: number;
  readonly members: Set<Look>;
  /** Those to look at when it comes round again. */
  readonly due: Set<Look>;
  timer: Timer | undefined;
}

/** @param failureOf what a check of a target would find now; undefined: it passes */
export function modelledChecks(failureOf: (target: TargetConfig) => TargetHealth | undefined): ModelledChecks {
  const rounds = new Map<number, Round>();
  const byTarget = new Map<string, Set<Look>>();

  function join(look: Look, clock: Clock, intervalMs: number): void {
    const round = rounds.get(intervalMs) ?? {
      beganMs: clock.now(),
      members: new Set(),
      due: new Set(),
      timer: undefined,
    };
    rounds.set(intervalMs, round);
    round.members.add(look);
    round.due.add(look);
    arm(round, clock, intervalMs);
  }

  function leave(look: Look, intervalMs: number): void {
    const round = rounds.get(intervalMs);
    if (!round) return;
    round.members.delete(look);
    round.due.delete(look);
    if (round.members.size > 0) return;
    round.timer?.cancel();
    rounds.delete(intervalMs);
  }

  function arm(round: Round, clock: Clock, intervalMs: number): void {
    if (round.timer || round.due.size === 0) return;
    const passedMs = (clock.now() - round.beganMs) % intervalMs;
    round.timer = clock.after(intervalMs - passedMs, () => {
      round.timer = undefined;
      // What answers as before, often enough, is left out until it is said to have changed.
      for (const look of [...round.due]) if (round.due.has(look) && look.run()) round.due.delete(look);
      if (rounds.get(intervalMs) === round) arm(round, clock, intervalMs);
    });
  }

  return {
    start(_fabric, clock, _node, first, target, changed) {
      const look = new Look(target, first.health, failureOf, changed);
      const begin = () => {
        if (look.check.enabled) join(look, clock, look.check.intervalMs);
      };
      look.wake = begin;
      const looks = byTarget.get(target.id) ?? new Set();
      byTarget.set(target.id, looks.add(look));
      begin();
      const once = clock.after(0, () => {
        if (look.check.enabled) look.run();
      });
      return {
        view: look.view,
        configure({ health }) {
          if (health === look.check) return;
          if (health.intervalMs !== look.check.intervalMs || !health.enabled) leave(look, look.check.intervalMs);
          look.check = health;
          begin();
        },
        stop() {
          once.cancel();
          leave(look, look.check.intervalMs);
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

/** One node's checks of one target. */
class Look {
  readonly view = new HealthCount();
  check: HealthCheckConfig;
  wake: () => void = () => {};
  readonly #target: TargetConfig;
  readonly #failureOf: (target: TargetConfig) => TargetHealth | undefined;
  readonly #changed: (health: TargetHealth, was: TargetHealth) => void;
  /** How often in a row it was the same. */
  #same = 0;
  #last: TargetHealth | undefined;

  constructor(
    target: TargetConfig,
    check: HealthCheckConfig,
    failureOf: (target: TargetConfig) => TargetHealth | undefined,
    changed: (health: TargetHealth, was: TargetHealth) => void,
  ) {
    this.check = check;
    this.#target = target;
    this.#failureOf = failureOf;
    this.#changed = changed;
    if (!check.enabled) this.view.health = { state: 'healthy' };
  }

  /** True when nothing else is to be expected of it. */
  run(): boolean {
    const failure = this.#failureOf(this.#target);
    this.#same = failure?.reason === this.#last?.reason ? this.#same + 1 : 1;
    this.#last = failure;
    const was = this.view.record(failure, this.check);
    if (was) this.#changed(this.view.health, was);
    return this.#same > Math.max(this.check.healthyThreshold, this.check.unhealthyThreshold);
  }
}
