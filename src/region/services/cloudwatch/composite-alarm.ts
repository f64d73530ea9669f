/** PutCompositeAlarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
import type { PutCompositeAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import type { Call } from '../service.ts';
import { begun, putAlarm } from './alarm.ts';
import { isTopic } from './alarm-actions.ts';
import { checkActions, checkAlarmName, checkDescription } from './alarm-input.ts';
import { alarmNameOf, alarmsIn, parseRule } from './alarm-rule.ts';
import { evaluateComposites } from './composite.ts';
import { invalid, missingParameter, refuseMembers } from './faults.ts';
import { alarms, type CompositeAlarmRecord } from './state.ts';

export function putCompositeAlarm(input: PutCompositeAlarmCommandInput, call: Call) {
  const name = checkAlarmName(input.AlarmName);
  checkDescription(input.AlarmDescription);
  refuseMembers(input, ['ActionConfiguration']);
  if (!input.AlarmRule) throw missingParameter('AlarmRule');
  const missing = alarmsIn(parseRule(input.AlarmRule)).filter((one) => !alarms(call).has(one));
  if (missing.length > 0) {
    throw invalid(
      `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
    );
  }
  const suppressor = checkSuppressor(input, call);
  const before = alarms(call).get(name);
  // Another suppressor begins anew; the same goes on.
  const same = before?.kind === 'composite' && before.suppressor?.alarm === suppressor?.alarm ? before : undefined;
  const begins = begun(call, name, input.Tags);
  putAlarm(call, {
    kind: 'composite',
    name,
    description: input.AlarmDescription,
    actionsEnabled: input.ActionsEnabled ?? true,
    ...checkActions(input, isTopic),
    rule: input.AlarmRule,
    ...begins,
    ...(suppressor
      ? { suppressor, settled: same?.settled ?? { state: begins.state, transitionedMs: begins.transitionedMs } }
      : {}),
    ...(same?.suppression ? { suppression: same.suppression } : {}),
  });
  evaluateComposites(call);
  return {};
}

function checkSuppressor(input: PutCompositeAlarmCommandInput, call: Call): CompositeAlarmRecord['suppressor'] {
  const {
    ActionsSuppressor: given,
    ActionsSuppressorWaitPeriod: waitSeconds,
    ActionsSuppressorExtensionPeriod: extensionSeconds,
  } = input;
  if (given === undefined) {
    if (waitSeconds === undefined && extensionSeconds === undefined) return undefined;
    throw missingParameter('ActionsSuppressor');
  }
  const alarm = alarmNameOf(given);
  if (!alarms(call).has(alarm)) {
    throw invalid(`Could not save the composite alarm as the suppressor alarm ${given} does not exist`);
  }
  if (waitSeconds === undefined) throw missingParameter('ActionsSuppressorWaitPeriod');
  if (extensionSeconds === undefined) throw missingParameter('ActionsSuppressorExtensionPeriod');
  for (const seconds of [waitSeconds, extensionSeconds]) {
    if (!Number.isInteger(seconds) || seconds < 0) {
      throw invalid(`The periods of a suppressor must be whole seconds, not ${seconds}`);
    }
  }
  return { given, alarm, waitSeconds, extensionSeconds };
}
