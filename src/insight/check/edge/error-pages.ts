/** What a single-page app's own routes are answered with, as no such object is in the bucket. */
import type { Model } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { lacksItsPolicy, mayList } from './bucket-questions.ts';
import { type BucketOrigin, bucketOriginsOf, distributionsOf } from './origins.ts';
import { pasteInto } from './paste.ts';

const page = 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html';
const missingKey = 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html';

/** Where the default behaviour leads to a bucket: what S3 answers to a key that is not there. */
function sites(model: Model): readonly (BucketOrigin & { readonly missing: 403 | 404 })[] {
  return bucketOriginsOf(model).flatMap((one) => {
    const { bucket, caller, behaviours } = one;
    const byDefault = behaviours.find(({ pathPattern }) => pathPattern === '*');
    if (!bucket?.modelled || !byDefault || lacksItsPolicy(model, bucket)) return [];
    return [{ ...one, missing: mayList(model, caller, bucket.physicalId).allowed ? 404 : 403 }];
  });
}

function pageFor(code: number): object {
  return { ErrorCode: code, ResponseCode: 200, ResponsePagePath: '/index.html' };
}

const spaFallbackCode: Rule = {
  id: 'spa-fallback-code',
  severity: 'warning',
  title: 'The fallback page answers the code that S3 gives',
  page: missingKey,
  *find(model) {
    for (const { distribution, bucket, missing } of sites(model)) {
      const { errorResponses } = distribution.edge;
      const paged = errorResponses.filter((one) => one.page).map(({ errorCode }) => errorCode);
      const other = missing === 403 ? 404 : 403;
      if (paged.includes(missing) || !paged.includes(other)) continue;
      const { logicalId } = distribution;
      const name = bucket?.logicalId ?? '';
      const why =
        missing === 403
          ? `${logicalId} may not list ${name}, so that S3 hides what is not there behind a 403`
          : `${logicalId} may list ${name}, so that S3 says 404 of what is not there`;
      yield {
        message: `${logicalId} has a page for ${other}, but a path that is not in ${name} is answered with ${missing}: ${why}. The app's own routes fail when they are reloaded.`,
        logicalId,
        path: ['Properties', 'DistributionConfig', 'CustomErrorResponses'],
        fix: `${pasteInto(`${logicalId}.DistributionConfig.CustomErrorResponses`, [pageFor(missing)])}${
          missing === 403
            ? `\nBetter: allow s3:ListBucket on ${name} to ${logicalId} in the bucket's policy. 403 then says that something is forbidden, and 404 that it is not there.`
            : ''
        }`,
      };
    }
  },
};

const spaFallback: Rule = {
  id: 'spa-fallback',
  severity: 'note',
  title: "An app's own routes lead to its page",
  page,
  *find(model) {
    for (const { distribution, behaviours, missing } of sites(model)) {
      const { logicalId, edge } = distribution;
      const byFunction = behaviours.some(({ pathPattern, viewerRequest }) => pathPattern === '*' && viewerRequest);
      // Of a bucket without a root page it is not known that it is an app.
      if (byFunction || edge.defaultRootObject === '' || edge.errorResponses.some((one) => one.page)) continue;
      yield {
        message: `A route of a single-page app (/settings) that is reloaded or shared is answered with ${missing} by ${logicalId}: no object has that name.`,
        logicalId,
        path: ['Properties', 'DistributionConfig'],
        fix: `Let a viewer-request function lead paths without a dot to /index.html; or, where all of the distribution is the app:\n${pasteInto(
          `${logicalId}.DistributionConfig.CustomErrorResponses`,
          [pageFor(missing)],
        )}`,
      };
    }
  },
};

const errorPageHidesApi: Rule = {
  id: 'error-page-hides-api',
  severity: 'warning',
  title: "No error page takes the place of an API's own errors",
  page,
  *find(model) {
    for (const { logicalId, edge, behaviours } of distributionsOf(model)) {
      const api = behaviours.find(({ origin, pathPattern }) => origin.kind === 'custom' && pathPattern !== '*');
      const hidden = edge.errorResponses.filter(({ page: shown, errorCode }) => shown && errorCode < 500);
      if (!api || hidden.length === 0) continue;
      const codes = hidden.map(({ errorCode }) => errorCode).join(' and ');
      yield {
        message: `Error pages hold for a whole distribution: ${codes} of what is behind ${api.pathPattern} become ${hidden[0]?.page?.path} with ${hidden[0]?.page?.status}, and a client of the API never learns that it was refused.`,
        logicalId,
        path: ['Properties', 'DistributionConfig', 'CustomErrorResponses'],
        fix: `Remove them, and associate a viewer-request function with the default behaviour that leads paths without a dot to /index.html.`,
      };
    }
  },
};

export const errorPages: readonly Rule[] = [spaFallbackCode, spaFallback, errorPageHidesApi];
