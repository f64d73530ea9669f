/** What a distribution shows to viewers: HTTPS, the page at its root, security headers. */
import type { Rule } from '../rule.ts';
import { behaviourName, distributionsOf } from './origins.ts';
import { pasteInto, placeName } from './paste.ts';

const guide = 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide';

const viewerHttp: Rule = {
  id: 'viewer-http',
  severity: 'warning',
  title: 'Viewers are served over HTTPS only',
  page: `${guide}/using-https-viewers-to-cloudfront.html`,
  *find(model) {
    for (const { logicalId, behaviours } of distributionsOf(model)) {
      for (const behaviour of behaviours) {
        if (behaviour.viewerProtocol !== 'allow-all') continue;
        yield {
          message: `${logicalId} answers plain HTTP in ${behaviourName(behaviour)}: pages and cookies can be read and changed on the way.`,
          logicalId,
          path: [...behaviour.path, 'ViewerProtocolPolicy'],
          fix: pasteInto(placeName(logicalId, behaviour.path), { ViewerProtocolPolicy: 'redirect-to-https' }),
        };
      }
    }
  },
};

const defaultRootObject: Rule = {
  id: 'default-root-object',
  severity: 'warning',
  title: 'The root of a site is a page',
  page: `${guide}/DefaultRootObject.html`,
  *find(model) {
    for (const { logicalId, edge, behaviours } of distributionsOf(model)) {
      const byDefault = behaviours.at(-1);
      // A function may make a page of it.
      if (byDefault?.origin.kind !== 's3' || byDefault.viewerRequest || edge.defaultRootObject !== '') continue;
      const pages = edge.errorResponses.filter(({ page, errorCode }) => page && [403, 404].includes(errorCode));
      if (pages.length > 0) continue;
      yield {
        message: `${logicalId} has no DefaultRootObject: a request for / asks the bucket for its own list, and is answered with 403, or with the names of everything in it.`,
        logicalId,
        path: ['Properties', 'DistributionConfig'],
        fix: pasteInto(`${logicalId}.DistributionConfig`, { DefaultRootObject: 'index.html' }),
      };
    }
  },
};

/** Those that cost nothing and that every page can have. */
const expected = ['Strict-Transport-Security', 'X-Content-Type-Options'];

const securityHeaders: Rule = {
  id: 'security-headers',
  severity: 'note',
  title: 'Pages carry security headers',
  page: `${guide}/understanding-response-headers-policies.html`,
  *find(model) {
    for (const { logicalId, behaviours } of distributionsOf(model)) {
      const byDefault = behaviours.at(-1);
      // A function at the response may set them.
      if (!byDefault || byDefault.viewerResponse) continue;
      const set = new Set(byDefault.responseHeaders?.set.map(({ name }) => name.toLowerCase()));
      const missing = expected.filter((name) => !set.has(name.toLowerCase()));
      if (missing.length === 0) continue;
      yield {
        message: `${logicalId} sets no ${missing.join(' or ')} in its default behaviour.`,
        logicalId,
        path: [...byDefault.path, 'ResponseHeadersPolicyId'],
        fix: `AWS's own policy SecurityHeadersPolicy sets them:\n${pasteInto(placeName(logicalId, byDefault.path), {
          ResponseHeadersPolicyId: '67f7725c-6f97-4210-82d7-5512b31e9d03',
        })}`,
      };
    }
  },
};

export const viewerSettings: readonly Rule[] = [viewerHttp, defaultRootObject, securityHeaders];
