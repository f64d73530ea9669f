/** Which instances a request means, and what moving them does to the group's desired capacity. */
import type { Call } from '../service.ts';
import {
  changeGroup,
  type GroupRecord,
  groupOf,
  invalid,
  type Lifecycle,
  type MemberRecord,
  memberOf,
} from './state.ts';

const mostInstances = 20;

export function checkInstanceIds(ids: readonly string[] | undefined): readonly string[] {
  if (!ids?.length) throw invalid('At least one instance ID must be specified.');
  if (ids.length > mostInstances) throw invalid(`At most ${mostInstances} instance IDs can be specified.`);
  return [...new Set(ids)];
}

/** Members in one of `states`; the first that is none is refused. */
export function chosenMembers(
  call: Call,
  group: GroupRecord,
  ids: readonly string[] | undefined,
  states: readonly Lifecycle[],
): MemberRecord[] {
  return checkInstanceIds(ids).map((id) => {
    const member = memberOf(call, id);
    if (member?.group !== group.name)
      throw invalid(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
    if (member.warm || !states.includes(member.lifecycle))
      throw invalid(`The instance ${id} is not in ${states.join(' or ')}.`);
    return member;
  });
}

/**
 * Moves the desired capacity by one for each of `count` instances, within the group's bounds. Returns the ends of their
 * activities' causes.
 * @param step 1 or -1, or 0 to leave it
 * @param doing begins AWS's refusal: `To place into standby`
 */
export function resize(call: Call, name: string, count: number, step: -1 | 0 | 1, doing: string): string[] {
  const { min, max, desired } = groupOf(call, name);
  const wanted = desired + step * count;
  if (step !== 0 && (wanted < min || wanted > max)) {
    throw invalid(
      `AutoScalingGroup ${name} has min-size=${min}, max-size=${max}, and desired-size=${desired}. ${doing} ${count} instance${count === 1 ? '' : 's'}, please update the AutoScalingGroup sizes appropriately.`,
    );
  }
  changeGroup(call, name, { desired: wanted });
  return Array.from({ length: count }, (_, n) => {
    if (step === 0) return '.';
    const from = desired + step * n;
    return `, ${step > 0 ? 'increasing' : 'shrinking'} the capacity from ${from} to ${from + step}.`;
  });
}

/** `ShouldDecrementDesiredCapacity` has no default. */
export function decrement(asked: boolean | undefined): -1 | 0 {
  if (asked === undefined) throw invalid('ShouldDecrementDesiredCapacity is required.');
  return asked ? -1 : 0;
}
