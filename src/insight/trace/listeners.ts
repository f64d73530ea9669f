/** Ports of a load balancer that nobody listens on: who listens on which, and what a listener there would look like. */
import type { BalancerConfig } from '../../region/decisions.ts';
import { reference } from './fix.ts';
import { type Leg, stoppedLeg } from './leg.ts';
import { templateText } from './paste.ts';
import type { Fix } from './result.ts';
import type { Tracing } from './tracing.ts';

export const listenerType = 'AWS::ElasticLoadBalancingV2::Listener';
export const groupType = 'AWS::ElasticLoadBalancingV2::TargetGroup';

export function nobodyListens(
  tracing: Tracing,
  config: BalancerConfig,
  { port, scheme }: { readonly port: number; readonly scheme: 'http' | 'https' },
): Leg {
  const { model, names } = tracing;
  const { arn, name, listeners } = config;
  const [other] = listeners.filter(({ rules }) => rules.some(({ action }) => action.type === 'forward'));
  const action = other?.rules.map((one) => one.action).find(({ type }) => type === 'forward');
  const group = action?.type === 'forward' ? action.groups[0]?.group : undefined;
  const own = names.of('AWS::ElasticLoadBalancingV2::LoadBalancer', arn);
  const target = group ? names.of(groupType, group.arn) : 'TargetGroup';
  const paste = templateText({
    [`${own.replace(/[^A-Za-z0-9]/g, '')}Port${port}`]: {
      Type: listenerType,
      Properties: {
        LoadBalancerArn: reference(model, own),
        Port: port,
        Protocol: scheme.toUpperCase(),
        ...(scheme === 'https' ? { Certificates: [{ CertificateArn: '…' }] } : {}),
        DefaultActions: [{ Type: 'forward', TargetGroupArn: reference(model, target) }],
      },
    },
  });
  const fix: Fix = { text: `add a listener to ${own} on port ${port}`, paste };
  const step = { kind: 'listener', at: name, rule: '', why: whoListens(tracing, config, port) } as const;
  return stoppedLeg(step, { ending: 'refused', fix });
}

/**
 * A packet that was lost on its way to a port that nobody listens on: the rule that stops it is not what is wrong, and to
 * open it would help nobody.
 */
export function lostToNobody(tracing: Tracing, config: BalancerConfig, port: number, lost: Leg): Leg {
  if (!lost.stopped || config.listeners.some((one) => one.port === port)) return lost;
  const { names } = tracing;
  const own = names.of('AWS::ElasticLoadBalancingV2::LoadBalancer', config.arn);
  const [first] = config.listeners;
  const fix: Fix = {
    text: first
      ? `ask for port ${config.listeners.map((one) => one.port).join(' or ')}, or add a listener to ${own} on port ${port} and let it pass`
      : `add a listener to ${own}`,
  };
  const why = `${lost.stopped.why}; besides, ${whoListens(tracing, config, port)}`;
  return { ...lost, stopped: { ...lost.stopped, why, fix } };
}

export function whoListens({ names }: Tracing, { listeners }: BalancerConfig, port: number): string {
  const others = listeners.map((one) => `${names.of(listenerType, one.arn)} on ${one.port}`);
  const there = others.length === 1 ? 'there is' : 'there are';
  return others.length === 0
    ? `nobody listens on port ${port}: it has no listener`
    : `nobody listens on port ${port}: ${there} ${others.join(' and ')}`;
}
