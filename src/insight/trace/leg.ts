/** Parts of a journey, each with a way there and a way back, put one into the other. */
import type { Ending, Journey, Stop, TraceStep } from './result.ts';

export interface Leg {
  readonly there: readonly TraceStep[];
  /** From where it led, back to where it began. */
  readonly back: readonly TraceStep[];
  readonly stopped?: Stop;
  readonly notes?: readonly string[];
}

/** A leg with the name of the choice that it stands for. */
export interface Way {
  readonly name: string;
  readonly leg: Leg;
  /** The id of the machine that it led to. */
  readonly machine?: string;
  /** Where the answer sends the client on to. */
  readonly redirect?: string;
}

type Said = Omit<TraceStep, 'way' | 'ok'>;

export const there = (step: Said): TraceStep => ({ way: 'there', ok: true, ...step });
export const back = (step: Said): TraceStep => ({ way: 'back', ok: true, ...step });

export function leg(...steps: readonly TraceStep[]): Leg {
  return { there: steps.filter(({ way }) => way === 'there'), back: steps.filter(({ way }) => way === 'back') };
}

/** A leg whose last step stops it. */
export function stoppedLeg(step: Said, stop: Pick<Stop, 'ending' | 'fix'>, ...before: readonly TraceStep[]): Leg {
  const { at, rule, why } = step;
  const last: TraceStep = { way: 'there', ok: false, ...step };
  return { ...leg(...before, last), stopped: { ...stop, way: 'there', at, rule, why } };
}

/** What `inner` is on the way of `outer`. Where the outer one stops there is no inner one. */
export function within(outer: Leg, inner: () => Leg): Leg {
  if (outer.stopped) return outer;
  const found = inner();
  const notes = [...(outer.notes ?? []), ...(found.notes ?? [])];
  const went = [...outer.there, ...found.there];
  // What was lost comes no further; an error is an answer, and goes all the way back.
  const returns = found.stopped && found.stopped.ending !== 'refused' ? found.back : [...found.back, ...outer.back];
  return { there: went, back: returns, notes, ...(found.stopped ? { stopped: found.stopped } : {}) };
}

/** `outer` around each of the ways. */
export function around(outer: Leg, ways: () => readonly Way[]): readonly Way[] {
  if (outer.stopped) return [{ name: '', leg: outer }];
  return ways().map((way) => ({ ...way, leg: within(outer, () => way.leg) }));
}

/** That it is there says the one who takes it; only at the very end nobody does. */
function isSaid({ kind, ok }: TraceStep, index: number, steps: readonly TraceStep[]): boolean {
  return kind !== 'interface' || !ok || index === steps.length - 1;
}

export function withNotes(one: Leg, ...notes: readonly string[]): Leg {
  return notes.length === 0 ? one : { ...one, notes: [...(one.notes ?? []), ...notes] };
}

export function journeyOf({ name, leg: { there: went, back: returned, stopped, notes = [] } }: Way): Journey {
  const ending: Ending = stopped?.ending ?? 'delivered';
  const steps = [...went, ...returned].filter(isSaid);
  return {
    way: name,
    ending,
    steps,
    notes: [...new Set(notes)].filter((note) => !stopped?.fix || !note.includes(stopped.fix.text)),
    ...(stopped ? { stopped } : {}),
  };
}
