/** What an alarm is called in reports. */

/** `TargetTracking-gallery-ApiGroup-…-AlarmHigh-6f2…` says less than what is measured, and on which side it is. */
export function alarmTitle({ name, metric }: { readonly name: string; readonly metric: string }): string {
  const [, side] = /^TargetTracking-.*-Alarm(High|Low)-[0-9a-f-]+$/.exec(name) ?? [];
  return side && metric ? `${metric} ${side === 'High' ? 'above' : 'below'} its target` : name;
}
