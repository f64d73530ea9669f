/** Scaling policies that want data: the metric may be misspelt, nothing of a simulation reports it, or it comes seldom. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';

interface Alarm {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly AlarmActions: readonly string[];
  readonly AlarmConfigurationUpdatedTimestamp: Date;
  readonly StateTransitionedTimestamp: Date;
}

/** In words, one for each metric. */
export async function silentPolicies({ region }: Pick<SimulatedRegion, 'region'>): Promise<string[]> {
  const { MetricAlarms } = await region.invoke<{ MetricAlarms: readonly Alarm[] }>('cloudwatch', 'DescribeAlarms', {
    StateValue: 'INSUFFICIENT_DATA',
    MaxRecords: 100,
  });
  const scaling = MetricAlarms.filter(({ AlarmActions }) =>
    AlarmActions.some((one) => one.includes(':scalingPolicy:')),
  );
  const notes = scaling.map((alarm) => {
    const metric = `${alarm.Namespace ?? ''} ${alarm.MetricName ?? ''}`.trim();
    // An alarm begins without data: one that came to it later has had some.
    return alarm.StateTransitionedTimestamp > alarm.AlarmConfigurationUpdatedTimestamp
      ? `${metric} has data at times only, and none at the end: the policy that follows it acts late, and not in between.`
      : `${metric} has no data at the end: the policy that follows it does nothing.`;
  });
  return [...new Set(notes)];
}
