/**
 * The warm pool of a group: instances that were booted already, kept ready beside it.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
 */
import type {
  DeleteWarmPoolCommandInput,
  DescribeWarmPoolCommandInput,
  PutWarmPoolCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { instanceView, poolView } from './group-view.ts';
import { kick } from './reconcile.ts';
import { changeGroup, groupOf, invalid, notModelled, page, pageSize, poolOf, type WarmPool } from './state.ts';

/** What is left out stays as it was. */
export function putWarmPool(input: PutWarmPoolCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  if (group.deleting) throw invalid(`The group ${group.name} is being deleted.`);
  if (group.pool?.deleting) {
    throw new Fault('ScalingActivityInProgress', `The warm pool of ${group.name} is being deleted.`);
  }
  const { min = 0, state = 'Stopped', reuse = false, prepared } = group.pool ?? {};
  const pool: WarmPool = {
    min: count('MinSize', input.MinSize ?? min),
    state: poolState(input.PoolState ?? state),
    reuse: input.InstanceReusePolicy?.ReuseOnScaleIn ?? reuse,
    ...preparedOf(input.MaxGroupPreparedCapacity ?? prepared),
  };
  changeGroup(call, group.name, { pool });
  kick(call, group.name);
  return {};
}

function count(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw invalid(`${name} must be a whole number of at least 0, not ${value}`);
}

function poolState(text: string): WarmPool['state'] {
  if (text === 'Stopped' || text === 'Running') return text;
  if (text === 'Hibernated') throw notModelled('PoolState Hibernated');
  throw invalid(`Invalid PoolState: ${text}`);
}

/** -1 takes it away. */
function preparedOf(given: number | undefined): Pick<WarmPool, 'prepared'> {
  if (given === undefined || given === -1) return {};
  return { prepared: count('MaxGroupPreparedCapacity', given) };
}

export function describeWarmPool(input: DescribeWarmPoolCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const known = poolOf(call, group.name).flatMap((member) =>
    member.instanceId === undefined ? [] : [instanceView(member, member.instanceId)],
  );
  const { items, ...next } = page(known, input.NextToken, pageSize(input.MaxRecords, 50));
  return { ...poolView(group), Instances: items, ...next };
}

export function deleteWarmPool(input: DeleteWarmPoolCommandInput, call: Call) {
  const { name, pool } = groupOf(call, input.AutoScalingGroupName);
  if (!pool) throw invalid(`No warm pool found for AutoScalingGroup ${name}`);
  const left = poolOf(call, name);
  if (left.length > 0 && !input.ForceDelete) {
    const over = left.every(({ lifecycle }) => lifecycle === 'Terminating');
    throw new Fault(
      over ? 'ScalingActivityInProgress' : 'ResourceInUse',
      'You cannot delete a warm pool while there are instances or scaling activities in it. Use ForceDelete to end them.',
    );
  }
  changeGroup(call, name, { pool: { ...pool, deleting: true } });
  kick(call, name);
  return {};
}
