/** What a simulation writes down as it goes on, and what it comes to. */
import type { Machine } from '../../region/machines/machine.ts';
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { AppModel } from './app-model.ts';
import type { Fleet } from './fleet.ts';
import { type Noted, notesOf } from './notes.ts';
import type { Outcome } from './outcome.ts';
import { ResponseTimes } from './response-times.ts';
import { silentPolicies } from './silent-policies.ts';

/** Values at the ends of equal steps; null where there was nothing to measure. */
export interface SimulatedSeries {
  /** Seconds from the beginning. */
  readonly at: number[];
  /** Per second. */
  readonly requests: number[];
  readonly answered: number[];
  readonly failed: number[];
  /** Sent, and waiting for a machine to work on them: on average. */
  readonly waiting: number[];
  /** In seconds. */
  readonly p50: (number | null)[];
  readonly p90: (number | null)[];
  readonly p99: (number | null)[];
  readonly desired: number[];
  /** As Auto Scaling sees it: from the launch on, while the app may still be starting. */
  readonly inService: number[];
  /** Machines whose app answers. */
  readonly serving: number[];
  /** Of all their processors, in per cent. */
  readonly cpu: (number | null)[];
}

export interface SimulatedAlarm {
  readonly at: number;
  readonly name: string;
  /** `CPUUtilization`; empty for one of several metrics. */
  readonly metric: string;
  readonly from: string;
  readonly to: string;
}

export interface SimulatedActivity {
  readonly at: number;
  readonly description: string;
  readonly cause: string;
}

export interface SimulatedGroup {
  readonly name: string;
  readonly minSize: number;
  readonly maxSize: number;
}

export interface SimulationResult {
  readonly seed: number;
  readonly profile: string;
  readonly app: AppModel;
  readonly stepSeconds: number;
  readonly series: SimulatedSeries;
  readonly totals: {
    readonly requests: number;
    readonly answered: number;
    /** By the balancer's status. */
    readonly failed: Readonly<Record<string, number>>;
    /** Sent, and neither answered nor failed at the end. */
    readonly waiting: number;
    /** In seconds; null when nothing was answered. */
    readonly p50: number | null;
    readonly p90: number | null;
    readonly p99: number | null;
    /** By instance type. */
    readonly instanceHours: Readonly<Record<string, number>>;
    readonly mostServing: number;
    readonly fewestServing: number;
  };
  /** Of Auto Scaling. */
  readonly groups: readonly SimulatedGroup[];
  readonly alarms: readonly SimulatedAlarm[];
  readonly activities: readonly SimulatedActivity[];
  /** What is approximate about it, what went wrong, and what is not told. */
  readonly notes: readonly string[];
}

/** A day is told by the minute. */
const mostSteps = 1_440;
const mostEvents = 2_000;

interface Group {
  readonly AutoScalingGroupName: string;
  readonly MinSize: number;
  readonly MaxSize: number;
  readonly DesiredCapacity: number;
  readonly Instances: readonly { readonly LifecycleState: string }[];
}

export class Recording {
  readonly stepSeconds: number;
  readonly #simulated: SimulatedRegion;
  readonly #fleet: Fleet;
  readonly #beginMs: number;
  readonly #series: SimulatedSeries = {
    at: [],
    requests: [],
    answered: [],
    failed: [],
    waiting: [],
    p50: [],
    p90: [],
    p99: [],
    desired: [],
    inService: [],
    serving: [],
    cpu: [],
  };
  readonly #times = new ResponseTimes();
  readonly #failed = new Map<string, number>();
  readonly #alarms: SimulatedAlarm[] = [];
  #alarmsLeftOut = 0;
  readonly #running = new Map<string, { readonly type: string; readonly sinceMs: number }>();
  readonly #hours = new Map<string, number>();
  readonly #undo: (() => void)[] = [];
  #sent = 0;
  #answered = 0;
  #mostServing = 0;
  #fewestServing = Number.POSITIVE_INFINITY;
  #lastAt = 0;

  constructor(simulated: SimulatedRegion, fleet: Fleet, seconds: number) {
    this.#simulated = simulated;
    this.#fleet = fleet;
    this.#beginMs = simulated.clock.now();
    this.stepSeconds = Math.max(1, Math.ceil(seconds / mostSteps));
  }

  begin(): void {
    const { region } = this.#simulated;
    for (const machine of region.scope.machines.list()) this.#follow(machine);
    this.#undo.push(region.scope.machines.onChange((machine) => this.#follow(machine)));
    this.#undo.push(
      region.events.subscribe(({ kind, data }) => {
        if (kind !== 'alarm-state') return;
        const {
          alarm: name,
          metric = '',
          from,
          to,
        } = data as Record<'alarm' | 'from' | 'to', string> & {
          metric?: string;
        };
        if (this.#alarms.length < mostEvents) this.#alarms.push({ at: this.#now(), name, metric, from, to });
        else this.#alarmsLeftOut++;
      }),
    );
  }

  /** At the end of a step. */
  async sample(at: number, outcome: Outcome, processorSeconds: number): Promise<void> {
    const seconds = at - this.#lastAt;
    this.#lastAt = at;
    const series = this.#series;
    const [p50, p90, p99] = outcome.times.quantiles([0.5, 0.9, 0.99]);
    series.at.push(at);
    series.requests.push(outcome.sent / seconds);
    series.answered.push(outcome.answered / seconds);
    series.failed.push(outcome.failures / seconds);
    series.waiting.push(outcome.waited / seconds);
    series.p50.push(p50 ?? null);
    series.p90.push(p90 ?? null);
    series.p99.push(p99 ?? null);
    const groups = await this.#groups();
    series.desired.push(groups.reduce((sum, { DesiredCapacity }) => sum + DesiredCapacity, 0));
    const inService = (sum: number, { Instances }: Group) =>
      sum + Instances.filter(({ LifecycleState }) => LifecycleState === 'InService').length;
    series.inService.push(groups.reduce(inService, 0));
    const serving = this.#fleet.size;
    series.serving.push(serving);
    this.#mostServing = Math.max(this.#mostServing, serving);
    this.#fewestServing = Math.min(this.#fewestServing, serving);
    const possible = this.#fleet.processors * seconds;
    // A step's work, by the machines at its end: those that have just left worked, too.
    series.cpu.push(possible > 0 ? Math.min(100, (100 * processorSeconds) / possible) : null);
    this.#sent += outcome.sent;
    this.#answered += outcome.answered;
    this.#times.addAll(outcome.times);
    for (const [status, count] of outcome.failed) {
      this.#failed.set(String(status), (this.#failed.get(String(status)) ?? 0) + count);
    }
  }

  async end(
    about: Pick<SimulationResult, 'seed' | 'profile' | 'app'> & Pick<Noted, 'problems'>,
  ): Promise<SimulationResult> {
    for (const undo of this.#undo) undo();
    for (const [id, { type, sinceMs }] of this.#running) this.#used(id, type, sinceMs);
    const { seed, profile, app } = about;
    const activities = await this.#activities();
    const [p50, p90, p99] = this.#times.quantiles([0.5, 0.9, 0.99]);
    return {
      ...{ seed, profile, app },
      stepSeconds: this.stepSeconds,
      series: this.#series,
      totals: {
        requests: this.#sent,
        answered: this.#answered,
        failed: Object.fromEntries(this.#failed),
        waiting: this.#fleet.waiting,
        p50: p50 ?? null,
        p90: p90 ?? null,
        p99: p99 ?? null,
        instanceHours: Object.fromEntries(this.#hours),
        mostServing: this.#mostServing,
        fewestServing: Number.isFinite(this.#fewestServing) ? this.#fewestServing : 0,
      },
      groups: (await this.#groups()).map(({ AutoScalingGroupName: name, MinSize: minSize, MaxSize: maxSize }) => ({
        ...{ name, minSize, maxSize },
      })),
      alarms: this.#alarms,
      activities: activities.found,
      notes: notesOf({
        ...about,
        problems: [...about.problems, ...(await silentPolicies(this.#simulated))],
        leftOut: { alarms: this.#alarmsLeftOut, activities: activities.leftOut },
      }),
    };
  }

  #now(): number {
    return (this.#simulated.clock.now() - this.#beginMs) / 1000;
  }

  #follow({ spec, state }: Machine): void {
    const { instanceId, instanceType } = spec;
    const known = this.#running.get(instanceId);
    if (state === 'running' && !known) {
      this.#running.set(instanceId, { type: instanceType, sinceMs: this.#simulated.clock.now() });
    } else if (state !== 'running' && known) this.#used(instanceId, known.type, known.sinceMs);
  }

  #used(instanceId: string, type: string, sinceMs: number): void {
    const hours = (this.#simulated.clock.now() - sinceMs) / 3_600_000;
    this.#hours.set(type, (this.#hours.get(type) ?? 0) + hours);
    this.#running.delete(instanceId);
  }

  async #groups(): Promise<readonly Group[]> {
    const found: Group[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#simulated.region.invoke<{ AutoScalingGroups: Group[]; NextToken?: string }>(
        'autoscaling',
        'DescribeAutoScalingGroups',
        NextToken === undefined ? {} : { NextToken },
      );
      found.push(...page.AutoScalingGroups);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return found;
  }

  /** Since the beginning, oldest first. */
  async #activities(): Promise<{ readonly found: readonly SimulatedActivity[]; readonly leftOut: number }> {
    const { region } = this.#simulated;
    const found: SimulatedActivity[] = [];
    let NextToken: string | undefined;
    do {
      const page = await region.invoke<{
        Activities: { Description: string; Cause: string; StartTime: Date }[];
        NextToken?: string;
      }>('autoscaling', 'DescribeScalingActivities', NextToken === undefined ? {} : { NextToken });
      for (const { Description, Cause, StartTime } of page.Activities) {
        const at = (StartTime.getTime() - this.#beginMs) / 1000;
        if (at >= 0) found.push({ at, description: Description, cause: Cause });
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    // They come newest first.
    return { found: found.reverse().slice(0, mostEvents), leftOut: Math.max(0, found.length - mostEvents) };
  }
}
