/** A template under a profile of traffic, on a virtual clock: what its scaling does, and what its users would see. */
import { seededRandom } from '../../region/clock/random.ts';
import { type SimulatedRegion, simulatedRegion } from '../../region/simulated-region.ts';
import { createStack, refusalText } from '../model/create-stack.ts';
import type { Profile } from '../profile.ts';
import type { AppModel } from './app-model.ts';
import { Fleet } from './fleet.ts';
import type { Settings } from './objective.ts';
import { Outcome } from './outcome.ts';
import { Recording, type SimulationResult } from './recording.ts';
import { applySettings } from './settings.ts';
import { SimulationError } from './simulation-error.ts';
import { Traffic } from './traffic.ts';

export interface SimulationOptions {
  /** CloudFormation, JSON or YAML. */
  readonly template: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly profile: Profile;
  readonly app: AppModel;
  readonly seed?: number;
  /** The logical id of the balancer that the traffic is for, where the template has several. */
  readonly balancer?: string;
  readonly region?: string;
  readonly allowUnmodelled?: boolean;
  /** How long after a full minute it begins: alarms look at minutes. */
  readonly phaseSeconds?: number;
  /** In the place of the template's. */
  readonly settings?: Settings;
  /** Called when the stack is made and before the first request. */
  readonly onBegin?: (region: SimulatedRegion['region']) => void;
  /** Called at the end, while the region can still be asked. */
  readonly onEnd?: (region: SimulatedRegion['region']) => Promise<void>;
  /** Called with the share that is done, in [0, 1]. */
  readonly onProgress?: (done: number) => void;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.UTC(2026, 0, 1);

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { app, profile, seed = 1 } = options;
  const fleet = new Fleet(app);
  const region = options.region === undefined ? {} : { region: options.region };
  const simulated = await simulatedRegion(fleet, { seed, startMs, ...region });
  const problems = followProblems(simulated);
  try {
    await create(simulated, options);
    if (options.settings) await applySettings(simulated, options.settings);
    const traffic = new Traffic(simulated, fleet, app, seededRandom(seed), options.balancer);
    checkBalancers(simulated, traffic, options.balancer);
    // By then all that was made has settled.
    const { clock } = simulated;
    await clock.advance(hourMs - (clock.now() % hourMs) + (options.phaseSeconds ?? 0) * 1_000);
    const recording = new Recording(simulated, fleet, profile.seconds);
    recording.begin();
    options.onBegin?.(simulated.region);
    await send(simulated, traffic, recording, options);
    await options.onEnd?.(simulated.region);
    return await recording.end({
      seed,
      profile: profile.text,
      app,
      problems: problems(),
    });
  } finally {
    await simulated.close();
  }
}

/** All requests of the profile, second by second. */
async function send(
  { clock }: SimulatedRegion,
  traffic: Traffic,
  recording: Recording,
  { profile, onProgress }: SimulationOptions,
): Promise<void> {
  const outcome = new Outcome();
  const { stepSeconds } = recording;
  for (let second = 0; second < profile.seconds; ) {
    const beginMs = clock.now();
    let untilMs = beginMs;
    // Until the next timer nothing changes but what the requests do.
    do {
      // The last one may be a part of a second.
      const share = Math.min(1, profile.seconds - second);
      traffic.send(profile.rate(second) * share, outcome);
      second++;
      untilMs += 1_000;
      if (Math.floor(untilMs / minuteMs) > Math.floor((untilMs - 1_000) / minuteMs)) traffic.count();
    } while (second % stepSeconds !== 0 && second < profile.seconds && untilMs + 1_000 < clock.nextDueMs);
    await clock.advance(untilMs - beginMs);
    if (second % stepSeconds === 0 || second >= profile.seconds) {
      await recording.sample(second, outcome, traffic.takeProcessorSeconds());
      outcome.clear();
      onProgress?.(Math.min(1, second / profile.seconds));
    }
  }
  // What the last minute has, though it is not over.
  traffic.count();
}

/** What goes wrong in the region without ending it, each kind of text once. */
function followProblems({ region }: SimulatedRegion): () => readonly string[] {
  const found = new Set<string>();
  let more = 0;
  region.events.subscribe(({ kind, text }) => {
    if (!problemKinds.has(kind) || found.has(text)) return;
    if (found.size < mostProblems) found.add(text);
    else more++;
  });
  return () => [...found, ...(more > 0 ? [`${more} further problems are not told.`] : [])];
}

const problemKinds = new Set(['signal-refused', 'agent-error', 'internal-failure', 'launch-failed']);
const mostProblems = 10;

async function create(simulated: SimulatedRegion, options: SimulationOptions): Promise<void> {
  const { template, parameters = {}, allowUnmodelled = false } = options;
  const { status, failures } = await createStack(simulated, {
    stackName: 'simulated',
    template,
    parameters,
    allowUnmodelled,
  }).catch((error: unknown) => {
    throw new SimulationError(`The stack could not be made: ${refusalText(error)}`);
  });
  if (status === 'CREATE_COMPLETE') return;
  const reasons = failures.map(({ logicalId, reason }) => `${logicalId}: ${reason}`);
  throw new SimulationError([`The stack could not be made (${status}).`, ...reasons].join('\n  '));
}

function checkBalancers(simulated: SimulatedRegion, traffic: Traffic, chosen: string | undefined): void {
  const names = [...new Set(simulated.routes().map(({ config }) => config.name))];
  if (names.length === 0) {
    throw new SimulationError(
      'The template has no load balancer that forwards to a target group: nothing takes requests.',
    );
  }
  if (chosen !== undefined && traffic.routes().length === 0) {
    throw new SimulationError(`--balancer: there is no ${chosen} that forwards. There are: ${names.join(', ')}.`);
  }
  if (chosen === undefined && names.length > 1) {
    throw new SimulationError(
      `The template has several load balancers; say which one the traffic is for: --balancer ${names.join(' | ')}`,
    );
  }
}
