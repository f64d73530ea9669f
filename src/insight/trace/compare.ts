/** Several ways of one journey: which one to show, and which of the others go alike. */
import { journeyOf, type Way } from './leg.ts';
import type { Journey, TraceStep, Ways } from './result.ts';

export function waysOf(title: string, ways: readonly Way[]): Ways {
  const journeys = ways.map(journeyOf);
  // What fails is what one wants to see.
  const shown = journeys.find(({ ending }) => ending !== 'delivered') ?? journeys[0] ?? nothing;
  const others = journeys.filter((one) => one !== shown);
  const print = signature(shown);
  const isAlike = (one: Journey) => signature(one) === print;
  return {
    title,
    shown,
    alike: others.filter(isAlike).map(({ way }) => way),
    differing: others.filter((one) => !isAlike(one)),
  };
}

const nothing: Journey = { way: '', ending: 'unknown', steps: [], notes: [] };

/** Where a step is differs from zone to zone, and so do route tables; kinds of hops and rules of filters do not. */
function signature({ steps, notes }: Journey): string {
  const filters = ({ kind, rule, ok, way }: TraceStep) =>
    `${way} ${kind} ${ok} ${kind === 'acl' || kind === 'group' || kind === 'rule' || kind === 'policy' ? rule : ''}`;
  return JSON.stringify([steps.map(filters), notes.length]);
}

/** The steps of a journey that are not the other's, for those who show it beside that one. */
export function differences(one: Journey, other: Journey): TraceStep[] {
  const known = new Set(other.steps.map(({ way, kind, rule, ok }) => `${way} ${kind} ${rule} ${ok}`));
  return one.steps.filter(({ way, kind, rule, ok }) => !known.has(`${way} ${kind} ${rule} ${ok}`));
}
