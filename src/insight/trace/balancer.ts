/** At a load balancer's node: its listener, its rule, whom it may choose, and the way to each of them. */
import {
  type BalancerConfig,
  certificateFor,
  choicesOf,
  groupsOf,
  type ListenerConfig,
  type NodeConfig,
  type RoutedRequest,
  type RuleConfig,
  redirectLocation,
  ruleFor,
  type TargetConfig,
  type TargetGroupConfig,
} from '../../region/decisions.ts';
import { packetFix } from './fix.ts';
import { around, back, type Leg, leg, stoppedLeg, there, type Way, within, withNotes } from './leg.ts';
import { groupType, listenerType, nobodyListens } from './listeners.ts';
import { anyPorts, ask, tripLeg } from './packets.ts';
import type { TraceStep } from './result.ts';
import type { Tracing } from './tracing.ts';
import { unmodelledUser } from './unmade.ts';
import { webUrl } from './web.ts';

/** A request as a balancer gets it. */
export interface Arriving extends RoutedRequest {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

export function balancerWays(
  tracing: Tracing,
  config: BalancerConfig,
  node: NodeConfig,
  request: Arriving,
): readonly Way[] {
  const listener = config.listeners.find(({ port }) => port === request.port);
  if (!listener) return [{ name: '', leg: nobodyListens(tracing, config, request) }];
  const taken = listenerLeg(tracing, config, listener, request);
  return around(taken, () => ruled(tracing, config, node, listener, request));
}

const ruleType = 'AWS::ElasticLoadBalancingV2::ListenerRule';

function listenerLeg({ names }: Tracing, { name }: BalancerConfig, listener: ListenerConfig, request: Arriving): Leg {
  const rule = names.of(listenerType, listener.arn);
  const { port, protocol, certificates } = listener;
  if (protocol.toLowerCase() !== request.scheme) {
    const why = `it speaks ${protocol} on port ${port}, and is spoken to by ${request.scheme.toUpperCase()}`;
    const fix = { text: `ask for ${protocol.toLowerCase()}://${request.host}:${port}${request.path}` };
    return stoppedLeg({ kind: 'listener', at: name, rule, why }, { ending: 'refused', fix });
  }
  if (protocol === 'HTTP')
    return answered(name, leg(there({ kind: 'listener', at: name, rule, why: `HTTP on port ${port}` })));
  const shown = certificateFor(certificates, request.host);
  if (!shown) {
    const why = 'it has no certificate that has been issued';
    const fix = { text: `give ${rule} a certificate, and let it be validated` };
    return stoppedLeg({ kind: 'listener', at: name, rule, why }, { ending: 'refused', fix });
  }
  const called = names.of('AWS::CertificateManager::Certificate', shown.arn ?? '');
  const step = there({
    kind: 'listener',
    at: name,
    rule,
    why: `HTTPS on port ${port}, certificate ${called} (${shown.names.join(', ')})`,
  });
  const parent = request.host.replace(/^[^.]+/, '*');
  if (shown.names.some((one) => one === request.host || one === parent)) return answered(name, leg(step));
  const why = `its certificate ${called} is for ${shown.names.join(', ')}, not for ${request.host}: clients turn away`;
  const fix = { text: `add a certificate for ${request.host} to ${rule}` };
  return stoppedLeg({ kind: 'listener', at: name, rule, why }, { ending: 'refused', fix });
}

/** The balancer has two connections: the answer of the one goes out by the other. */
function answered(name: string, one: Leg): Leg {
  return {
    ...one,
    back: [...one.back, back({ kind: 'answer', at: name, rule: '', why: 'hands the answer on to its client' })],
  };
}

function ruled(
  tracing: Tracing,
  config: BalancerConfig,
  node: NodeConfig,
  listener: ListenerConfig,
  request: Arriving,
): readonly Way[] {
  const { names } = tracing;
  const at = names.of(listenerType, listener.arn);
  const rule = ruleFor(listener, request);
  if (!rule)
    return [
      { name: '', leg: stoppedLeg({ kind: 'rule', at, rule: '', why: 'no rule matches: 503' }, { ending: 'refused' }) },
    ];
  const named = rule.priority === 0 ? `default rule of ${at}` : names.of(ruleType, rule.arn);
  const step = (why: string) => ({ kind: 'rule', at, rule: named, why: `${conditionsOf(rule)}${why}` }) as const;
  const { action } = rule;
  switch (action.type) {
    case 'redirect': {
      const location = webUrl(redirectLocation(action, request, listener));
      return [{ name: '', leg: leg(there(step(`answers ${action.status} to ${location}`))), redirect: location }];
    }
    case 'fixed-response': {
      const why = `answers ${action.status} itself`;
      const other = listener.rules.find((one) => one.action.type === 'forward');
      const notes = other
        ? [`${names.of(ruleType, other.arn)} would forward where ${conditionsOf(other).replace(/: $/, '')}`]
        : [];
      if (action.status < 400) return [{ name: '', leg: leg(there(step(why))) }];
      return [{ name: '', leg: withNotes(stoppedLeg(step(why), { ending: 'refused' }), ...notes) }];
    }
    case 'forward': {
      const groups = action.groups.filter(({ weight }) => weight > 0).map(({ group }) => group);
      if (groups.length === 0) {
        const why = 'it forwards to no target group that has a weight: 503';
        return [{ name: '', leg: stoppedLeg(step(why), { ending: 'refused' }) }];
      }
      const forwarded = groups.map((group) => names.of(groupType, group.arn)).join(' or ');
      return around(leg(there(step(`forwards to ${forwarded}`))), () =>
        groups.flatMap((group) => groupWays(tracing, config, node, group)),
      );
    }
  }
}

function conditionsOf({ conditions }: RuleConfig): string {
  const said = conditions.map((one) => {
    // The value may be a secret between CloudFront and the balancer.
    if (one.field === 'http-header') return `header ${one.header} has the value that the rule asks for`;
    if (one.field === 'query-string')
      return `query has ${one.values.map(({ key, value }) => (key ? `${key}=${value}` : value)).join(' or ')}`;
    return `${one.field} is ${one.values.join(' or ')}`;
  });
  return said.length === 0 ? '' : `${said.join(' and ')}: `;
}

function groupWays(
  tracing: Tracing,
  config: BalancerConfig,
  node: NodeConfig,
  group: TargetGroupConfig,
): readonly Way[] {
  const { names } = tracing;
  const at = names.of(groupType, group.arn);
  const zone = (group.crossZone ?? config.crossZone) ? undefined : node.zone;
  const isHealthy = (target: TargetConfig) => tracing.isHealthy(node, group, target);
  const choices = choicesOf(group, zone, { isHealthy });
  const healthy = choices.filter(isHealthy).length;
  const scope = zone === undefined ? '' : ` in ${zone}`;
  const [first] = choices;
  if (!first) {
    const other = unmodelledUser(tracing.model, group.arn);
    if (other !== undefined) {
      const unknown = `its targets come of ${other}, which is not modelled`;
      return [{ name: '', leg: stoppedLeg({ kind: 'targets', at, rule: '', why: unknown }, { ending: 'unknown' }) }];
    }
    const why = group.targets.length === 0 ? 'no target is registered: 503' : `no target${scope} takes requests: 503`;
    const fix = { text: `register targets with ${at}: an Auto Scaling group does by TargetGroupARNs` };
    return [{ name: '', leg: stoppedLeg({ kind: 'targets', at, rule: '', why }, { ending: 'refused', fix }) }];
  }
  const how = group.algorithm.replaceAll('_', ' ');
  const why =
    healthy > 0
      ? `${healthy} of ${group.targets.length} targets healthy${scope}, chosen by ${how}`
      : `no target is healthy${scope}: it fails open, and all ${choices.length} get requests`;
  const sick = group.targets.filter((target) => !target.draining && !isHealthy(target));
  const notes = [...sickNotes(tracing, node, group, sick), ...leftOut(tracing, config)];
  return choices.map((target) => {
    const name = nameOf(tracing, target);
    const step: TraceStep = { way: 'there', kind: 'targets', at, rule: name, why, ok: healthy > 0 };
    const chosen = withNotes(leg(step), ...notes);
    const reached = within(chosen, () => targetLeg(tracing, node, target, name));
    return { name: `node ${node.zone} → ${name} (${target.zone})`, machine: target.id, leg: reached };
  });
}

/** Targets that the health checks of a node do not reach: why, once for all of which the same is true. */
function sickNotes(
  tracing: Tracing,
  node: NodeConfig,
  group: TargetGroupConfig,
  targets: readonly TargetConfig[],
): string[] {
  const alike = new Map<string, TargetConfig[]>();
  for (const target of targets) {
    const { end, rule } = tracing.health(node, group, target);
    alike.set(`${end} ${rule}`, [...(alike.get(`${end} ${rule}`) ?? []), target]);
  }
  return [...alike.values()].flatMap(([first, ...others]) =>
    first ? [sickNote(tracing, node, group, first, others.length)] : [],
  );
}

function sickNote(
  tracing: Tracing,
  node: NodeConfig,
  group: TargetGroupConfig,
  target: TargetConfig,
  others: number,
): string {
  const trip = tracing.health(node, group, target);
  const failed = trip.direction === 'reply' ? trip.reply : trip.forward;
  const fix = failed && !failed.delivered ? packetFix(tracing.model, failed) : undefined;
  const port = group.health.port === 'traffic-port' ? target.port : group.health.port;
  const more = others === 0 ? '' : ` and ${others} more`;
  const where = `health checks of ${nameOf(tracing, target)}${more} on port ${port} from ${node.zone}`;
  const way = trip.direction === 'reply' ? 'the reply is dropped' : 'dropped';
  return `${where}: ${way} at ${trip.at}: ${tracing.names.text(trip.why)}${fix ? `. Fix: ${fix.text}` : ''}`;
}

/** Nodes that the balancer's name is not answered with, though they are there, and why. */
function leftOut(tracing: Tracing, config: BalancerConfig): string[] {
  const serving = tracing.serving(config);
  return config.nodes.flatMap((node) => {
    if (serving.includes(node)) return [];
    const sick = groupsOf(config).flatMap((group) => sickNotes(tracing, node, group, group.targets));
    return [`DNS leaves out the node in ${node.zone}, which finds no healthy target: ${sick[0] ?? 'there is none'}`];
  });
}

function targetLeg(tracing: Tracing, node: NodeConfig, target: TargetConfig, name: string): Leg {
  const from = { address: node.privateIp, interfaceId: node.interfaceId, ports: anyPorts };
  const to = { address: target.address, port: target.port };
  return within(tripLeg(tracing, from, to, ask(tracing, from, to)), () =>
    leg(there({ kind: 'machine', at: name, rule: '', why: `the app takes it on port ${target.port}` })),
  );
}

function nameOf({ model: { world } }: Tracing, { id, address }: TargetConfig): string {
  for (const one of world.interfaces.values())
    if (one.owner === id && one.addresses.includes(address)) return one.ownerName;
  return id;
}
