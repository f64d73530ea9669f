/** Which target a request goes to: round robin or least outstanding requests over the healthy ones, sticky by cookie. */
import type { TargetConfig, TargetGroupConfig } from './config.ts';

/** One node's view of a group's targets. */
export interface View {
  /** Moves when the group or what is healthy may have changed: what was found before holds until then. */
  readonly epoch: number;
  isHealthy(target: TargetConfig): boolean;
  inFlight(target: TargetConfig): number;
  /** In [0, 1). */
  chance(): number;
}

/** A group's turn at one node. */
export class Selection {
  #next = 0;
  #epoch = -1;
  #choices: readonly TargetConfig[] = [];
  /** Whether the last choice was one among the unhealthy. */
  failsOpen = false;

  /**
   * Undefined when the group has no registered target (503).
   * @param zone the only one to choose from; undefined: all
   * @param sticky the id of the target that the request is bound to, honoured while it is healthy
   */
  choose(
    group: TargetGroupConfig,
    zone: string | undefined,
    view: View,
    sticky: string | undefined,
  ): TargetConfig | undefined {
    if (sticky !== undefined) {
      const bound = group.targets.find(({ id, zone: its }) => id === sticky && (zone ?? its) === its);
      if (bound && view.isHealthy(bound)) {
        this.failsOpen = false;
        return bound;
      }
    }
    if (this.#epoch !== view.epoch) {
      this.#epoch = view.epoch;
      this.#choices = choicesOf(group, zone, view);
      this.failsOpen = this.#choices.some((target) => !view.isHealthy(target));
    }
    const choices = this.#choices;
    if (choices.length < 2) return choices[0];
    if (group.algorithm === 'weighted_random') return choices[Math.floor(view.chance() * choices.length)];
    this.#next = (this.#next + 1) % choices.length;
    const start = this.#next;
    if (group.algorithm === 'round_robin') return choices[start];
    // Among equals it is the turn that decides, so that idle targets share the load.
    let best = choices[start];
    let fewest = best ? view.inFlight(best) : 0;
    for (let i = 1; i < choices.length && fewest > 0; i++) {
      const other = choices[(start + i) % choices.length];
      const flying = other ? view.inFlight(other) : fewest;
      if (flying >= fewest) continue;
      best = other;
      fewest = flying;
    }
    return best;
  }
}

/** Whom requests are given to. */
export function choicesOf(
  group: TargetGroupConfig,
  zone: string | undefined,
  view: Pick<View, 'isHealthy'>,
): readonly TargetConfig[] {
  const open = group.targets.filter((target) => !target.draining && (zone ?? target.zone) === target.zone);
  const healthy = open.filter((target) => view.isHealthy(target));
  // With no healthy target the balancer fails open: all get requests, as if all were healthy.
  return healthy.length > 0 ? healthy : open;
}
