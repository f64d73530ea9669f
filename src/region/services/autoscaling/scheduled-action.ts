/** Scheduled actions: put, described, deleted. What they do is in `scheduled-execution.ts`. */
import type {
  BatchDeleteScheduledActionCommandInput,
  BatchPutScheduledUpdateGroupActionCommandInput,
  DeleteScheduledActionCommandInput,
  DescribeScheduledActionsCommandInput,
  FailedScheduledUpdateGroupActionRequest,
  PutScheduledUpdateGroupActionCommandInput,
  ScheduledUpdateGroupAction,
  ScheduledUpdateGroupActionRequest,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { parseCron } from './cron.ts';
import { armSchedule } from './scheduled-execution.ts';
import { recurs, type ScheduledRecord, scheduledActions, scheduledKey, scheduledOf } from './scheduled-state.ts';
import { groupOf, invalid, page, pageSize } from './state.ts';
import { isZone } from './zone-time.ts';

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html */
const mostPerGroup = 125;
const mostPerBatch = 50;

export function putScheduledUpdateGroupAction(input: PutScheduledUpdateGroupActionCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  if (input.Time && input.StartTime && input.Time.getTime() !== input.StartTime.getTime()) {
    throw invalid('Time is no longer used, and must be the same as StartTime.');
  }
  const startTime = input.StartTime ?? input.Time;
  put(call, name, { ...input, StartTime: startTime });
  armSchedule(call);
  return {};
}

export function batchPutScheduledUpdateGroupAction(input: BatchPutScheduledUpdateGroupActionCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const actions = input.ScheduledUpdateGroupActions ?? [];
  refuseMany('ScheduledUpdateGroupActions', actions);
  const failed = actions.flatMap((action) => failureOf(action.ScheduledActionName, () => put(call, name, action)));
  armSchedule(call);
  return { FailedScheduledUpdateGroupActions: failed };
}

function refuseMany(member: string, given: readonly unknown[]): void {
  if (given.length > mostPerBatch) throw invalid(`${member} can have at most ${mostPerBatch} members.`);
}

/** What is wrong with one of many does not hinder the others. */
function failureOf(name: string | undefined, run: () => void): FailedScheduledUpdateGroupActionRequest[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ ScheduledActionName: name ?? '', ErrorCode: error.code, ErrorMessage: error.message }];
  }
}

function put(call: Call, group: string, given: ScheduledUpdateGroupActionRequest): void {
  const { ScheduledActionName: name = '' } = given;
  if (!/^[^\n:/]{1,255}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'scheduledActionName' failed to satisfy constraint: Member must have length between 1 and 255, and no colon or slash`,
    );
  }
  const others = scheduledOf(call, group).filter((action) => action.name !== name);
  if (others.length >= mostPerGroup) {
    throw new Fault('LimitExceeded', `A group can have at most ${mostPerGroup} scheduled actions.`);
  }
  const before = scheduledActions(call).get(scheduledKey({ group, name }));
  const arn =
    before?.arn ??
    `arn:aws:autoscaling:${call.region}:${call.account}:scheduledUpdateGroupAction:${call.random.uuid()}:autoScalingGroupName/${group}:scheduledActionName/${name}`;
  const action = { arn, group, name, ...timesOf(call, given), ...sizesOf(given) };
  const nextMs = action.startMs ?? recurs(action, call.clock.now());
  if (nextMs === undefined) throw invalid(`The recurrence ${action.recurrence} never comes before the end time.`);
  // "A scheduled action must have a unique time value."
  if (others.some((other) => other.nextMs === nextMs)) {
    throw new Fault(
      'AlreadyExists',
      `A scheduled action with the start time ${new Date(nextMs).toISOString()} already exists.`,
    );
  }
  scheduledActions(call).put(scheduledKey(action), { ...action, nextMs });
}

function timesOf(call: Call, { StartTime, EndTime, Recurrence, TimeZone }: ScheduledUpdateGroupActionRequest) {
  const now = call.clock.now();
  if (!StartTime && Recurrence === undefined) throw invalid('Either StartTime or Recurrence must be specified.');
  if (StartTime && StartTime.getTime() <= now) throw invalid('Given start time is in the past');
  if (EndTime && EndTime.getTime() <= now) throw invalid('Given end time is in the past');
  if (StartTime && EndTime && EndTime.getTime() < StartTime.getTime()) {
    throw invalid('The end time must not be before the start time.');
  }
  if (Recurrence !== undefined && !parseCron(Recurrence)) {
    throw invalid(`Given recurrence string: ${Recurrence} is invalid`);
  }
  if (TimeZone !== undefined && !isZone(TimeZone)) throw invalid(`Given time zone: ${TimeZone} is invalid`);
  return {
    ...(StartTime ? { startMs: StartTime.getTime() } : {}),
    ...(EndTime ? { endMs: EndTime.getTime() } : {}),
    ...(Recurrence === undefined ? {} : { recurrence: Recurrence }),
    ...(TimeZone === undefined ? {} : { zone: TimeZone }),
  };
}

function sizesOf({ MinSize: min, MaxSize: max, DesiredCapacity: desired }: ScheduledUpdateGroupActionRequest) {
  const sizes = { MinSize: min, MaxSize: max, DesiredCapacity: desired };
  for (const [name, value] of Object.entries(sizes)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0)) {
      throw invalid(`${name} must be a whole number of at least 0, not ${value}`);
    }
  }
  if (min === undefined && max === undefined && desired === undefined) {
    throw invalid('At least one of MinSize, MaxSize or DesiredCapacity must be specified.');
  }
  if (min !== undefined && max !== undefined && max < min) {
    throw invalid(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  }
  const { least = 0, most = Number.POSITIVE_INFINITY } = { least: min, most: max };
  if (desired !== undefined && (desired < least || desired > most)) {
    throw invalid(`Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
  }
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(desired === undefined ? {} : { desired }),
  };
}

export function deleteScheduledAction(input: DeleteScheduledActionCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName).name;
  remove(call, group, input.ScheduledActionName);
  return {};
}

export function batchDeleteScheduledAction(input: BatchDeleteScheduledActionCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName).name;
  const names = input.ScheduledActionNames ?? [];
  refuseMany('ScheduledActionNames', names);
  return { FailedScheduledActions: names.flatMap((name) => failureOf(name, () => remove(call, group, name))) };
}

function remove(call: Call, group: string, name = ''): void {
  const key = scheduledKey({ group, name });
  if (!scheduledActions(call).has(key)) throw invalid('Scheduled action name not found');
  scheduledActions(call).delete(key);
  armSchedule(call);
}

/** Those that are still to come: one that was carried out and does not recur is gone. */
export function describeScheduledActions(input: DescribeScheduledActionsCommandInput, call: Call) {
  const { AutoScalingGroupName: group, ScheduledActionNames: names = [], StartTime, EndTime } = input;
  if (group !== undefined) groupOf(call, group);
  const inTime = ({ nextMs }: ScheduledRecord) =>
    nextMs >= (StartTime?.getTime() ?? Number.NEGATIVE_INFINITY) &&
    nextMs <= (EndTime?.getTime() ?? Number.POSITIVE_INFINITY);
  const found = [...scheduledActions(call).values()]
    .filter((action) => group === undefined || action.group === group)
    // With names, the times are not looked at.
    .filter((action) => (names.length > 0 ? names.includes(action.name) : inTime(action)))
    .sort((a, b) => a.nextMs - b.nextMs);
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords, 100, 50));
  return { ScheduledUpdateGroupActions: items.map(actionView), ...next };
}

function actionView(action: ScheduledRecord): ScheduledUpdateGroupAction {
  const { endMs, recurrence, zone, min, max, desired } = action;
  return {
    AutoScalingGroupName: action.group,
    ScheduledActionName: action.name,
    ScheduledActionARN: action.arn,
    // Of a recurring action, the next time.
    Time: new Date(action.nextMs),
    StartTime: new Date(action.nextMs),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
    ...(recurrence === undefined ? {} : { Recurrence: recurrence }),
    ...(zone === undefined ? {} : { TimeZone: zone }),
    ...(min === undefined ? {} : { MinSize: min }),
    ...(max === undefined ? {} : { MaxSize: max }),
    ...(desired === undefined ? {} : { DesiredCapacity: desired }),
  };
}
