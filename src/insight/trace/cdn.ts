/** At CloudFront: the distribution, the behaviour, its function, the cache, and the origin with what guards it. */
import {
  type BehaviourConfig,
  behaviourFor,
  distributionAt,
  type EdgeConfig,
  type EdgeRequest,
  fromRecord,
  hostsOf,
  originRequest,
} from '../../region/decisions.ts';
import { type DistributionProperties, fromBucket } from './bucket-origin.ts';
import { around, back, type Leg, leg, stoppedLeg, there, type Way } from './leg.ts';
import type { TracedRequest } from './request.ts';
import type { Tracing } from './tracing.ts';

/** Goes on from the edge to a name: the origin's. */
export type GoOn = (
  host: string,
  port: number,
  request: EdgeRequest & { readonly scheme: 'http' | 'https' },
) => readonly Way[];

const requestId = 'trace';

export async function cdnWays(
  tracing: Tracing,
  request: TracedRequest & { readonly scheme: 'http' | 'https' },
  clientAddress: string,
  goOn: GoOn,
): Promise<readonly Way[]> {
  const { decisions } = tracing.model;
  const config = distributionAt(hostsOf(decisions.distributions()), request.host);
  if (!config?.enabled) {
    const why = config ? 'the distribution is disabled: 403' : `no distribution has the alias ${request.host}: 403`;
    const fix = { text: config ? `enable ${config.name}` : `add ${request.host} to the aliases of the distribution` };
    return [
      {
        name: '',
        leg: stoppedLeg({ kind: 'cdn', at: config?.name ?? 'CloudFront', rule: '', why }, { ending: 'refused', fix }),
      },
    ];
  }
  const { path, query, method, scheme, host } = request;
  const edgeRequest: EdgeRequest = {
    method,
    path,
    query,
    headers: fromRecord({ host, 'accept-encoding': 'gzip, br' }),
  };
  const behaviour = behaviourFor(config, path);
  const entered = entranceLeg(tracing, config, request);
  if (!behaviour)
    return [
      {
        name: '',
        leg: stoppedLeg(
          { kind: 'behaviour', at: config.name, rule: '', why: 'no behaviour: 400' },
          { ending: 'refused' },
        ),
      },
    ];
  const viewer = { address: clientAddress, port: 50_000, scheme, httpVersion: '1.1' };
  const asked = { config, behaviour, viewer, requestId };
  const refused = decisions.refusedAtEdge(asked, edgeRequest, `${path}${query === '' ? '' : `?${query}`}`);
  if (refused) return around(entered, () => [refusal(config, behaviour, refused)]);
  const chosen = there({
    kind: 'behaviour',
    at: config.name,
    rule: ruleOf(behaviour),
    why: `${path} goes to origin ${behaviour.origin.id}`,
  });
  const changed = behaviour.viewerRequest ? await decisions.afterFunction(asked, edgeRequest) : edgeRequest;
  const own = functionName(tracing, behaviour);
  if ('status' in changed) {
    const why = `answers ${changed.status} itself${changed.location === undefined ? '' : `: ${changed.location}`}`;
    const redirect = changed.location === undefined ? {} : { redirect: new URL(changed.location, request.url).href };
    const step = { kind: 'function', at: config.name, rule: own, why } as const;
    const said = changed.status < 400 ? leg(chosen, there(step)) : stoppedLeg(step, { ending: 'refused' }, chosen);
    return around(entered, () => [{ name: '', leg: said, ...redirect }]);
  }
  const rewritten = changed.path === path ? `${path} stays as it is` : `${path} becomes ${changed.path}`;
  const ran = behaviour.viewerRequest ? [there({ kind: 'function', at: config.name, rule: own, why: rewritten })] : [];
  const root = changed.path === '/' && config.defaultRootObject !== '';
  const wanted = root ? { ...changed, path: `/${config.defaultRootObject}` } : changed;
  const rooted = root
    ? [there({ kind: 'behaviour', at: config.name, rule: 'DefaultRootObject', why: `/ is ${wanted.path}` })]
    : [];
  const cached = there({ kind: 'cache', at: config.name, rule: '', why: cacheText(behaviour, method) });
  const answer = back({ kind: 'answer', at: config.name, rule: '', why: 'the edge answers its client' });
  const served = leg(chosen, ...ran, ...rooted, cached, answer);
  const sent = originRequest(behaviour, wanted, viewer, { via: 'trace', requestId });
  const { origin } = behaviour;
  return around(entered, () =>
    around(served, () => {
      if (origin.kind === 's3') return [{ name: '', leg: fromBucket(tracing, config, origin, sent.path) }];
      const secure = origin.protocol === 'https-only' || (origin.protocol === 'match-viewer' && scheme === 'https');
      const port = secure ? origin.httpsPort : origin.httpPort;
      const asking = there({
        kind: 'origin',
        at: config.name,
        rule: origin.id,
        why: `asks ${origin.domainName} by ${secure ? 'HTTPS' : 'HTTP'} on port ${port}`,
      });
      return around(leg({ ...asking, why: tracing.names.text(asking.why) }), () =>
        goOn(origin.domainName.toLowerCase(), port, { ...sent, scheme: secure ? 'https' : 'http' }),
      );
    }),
  );
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html */
const edgePorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function entranceLeg(tracing: Tracing, config: EdgeConfig, { scheme, host, port, path }: TracedRequest): Leg {
  const { name, certificate, aliases, domainName } = config;
  if (port !== edgePorts[scheme]) {
    const why = `CloudFront takes HTTP on port 80 and HTTPS on port 443: nobody listens for ${scheme.toUpperCase()} on ${port}`;
    const fix = { text: `ask for ${scheme}://${host}${path}` };
    return stoppedLeg({ kind: 'cdn', at: name, rule: '', why }, { ending: 'refused', fix });
  }
  const shown = certificate && host !== domainName ? certificateName(tracing, config) : '*.cloudfront.net';
  const secure = scheme === 'https' ? `HTTPS, certificate ${shown}` : 'HTTP';
  const step = {
    kind: 'cdn',
    at: name,
    rule: host === domainName ? '' : `alias ${host}`,
    why: `the nearest edge location takes it by ${secure}`,
  } as const;
  if (scheme === 'https' && host !== domainName && !certificate) {
    const fix = { text: `give ${name} a certificate for ${aliases.join(', ')}` };
    return stoppedLeg({ ...step, why: `it has no certificate for ${host}` }, { ending: 'refused', fix });
  }
  return leg(there(step));
}

function refusal(
  { name }: EdgeConfig,
  behaviour: BehaviourConfig,
  {
    status,
    location,
    result,
  }: { readonly status: number; readonly location: string | undefined; readonly result: string },
): Way {
  const rule = ruleOf(behaviour);
  if (result === 'Redirect' && location !== undefined) {
    const step = there({
      kind: 'behaviour',
      at: name,
      rule,
      why: `${behaviour.viewerProtocol}: answers ${status} to ${location}`,
    });
    return { name: '', leg: leg(step), redirect: location };
  }
  const why = behaviour.trustedKeys
    ? `it asks for a signed URL, and the request has none: ${status}`
    : behaviour.viewerProtocol === 'https-only'
      ? `it takes HTTPS only, or not this method: ${status}`
      : `it takes ${behaviour.allowedMethods.join(', ')} only: ${status}`;
  return { name: '', leg: stoppedLeg({ kind: 'behaviour', at: name, rule, why }, { ending: 'refused' }) };
}

function ruleOf({ pathPattern }: BehaviourConfig): string {
  return pathPattern === '*' ? 'default behaviour' : `behaviour ${pathPattern}`;
}

function functionName({ names }: Tracing, { viewerRequest }: BehaviourConfig): string {
  const name = viewerRequest?.name.split(':')[0] ?? '';
  return names.find('AWS::CloudFront::Function', ({ Name }) => Name === name)?.logicalId ?? name;
}

function cacheText({ cache, cachedMethods }: BehaviourConfig, method: string): string {
  if (cache.maxTtlMs === 0) return 'nothing is kept: each request goes to the origin';
  if (!cachedMethods.includes(method)) return `${method} is never answered from the cache`;
  const time = (ms: number) => `${Math.round(ms / 1000).toLocaleString('en-GB')} s`;
  const keyed = [
    cache.queryStrings.kind === 'none' ? '' : 'query',
    cache.headers.kind === 'none' ? '' : 'headers',
    cache.cookies.kind === 'none' ? '' : 'cookies',
  ].filter((one) => one !== '');
  const by = keyed.length === 0 ? 'path' : `path, ${keyed.join(', ')}`;
  if (cache.defaultTtlMs === 0)
    return `kept for as long as the origin says, at most ${time(cache.maxTtlMs)}, by ${by}; a fresh copy would be the answer, here there is none`;
  return `kept for ${time(cache.defaultTtlMs)} where the origin says nothing (${time(cache.minTtlMs)} to ${time(cache.maxTtlMs)}), by ${by}; a fresh copy would be the answer, here there is none`;
}

function certificateName({ names, model }: Tracing, { id, certificate }: EdgeConfig): string {
  const own = model.resources.get(names.of('AWS::CloudFront::Distribution', id));
  const { DistributionConfig } = (own?.properties ?? {}) as DistributionProperties;
  const arn = DistributionConfig?.ViewerCertificate?.AcmCertificateArn;
  const shown = certificate?.names.join(', ') ?? '';
  return arn === undefined ? shown : `${names.text(arn)} (${shown})`;
}
