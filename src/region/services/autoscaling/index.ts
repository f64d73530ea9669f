/** Auto Scaling: groups of machines that are kept at their number, spread over zones, and healthy. */
import { type Scope, service } from '../service.ts';
import { groupAccess } from './access.ts';
import { describeScalingActivities } from './activity.ts';
import * as attachment from './attachment.ts';
import * as catalogue from './catalogue.ts';
import * as group from './group.ts';
import { publishMetrics } from './group-metrics.ts';
import * as instance from './instance.ts';
import { completeLifecycleAction, recordLifecycleActionHeartbeat } from './lifecycle-callback.ts';
import * as hook from './lifecycle-hook.ts';
import { lifecycleHook } from './lifecycle-hook-resource.ts';
import { executePolicy } from './policy-execution.ts';
import { scalingPolicy } from './policy-resource.ts';
import * as processes from './processes.ts';
import { start } from './reconcile.ts';
import * as refresh from './refresh.ts';
import { autoScalingGroup } from './resources.ts';
import * as policy from './scaling-policy.ts';
import * as scheduled from './scheduled-action.ts';
import { scheduledAction } from './scheduled-action-resource.ts';
import { armSchedule } from './scheduled-execution.ts';
import * as standby from './standby.ts';
import * as tags from './tags.ts';
import * as targetGroups from './target-groups.ts';
import * as warmPool from './warm-pool.ts';
import { warmPoolResource } from './warm-pool-resource.ts';

const metricsEveryMs = 60_000;

export const autoScaling = service('@aws-sdk/client-auto-scaling', 'autoscaling', {
  operations: {
    createAutoScalingGroup: group.createAutoScalingGroup,
    updateAutoScalingGroup: group.updateAutoScalingGroup,
    deleteAutoScalingGroup: group.deleteAutoScalingGroup,
    describeAutoScalingGroups: group.describeAutoScalingGroups,
    setDesiredCapacity: group.setDesiredCapacity,
    describeAutoScalingInstances: instance.describeAutoScalingInstances,
    terminateInstanceInAutoScalingGroup: instance.terminateInstanceInAutoScalingGroup,
    setInstanceHealth: instance.setInstanceHealth,
    setInstanceProtection: instance.setInstanceProtection,
    attachInstances: { handle: attachment.attachInstances, access: groupAccess },
    detachInstances: { handle: attachment.detachInstances, access: groupAccess },
    putWarmPool: { handle: warmPool.putWarmPool, access: groupAccess },
    describeWarmPool: warmPool.describeWarmPool,
    deleteWarmPool: { handle: warmPool.deleteWarmPool, access: groupAccess },
    enterStandby: { handle: standby.enterStandby, access: groupAccess },
    exitStandby: { handle: standby.exitStandby, access: groupAccess },
    describeScalingActivities,
    putLifecycleHook: { handle: hook.putLifecycleHook, access: groupAccess },
    deleteLifecycleHook: { handle: hook.deleteLifecycleHook, access: groupAccess },
    describeLifecycleHooks: hook.describeLifecycleHooks,
    describeLifecycleHookTypes: hook.describeLifecycleHookTypes,
    completeLifecycleAction: { handle: completeLifecycleAction, access: groupAccess },
    recordLifecycleActionHeartbeat: { handle: recordLifecycleActionHeartbeat, access: groupAccess },
    attachLoadBalancerTargetGroups: targetGroups.attachLoadBalancerTargetGroups,
    detachLoadBalancerTargetGroups: targetGroups.detachLoadBalancerTargetGroups,
    describeLoadBalancerTargetGroups: targetGroups.describeLoadBalancerTargetGroups,
    suspendProcesses: processes.suspendProcesses,
    resumeProcesses: processes.resumeProcesses,
    describeScalingProcessTypes: processes.describeScalingProcessTypes,
    enableMetricsCollection: processes.enableMetricsCollection,
    disableMetricsCollection: processes.disableMetricsCollection,
    describeMetricCollectionTypes: processes.describeMetricCollectionTypes,
    putScalingPolicy: policy.putScalingPolicy,
    describePolicies: policy.describePolicies,
    deletePolicy: policy.deletePolicy,
    executePolicy,
    startInstanceRefresh: refresh.startInstanceRefresh,
    describeInstanceRefreshes: refresh.describeInstanceRefreshes,
    cancelInstanceRefresh: refresh.cancelInstanceRefresh,
    rollbackInstanceRefresh: refresh.rollbackInstanceRefresh,
    putScheduledUpdateGroupAction: scheduled.putScheduledUpdateGroupAction,
    batchPutScheduledUpdateGroupAction: scheduled.batchPutScheduledUpdateGroupAction,
    describeScheduledActions: scheduled.describeScheduledActions,
    deleteScheduledAction: scheduled.deleteScheduledAction,
    batchDeleteScheduledAction: scheduled.batchDeleteScheduledAction,
    createOrUpdateTags: tags.createOrUpdateTags,
    deleteTags: tags.deleteTags,
    describeTags: tags.describeTags,
    describeAccountLimits: catalogue.describeAccountLimits,
    describeTerminationPolicyTypes: catalogue.describeTerminationPolicyTypes,
    describeAdjustmentTypes: catalogue.describeAdjustmentTypes,
  },
  resources: {
    'AWS::AutoScaling::AutoScalingGroup': autoScalingGroup,
    'AWS::AutoScaling::LifecycleHook': lifecycleHook,
    'AWS::AutoScaling::ScalingPolicy': scalingPolicy,
    'AWS::AutoScaling::ScheduledAction': scheduledAction,
    'AWS::AutoScaling::WarmPool': warmPoolResource,
  },
  start(scope: Scope) {
    start(scope);
    armSchedule(scope);
    scope.clock.every(metricsEveryMs, () => publishMetrics(scope));
  },
});
