/** Who reads a bucket besides those it is for: everybody, and distributions of others. */
import type { Path } from '../../../region/template.ts';
import type { Model, ModelResource } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import {
  type Answer,
  anonymous,
  type Caller,
  keysOf,
  mayList,
  mayOnObject,
  otherDistribution,
  policyOf,
  statementIndex,
  stranger,
} from './bucket-questions.ts';
import { bucketOriginsOf, bucketType, distributionsOf } from './origins.ts';
import { and, ofType } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

const page =
  'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html';

/** Who of the strangers may do what, and the first statement that lets them. */
interface Opening extends Answer {
  readonly what: string;
}

function openings(model: Model, bucket: ModelResource, caller: Caller): readonly Opening[] {
  const name = bucket.physicalId;
  const found: Opening[] = [];
  const add = (what: string, answer: Answer) => {
    if (answer.allowed && !found.some((one) => one.what === what)) found.push({ what, ...answer });
  };
  for (const key of keysOf(model, bucket)) {
    add('read objects', mayOnObject(model, caller, 'GetObject', name, key));
    add('write objects', mayOnObject(model, caller, 'PutObject', name, key));
    add('delete objects', mayOnObject(model, caller, 'DeleteObject', name, key));
  }
  add('list what is in it', mayList(model, caller, name));
  return found;
}

/** The policy's statement that lets them in. */
function place(model: Model, bucket: ModelResource, reason: string): { logicalId: string; path?: Path } {
  const policy = policyOf(model, bucket);
  const index = statementIndex(model, bucket, reason);
  if (!policy || index === undefined) return { logicalId: bucket.logicalId };
  return { logicalId: policy.logicalId, path: ['Properties', 'PolicyDocument', 'Statement', index] };
}

const allowing = ({ reason }: Opening) => reason.replace(/of resource policy$/, 'of its policy');

function servedBy(model: Model, bucket: ModelResource): string | undefined {
  const website = `${bucket.physicalId}.s3-website`;
  return distributionsOf(model).find(({ behaviours }) =>
    behaviours.some(({ origin }) =>
      origin.kind === 's3' ? origin.bucket === bucket.physicalId : origin.domainName.startsWith(website),
    ),
  )?.logicalId;
}

function openTo(model: Model, bucket: ModelResource): readonly Opening[] {
  const toAll = openings(model, bucket, anonymous);
  return toAll.length > 0 ? toAll : openings(model, bucket, stranger);
}

const bucketPublic: Rule = {
  id: 'bucket-public',
  severity: 'error',
  title: 'No bucket is open to everybody',
  page: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html',
  *find(model) {
    for (const bucket of ofType(model, bucketType)) {
      const found = openTo(model, bucket);
      const [first] = found;
      if (!first) continue;
      const distribution = servedBy(model, bucket);
      const past = distribution === undefined ? '' : `, past ${distribution}`;
      const { WebsiteConfiguration: website } = bucket.properties;
      const at = place(model, bucket, first.reason);
      yield {
        message: `Everybody on the internet may ${and(found.map(({ what }) => what))} of ${bucket.logicalId}${past}: ${allowing(first)} allows it.${website === undefined ? '' : ' Its website endpoint needs that, and speaks no TLS.'}`,
        ...at,
        fix: [
          `Remove ${at.path ? placeName(at.logicalId, at.path) : `what lets them in from ${at.logicalId}`}${
            website === undefined
              ? ''
              : `, and ${bucket.logicalId}.WebsiteConfiguration; the distribution's origin is ${bucket.logicalId}.RegionalDomainName, with an origin access control`
          }. Then keep such statements out:`,
          pasteInto(`${bucket.logicalId}.PublicAccessBlockConfiguration`, {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          }),
        ].join('\n'),
      };
    }
  },
};

/** The condition that names the distributions of a bucket. */
function onlyOwn(model: Model, bucket: ModelResource): object {
  const ids = bucketOriginsOf(model).flatMap((one) => (one.bucket === bucket ? [one.distribution.logicalId] : []));
  const arns = [...new Set(ids)].map((id) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:cloudfront::\${AWS::AccountId}:distribution/\${${id}}`,
  }));
  return { StringEquals: { 'AWS:SourceArn': arns.length === 1 ? arns[0] : arns } };
}

function* openToOthers(model: Model, own: boolean): Iterable<Found> {
  for (const bucket of ofType(model, bucketType)) {
    if (openTo(model, bucket).length > 0) continue;
    const ofOthers = openings(model, bucket, otherDistribution());
    const found = own && ofOthers.length === 0 ? openings(model, bucket, otherDistribution(model.account)) : ofOthers;
    const [first] = found;
    if (!first || own !== (ofOthers.length === 0)) continue;
    const at = place(model, bucket, first.reason);
    const whose = own ? 'Every distribution of this account' : 'A distribution of any AWS account';
    const follows = own
      ? 'not only the one that is meant'
      : 'so that somebody who knows the name serves its content as their own';
    yield {
      message: `${whose} may ${and(found.map(({ what }) => what))} of ${bucket.logicalId}, ${follows}: ${allowing(first)} names CloudFront without saying which distribution.`,
      ...at,
      fix: pasteInto(`${placeName(at.logicalId, at.path ?? [])}.Condition`, onlyOwn(model, bucket)),
    };
  }
}

const openToDistributions: Rule = {
  id: 'bucket-open-to-distributions',
  severity: 'error',
  title: "No bucket is open to other accounts' distributions",
  page,
  find: (model) => openToOthers(model, false),
};

const openToOwnDistributions: Rule = {
  id: 'bucket-open-to-own-distributions',
  severity: 'warning',
  title: 'Only the distribution that serves a bucket reads it',
  page,
  find: (model) => openToOthers(model, true),
};

export const bucketReaders: readonly Rule[] = [bucketPublic, openToDistributions, openToOwnDistributions];
