/** Makes the group as large as it shall be, and its zones alike. */
import type { Scope } from '../service.ts';
import { balancedText, balancingCause, endedFirst, pickVictim, tellProtected } from './balance.ts';
import { imbalance, nextPlace } from './choose.ts';
import { beginEnding } from './ending.ts';
import { addMember, templateNow } from './launch.ts';
import { activeRefresh, launchingGroup } from './refresh-state.ts';
import { type Launches, launchedAhead } from './replacement.ts';
import {
  capacityOf,
  changeGroup,
  changeMember,
  type GroupRecord,
  groups,
  isSuspended,
  type MemberRecord,
  membersOf,
  restlessOf,
  timeText,
} from './state.ts';
import { returnToPool, reuses, takeWarm } from './warm-pool-loop.ts';

export async function adjustCapacity(scope: Scope, name: string, launches: Launches): Promise<void> {
  const group = groups(scope).get(name);
  if (!group) return;
  if (group.deleting) endOthers(scope, group);
  const have = capacityOf(scope, name);
  const missing = group.desired + launchedAhead(scope, name) - have.length;
  if (missing > 0 && !isSuspended(group, 'Launch') && !group.deleting) {
    if (launches.allowed) await grow(scope, group, have, missing, launches);
  } else if (missing < 0 && !isSuspended(group, 'Terminate')) {
    // A launch that is to balance the zones is waited for before another makes room.
    const balancing = have.some(({ lifecycle }) => lifecycle === 'Pending') && group.change === undefined;
    if (!balancing) shrink(scope, group, have, -missing);
  } else if (missing === 0) {
    if (group.change !== undefined) changeGroup(scope, name, withoutChange);
    if (!group.deleting) await rebalance(scope, group, have, launches);
  }
}

/** A forced deletion also ends what is in the group and not of its capacity. */
function endOthers(scope: Scope, group: GroupRecord): void {
  for (const member of membersOf(scope, group.name)) {
    if (member.lifecycle !== 'EnteringStandby' && member.lifecycle !== 'Standby') continue;
    const text = `At ${timeText(scope)} instance ${member.instanceId} was selected for termination.`;
    beginEnding(scope, member, because(group, text));
  }
}

const withoutChange = { change: undefined, launchWarmupSeconds: undefined } as unknown as Partial<GroupRecord>;

function because(group: GroupRecord, text: string): string {
  return group.change === undefined ? text : `${group.change}  ${text}`;
}

async function grow(
  scope: Scope,
  given: GroupRecord,
  have: readonly MemberRecord[],
  missing: number,
  launches: Launches,
): Promise<void> {
  const group = launchingGroup(scope, given);
  const template = await templateNow(scope, group);
  const leaving = membersOf(scope, group.name).filter(
    (one) => one.lifecycle === 'Terminating' && (one.sickness || one.replacedFor) && !one.replaced,
  );
  const places: { zone: string; subnetId: string }[] = [...have];
  for (let n = 0; n < missing; n++) {
    const place = nextPlace(group.subnets, places, launches.avoid);
    if (!place) return;
    const replaced = leaving.shift();
    const now = timeText(scope);
    if (replaced) changeMember(scope, replaced.key, { replaced: true });
    const cause = replaced
      ? `At ${now} an instance was launched in response to ${replaced.replacedFor ?? 'an unhealthy instance needing to be replaced'}.`
      : because(
          group,
          `At ${now} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${have.length} to ${have.length + missing}.`,
        );
    places.push(takeWarm(scope, group, place.zone, cause) ?? addMember(scope, group, template, place, cause));
  }
  changeGroup(scope, group.name, withoutChange);
}

function shrink(scope: Scope, given: GroupRecord, have: readonly MemberRecord[], excess: number): void {
  const group = launchingGroup(scope, given);
  const before = group.change === undefined ? balancedText(scope, have) : '';
  const reason = () =>
    `${before}At ${timeText(scope)} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${have.length} to ${have.length - excess}.`;
  let all = [...have];
  for (let n = 0; n < excess; n++) {
    const victim = pickVictim(scope, group, all);
    if (!victim) {
      // Told once for each change.
      const held = all.some(({ protectedFromScaleIn }) => protectedFromScaleIn);
      if (!held || group.change === undefined) return;
      tellProtected(scope, group, because(group, reason()));
      break;
    }
    all = all.filter(({ key }) => key !== victim.key);
    const chosen = `At ${timeText(scope)} instance ${victim.instanceId} was selected for termination.`;
    const cause = because(group, `${reason()}  ${chosen}`);
    if (reuses(group)) returnToPool(scope, victim, cause);
    else beginEnding(scope, victim, cause);
  }
  changeGroup(scope, group.name, withoutChange);
}

/**
 * One more in the emptiest zone, then one less in the fullest. It may exceed the maximum by 10 % or one.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage
 */
async function rebalance(
  scope: Scope,
  group: GroupRecord,
  have: readonly MemberRecord[],
  launches: Launches,
): Promise<void> {
  // While `Terminate` is suspended the one more stays, as on AWS.
  if (['AZRebalance', 'Launch'].some((process) => isSuspended(group, process))) return;
  // What is replaced anyway is launched where there are fewest.
  if (activeRefresh(scope, group.name) || launchedAhead(scope, group.name) > 0) return;
  const moving = ({ warm, lifecycle }: MemberRecord) => !warm && lifecycle !== 'InService' && lifecycle !== 'Standby';
  if (restlessOf(scope, group.name).some(moving)) return;
  if (imbalance(group.subnets, have) < 2 || launches.avoid.size > 0 || !launches.allowed) return;
  const inside = have.filter(({ subnetId }) => group.subnets.some(({ id }) => id === subnetId));
  const place = nextPlace(group.subnets, inside);
  if (!place || endedFirst(scope, group, have)) return;
  const template = await templateNow(scope, group);
  const cause = balancingCause(scope, group, inside);
  addMember(scope, group, template, place, cause);
}
