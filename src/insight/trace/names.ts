/** AWS's ids in the words of the template: logical ids wherever there are any. */
import type { Hop } from '../../region/network/verdict.ts';
import type { Model, ModelResource } from '../model/model.ts';

export interface Names {
  /** The logical id of a resource of that type (`AWS::S3::Bucket`) by its physical id, else the id itself. */
  of(type: string, physicalId: string): string;
  /** The one of that type with these resolved properties. */
  find(type: string, matches: (properties: Readonly<Record<string, unknown>>) => boolean): ModelResource | undefined;
  /** The rule of a hop: the logical id of its resource, and what it says. */
  rule(hop: Hop): { readonly rule: string; readonly why: string };
  /** A text with ARNs and ids replaced by logical ids. */
  text(text: string): string;
}

export function namesOf(model: Model): Names {
  const byType = new Map<string, ModelResource[]>();
  const ids: [string, string][] = [];
  for (const one of model.resources.values()) {
    byType.set(one.type, [...(byType.get(one.type) ?? []), one]);
    const { Arn } = one.attributes;
    if (typeof Arn === 'string') ids.push([Arn, one.logicalId]);
    // Those of policies and records are names of what they are on, and short ones are words of everyday.
    if (!/Policy$|RecordSet$/.test(one.type) && one.physicalId.length > 8) ids.push([one.physicalId, one.logicalId]);
  }
  /** The ways of a large group say the same again and again. */
  const known = new Map<string, string>();
  // Longer ones have shorter ones in them.
  ids.sort(([a], [b]) => b.length - a.length);

  const find: Names['find'] = (type, matches) => byType.get(type)?.find(({ properties }) => matches(properties));

  function ruleOf({ kind, id, part, rule }: Hop): string | undefined {
    const subnet = model.world.subnets.get(id);
    if (kind === 'acl' && subnet) {
      const [, way, number] = / (ingress|egress) (\d+)$/.exec(rule) ?? [];
      return find(
        'AWS::EC2::NetworkAclEntry',
        ({ NetworkAclId, Egress, RuleNumber }) =>
          NetworkAclId === subnet.acl.id &&
          (String(Egress) === 'true') === (way === 'egress') &&
          String(RuleNumber) === number,
      )?.logicalId;
    }
    if (kind === 'route' && subnet) {
      const to = rule.slice(part.length + 1);
      return find(
        'AWS::EC2::Route',
        (properties) =>
          [properties.DestinationCidrBlock, properties.DestinationIpv6CidrBlock].includes(to) &&
          properties.RouteTableId === subnet.routeTable.id,
      )?.logicalId;
    }
    return undefined;
  }

  return {
    of: (type, physicalId) => byType.get(type)?.find((one) => one.physicalId === physicalId)?.logicalId ?? physicalId,
    find,
    rule(hop) {
      const own = ruleOf(hop);
      // The id of a rule within a group says nothing to anybody.
      const text = hop.rule.replace(/ sgr-[0-9a-f]+$/, '').replace(/ 327(67|68)$/, ' *');
      return own === undefined ? { rule: text, why: hop.why } : { rule: own, why: `${text}: ${hop.why}` };
    },
    text(text) {
      let named = known.get(text);
      if (named === undefined) {
        named = ids.reduce((done, [id, name]) => done.replaceAll(id, name), text);
        known.set(text, named);
      }
      return named;
    },
  };
}
