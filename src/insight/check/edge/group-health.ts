/** Groups that keep sick machines, end healthy ones, or call an update done that is not. */
import type { Model, ModelResource } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { groupsOf } from './groups.ts';
import { isTrue, listOf, ofType, recordOf, textOf } from './parts.ts';
import { pasteInto } from './paste.ts';

const guide = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide';

const healthCheck: Rule = {
  id: 'group-health-check',
  severity: 'warning',
  title: 'Groups behind a balancer replace what it finds unhealthy',
  page: `${guide}/as-add-elb-healthcheck.html`,
  *find(model) {
    for (const { group } of groupsOf(model)) {
      const { TargetGroupARNs, HealthCheckType } = group.properties;
      const behind = listOf(TargetGroupARNs).length > 0;
      if (!behind || (textOf(HealthCheckType) ?? 'EC2').split(',').includes('ELB')) continue;
      yield {
        message: `${group.logicalId} stands behind a balancer but asks EC2 alone: a machine whose program is dead gets no requests, and is never replaced.`,
        logicalId: group.logicalId,
        path: ['Properties', 'HealthCheckType'],
        fix: pasteInto(group.logicalId, { HealthCheckType: 'ELB', HealthCheckGracePeriod: 180 }),
      };
    }
  },
};

const gracePeriod: Rule = {
  id: 'group-grace-period',
  severity: 'warning',
  title: 'New machines get time to start',
  page: `${guide}/health-check-grace-period.html`,
  *find(model) {
    for (const { group } of groupsOf(model)) {
      const { HealthCheckType, HealthCheckGracePeriod } = group.properties;
      // A launch hook keeps a machine out of service until it is ready.
      if (hasLaunchHook(model, group)) continue;
      if (!(textOf(HealthCheckType) ?? '').split(',').includes('ELB') || Number(HealthCheckGracePeriod ?? 0) > 0)
        continue;
      yield {
        message: `${group.logicalId} has no HealthCheckGracePeriod (0 seconds from a template): a machine that is still starting fails its first checks and is replaced, again and again.`,
        logicalId: group.logicalId,
        path: ['Properties', 'HealthCheckGracePeriod'],
        fix: pasteInto(group.logicalId, { HealthCheckGracePeriod: 180 }),
      };
    }
  },
};

function hasLaunchHook(model: Model, { physicalId, properties }: ModelResource): boolean {
  const apart = ofType(model, 'AWS::AutoScaling::LifecycleHook').filter(
    (hook) => hook.properties.AutoScalingGroupName === physicalId,
  );
  return [...listOf(properties.LifecycleHookSpecificationList), ...apart.map((hook) => hook.properties)].some(
    (hook) => recordOf(hook).LifecycleTransition === 'autoscaling:EC2_INSTANCE_LAUNCHING',
  );
}

const updateSignals: Rule = {
  id: 'update-signals',
  severity: 'error',
  title: 'Rolling updates wait for the machines that they count',
  page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html',
  *find(model) {
    for (const { group } of groupsOf(model)) {
      const policy = recordOf(model.template.resources[group.logicalId]?.UpdatePolicy);
      const rolling = recordOf(policy.AutoScalingRollingUpdate);
      if (rolling.MinSuccessfulInstancesPercent === undefined || isTrue(rolling.WaitOnResourceSignals)) continue;
      // A function decides it.
      if (typeof rolling.WaitOnResourceSignals === 'object') continue;
      yield {
        message: `The rolling update of ${group.logicalId} counts successful machines (MinSuccessfulInstancesPercent) but waits for no signal of them: it goes on while none of the new ones has started.`,
        logicalId: group.logicalId,
        path: ['UpdatePolicy', 'AutoScalingRollingUpdate'],
        fix: pasteInto(`${group.logicalId}: UpdatePolicy.AutoScalingRollingUpdate`, {
          WaitOnResourceSignals: true,
          PauseTime: 'PT15M',
        }),
      };
    }
  },
};

export const groupHealth: readonly Rule[] = [healthCheck, gracePeriod, updateSignals];
