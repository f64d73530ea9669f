/** Alarms of the template, and those that policies make for themselves: billed by the metrics that they watch. */
import type { Model } from '../model/model.ts';
import { listOf } from './describe.ts';
import type { Alarms } from './inventory.ts';

interface AlarmView {
  readonly AlarmName: string;
  readonly Period?: number;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Period?: number } }[];
  readonly AlarmActions?: readonly string[];
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

/** Those of the template, and the two that each policy of target tracking makes for itself. */
export async function alarmsOf(model: Model): Promise<readonly Alarms[]> {
  const metricAlarms = await listOf<AlarmView>(model, 'cloudwatch', 'DescribeAlarms', 'MetricAlarms', {
    AlarmTypes: ['MetricAlarm'],
    MaxRecords: 100,
  });
  const composite = await listOf<AlarmView>(model, 'cloudwatch', 'DescribeAlarms', 'CompositeAlarms', {
    AlarmTypes: ['CompositeAlarm'],
    MaxRecords: 100,
  });
  const partOf = ({ AlarmName, AlarmActions = [] }: AlarmView) =>
    model.logicalIdOf(AlarmName) ?? AlarmActions.map((one) => model.logicalIdOf(one)).find((one) => one) ?? AlarmName;
  const all = [
    ...metricAlarms.map((alarm): Alarms => {
      const watched = (alarm.Metrics ?? []).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat] : []));
      const period = alarm.Period ?? Math.min(60, ...watched.map((one) => one.Period ?? 60));
      const nat = alarm.Dimensions?.find(({ Name }) => Name === 'NatGatewayId')?.Value;
      return {
        part: partOf(alarm),
        kind: period < 60 ? 'fastAlarms' : 'alarms',
        count: Math.max(1, watched.length),
        nat: nat === undefined ? undefined : (model.logicalIdOf(nat) ?? nat),
      };
    }),
    ...composite.map((alarm): Alarms => ({ part: partOf(alarm), kind: 'compositeAlarms', count: 1 })),
  ];
  return together(all);
}

/** A policy's two alarms are one line. */
function together(alarms: readonly Alarms[]): readonly Alarms[] {
  const found = new Map<string, Alarms>();
  for (const one of alarms) {
    const key = JSON.stringify([one.part, one.kind, one.nat]);
    const before = found.get(key);
    found.set(key, before ? { ...before, count: before.count + one.count } : one);
  }
  return [...found.values()];
}
