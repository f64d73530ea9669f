/** Names that lead to addresses which are not there. */
import type { Model } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { listOf, ofType, recordOf, textOf } from './parts.ts';
import { pasteInto } from './paste.ts';

interface AliasRecord {
  readonly logicalId: string;
  readonly name: string;
  readonly type: string;
  /** In lower case, without a dot at its end. */
  readonly target: string;
}

function aliases(model: Model): readonly AliasRecord[] {
  const own = ofType(model, 'AWS::Route53::RecordSet').map(({ logicalId, properties }) => ({ logicalId, properties }));
  const grouped = ofType(model, 'AWS::Route53::RecordSetGroup').flatMap(({ logicalId, properties }) =>
    listOf(properties.RecordSets).map((one) => ({ logicalId, properties: recordOf(one) })),
  );
  return [...own, ...grouped].flatMap(({ logicalId, properties: { Name, Type, AliasTarget } }) => {
    const target = textOf(recordOf(AliasTarget).DNSName);
    if (target === undefined) return [];
    const bare = target
      .toLowerCase()
      .replace(/^dualstack\./, '')
      .replace(/\.$/, '');
    return [{ logicalId, name: textOf(Name) ?? '', type: textOf(Type) ?? '', target: bare }];
  });
}

export const aliasIpv6: Rule = {
  id: 'alias-ipv6',
  severity: 'warning',
  title: 'IPv6 names lead to balancers that have IPv6',
  page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#ip-address-type',
  *find(model) {
    const balancers = ofType(model, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    for (const { logicalId, name, type, target } of aliases(model)) {
      const balancer = balancers.find(({ attributes }) => String(attributes.DNSName).toLowerCase() === target);
      if (type !== 'AAAA' || !balancer) continue;
      if (textOf(balancer.properties.IpAddressType)?.startsWith('dualstack')) continue;
      yield {
        message: `${logicalId} promises IPv6 addresses of ${name}, but ${balancer.logicalId} has only IPv4: the answer is empty.`,
        logicalId,
        fix: `Remove ${logicalId}; or, once the VPC and its subnets have IPv6 ranges and routes:\n${pasteInto(balancer.logicalId, { IpAddressType: 'dualstack' })}`,
      };
    }
  },
};
