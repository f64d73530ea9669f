/** Elastic Load Balancing's records, of one region. */
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Fault } from '../../wire/fault.ts';
import { pageAt } from '../paging.ts';
import type { Caller, Scope } from '../service.ts';
import type { Tag } from '../tags.ts';

export interface BalancerRecord {
  readonly arn: string;
  readonly name: string;
  /** `app/name/50dc6c495c0c9188` */
  readonly suffix: string;
  readonly dnsName: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly ipAddressType: 'ipv4' | 'dualstack';
  readonly vpcId: string;
  readonly securityGroups: readonly string[];
  readonly nodes: readonly BalancerNodeRecord[];
  readonly createdMs: number;
  /** `provisioning` until the scheduled event that makes it `active`. */
  readonly state: 'provisioning' | 'active';
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

export interface BalancerNodeRecord {
  readonly zone: string;
  readonly subnetId: string;
  readonly interfaceId: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly ipv6?: string;
}

export interface ListenerRecord {
  readonly arn: string;
  readonly balancerArn: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly sslPolicy?: string;
  readonly certificates: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

export interface RuleRecord {
  readonly arn: string;
  readonly listenerArn: string;
  readonly priority: number | 'default';
  readonly conditions: readonly RuleCondition[];
  readonly actions: readonly Action[];
  readonly tags: readonly Tag[];
}

export interface TargetGroupRecord {
  readonly arn: string;
  readonly name: string;
  readonly suffix: string;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly protocolVersion: 'HTTP1';
  readonly port: number;
  readonly vpcId: string;
  readonly targetType: 'instance' | 'ip';
  readonly health: HealthRecord;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

export interface HealthRecord {
  readonly enabled: boolean;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly port: string;
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly matcher: string;
}

export interface TargetRecord {
  readonly groupArn: string;
  readonly id: string;
  readonly port: number;
  readonly zone: string;
  readonly address: string;
  readonly registeredMs: number;
  /** Deregistered: gone at this time, or as soon as nothing is in flight. */
  readonly drainingUntilMs?: number;
}

export const balancers = (scope: Scope) => scope.table<BalancerRecord>('elasticloadbalancing/loadBalancers');
export const listeners = (scope: Scope) => scope.table<ListenerRecord>('elasticloadbalancing/listeners');
export const rules = (scope: Scope) => scope.table<RuleRecord>('elasticloadbalancing/rules');
export const targetGroups = (scope: Scope) => scope.table<TargetGroupRecord>('elasticloadbalancing/targetGroups');
/** By group ARN, target id and port, with spaces between. */
export const targets = (scope: Scope) => scope.table<TargetRecord>('elasticloadbalancing/targets');

export const targetKey = (groupArn: string, id: string, port: number) => `${groupArn} ${id} ${port}`;

export function targetsOf(scope: Scope, groupArn: string): TargetRecord[] {
  return [...targets(scope).values()].filter((target) => target.groupArn === groupArn);
}

export function rulesOf(scope: Scope, listenerArn: string): RuleRecord[] {
  const rank = ({ priority }: RuleRecord) => (priority === 'default' ? Number.POSITIVE_INFINITY : priority);
  return [...rules(scope).values()]
    .filter((rule) => rule.listenerArn === listenerArn)
    .sort((a, b) => rank(a) - rank(b));
}

export function listenersOf(scope: Scope, balancerArn: string): ListenerRecord[] {
  return [...listeners(scope).values()].filter((listener) => listener.balancerArn === balancerArn);
}

/** The groups that a rule's actions forward to. */
export function groupsOfAction(action: Action): string[] {
  if (action.Type !== 'forward') return [];
  const listed = action.ForwardConfig?.TargetGroups?.flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []) ?? [];
  return listed.length > 0 ? listed : action.TargetGroupArn ? [action.TargetGroupArn] : [];
}

/** The balancers through which a group is used. */
export function balancersOf(scope: Scope, groupArn: string): string[] {
  const used = [...rules(scope).values()].filter((rule) =>
    rule.actions.some((action) => groupsOfAction(action).includes(groupArn)),
  );
  return [...new Set(used.flatMap((rule) => listeners(scope).get(rule.listenerArn)?.balancerArn ?? []))];
}

/** Elastic Load Balancing's service-linked role. */
export const asService: Caller = { kind: 'service', service: 'elasticloadbalancing.amazonaws.com', trusted: true };

export function validationError(message: string): Fault {
  return new Fault('ValidationError', message);
}

export function page<T>(all: readonly T[], marker: string | undefined, size = 400) {
  const { items, next: NextMarker } = pageAt(all, marker, size, () => {
    throw validationError(`Invalid marker '${marker}'`);
  });
  return { items, ...(NextMarker === undefined ? {} : { NextMarker }) };
}
