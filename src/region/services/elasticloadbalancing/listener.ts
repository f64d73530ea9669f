/** Listeners and their rules. */
import type {
  Action,
  AddListenerCertificatesCommandInput,
  CreateListenerCommandInput,
  CreateRuleCommandInput,
  DeleteListenerCommandInput,
  DeleteRuleCommandInput,
  DescribeListenerCertificatesCommandInput,
  DescribeListenersCommandInput,
  DescribeRulesCommandInput,
  Listener,
  ModifyListenerCommandInput,
  ModifyRuleCommandInput,
  RemoveListenerCertificatesCommandInput,
  Rule,
  RuleCondition,
  SetRulePrioritiesCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import {
  balancers,
  groupsOfAction,
  type ListenerRecord,
  listeners,
  listenersOf,
  page,
  type RuleRecord,
  rules,
  rulesOf,
  targetGroups,
  validationError,
} from './state.ts';
import { checkedTags } from './tags.ts';

const defaultPolicy = 'ELBSecurityPolicy-2016-08';

export function listenerOf(scope: Scope, arn: string | undefined): ListenerRecord {
  const found = listeners(scope).get(arn ?? '');
  if (!found) throw new Fault('ListenerNotFound', `One or more listeners not found`);
  return found;
}

function ruleOf(scope: Scope, arn: string | undefined): RuleRecord {
  const found = rules(scope).get(arn ?? '');
  if (!found) throw new Fault('RuleNotFound', `One or more rules not found`);
  return found;
}

export function createListener(input: CreateListenerCommandInput, call: Call) {
  const balancer = balancers(call).get(input.LoadBalancerArn ?? '');
  if (!balancer) throw new Fault('LoadBalancerNotFound', `Load balancer '${input.LoadBalancerArn}' not found`);
  const port = portOf(input.Port);
  const protocol = protocolOf(input.Protocol);
  if (listenersOf(call, balancer.arn).some((listener) => listener.port === port)) {
    throw new Fault('DuplicateListener', 'A listener already exists on this port for this load balancer');
  }
  const certificates = (input.Certificates ?? []).flatMap(({ CertificateArn }) => CertificateArn ?? []);
  checkCertificates(protocol, certificates);
  const actions = checkActions(call, input.DefaultActions);
  const suffix = `${balancer.suffix}/${call.random.hex(16)}`;
  const record: ListenerRecord = {
    arn: `arn:aws:elasticloadbalancing:${call.region}:${call.account}:listener/${suffix}`,
    balancerArn: balancer.arn,
    port,
    protocol,
    ...(protocol === 'HTTPS' ? { sslPolicy: input.SslPolicy ?? defaultPolicy } : {}),
    certificates,
    attributes: {},
    tags: checkedTags(input.Tags),
  };
  listeners(call).put(record.arn, record);
  putRule(call, {
    arn: ruleArn(call, suffix),
    listenerArn: record.arn,
    priority: 'default',
    conditions: [],
    actions,
    tags: [],
  });
  return { Listeners: [view(call, record)] };
}

function ruleArn(call: Call, listenerSuffix: string): string {
  return `arn:aws:elasticloadbalancing:${call.region}:${call.account}:listener-rule/${listenerSuffix}/${call.random.hex(16)}`;
}

function putRule(scope: Scope, record: RuleRecord): void {
  rules(scope).put(record.arn, record);
}

function portOf(port: number | undefined): number {
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw validationError(`A listener port must be between 1 and 65535, not '${port}'`);
  return port;
}

function protocolOf(protocol: string | undefined): 'HTTP' | 'HTTPS' {
  if (protocol === 'HTTP' || protocol === 'HTTPS') return protocol;
  throw validationError(`Listener protocol '${protocol}' must be one of 'HTTP, HTTPS'`);
}

function checkCertificates(protocol: string, certificates: readonly string[]): void {
  if (protocol === 'HTTPS' && certificates.length !== 1)
    throw validationError('A certificate must be specified for HTTPS listeners');
  if (protocol === 'HTTP' && certificates.length > 0)
    throw validationError('A certificate cannot be specified for HTTP listeners');
}

/** Checks actions and the groups they name; gives them in the order to take. */
function checkActions(call: Call, given: readonly Action[] | undefined): Action[] {
  const actions = given ?? [];
  if (actions.length !== 1)
    throw validationError(
      'Exactly one action of forward, redirect or fixed-response must be given: others are not modelled by Orrery',
    );
  for (const action of actions) {
    if (action.Type === 'forward') {
      const arns = groupsOfAction(action);
      if (arns.length === 0) throw validationError('A target group ARN must be specified for a forward action');
      for (const arn of arns)
        if (!targetGroups(call).has(arn)) throw new Fault('TargetGroupNotFound', `Target groups '${arn}' not found`);
    } else if (action.Type === 'redirect') {
      if (!action.RedirectConfig?.StatusCode)
        throw validationError('A redirect action needs a RedirectConfig with a StatusCode');
    } else if (action.Type === 'fixed-response') {
      if (!/^[245]\d\d$/.test(action.FixedResponseConfig?.StatusCode ?? ''))
        throw validationError('A fixed-response action needs a status code 2XX, 4XX or 5XX');
    } else throw validationError(`Actions of the type '${action.Type}' are not modelled by Orrery`);
  }
  return [...actions];
}

const conditionFields = [
  'host-header',
  'path-pattern',
  'http-header',
  'http-request-method',
  'query-string',
  'source-ip',
];
const mostValues = 5;

function checkConditions(given: readonly RuleCondition[] | undefined): RuleCondition[] {
  const conditions = given ?? [];
  if (conditions.length === 0) throw validationError('A rule must have at least one condition');
  let values = 0;
  for (const condition of conditions) {
    if (!conditionFields.includes(condition.Field ?? ''))
      throw validationError(`Condition field '${condition.Field}' must be one of '[${conditionFields.join(', ')}]'`);
    const found = conditionValues(condition);
    if (found.length === 0) throw validationError(`The condition '${condition.Field}' has no values`);
    values += found.length;
  }
  if (values > mostValues) throw new Fault('TooManyRules', `A rule has at most ${mostValues} condition values`);
  return [...conditions];
}

export function conditionValues(condition: RuleCondition): readonly string[] {
  const {
    Values,
    HostHeaderConfig,
    PathPatternConfig,
    HttpHeaderConfig,
    HttpRequestMethodConfig,
    SourceIpConfig,
    QueryStringConfig,
  } = condition;
  return (
    Values ??
    HostHeaderConfig?.Values ??
    PathPatternConfig?.Values ??
    HttpHeaderConfig?.Values ??
    HttpRequestMethodConfig?.Values ??
    SourceIpConfig?.Values ??
    QueryStringConfig?.Values?.map(({ Key, Value }) => `${Key ?? ''}=${Value ?? ''}`) ??
    []
  );
}

function view(scope: Scope, record: ListenerRecord): Listener {
  const fallback = rulesOf(scope, record.arn).find(({ priority }) => priority === 'default');
  return {
    ListenerArn: record.arn,
    LoadBalancerArn: record.balancerArn,
    Port: record.port,
    Protocol: record.protocol,
    ...(record.sslPolicy === undefined ? {} : { SslPolicy: record.sslPolicy }),
    ...(record.certificates[0] === undefined ? {} : { Certificates: [{ CertificateArn: record.certificates[0] }] }),
    DefaultActions: [...(fallback?.actions ?? [])],
  };
}

export function describeListeners(input: DescribeListenersCommandInput, call: Call) {
  if (input.LoadBalancerArn === undefined && !input.ListenerArns?.length)
    throw validationError('You must specify either listener ARNs or a load balancer ARN');
  if (input.LoadBalancerArn !== undefined && !balancers(call).has(input.LoadBalancerArn)) {
    throw new Fault('LoadBalancerNotFound', `Load balancer '${input.LoadBalancerArn}' not found`);
  }
  const chosen = input.ListenerArns?.length
    ? input.ListenerArns.map((arn) => listenerOf(call, arn))
    : listenersOf(call, input.LoadBalancerArn ?? '');
  const { items, ...next } = page(chosen, input.Marker, input.PageSize);
  return { Listeners: items.map((listener) => view(call, listener)), ...next };
}

export function modifyListener(input: ModifyListenerCommandInput, call: Call) {
  const record = listenerOf(call, input.ListenerArn);
  const port = input.Port === undefined ? record.port : portOf(input.Port);
  const protocol = input.Protocol === undefined ? record.protocol : protocolOf(input.Protocol);
  if (listenersOf(call, record.balancerArn).some((other) => other.arn !== record.arn && other.port === port)) {
    throw new Fault('DuplicateListener', 'A listener already exists on this port for this load balancer');
  }
  const given = input.Certificates?.flatMap(({ CertificateArn }) => CertificateArn ?? []);
  const certificates =
    protocol === 'HTTP' ? [] : given ? [...given, ...record.certificates.slice(1)] : record.certificates;
  checkCertificates(protocol, certificates.slice(0, 1));
  const { sslPolicy, ...rest } = record;
  const policy = protocol === 'HTTPS' ? { sslPolicy: input.SslPolicy ?? sslPolicy ?? defaultPolicy } : {};
  const changed: ListenerRecord = { ...rest, port, protocol, certificates, ...policy };
  if (input.DefaultActions) {
    const actions = checkActions(call, input.DefaultActions);
    const fallback = rulesOf(call, record.arn).find(({ priority }) => priority === 'default');
    if (fallback) putRule(call, { ...fallback, actions });
  }
  listeners(call).put(record.arn, changed);
  return { Listeners: [view(call, changed)] };
}

export function deleteListener({ ListenerArn }: DeleteListenerCommandInput, call: Call) {
  deleteListenerRecord(call, listenerOf(call, ListenerArn).arn);
  return {};
}

export function deleteListenerRecord(scope: Scope, arn: string): void {
  for (const rule of rulesOf(scope, arn)) rules(scope).delete(rule.arn);
  listeners(scope).delete(arn);
}

function ruleView({ arn, priority, conditions, actions }: RuleRecord): Rule {
  return {
    RuleArn: arn,
    Priority: String(priority),
    Conditions: [...conditions],
    Actions: [...actions],
    IsDefault: priority === 'default',
  };
}

export function createRule(input: CreateRuleCommandInput, call: Call) {
  const listener = listenerOf(call, input.ListenerArn);
  const priority = priorityOf(input.Priority);
  if (rulesOf(call, listener.arn).some((rule) => rule.priority === priority))
    throw new Fault('PriorityInUse', `Priority '${priority}' is currently in use`);
  const suffix = listener.arn.slice(listener.arn.indexOf(':listener/') + ':listener/'.length);
  const record: RuleRecord = {
    arn: ruleArn(call, suffix),
    listenerArn: listener.arn,
    priority,
    conditions: checkConditions(input.Conditions),
    actions: checkActions(call, input.Actions),
    tags: checkedTags(input.Tags),
  };
  putRule(call, record);
  return { Rules: [ruleView(record)] };
}

function priorityOf(priority: number | undefined): number {
  if (priority === undefined || !Number.isInteger(priority) || priority < 1 || priority > 50_000)
    throw validationError(`A rule's priority must be between 1 and 50000, not '${priority}'`);
  return priority;
}

export function modifyRule(input: ModifyRuleCommandInput, call: Call) {
  const record = ruleOf(call, input.RuleArn);
  if (record.priority === 'default' && input.Conditions)
    throw new Fault('OperationNotPermitted', "Default rule's conditions cannot be modified");
  const changed = {
    ...record,
    ...(input.Conditions ? { conditions: checkConditions(input.Conditions) } : {}),
    ...(input.Actions ? { actions: checkActions(call, input.Actions) } : {}),
  };
  putRule(call, changed);
  return { Rules: [ruleView(changed)] };
}

export function deleteRule({ RuleArn }: DeleteRuleCommandInput, call: Call) {
  const record = ruleOf(call, RuleArn);
  if (record.priority === 'default')
    throw new Fault('OperationNotPermitted', `Default rule '${record.arn}' cannot be deleted`);
  rules(call).delete(record.arn);
  return {};
}

export function describeRules(input: DescribeRulesCommandInput, call: Call) {
  const chosen = input.RuleArns?.length
    ? input.RuleArns.map((arn) => ruleOf(call, arn))
    : rulesOf(call, listenerOf(call, input.ListenerArn).arn);
  const { items, ...next } = page(chosen, input.Marker, input.PageSize);
  return { Rules: items.map(ruleView), ...next };
}

export function setRulePriorities({ RulePriorities = [] }: SetRulePrioritiesCommandInput, call: Call) {
  const changed = RulePriorities.map(({ RuleArn, Priority }) => ({
    ...ruleOf(call, RuleArn),
    priority: priorityOf(Priority),
  }));
  for (const rule of changed) {
    const clash = rulesOf(call, rule.listenerArn).find(
      (other) => other.priority === rule.priority && !changed.some(({ arn }) => arn === other.arn),
    );
    if (clash) throw new Fault('PriorityInUse', `Priority '${rule.priority}' is currently in use`);
  }
  for (const rule of changed) putRule(call, rule);
  return { Rules: changed.map(ruleView) };
}

export function addListenerCertificates(
  { ListenerArn, Certificates = [] }: AddListenerCertificatesCommandInput,
  call: Call,
) {
  const record = listenerOf(call, ListenerArn);
  if (record.protocol !== 'HTTPS')
    throw new Fault('UnsupportedProtocol', 'Certificates can only be added to HTTPS listeners');
  const certificates = [
    ...new Set([...record.certificates, ...Certificates.flatMap(({ CertificateArn }) => CertificateArn ?? [])]),
  ];
  listeners(call).put(record.arn, { ...record, certificates });
  return { Certificates };
}

export function removeListenerCertificates(
  { ListenerArn, Certificates = [] }: RemoveListenerCertificatesCommandInput,
  call: Call,
) {
  const record = listenerOf(call, ListenerArn);
  const gone = new Set(Certificates.map(({ CertificateArn }) => CertificateArn));
  if (record.certificates[0] !== undefined && gone.has(record.certificates[0]))
    throw new Fault('OperationNotPermitted', 'The default certificate cannot be removed from the listener');
  listeners(call).put(record.arn, { ...record, certificates: record.certificates.filter((arn) => !gone.has(arn)) });
  return {};
}

export function describeListenerCertificates({ ListenerArn }: DescribeListenerCertificatesCommandInput, call: Call) {
  const { certificates } = listenerOf(call, ListenerArn);
  return { Certificates: certificates.map((CertificateArn, i) => ({ CertificateArn, IsDefault: i === 0 })) };
}
