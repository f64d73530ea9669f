/** Balancers that hand on what came from the internet by plain HTTP. */
import type { ListenerConfig, RuleConfig } from '../../../region/decisions.ts';
import type { Model } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { interfacesOf, reachedFromOutside } from './parts.ts';

const type = 'AWS::ElasticLoadBalancingV2::Listener';

export const balancerHttp: Rule = {
  id: 'balancer-http',
  severity: 'warning',
  title: 'Balancers send clients of plain HTTP on to HTTPS',
  page: 'https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-1',
  // A rule that could not be made may have redirected them.
  needs: 'whole network',
  *find(model) {
    const ofDistributions = headersOfDistributions(model);
    for (const { arn, name, listeners } of model.decisions.balancers()) {
      const nodes = interfacesOf(model, 'balancer').filter(({ owner }) => owner === arn);
      const secure = listeners.find(({ protocol }) => protocol === 'HTTPS');
      for (const listener of listeners) {
        if (listener.protocol !== 'HTTP' || !nodes.some((one) => reachedFromOutside(model.world, one, listener.port)))
          continue;
        const forwarding = listener.rules.find((rule) => isForEverybody(rule, ofDistributions));
        if (!forwarding) continue;
        const logicalId = model.logicalIdOf(listener.arn);
        const others = secure ? `, beside HTTPS on port ${secure.port}` : ', and has no HTTPS';
        yield {
          message: `${name} takes plain HTTP from the internet on port ${listener.port} and forwards it${others}: requests, passwords and cookies can be read and changed on the way.`,
          logicalId,
          path: ['Properties', 'DefaultActions'],
          fix: fixOf(model, logicalId ?? 'HttpListener', listener, secure),
        };
      }
    }
  },
};

/** Of these a distribution proves by its secret that it asks: whoever comes past it gets nothing. */
function headersOfDistributions({ decisions }: Model): ReadonlySet<string> {
  const origins = decisions.distributions().flatMap(({ behaviours }) => behaviours.map(({ origin }) => origin));
  return new Set(origins.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase())));
}

function isForEverybody({ action, conditions }: RuleConfig, ofDistributions: ReadonlySet<string>): boolean {
  if (action.type !== 'forward') return false;
  return !conditions.some((one) => one.field === 'http-header' && ofDistributions.has(one.header.toLowerCase()));
}

function fixOf(model: Model, logicalId: string, { port }: ListenerConfig, secure: ListenerConfig | undefined): string {
  const redirect = [
    `${logicalId}:`,
    '  Properties:',
    '    DefaultActions:',
    '      - Type: redirect',
    `        RedirectConfig: { Protocol: HTTPS, Port: "${secure?.port ?? 443}", StatusCode: HTTP_301 }`,
  ];
  if (secure) return redirect.join('\n');
  const { LoadBalancerArn, DefaultActions } = model.template.resources[logicalId]?.Properties ?? {};
  const flow = (value: unknown) => JSON.stringify(value) ?? '…';
  return [
    `HttpsListener:   # with what ${logicalId} does on port ${port} now`,
    `  Type: ${type}`,
    '  Properties:',
    `    LoadBalancerArn: ${flow(LoadBalancerArn)}`,
    '    Port: 443',
    '    Protocol: HTTPS',
    '    Certificates: [{ CertificateArn: … }]',
    `    DefaultActions: ${flow(DefaultActions)}`,
    ...redirect,
    'The group of the balancer and the ACL of its subnets have to let port 443 in.',
  ].join('\n');
}
