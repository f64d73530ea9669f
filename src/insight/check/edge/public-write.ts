/** Paths by which anybody writes into a bucket. */
import type { Rule } from '../rule.ts';
import { mayOnObject } from './bucket-questions.ts';
import { behaviourName, bucketOriginsOf, keyBehind } from './origins.ts';
import { and } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

const operations = { PUT: 'PutObject', DELETE: 'DeleteObject' } as const;

export const publicWrite: Rule = {
  id: 'public-write',
  severity: 'error',
  title: 'Nobody writes through a distribution without a signed URL',
  page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html',
  *find(model) {
    for (const { bucket, behaviours, caller, distribution } of bucketOriginsOf(model)) {
      if (!bucket?.modelled) continue;
      for (const behaviour of behaviours) {
        if (behaviour.trustedKeys !== undefined) continue;
        const open = Object.entries(operations).filter(
          ([method, operation]) =>
            behaviour.allowedMethods.includes(method) &&
            mayOnObject(model, caller, operation, bucket.physicalId, keyBehind(behaviour)).allowed,
        );
        if (open.length === 0) continue;
        const methods = and(open.map(([method]) => method));
        yield {
          message: `${distribution.logicalId} takes ${methods} from everybody in ${behaviourName(behaviour)}, and ${bucket.logicalId} lets it write: its signature says which distribution asks, and nothing of the viewer.`,
          logicalId: distribution.logicalId,
          path: behaviour.path,
          fix: `Ask for URLs signed by a key of yours, or leave ${methods} out of AllowedMethods:\n${pasteInto(
            placeName(distribution.logicalId, behaviour.path),
            { TrustedKeyGroups: [{ Ref: 'an AWS::CloudFront::KeyGroup' }] },
          )}`,
        };
      }
    }
  },
};
