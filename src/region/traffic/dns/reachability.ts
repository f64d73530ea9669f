/**
 * Which of the addresses that AWS itself answers for are answered with: those of load balancer nodes and of interface
 * endpoints that can be reached. They are looked at by the clock, as by Route 53's health checks.
 *
 * AWS documents that such names are answered with what is healthy, and for how long (60 seconds), but not how soon one is
 * found out. Taken here: the interval and the threshold of a fast health check of Route 53's.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */
import type { Clock } from '../../clock/clock.ts';
import type { World } from '../../network/world.ts';

const checkEveryMs = 10_000;
/** So many checks in a row change what is answered, either way. */
const threshold = 3;

export interface Reachability {
  /** Found out of reach: left out of answers. */
  isOut(interfaceId: string): boolean;
  /** Calls back when what is out has changed. */
  onChange(changed: () => void): void;
}

/** @param world undefined while nothing is broken */
export function reachability(clock: Clock, world: () => World | undefined): Reachability {
  /** Interfaces that failed of late: for how many checks they have been otherwise than they are answered. */
  const watched = new Map<string, { out: boolean; otherwise: number }>();
  const listeners: (() => void)[] = [];

  clock.every(checkEveryMs, () => {
    const cut = world()?.faults?.interfaces;
    for (const id of cut?.keys() ?? []) if (!watched.has(id)) watched.set(id, { out: false, otherwise: 0 });
    let changed = false;
    for (const [id, one] of watched) {
      const failed = cut?.has(id) ?? false;
      one.otherwise = failed === one.out ? 0 : one.otherwise + 1;
      if (one.otherwise >= threshold) {
        Object.assign(one, { out: failed, otherwise: 0 });
        changed = true;
      }
      if (!failed && !one.out) watched.delete(id);
    }
    if (changed) for (const listener of listeners) listener();
  });

  return {
    isOut: (interfaceId) => watched.get(interfaceId)?.out ?? false,
    onChange: (changed) => void listeners.push(changed),
  };
}
