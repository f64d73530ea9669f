/** Scaling policies that do nothing for want of data: the metric may be misspelt, or nothing of a simulation reports it. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';

interface Alarm {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly AlarmActions: readonly string[];
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
  const metrics = new Set(scaling.map(({ Namespace = '', MetricName = '' }) => `${Namespace} ${MetricName}`.trim()));
  return [...metrics].map((metric) => `${metric} has no data at the end: the policy that follows it does nothing.`);
}
