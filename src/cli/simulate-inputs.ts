/** What `orrery simulate` is given. All that is wrong with it is found before anything is begun. */
import { existsSync } from 'node:fs';
import { UserError } from '../delivery/user-error.ts';
import type { Profile } from '../insight/profile.ts';
import { type AppModel, parseAppModel, parseAppText } from '../insight/simulate/app-model.ts';
import { type LiveSurge, parseSurge } from '../insight/simulate/compare.ts';
import { type Objective, parseObjective } from '../insight/simulate/objective.ts';
import { checkReportFile, readProfile, whole } from './profile-options.ts';
import { readJson } from './read-file.ts';

export interface SimulateArguments {
  readonly profile?: string;
  readonly app?: string;
  readonly seed: string;
  readonly stack?: string;
  readonly balancer?: string;
  readonly objective?: string;
  readonly compare?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly allowUnmodelled?: boolean;
  readonly calibrate?: boolean;
  readonly path?: string;
  readonly saveApp?: string;
}

export interface SimulateInputs {
  /** Undefined: the app is only measured. */
  readonly profile: Profile | undefined;
  /** Undefined: it is to be measured. */
  readonly app: AppModel | undefined;
  readonly seed: number;
  readonly surged: LiveSurge | undefined;
  readonly objective: Objective | undefined;
}

const mostBytes = { app: 64 * 1024, surge: 256 * 1024 * 1024 } as const;

export function simulateInputs(options: SimulateArguments): SimulateInputs {
  const { calibrate = false, app, objective, compare, report, saveApp } = options;
  exclude('--calibrate', calibrate, '--app', app !== undefined);
  exclude('--objective', objective !== undefined, '--compare', compare !== undefined);
  for (const [name, value] of Object.entries({ '--path': options.path, '--save-app': saveApp })) {
    if (value !== undefined && !calibrate) throw new UserError(`${name} is for --calibrate alone.`);
  }
  for (const file of [saveApp, report]) if (file !== undefined) checkReportFile(file);
  const seed = whole('--seed', options.seed, 0, 2 ** 31);
  const surged = compare === undefined ? undefined : parseSurge(readJson(compare, mostBytes.surge), compare);
  const profile = profileOf(options, surged);
  if (!profile && !(calibrate && objective === undefined && report === undefined))
    throw new UserError('--profile is missing.', 'For example: --profile step:from=10,to=80,at=60,for=3600');
  return {
    profile,
    app: calibrate ? undefined : appModelOf(app),
    seed,
    surged,
    objective: objective === undefined ? undefined : parseObjective(objective),
  };
}

function exclude(one: string, isGiven: boolean, other: string, otherIsGiven: boolean): void {
  if (isGiven && otherIsGiven) throw new UserError(`${one} and ${other} exclude each other.`);
}

function profileOf({ profile }: SimulateArguments, surged: LiveSurge | undefined): Profile | undefined {
  if (profile !== undefined) return readProfile(profile).profile;
  if (!surged) return undefined;
  // Of a CSV a surge only tells the name.
  if (!/^[a-z]+:/.test(surged.profile))
    throw new UserError(`The surge's profile was the file ${surged.profile}.`, 'Give it again with --profile.');
  return readProfile(surged.profile).profile;
}

function appModelOf(given: string | undefined): AppModel {
  if (given === undefined) {
    throw new UserError(
      '--app is missing: how long the app takes for a request, and how much of a processor.',
      'For example: --app serviceMs=20,cpuMs=15,concurrency=16,bootSeconds=60',
    );
  }
  return existsSync(given) || !given.includes('=')
    ? parseAppModel(readJson(given, mostBytes.app))
    : parseAppText(given);
}
