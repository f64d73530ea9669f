/** Which target a request goes to: round robin or least outstanding requests over the healthy ones, sticky by cookie. */
import type { TargetConfig, TargetGroupConfig } from './config.ts';

export interface Candidates {
  /** This node's view. */
  isHealthy(target: TargetConfig): boolean;
  inFlight(target: TargetConfig): number;
  /** In [0, 1). */
  chance(): number;
}

/** A group's turn, kept per node. */
export interface Turn {
  next: number;
}

/** Undefined when the group has no registered target (503). `sticky` is honoured while that target is healthy. */
export function selectTarget(
  group: TargetGroupConfig,
  zone: string | undefined,
  turn: Turn,
  candidates: Candidates,
  sticky: string | undefined,
): TargetConfig | undefined {
  const inZone = zone === undefined ? group.targets : group.targets.filter((target) => target.zone === zone);
  const bound = sticky === undefined ? undefined : inZone.find((target) => target.id === sticky);
  if (bound && candidates.isHealthy(bound)) return bound;
  const open = inZone.filter((target) => !target.draining);
  const healthy = open.filter((target) => candidates.isHealthy(target));
  // With no healthy target the balancer fails open: all get requests, as if all were healthy.
  const choice = healthy.length > 0 ? healthy : open;
  if (choice.length === 0) return undefined;
  if (group.algorithm === 'weighted_random') return choice[Math.floor(candidates.chance() * choice.length)];
  const start = turn.next++ % choice.length;
  if (group.algorithm === 'round_robin') return choice[start];
  // Among equals it is the turn that decides, so that idle targets share the load.
  let best = choice[start];
  for (let i = 1; i < choice.length; i++) {
    const other = choice[(start + i) % choice.length];
    if (best && other && candidates.inFlight(other) < candidates.inFlight(best)) best = other;
  }
  return best;
}
