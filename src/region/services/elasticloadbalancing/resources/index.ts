/** Elastic Load Balancing in CloudFormation. */
import { listener } from './listener.ts';
import { listenerRule } from './listener-rule.ts';
import { loadBalancer } from './load-balancer.ts';
import { targetGroup } from './target-group.ts';

export const resources = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::ElasticLoadBalancingV2::Listener': listener,
  'AWS::ElasticLoadBalancingV2::ListenerRule': listenerRule,
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroup,
};
