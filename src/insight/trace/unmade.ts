/** What a template has and the model does not: early ends may come of it, and are then not claimed. */
import type { Model } from '../model/model.ts';
import type { Alike, Journey, Ways } from './result.ts';

/** What a request can meet. */
const onTheWay =
  /^AWS::(EC2|ElasticLoadBalancingV2|Route53|CloudFront|S3|IAM|KMS|CertificateManager)::|^AWS::AutoScaling::AutoScalingGroup$/;

/** Why something that a request can meet is missing: the first failure; undefined: nothing is. */
export function whyUnmade({ failed, template, unmade }: Model): string | undefined {
  const isMet = (name: string) => onTheWay.test(template.resources[name]?.Type ?? '');
  return unmade.some(isMet) ? failed[0]?.message : undefined;
}

export function withoutClaims(ways: Ways, reason: string): Ways {
  return { ...ways, ...unclaimed(ways, reason), differing: ways.differing.map((one) => unclaimed(one, reason)) };
}

function unclaimed({ shown, alike }: Alike, reason: string): Alike {
  if (!shown.stopped || shown.ending === 'unknown') return { shown, alike };
  const fix = { text: `mend first what could not be made: ${reason}` };
  const journey: Journey = { ...shown, ending: 'unknown', stopped: { ...shown.stopped, ending: 'unknown', fix } };
  return { shown: journey, alike };
}

/** A resource of a type that is not modelled and that names this one, such as a service that registers targets. */
export function unmodelledUser({ resources }: Model, physicalId: string): string | undefined {
  for (const { modelled, properties, logicalId, type } of resources.values()) {
    if (!modelled && JSON.stringify(properties).includes(physicalId)) return `${logicalId} (${type})`;
  }
  return undefined;
}
