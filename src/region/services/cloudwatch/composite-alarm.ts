/** PutCompositeAlarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
import type { PutCompositeAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import type { Call } from '../service.ts';
import { begun, putAlarm } from './alarm.ts';
import { isTopic } from './alarm-actions.ts';
import { checkActions, checkAlarmName, checkDescription } from './alarm-input.ts';
import { alarmsIn, parseRule } from './alarm-rule.ts';
import { evaluateComposites } from './composite.ts';
import { invalid, missingParameter, refuseMembers } from './faults.ts';
import { alarms } from './state.ts';

export function putCompositeAlarm(input: PutCompositeAlarmCommandInput, call: Call) {
  const name = checkAlarmName(input.AlarmName);
  checkDescription(input.AlarmDescription);
  refuseMembers(input, [
    'ActionsSuppressor',
    'ActionsSuppressorWaitPeriod',
    'ActionsSuppressorExtensionPeriod',
    'ActionConfiguration',
  ]);
  if (!input.AlarmRule) throw missingParameter('AlarmRule');
  const missing = alarmsIn(parseRule(input.AlarmRule)).filter((one) => !alarms(call).has(one));
  if (missing.length > 0) {
    throw invalid(
      `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
    );
  }
  putAlarm(call, {
    kind: 'composite',
    name,
    description: input.AlarmDescription,
    actionsEnabled: input.ActionsEnabled ?? true,
    ...checkActions(input, isTopic),
    rule: input.AlarmRule,
    ...begun(call, name, input.Tags),
  });
  evaluateComposites(call);
  return {};
}
