/** Groups that scale late, wrongly, or never back. */
import type { Rule } from '../rule.ts';
import { groupsOf, trackingOf } from './groups.ts';
import { and, isTrue, listOf, ofType, recordOf, textOf } from './parts.ts';
import { pasteInto } from './paste.ts';

const guide = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide';

const detailedMonitoring: Rule = {
  id: 'group-detailed-monitoring',
  severity: 'warning',
  title: 'Groups that follow a metric get one each minute',
  page: `${guide}/enable-as-instance-metrics.html`,
  *find(model) {
    for (const { group, launch, policies } of groupsOf(model)) {
      const following = policies.filter((policy) => /^ASGAverage/.test(trackingOf(policy)?.predefined ?? ''));
      if (following.length === 0 || !launch) continue;
      const data = recordOf(launch.properties.LaunchTemplateData);
      if (isTrue(recordOf(data.Monitoring).Enabled)) continue;
      yield {
        message: `${and(following.map(({ logicalId }) => logicalId))} of ${group.logicalId} ${following.length === 1 ? 'tracks' : 'track'} metrics of EC2, which without detailed monitoring come every five minutes: the group grows that much later.`,
        logicalId: launch.logicalId,
        path: ['Properties', 'LaunchTemplateData'],
        fix: pasteInto(`${launch.logicalId}.LaunchTemplateData`, { Monitoring: { Enabled: true } }),
      };
    }
  },
};

const groupMetrics: Rule = {
  id: 'group-metrics',
  severity: 'error',
  title: 'Groups publish the metrics that are asked of them',
  page: `${guide}/ec2-auto-scaling-metrics.html`,
  *find(model) {
    const alarms = ofType(model, 'AWS::CloudWatch::Alarm');
    for (const { group, policies } of groupsOf(model)) {
      if (listOf(group.properties.MetricsCollection).length > 0) continue;
      const asking = [
        ...policies.filter((policy) => trackingOf(policy)?.namespace === 'AWS/AutoScaling'),
        ...alarms.filter(
          ({ properties }) =>
            properties.Namespace === 'AWS/AutoScaling' &&
            listOf(properties.Dimensions).some((one) => recordOf(one).Value === group.physicalId),
        ),
      ];
      if (asking.length === 0) continue;
      yield {
        message: `${and(asking.map(({ logicalId }) => logicalId))} watch a metric of ${group.logicalId} that it does not publish: they stay at INSUFFICIENT_DATA for ever.`,
        logicalId: group.logicalId,
        path: ['Properties', 'MetricsCollection'],
        fix: pasteInto(group.logicalId, { MetricsCollection: [{ Granularity: '1Minute' }] }),
      };
    }
  },
};

const desiredCapacity: Rule = {
  id: 'group-desired-capacity',
  severity: 'warning',
  title: 'Deployments leave the number of machines alone',
  page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html#cfn-autoscaling-autoscalinggroup-desiredcapacity',
  *find(model) {
    for (const { group, policies } of groupsOf(model)) {
      const { DesiredCapacity } = group.properties;
      if (DesiredCapacity === undefined || policies.length === 0) continue;
      yield {
        message: `Each update that changes ${group.logicalId} sets it back to ${textOf(DesiredCapacity)} machines, in the midst of a rush, too: its ${policies.length === 1 ? 'policy says' : 'policies say'} how many there are.`,
        logicalId: group.logicalId,
        path: ['Properties', 'DesiredCapacity'],
        fix: `Remove ${group.logicalId}.DesiredCapacity: the group begins with MinSize.`,
      };
    }
  },
};

const memoryScaleIn: Rule = {
  id: 'memory-scale-in',
  severity: 'warning',
  title: 'Memory does not keep machines for ever',
  page: `${guide}/as-scaling-target-tracking.html`,
  *find(model) {
    for (const { group, policies } of groupsOf(model)) {
      for (const policy of policies) {
        const tracking = trackingOf(policy);
        if (!tracking?.scalesIn || !/mem/i.test(tracking.metric ?? '') || policies.length < 2) continue;
        yield {
          message: `${group.logicalId} shrinks only when all of its policies agree, and the memory that ${policy.logicalId} looks at seldom gets less: a heap keeps what it once had. The machines of a rush would stay.`,
          logicalId: policy.logicalId,
          path: ['Properties', 'TargetTrackingConfiguration'],
          fix: pasteInto(`${policy.logicalId}.TargetTrackingConfiguration`, { DisableScaleIn: true }),
        };
      }
    }
  },
};

export const scaling: readonly Rule[] = [detailedMonitoring, groupMetrics, desiredCapacity, memoryScaleIn];
