/**
 * The fault switches of a region: what is broken on purpose, for how long. A fault changes the network's world, or ends
 * machines; whoever is above finds out by its own rules, and is told nothing. They are in memory alone: a region that
 * starts again is sound.
 */
import type { Clock, Timer } from './clock/clock.ts';
import { checkFault, type FaultKind, FaultRefused } from './fault-request.ts';
import { type NetworkFault, withFaults } from './network/faults.ts';
import type { World } from './network/world.ts';
import type { Scope } from './services/service.ts';

/** A fault as it is told of. */
export interface FaultView {
  readonly id: string;
  readonly kind: FaultKind;
  readonly target: string;
  readonly text: string;
  /** ISO 8601, model time. */
  readonly began: string;
  readonly ends: string;
}

export interface Faults {
  /** Throws `FaultRefused`, and changes nothing then. */
  begin(request: unknown): FaultView;
  /** Those that last, oldest first. */
  list(): readonly FaultView[];
  /** Ends one, or all of them; undefined when there is no such fault. */
  clear(id?: string): readonly FaultView[] | undefined;
  /** The world of a region as it is with the present faults: the same one as long as neither changes. */
  applied(region: string, world: World): World;
  /** Whether one of the network lasts there. */
  any(region: string): boolean;
  zoneIsDown(region: string, zone: string): boolean;
}

const mostFaults = 100;

interface Lasting {
  readonly view: FaultView;
  readonly network: NetworkFault | undefined;
  readonly timer: Timer;
}

/** For the machines and the network of one AWS region. */
export function regionFaults(options: { readonly clock: Clock; readonly region: string; scope(): Scope }): Faults {
  const { clock, region } = options;
  const lasting = new Map<string, Lasting>();
  let begun = 0;
  let network: readonly NetworkFault[] = [];
  let last: { readonly from: World; readonly made: World } | undefined;

  function changed(): void {
    network = [...lasting.values()].flatMap((one) => one.network ?? []);
    last = undefined;
  }

  function tell(kind: string, { id, text, kind: fault, target }: FaultView, more: string): void {
    options.scope().note({ source: 'faults', kind, text: `${id}: ${text}${more}`, data: { id, fault, target } });
  }

  function end(id: string): FaultView | undefined {
    const one = lasting.get(id);
    if (!one) return undefined;
    one.timer.cancel();
    lasting.delete(id);
    changed();
    tell('fault-ended', one.view, ': over');
    return one.view;
  }

  return {
    begin(request) {
      if (lasting.size >= mostFaults) throw new FaultRefused(`${mostFaults} faults last already: clear some.`);
      const { kind, target, text, durationMs, network: part, dies } = checkFault(request, options.scope());
      const same = [...lasting.values()].find(({ view }) => view.kind === kind && view.text === text)?.view;
      if (same) {
        throw new FaultRefused(
          `So it is already: ${text}, by ${same.id}, until ${same.ends}. End that first: orrery fault clear ${same.id}`,
        );
      }
      const id = `fault-${++begun}`;
      const now = clock.now();
      const time = (ms: number) => new Date(ms).toISOString();
      const view = { id, kind, target, text, began: time(now), ends: time(now + durationMs) };
      lasting.set(id, {
        view,
        network: part && ({ ...part, id } as NetworkFault),
        timer: clock.after(durationMs, () => end(id)),
      });
      changed();
      tell('fault-began', view, `, until ${view.ends}`);
      // After the network: the end of a connection is not to be seen where no packet passes.
      for (const machine of dies) machine.kill();
      return view;
    },
    list: () => [...lasting.values()].map(({ view }) => view),
    clear(id) {
      if (id === undefined) return [...lasting.keys()].flatMap((one) => end(one) ?? []);
      const ended = end(id);
      return ended && [ended];
    },
    any: (of) => of === region && network.length > 0,
    zoneIsDown: (of, zone) => of === region && network.some((one) => one.kind === 'zone' && one.zone === zone),
    applied(of, world) {
      if (network.length === 0 || of !== region) return world;
      if (last?.from !== world) last = { from: world, made: withFaults(world, network) };
      return last.made;
    },
  };
}
