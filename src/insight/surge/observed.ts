/** What the region did meanwhile, by time: only changes are kept, so an hour of looking is little memory. Pure. */
import type { Activity, AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';

/** Seconds of model time from the beginning. */
export interface Capacity {
  readonly atSeconds: number;
  readonly desired: number;
  readonly inService: number;
}

export interface AlarmChange {
  readonly atSeconds: number;
  readonly state: string;
}

export interface ObservedAlarm {
  readonly name: string;
  /** `CPUUtilization`; empty for one of several metrics. */
  readonly metric: string;
  readonly changes: readonly AlarmChange[];
}

export interface ScalingActivity {
  readonly atSeconds: number;
  readonly group: string;
  readonly description: string;
  readonly cause: string;
  /** `Successful`, `InProgress`, … as it was seen last. */
  readonly status: string;
}

export interface Happening {
  readonly atSeconds: number;
  readonly kind: string;
  readonly text: string;
}

export interface Observed {
  readonly groups: readonly { readonly name: string; readonly capacity: readonly Capacity[] }[];
  readonly alarms: readonly ObservedAlarm[];
  /** Oldest first. */
  readonly activities: readonly ScalingActivity[];
  readonly events: readonly Happening[];
  /** What was beyond the bounds of this record, and is not in it. */
  readonly leftOut: number;
}

/** Of each kind. */
const most = { groups: 10, alarms: 100, changes: 5_000, activities: 500, events: 500 };

export class Observer {
  readonly #startMs: number;
  readonly #capacity = new Map<string, Capacity[]>();
  readonly #alarms = new Map<string, AlarmChange[]>();
  readonly #metrics = new Map<string, string>();
  readonly #activities = new Map<string, ScalingActivity>();
  readonly #events: Happening[] = [];
  #leftOut = 0;

  /** @param startMs the beginning, in model time */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  groups(atSeconds: number, groups: readonly AutoScalingGroup[]): void {
    for (const { AutoScalingGroupName: name = '', DesiredCapacity: desired = 0, Instances = [] } of groups) {
      const inService = Instances.filter(({ LifecycleState }) => LifecycleState === 'InService').length;
      const known = this.#listOf(this.#capacity, name, most.groups);
      const last = known?.at(-1);
      if (last?.desired !== desired || last.inService !== inService)
        this.#keep(known, { atSeconds, desired, inService });
    }
  }

  alarms(alarms: readonly MetricAlarm[]): void {
    for (const {
      AlarmName: name = '',
      StateValue: state = '',
      MetricName: metric = '',
      StateTransitionedTimestamp,
      StateUpdatedTimestamp,
    } of alarms) {
      const known = this.#listOf(this.#alarms, name, most.alarms);
      const last = known?.at(-1);
      if (last?.state === state) continue;
      if (known) this.#metrics.set(name, metric);
      const since = StateTransitionedTimestamp ?? StateUpdatedTimestamp;
      const atSeconds = Math.max(0, last?.atSeconds ?? 0, since ? this.#seconds(since) : 0);
      this.#keep(known, { atSeconds, state });
    }
  }

  activities(activities: readonly Activity[]): void {
    for (const activity of activities) {
      const { ActivityId: id = '', AutoScalingGroupName: group = '', StartTime, StatusCode } = activity;
      const atSeconds = StartTime ? this.#seconds(StartTime) : 0;
      // What began before belongs to another story.
      if (atSeconds < 0) continue;
      if (!this.#activities.has(id) && this.#activities.size >= most.activities) {
        this.#leftOut++;
        continue;
      }
      const { Description: description = '', Cause: cause = '' } = activity;
      this.#activities.set(id, { atSeconds, group, description, cause, status: StatusCode ?? '' });
    }
  }

  event({ atMs, kind, text }: { readonly atMs: number; readonly kind: string; readonly text: string }): void {
    const atSeconds = this.#seconds(new Date(atMs));
    if (atSeconds < 0) return;
    if (this.#events.length >= most.events) this.#leftOut++;
    else this.#events.push({ atSeconds, kind, text });
  }

  observed(): Observed {
    return {
      groups: [...this.#capacity].map(([name, capacity]) => ({ name, capacity: [...capacity] })),
      alarms: [...this.#alarms].map(([name, changes]) => ({
        name,
        metric: this.#metrics.get(name) ?? '',
        changes: [...changes],
      })),
      activities: [...this.#activities.values()].sort((a, b) => a.atSeconds - b.atSeconds),
      events: [...this.#events],
      leftOut: this.#leftOut,
    };
  }

  /** The list under a name, made where there is room for another. */
  #listOf<Value>(lists: Map<string, Value[]>, name: string, room: number): Value[] | undefined {
    const known = lists.get(name);
    if (known || lists.size >= room) return known;
    const made: Value[] = [];
    lists.set(name, made);
    return made;
  }

  #keep<Value>(list: Value[] | undefined, value: Value): void {
    if (list && list.length < most.changes) list.push(value);
    else this.#leftOut++;
  }

  #seconds(date: Date): number {
    return (date.getTime() - this.#startMs) / 1000;
  }
}
