/**
 * The cheapest scaling settings that keep to an objective: the targets of all target tracking policies together, by one
 * factor, and the group's minimum. Cheapest is what uses the fewest instance-hours.
 */
import { percent } from '../words.ts';
import type { SimulationResult } from './recording.ts';
import { type SimulationOptions, simulate } from './run.ts';
import { SimulationError } from './simulation-error.ts';

/** Latencies in seconds, errors as a share; what is left out is not asked for. */
export interface Objective {
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
  readonly errors?: number;
}

/** `p99=300ms,errors=0.1%`. Throws `SimulationError`. */
export function parseObjective(text: string): Objective {
  const found: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, key = '', value = '', unit = ''] = /^\s*(\w+)\s*=\s*(\d+(?:\.\d+)?)\s*(ms|s|%)?\s*$/.exec(part) ?? [];
    const errors = key === 'errors';
    const fits = errors ? unit === '%' && Number(value) <= 100 : unit === 'ms' || unit === 's';
    if (!['p50', 'p90', 'p99', 'errors'].includes(key) || !fits) {
      throw new SimulationError(
        `--objective: "${part.trim().slice(0, 60)}" is not understood. Allowed: p50, p90 or p99 with ms or s, errors with %, such as p99=300ms,errors=0.1%`,
      );
    }
    if (key in found) throw new SimulationError(`--objective: ${key} is given twice.`);
    found[key] = Number(value) / (errors ? 100 : unit === 'ms' ? 1000 : 1);
  }
  return found;
}

/** Where a result misses it, in words; empty: it is kept. */
export function misses(objective: Objective, { totals }: SimulationResult): string[] {
  // Where nothing is asked nothing is missed.
  if (totals.requests === 0) return [];
  const failed = Object.values(totals.failed).reduce((sum, one) => sum + one, 0);
  const share = failed / totals.requests;
  const latencies = (['p50', 'p90', 'p99'] as const).flatMap((key) => {
    const limit = objective[key];
    const found = totals[key];
    if (limit === undefined || (found !== null && found <= limit)) return [];
    return [`${key} ${found === null ? 'unknown' : `${(found * 1000).toFixed(0)} ms`}`];
  });
  const tooMany = objective.errors !== undefined && share > objective.errors;
  return [...latencies, ...(tooMany ? [`errors ${percent(share)}`] : [])];
}

/** What is changed of the template's settings. */
export interface Settings {
  /** Of each policy's target. */
  readonly targetFactor: number;
  /** Of each group at least, as far as its maximum allows; undefined: as in the template. */
  readonly minSize?: number;
}

export interface Tried {
  readonly settings: Settings;
  readonly instanceHours: number;
  readonly misses: readonly string[];
  readonly result: SimulationResult;
}

export interface Search {
  /** In the order in which they were tried. */
  readonly tried: readonly Tried[];
  /** Undefined: none of them keeps to it. */
  readonly best: Tried | undefined;
  /** It was ended at the most tries: there are more that might be cheaper. */
  readonly ended: boolean;
}

const factors = [1, 1.2, 0.8, 0.65, 0.5, 0.35];
const mostTries = 40;

export async function findSettings(
  options: SimulationOptions,
  objective: Objective,
  onTry: (tried: Tried) => void = () => {},
  most = mostTries,
): Promise<Search> {
  const tried: Tried[] = [];
  let ended = false;
  const isOver = () => {
    ended ||= tried.length >= most;
    return ended;
  };
  const attempt = async (settings: Settings): Promise<Tried> => {
    const result = await simulate({ ...options, settings });
    const instanceHours = Object.values(result.totals.instanceHours).reduce((sum, one) => sum + one, 0);
    const one = { settings, instanceHours, misses: misses(objective, result), result };
    tried.push(one);
    onTry(one);
    return one;
  };
  for (const targetFactor of factors) {
    if (isOver()) break;
    const plain = await attempt({ targetFactor });
    if (plain.misses.length === 0) continue;
    await smallestMinimum(targetFactor, plain.result, attempt, isOver);
  }
  const kept = tried.filter((one) => one.misses.length === 0);
  kept.sort((a, b) => a.instanceHours - b.instanceHours);
  return { tried, best: kept[0], ended };
}

/**
 * More machines from the beginning never make it worse: doubled until it is kept, then halved between; never beyond what
 * the template allows.
 */
async function smallestMinimum(
  targetFactor: number,
  { totals, groups }: SimulationResult,
  attempt: (settings: Settings) => Promise<Tried>,
  isOver: () => boolean,
): Promise<void> {
  const largest = Math.max(0, ...groups.map(({ maxSize }) => maxSize));
  // A minimum below what served all the time changes nothing; of several groups it is not known which they were.
  const served = groups.length === 1 ? totals.fewestServing : 0;
  let missed = Math.max(served, Math.min(...groups.map(({ minSize }) => minSize)));
  let kept = missed;
  for (;;) {
    kept = Math.min(Math.max(1, missed * 2), largest);
    if (kept <= missed || isOver()) return;
    if ((await attempt({ targetFactor, minSize: kept })).misses.length === 0) break;
    missed = kept;
  }
  while (kept - missed > 1 && !isOver()) {
    const middle = Math.floor((kept + missed) / 2);
    if ((await attempt({ targetFactor, minSize: middle })).misses.length === 0) kept = middle;
    else missed = middle;
  }
}
