/** A distribution that speaks plain HTTP to a load balancer that has HTTPS. */
import type { Model } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { distributionsOf } from './origins.ts';
import { listOf, ofType, recordOf } from './parts.ts';
import { pasteInto } from './paste.ts';

/** Logical ids of listeners with HTTPS, by the DNS name of their balancer. */
function secureBalancers(model: Model): ReadonlyMap<string, string> {
  const listeners = ofType(model, 'AWS::ElasticLoadBalancingV2::Listener');
  return new Map(
    ofType(model, 'AWS::ElasticLoadBalancingV2::LoadBalancer').flatMap(({ physicalId, attributes }) => {
      const secure = listeners.find(
        ({ properties }) => properties.LoadBalancerArn === physicalId && properties.Protocol === 'HTTPS',
      );
      return secure ? [[String(attributes.DNSName).toLowerCase(), secure.logicalId] as const] : [];
    }),
  );
}

export const originHttp: Rule = {
  id: 'origin-http',
  severity: 'warning',
  title: 'Distributions speak HTTPS to balancers that have it',
  page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-custom-origin.html',
  *find(model) {
    const secure = secureBalancers(model);
    for (const { logicalId, behaviours, resource } of distributionsOf(model)) {
      const seen = new Set<string>();
      for (const { origin } of behaviours) {
        if (origin.kind !== 'custom' || origin.protocol === 'https-only' || seen.has(origin.id)) continue;
        seen.add(origin.id);
        const listener = secure.get(origin.domainName.toLowerCase());
        if (listener === undefined) continue;
        const origins = listOf(recordOf(resource?.properties.DistributionConfig).Origins).map(recordOf);
        const index = origins.findIndex(({ Id }) => Id === origin.id);
        yield {
          message: `${logicalId} speaks ${origin.protocol === 'http-only' ? 'plain HTTP' : 'plain HTTP to viewers of HTTP'} to the balancer of ${listener}, over the internet: requests and cookies can be read there.`,
          logicalId,
          path: ['Properties', 'DistributionConfig', 'Origins', index, 'CustomOriginConfig', 'OriginProtocolPolicy'],
          fix: `${pasteInto(`${logicalId}.DistributionConfig.Origins[${index}]`, {
            DomainName: "a name that the balancer's certificate has, and that leads to it",
            CustomOriginConfig: { OriginProtocolPolicy: 'https-only' },
          })}\nThe balancer's own name (*.elb.amazonaws.com) is in no certificate: CloudFront would answer 502.`,
        };
      }
    }
  },
};
