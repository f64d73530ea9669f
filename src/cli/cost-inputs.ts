/** What `orrery cost` is given. All that is wrong with it is found before anything is begun. */
import { z } from 'zod';
import { UserError } from '../delivery/user-error.ts';
import { type AssumptionKey, assumptions, type Given, type Origin, parseAmount } from '../insight/cost/assumptions.ts';
import type { CostOptions } from '../insight/cost/cost.ts';
import { type Decimal, decimal } from '../insight/cost/decimal.ts';
import type { Profile } from '../insight/profile.ts';
import { readProfile } from './profile-options.ts';
import { readJson } from './read-file.ts';

export interface CostArguments {
  readonly region: string;
  readonly requests?: string;
  readonly pageViews?: string;
  readonly egress?: string;
  readonly siteEgress?: string;
  readonly assume?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly measured?: boolean;
  readonly simulation?: string;
  readonly commit?: string;
  readonly withoutAllowances?: boolean;
  readonly freeTier?: boolean;
  readonly budget?: string;
  readonly diff?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
  readonly refresh?: boolean;
  readonly priceList?: string;
  readonly stack?: string;
  readonly parameter?: Readonly<Record<string, string>>;
}

export interface CostInputs
  extends Pick<CostOptions, 'given' | 'instanceHours' | 'commit' | 'withoutAllowances' | 'freeTier' | 'notes'> {
  readonly budget: string | undefined;
  readonly diff: readonly [before: string, after: string] | undefined;
}

const secondsOfMonth = 730 * 3600;
const mostSimulationBytes = 256 * 1024 * 1024;

export function collectAssumptions(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [, key = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (key === '') throw new UserError(`--assume must be key=value, not "${text}".`, 'For example: --assume dataGb=200');
  if (!Object.hasOwn(assumptions, key))
    throw new UserError(`--assume: "${key}" is no assumption.`, `There are: ${Object.keys(assumptions).join(', ')}`);
  return { ...before, [key]: value };
}

/** @param given the app's folder, or a template's file */
export async function costInputs(given: string, options: CostArguments): Promise<CostInputs> {
  const { profile, simulation, commit, budget, diff } = options;
  const sources = { '--profile': profile, '--measured': options.measured, '--simulation': simulation };
  const chosen = Object.entries(sources).flatMap(([name, value]) => (value ? [name] : []));
  if (chosen.length > 1) throw new UserError(`${chosen.join(' and ')} exclude each other.`);
  if (options.requests !== undefined && chosen.length > 0)
    throw new UserError(`--requests and ${chosen[0]} exclude each other.`);
  if (commit !== undefined && commit !== '1y' && commit !== '3y')
    throw new UserError(`--commit must be 1y or 3y, not "${commit}".`);
  if (budget !== undefined && !/^\d{1,9}(\.\d{1,2})?$/.test(budget))
    throw new UserError(`--budget must be an amount of dollars a month, such as 120 or 99.50, not "${budget}".`);
  if (options.priceList !== undefined) throw new UserError('--price-list is for --refresh alone.');
  const asked = asGiven(options);
  const found = profile
    ? ofProfile(readProfile(profile).profile)
    : simulation
      ? ofSimulation(readJson(simulation, mostSimulationBytes), simulation)
      : options.measured
        ? // It loads many clients of the SDK.
          await (await import('./cost-measured.ts')).measured(given)
        : {};
  return {
    ...found,
    // What is said goes before what was counted.
    given: { ...found.given, ...asked },
    ...(commit === undefined ? {} : { commit }),
    ...(options.withoutAllowances ? { withoutAllowances: true } : {}),
    ...(options.freeTier ? { freeTier: true } : {}),
    budget,
    diff: diff && pairOf(diff),
  };
}

function pairOf(diff: readonly string[]): readonly [string, string] {
  const [before, after, ...more] = diff;
  if (before !== undefined && after !== undefined && more.length === 0) return [before, after];
  throw new UserError(`--diff needs two templates, not ${diff.length}.`, 'For example: --diff old.yml new.yml');
}

function asGiven({ requests, pageViews, egress, siteEgress, assume = {} }: CostArguments): Given {
  const found: Partial<Record<AssumptionKey, { value: Decimal; origin: Origin }>> = {};
  const take = (key: AssumptionKey, option: string, text: string | undefined, isSize: boolean) => {
    if (text !== undefined) found[key] = { value: parseAmount(option, text, isSize), origin: 'given' };
  };
  for (const [key, text] of Object.entries(assume))
    take(key as AssumptionKey, `--assume ${key}`, text, /Gb($|Per)/.test(key));
  take('requests', '--requests', requests, false);
  take('pageViews', '--page-views', pageViews, false);
  take('egressGb', '--egress', egress, true);
  take('siteEgressGb', '--site-egress', siteEgress, true);
  return found;
}

type Found = Pick<CostInputs, 'given' | 'instanceHours' | 'notes'>;

function ofProfile({ seconds, rate, text }: Profile): Found {
  // In the middle of each of many steps: exact for ramps and constants, and steps are told by the second.
  const steps = Math.min(200_000, Math.ceil(seconds) * 4);
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += rate(((step + 0.5) * seconds) / steps);
  const requests = decimal(Math.round((sum / steps) * secondsOfMonth));
  return {
    given: { requests: { value: requests, origin: 'profile' } },
    notes: [
      `Requests: as if the profile ${text} went on for a month. How many machines it needs is known by orrery simulate.`,
    ],
  };
}

const simulated = z.object({
  series: z.object({ at: z.array(z.number()).min(1) }),
  totals: z.object({ requests: z.number().min(0), instanceHours: z.record(z.string(), z.number().min(0)) }),
});

function ofSimulation(value: unknown, file: string): Found {
  const result = simulated.safeParse(value);
  if (!result.success) {
    throw new UserError(
      `${file} is no result of a simulation: ${result.error.issues[0]?.path.join('.')} is missing or wrong.`,
      'Make one: orrery simulate … --json > result.json',
    );
  }
  const { series, totals } = result.data;
  const seconds = series.at.at(-1) ?? 0;
  if (!(seconds > 0)) throw new UserError(`${file}: the simulation has no duration.`);
  const scale = secondsOfMonth / seconds;
  return {
    given: { requests: { value: decimal(Math.round(totals.requests * scale)), origin: 'simulation' } },
    instanceHours: Object.fromEntries(
      Object.entries(totals.instanceHours).map(([type, hours]) => [type, (hours * scale).toFixed(4)]),
    ),
    notes: [
      `Machines and requests: of the simulation in ${file}, ${(seconds / 3600).toFixed(1)} h, as if it went on for a month.`,
    ],
  };
}
