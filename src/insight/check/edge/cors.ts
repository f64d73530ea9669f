/** Cross-origin requests: a bucket's rules, the distribution's own headers, and what is forwarded and cached. */
import type { Selection } from '../../../region/traffic/edge/config.ts';
import type { Model, ModelResource } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import { type Behaviour, behaviourName, bucketOriginsOf, distributionsOf } from './origins.ts';
import { and, listOf, recordOf, textsOf } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

const guide = 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide';
const preflightHeaders = ['origin', 'access-control-request-method', 'access-control-request-headers'];
const headerNames = ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers'];

interface CorsRule {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
}

function corsRules(bucket: ModelResource | undefined): readonly CorsRule[] {
  const { CorsRules } = recordOf(bucket?.properties.CorsConfiguration);
  return listOf(CorsRules)
    .map(recordOf)
    .map(({ AllowedOrigins, AllowedMethods }) => ({
      origins: textsOf(AllowedOrigins),
      methods: textsOf(AllowedMethods),
    }));
}

const has = (selection: Selection | undefined, name: string) =>
  selection?.kind === 'all' ||
  (selection?.kind === 'only' && selection.names.includes(name)) ||
  (selection?.kind === 'allExcept' && !selection.names.includes(name));

interface Crossing {
  readonly logicalId: string;
  readonly behaviour: Behaviour;
  readonly bucket: ModelResource | undefined;
  readonly rules: readonly CorsRule[];
}

/** Behaviours that lead to a bucket of the template. */
function crossings(model: Model): readonly Crossing[] {
  return bucketOriginsOf(model).flatMap(({ distribution: { logicalId }, behaviours, bucket }) =>
    behaviours.map((behaviour) => ({ logicalId, behaviour, bucket, rules: corsRules(bucket) })),
  );
}

const corsDisagree: Rule = {
  id: 'cors-disagree',
  severity: 'warning',
  title: 'A bucket and its distribution allow the same origins',
  page: `${guide}/understanding-response-headers-policies.html#understanding-response-headers-policies-cors`,
  *find(model) {
    for (const { logicalId, behaviour, bucket, rules } of crossings(model)) {
      const own = behaviour.responseHeaders?.cors;
      if (!own || rules.length === 0) continue;
      const ofBucket = new Set(rules.flatMap(({ origins }) => origins));
      const ofPolicy = new Set(own.allowOrigins);
      const differ =
        [...ofBucket].some((origin) => !ofPolicy.has(origin)) || [...ofPolicy].some((one) => !ofBucket.has(one));
      if (!differ) continue;
      const wins = own.originOverride
        ? "the policy's headers replace the bucket's (OriginOverride), whose rules decide nothing"
        : "the bucket's headers stay where it sends them, and the policy's are sent for all other requests";
      yield {
        message: `${bucket?.logicalId} allows ${and([...ofBucket])} to read it from other origins, the response headers policy of ${logicalId} in ${behaviourName(behaviour)} ${and([...ofPolicy])}: ${wins}.`,
        logicalId,
        path: [...behaviour.path, 'ResponseHeadersPolicyId'],
        fix: `Say it in one place: remove ${bucket?.logicalId}.CorsConfiguration or the policy's CorsConfig, or give both the same origins.`,
      };
    }
  },
};

const corsOriginHeader: Rule = {
  id: 'cors-origin-header',
  severity: 'warning',
  title: "A bucket's CORS rules see the origin of a request, and caches keep the answers apart",
  page: `${guide}/header-caching.html#header-caching-web-cors`,
  *find(model) {
    for (const { logicalId, behaviour, bucket, rules } of crossings(model)) {
      // A policy of the distribution answers in the bucket's place.
      if (rules.length === 0 || behaviour.responseHeaders?.cors) continue;
      const inKey = has(behaviour.cache.headers, 'origin');
      const cached = behaviour.cache.maxTtlMs > 0;
      const forwarded = inKey || has(behaviour.originRequest?.headers, 'origin');
      const everyone = rules.every(({ origins }) => origins.includes('*'));
      if (forwarded && (inKey || !cached)) continue;
      const why = forwarded
        ? `forwards Origin to ${bucket?.logicalId} but caches the answer for all origins: the first one's Access-Control-Allow-Origin ${everyone ? '(or none) ' : ''}is given to the next`
        : `does not forward Origin to ${bucket?.logicalId}, whose CORS rules never see it: no answer allows another origin`;
      yield {
        message: `${logicalId} ${why} (${behaviourName(behaviour)}).`,
        logicalId,
        path: [...behaviour.path, 'CachePolicyId'],
        fix: `Put ${and(headerNames)} into the cache key (CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig), or let CloudFront answer for the bucket by AWS's own policy SimpleCORS:\n${pasteInto(
          placeName(logicalId, behaviour.path),
          { ResponseHeadersPolicyId: '60669652-455b-4ae9-85a4-c4c02393f86c' },
        )}`,
      };
    }
  },
};

const simple = ['GET', 'HEAD', 'POST'];

/** Methods of its rules that a browser asks beforehand for. */
function askedBefore(methods: readonly string[]): readonly string[] {
  const all = methods.includes('ALL') ? ['GET', 'PUT', 'PATCH', 'DELETE'] : methods;
  return [...new Set(all)].filter((method) => !simple.includes(method) && method !== 'OPTIONS');
}

function preflightFindings({ logicalId, behaviour, bucket, rules }: Crossing): readonly Found[] {
  const own = behaviour.responseHeaders?.cors;
  // A policy that allows all methods wants nothing in particular.
  const ofPolicy = own && !own.allowMethods.includes('ALL') ? own.allowMethods : [];
  const promised = askedBefore([...rules.flatMap(({ methods }) => methods), ...ofPolicy]);
  if (promised.length === 0) return [];
  const { allowedMethods } = behaviour;
  const refused = promised.filter((method) => !allowedMethods.includes(method));
  const noPreflight = !allowedMethods.includes('OPTIONS');
  if (refused.length === 0 && !noPreflight) return [];
  const says = rules.length > 0 ? bucket?.logicalId : 'its response headers policy';
  return [
    {
      message: `${says} allows ${and(promised)} from other origins, but ${logicalId} takes no ${and([...refused, ...(noPreflight ? ['OPTIONS'] : [])])} in ${behaviourName(behaviour)}: ${noPreflight ? 'the preflight of a browser' : 'the request'} is answered with 403.`,
      logicalId,
      path: [...behaviour.path, 'AllowedMethods'],
      fix: pasteInto(placeName(logicalId, behaviour.path), {
        AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
      }),
    },
  ];
}

const corsPreflight: Rule = {
  id: 'cors-preflight',
  severity: 'warning',
  title: 'What CORS allows, the distribution takes',
  page: `${guide}/header-caching.html#header-caching-web-cors`,
  *find(model) {
    for (const one of crossings(model)) yield* preflightFindings(one);
    const toBuckets = new Set(crossings(model).map(({ behaviour }) => behaviour.path.join()));
    for (const { logicalId, behaviours } of distributionsOf(model)) {
      for (const behaviour of behaviours) {
        if (toBuckets.has(behaviour.path.join()) || behaviour.origin.kind === 's3') continue;
        yield* preflightFindings({ logicalId, behaviour, bucket: undefined, rules: [] });
      }
    }
  },
};

const corsCachedPreflight: Rule = {
  id: 'cors-cached-preflight',
  severity: 'warning',
  title: 'Answers to OPTIONS are cached by what was asked',
  page: `${guide}/DownloadDistValuesCacheBehavior.html#DownloadDistValuesAllowedHTTPMethods`,
  *find(model) {
    for (const { logicalId, behaviours } of distributionsOf(model)) {
      for (const behaviour of behaviours) {
        const { cachedMethods, cache, path, responseHeaders } = behaviour;
        if (!cachedMethods.includes('OPTIONS') || cache.maxTtlMs === 0 || responseHeaders?.cors) continue;
        const missing = headerNames.filter((_, at) => !has(cache.headers, preflightHeaders[at] ?? ''));
        if (missing.length === 0) continue;
        yield {
          message: `${logicalId} caches OPTIONS in ${behaviourName(behaviour)} without ${and(missing)} in the cache key: one origin's preflight is answered with another's.`,
          logicalId,
          path: [...path, 'CachedMethods'],
          fix: pasteInto(placeName(logicalId, path), { CachedMethods: ['GET', 'HEAD'] }),
        };
      }
    }
  },
};

export const corsRulesOfEdge: readonly Rule[] = [corsDisagree, corsOriginHeader, corsPreflight, corsCachedPreflight];
