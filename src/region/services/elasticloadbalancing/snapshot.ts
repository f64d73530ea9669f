/** What the balancer nodes serve from, out of Elastic Load Balancing's tables. */
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Table } from '../../store/store.ts';
import type {
  ActionConfig,
  BalancerConfig,
  ConditionConfig,
  ListenerConfig,
  TargetGroupConfig,
} from '../../traffic/balancer/config.ts';
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import { certificatePem } from '../acm/snapshot.ts';
import type { Scope } from '../service.ts';
import { accessLogPlace } from './access-logs.ts';
import { conditionValues } from './listener.ts';
import {
  type BalancerRecord,
  balancers,
  groupsOfAction,
  type ListenerRecord,
  listeners,
  listenersOf,
  rules,
  rulesOf,
  type TargetGroupRecord,
  targetGroups,
  targets,
  targetsOf,
} from './state.ts';

/** A change of any of these makes the snapshot anew. */
export function balancerTables(scope: Scope): Pick<Table<unknown>, 'watch'>[] {
  return [balancers(scope), listeners(scope), rules(scope), targetGroups(scope), targets(scope)];
}

export function balancerConfigs(scope: Scope): BalancerConfig[] {
  const groups = new Map([...targetGroups(scope).values()].map((group) => [group.arn, groupConfig(scope, group)]));
  return [...balancers(scope).values()]
    .filter(({ state }) => state === 'active')
    .map((balancer) => balancerConfig(scope, balancer, groups));
}

function balancerConfig(
  scope: Scope,
  balancer: BalancerRecord,
  groups: ReadonlyMap<string, TargetGroupConfig>,
): BalancerConfig {
  const { attributes } = balancer;
  const accessLogs = accessLogPlace(balancer);
  const logicalId = balancer.tags.find(({ Key }) => Key === 'aws:cloudformation:logical-id')?.Value;
  return {
    arn: balancer.arn,
    name: logicalId ?? balancer.name,
    dimension: balancer.suffix,
    dnsName: balancer.dnsName,
    nodes: balancer.nodes,
    listeners: listenersOf(scope, balancer.arn).map((listener) => listenerConfig(scope, listener, groups)),
    idleTimeoutMs: Number(attributes['idle_timeout.timeout_seconds']) * 1000,
    clientKeepAliveMs: Number(attributes['client_keep_alive.seconds']) * 1000,
    dropInvalidHeaders: attributes['routing.http.drop_invalid_header_fields.enabled'] === 'true',
    xForwardedFor: attributes['routing.http.xff_header_processing.mode'] as BalancerConfig['xForwardedFor'],
    crossZone: attributes['load_balancing.cross_zone.enabled'] === 'true',
    ...(accessLogs ? { accessLogs } : {}),
  };
}

function listenerConfig(
  scope: Scope,
  listener: ListenerRecord,
  groups: ReadonlyMap<string, TargetGroupConfig>,
): ListenerConfig {
  return {
    arn: listener.arn,
    port: listener.port,
    protocol: listener.protocol,
    certificates: listener.certificates.flatMap((arn): CertificateConfig[] => {
      const pem = certificatePem(scope, arn);
      return pem ? [{ ...pem, arn }] : [];
    }),
    rules: rulesOf(scope, listener.arn).flatMap((rule) => {
      const action = rule.actions[0] && actionConfig(rule.actions[0], groups);
      const priority = rule.priority === 'default' ? 0 : rule.priority;
      return action ? [{ arn: rule.arn, priority, conditions: rule.conditions.map(conditionConfig), action }] : [];
    }),
  };
}

function conditionConfig(condition: RuleCondition): ConditionConfig {
  const values = conditionValues(condition);
  switch (condition.Field) {
    case 'http-header':
      return { field: 'http-header', header: condition.HttpHeaderConfig?.HttpHeaderName ?? '', values };
    case 'query-string':
      return {
        field: 'query-string',
        values: (condition.QueryStringConfig?.Values ?? []).map(({ Key, Value }) => ({
          ...(Key === undefined ? {} : { key: Key }),
          value: Value ?? '',
        })),
      };
    default:
      return { field: condition.Field as 'host-header' | 'path-pattern' | 'http-request-method' | 'source-ip', values };
  }
}

function actionConfig(action: Action, groups: ReadonlyMap<string, TargetGroupConfig>): ActionConfig | undefined {
  const { RedirectConfig: redirect, FixedResponseConfig: fixed } = action;
  if (action.Type === 'redirect' && redirect) {
    return {
      type: 'redirect',
      status: redirect.StatusCode === 'HTTP_301' ? 301 : 302,
      protocol: redirect.Protocol ?? '#{protocol}',
      host: redirect.Host ?? '#{host}',
      port: redirect.Port ?? '#{port}',
      path: redirect.Path ?? '/#{path}',
      query: redirect.Query ?? '#{query}',
    };
  }
  if (action.Type === 'fixed-response' && fixed) {
    return {
      type: 'fixed-response',
      status: Number(fixed.StatusCode),
      ...(fixed.ContentType === undefined ? {} : { contentType: fixed.ContentType }),
      ...(fixed.MessageBody === undefined ? {} : { body: fixed.MessageBody }),
    };
  }
  const weights = new Map(
    action.ForwardConfig?.TargetGroups?.map(({ TargetGroupArn, Weight }) => [TargetGroupArn, Weight ?? 1]),
  );
  return {
    type: 'forward',
    groups: groupsOfAction(action).flatMap((arn) => {
      const group = groups.get(arn);
      return group ? [{ group, weight: weights.get(arn) ?? 1 }] : [];
    }),
  };
}

function groupConfig(scope: Scope, group: TargetGroupRecord): TargetGroupConfig {
  const { attributes, health } = group;
  const crossZone = attributes['load_balancing.cross_zone.enabled'];
  return {
    arn: group.arn,
    name: group.name,
    dimension: group.suffix,
    algorithm: attributes['load_balancing.algorithm.type'] as TargetGroupConfig['algorithm'],
    ...(attributes['stickiness.enabled'] === 'true'
      ? { stickiness: { durationMs: Number(attributes['stickiness.lb_cookie.duration_seconds']) * 1000 } }
      : {}),
    crossZone: crossZone === 'use_load_balancer_configuration' ? undefined : crossZone === 'true',
    targets: targetsOf(scope, group.arn).map(({ id, address, port, zone, drainingUntilMs }) => ({
      id,
      address,
      port,
      zone,
      draining: drainingUntilMs !== undefined,
    })),
    health: {
      enabled: health.enabled,
      port: health.port === 'traffic-port' ? 'traffic-port' : Number(health.port),
      path: health.path,
      intervalMs: health.intervalSeconds * 1000,
      timeoutMs: health.timeoutSeconds * 1000,
      healthyThreshold: health.healthyThreshold,
      unhealthyThreshold: health.unhealthyThreshold,
      matcher: health.matcher,
    },
  };
}
