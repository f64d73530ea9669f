/** Several ways of one journey: which one to show, and which of the others go alike. */
import { journeyOf, type Way } from './leg.ts';
import type { Alike, Journey, TraceStep, Ways } from './result.ts';

export function waysOf(title: string, ways: readonly Way[]): Ways {
  const groups = new Map<string, Journey[]>();
  for (const journey of ways.map(journeyOf)) {
    const key = signature(journey);
    groups.set(key, [...(groups.get(key) ?? []), journey]);
  }
  const all = [...groups.values()].flatMap(([shown, ...rest]): Alike[] =>
    shown ? [{ shown, alike: rest.map(({ way }) => way) }] : [],
  );
  // What fails is what one wants to see.
  const [first = { shown: nothing, alike: [] }, ...differing] = [
    ...all.filter(failed),
    ...all.filter((one) => !failed(one)),
  ];
  return { title, ...first, differing };
}

const nothing: Journey = { way: '', ending: 'unknown', steps: [], notes: [] };
const failed = ({ shown }: Alike) => shown.ending !== 'delivered';

function signature({ steps, notes }: Journey): string {
  return JSON.stringify([steps.map(stepKey), notes.length]);
}

/** Where a step is differs from zone to zone, and so do route tables; kinds of hops and rules of filters do not. */
function stepKey({ kind, rule, ok, way }: TraceStep): string {
  const decides = kind === 'acl' || kind === 'group' || kind === 'rule' || kind === 'policy';
  return `${way} ${kind} ${ok} ${decides ? rule : ''}`;
}

/** The steps of a journey that are not the other's, for those who show it beside that one. */
export function differences(one: Journey, other: Journey): TraceStep[] {
  const known = new Set(other.steps.map(stepKey));
  return one.steps.filter((step) => !known.has(stepKey(step)));
}
