/** What alarms did, for two weeks back. */
import type { DescribeAlarmHistoryCommandInput } from '@aws-sdk/client-cloudwatch';
import type { Call, Scope } from '../service.ts';
import { constraint, oneOf, page } from './faults.ts';
import { type AlarmRecord, type HistoryRecord, history } from './state.ts';

const keptMs = 14 * 24 * 3_600_000;
const mostRecords = 10_000;
const types = ['ConfigurationUpdate', 'StateUpdate', 'Action'];

export const typeOf = ({ kind }: AlarmRecord) => (kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm');

export function remember(
  scope: Scope,
  alarm: AlarmRecord,
  entry: { type: HistoryRecord['type']; summary: string; data: object },
): void {
  const table = history(scope);
  const atMs = scope.clock.now();
  const keys = [...table.keys()];
  const key = Number(keys.at(-1) ?? 0) + 1;
  table.put(String(key), {
    alarmName: alarm.name,
    alarmType: typeOf(alarm),
    atMs,
    type: entry.type,
    summary: entry.summary,
    data: JSON.stringify(entry.data),
  });
  for (const [index, old] of keys.entries()) {
    const record = table.get(old);
    if (index >= keys.length - mostRecords && record && record.atMs > atMs - keptMs) break;
    table.delete(old);
  }
}

export function rememberState(scope: Scope, before: AlarmRecord, after: AlarmRecord): void {
  const state = ({ state, reason, reasonData }: AlarmRecord) => ({
    stateValue: state,
    stateReason: reason,
    ...(reasonData === undefined ? {} : { stateReasonData: parsed(reasonData) }),
  });
  remember(scope, after, {
    type: 'StateUpdate',
    summary: `Alarm updated from ${before.state} to ${after.state}`,
    data: { version: '1.0', oldState: state(before), newState: state(after) },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function describeAlarmHistory(input: DescribeAlarmHistoryCommandInput, call: Call) {
  const { AlarmName, AlarmTypes, HistoryItemType, StartDate, EndDate, MaxRecords = 100 } = input;
  if (HistoryItemType !== undefined && !types.includes(HistoryItemType)) {
    throw constraint(HistoryItemType, 'historyItemType', oneOf(types));
  }
  if (!Number.isInteger(MaxRecords) || MaxRecords < 1 || MaxRecords > 100) {
    throw constraint(MaxRecords, 'maxRecords', 'have value between 1 and 100');
  }
  const found = [...history(call).values()].filter(
    (one) =>
      (AlarmName === undefined || one.alarmName === AlarmName) &&
      (AlarmTypes === undefined || AlarmTypes.length === 0
        ? one.alarmType === 'MetricAlarm' || AlarmName !== undefined
        : AlarmTypes.includes(one.alarmType)) &&
      (HistoryItemType === undefined || one.type === HistoryItemType) &&
      (StartDate === undefined || one.atMs >= StartDate.getTime()) &&
      (EndDate === undefined || one.atMs <= EndDate.getTime()),
  );
  if (input.ScanBy !== 'TimestampAscending') found.reverse();
  const { items, ...more } = page(found, input.NextToken, MaxRecords);
  return {
    AlarmHistoryItems: items.map((one) => ({
      AlarmName: one.alarmName,
      AlarmType: one.alarmType,
      Timestamp: new Date(one.atMs),
      HistoryItemType: one.type,
      HistorySummary: one.summary,
      HistoryData: one.data,
    })),
    ...more,
  };
}
