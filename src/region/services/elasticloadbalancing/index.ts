/** Elastic Load Balancing: Application Load Balancers, their listeners and rules, target groups and targets. */
import { type Scope, service } from '../service.ts';
import * as listeners from './listener.ts';
import * as balancers from './load-balancer.ts';
import { resources } from './resources/index.ts';
import { balancers as balancerTable, targets as targetTable } from './state.ts';
import * as tags from './tags.ts';
import * as targets from './target.ts';
import * as groups from './target-group.ts';

export const elasticLoadBalancing = service('@aws-sdk/client-elastic-load-balancing-v2', 'elasticloadbalancing', {
  operations: {
    createLoadBalancer: balancers.createLoadBalancer,
    describeLoadBalancers: balancers.describeLoadBalancers,
    deleteLoadBalancer: balancers.deleteLoadBalancer,
    describeLoadBalancerAttributes: balancers.describeLoadBalancerAttributes,
    modifyLoadBalancerAttributes: balancers.modifyLoadBalancerAttributes,
    setSecurityGroups: balancers.setSecurityGroups,
    setSubnets: balancers.setSubnets,
    createListener: listeners.createListener,
    describeListeners: listeners.describeListeners,
    modifyListener: listeners.modifyListener,
    deleteListener: listeners.deleteListener,
    addListenerCertificates: listeners.addListenerCertificates,
    removeListenerCertificates: listeners.removeListenerCertificates,
    describeListenerCertificates: listeners.describeListenerCertificates,
    createRule: listeners.createRule,
    describeRules: listeners.describeRules,
    modifyRule: listeners.modifyRule,
    deleteRule: listeners.deleteRule,
    setRulePriorities: listeners.setRulePriorities,
    createTargetGroup: groups.createTargetGroup,
    describeTargetGroups: groups.describeTargetGroups,
    modifyTargetGroup: groups.modifyTargetGroup,
    deleteTargetGroup: groups.deleteTargetGroup,
    describeTargetGroupAttributes: groups.describeTargetGroupAttributes,
    modifyTargetGroupAttributes: groups.modifyTargetGroupAttributes,
    registerTargets: targets.registerTargets,
    deregisterTargets: targets.deregisterTargets,
    describeTargetHealth: targets.describeTargetHealth,
    addTags: tags.addTags,
    removeTags: tags.removeTags,
    describeTags: tags.describeTags,
  },
  resources,
  start(scope: Scope) {
    for (const arn of balancerTable(scope).keys()) balancers.scheduleActive(scope, arn);
    for (const [key, target] of targetTable(scope).entries())
      if (target.drainingUntilMs !== undefined) targets.scheduleDrained(scope, key);
  },
});
