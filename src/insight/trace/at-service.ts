/** At a service of AWS's: what the policies on the way say, and its answer. */
import type { Caller } from '../../region/decisions.ts';
import { formatAddress } from '../../region/network/address.ts';
import type { RoundTrip } from '../../region/network/verdict.ts';
import { back, type Leg, leg, stoppedLeg, there, type Way, within, withNotes } from './leg.ts';
import { calling } from './permitted.ts';
import { reading, type ServiceVia } from './policies.ts';
import type { TracedRequest } from './request.ts';
import { bucketOfHost } from './services.ts';
import { internet, type Source, senderOf } from './sources.ts';
import type { Tracing } from './tracing.ts';

/** What the service's front makes of it: policies, and its answer. */
export function atService(
  tracing: Tracing,
  source: Source,
  request: TracedRequest,
  trip: RoundTrip,
  serviceName: string,
  endpointId: string | undefined,
): Leg {
  const { model } = tracing;
  const service = serviceName.split('.').slice(3).join('.');
  const { at } = source;
  const endpoint = endpointId === undefined ? undefined : (model.logicalIdOf(endpointId) ?? endpointId);
  const policy = endpointId === undefined ? undefined : model.decisions.endpointPolicy(endpointId);
  const via: ServiceVia = {
    sourceIp: formatAddress(trip.forward.source.address),
    secure: request.scheme !== 'http',
    ...(at ? { vpcId: at.subnet.vpcId } : {}),
    ...(endpointId === undefined ? {} : { vpcEndpointId: endpointId }),
    ...(policy === undefined ? {} : { endpointPolicy: policy }),
    endpoint,
  };
  const caller = at?.kind === 'instance' ? model.decisions.machineCaller(at.owner) : undefined;
  const bucket = service === 's3' ? bucketOfHost(request) : undefined;
  if (bucket !== undefined) {
    const name = tracing.names.of('AWS::S3::Bucket', bucket.bucket);
    if (!model.decisions.bucket(bucket.bucket)) return unknownBucket(name);
    return within(reading(tracing, caller ?? { kind: 'anonymous' }, via, bucket), () => objectLeg(name, bucket.key));
  }
  const answer = leg(back({ kind: 'answer', at: service, rule: '', why: 'the service answers' }));
  if (caller) return within(calling(tracing, caller, via, actionPrefix(service)), () => answer);
  if (at?.kind !== 'instance') return withNotes(answer, 'who signs the request is not known: policies were not asked');
  const why = `${at.ownerName} has no role: it cannot sign a request`;
  const fix = { text: 'give the machine an instance profile with a role' };
  return stoppedLeg({ kind: 'policy', at: 'IAM', rule: '', why }, { ending: 'refused', fix });
}

function objectLeg(at: string, key: string): Leg {
  return leg(
    back({ kind: 'answer', at, rule: '', why: key === '' ? 'S3 answers with the list' : `S3 answers with /${key}` }),
  );
}

function unknownBucket(name: string): Leg {
  const why = `${name} is not in the template: what it answers is not known`;
  return stoppedLeg({ kind: 'policy', at: name, rule: '', why }, { ending: 'unknown' });
}

/** A client outside at AWS's own public names: nothing of the model's network is on the way. */
export function outsideAtAws(tracing: Tracing, request: TracedRequest, service: string): Way {
  const { model, names } = tracing;
  const bucket = service === 's3' ? bucketOfHost(request) : undefined;
  const dns = there({
    kind: 'dns',
    at: 'DNS',
    rule: '',
    why: `${names.text(request.host)} is AWS's public address of ${service}`,
  });
  if (bucket === undefined) {
    const why = `who signs the request is not known: what ${service} answers is not either`;
    return { name: '', leg: stoppedLeg({ kind: 'service', at: service, rule: '', why }, { ending: 'unknown' }, dns) };
  }
  const name = names.of('AWS::S3::Bucket', bucket.bucket);
  const caller: Caller = { kind: 'anonymous' };
  const via = { sourceIp: senderOf(internet, 4)?.address ?? '', secure: request.scheme !== 'http' };
  const known = model.decisions.bucket(bucket.bucket) !== undefined;
  const read = () => (known ? reading(tracing, caller, via, bucket) : unknownBucket(name));
  return { name: '', leg: within(within(leg(dns), read), () => objectLeg(name, bucket.key)) };
}

/** IAM's name of a service, where its endpoints have another. */
function actionPrefix(service: string): string {
  const known: Readonly<Record<string, string>> = {
    monitoring: 'cloudwatch',
    'ecr.api': 'ecr',
    'ecr.dkr': 'ecr',
    events: 'events',
  };
  return known[service] ?? service.split('.')[0] ?? service;
}
