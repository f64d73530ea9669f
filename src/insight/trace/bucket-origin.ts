/** CloudFront at a bucket: how it signs, what the policies and the key say, and what is shown where a key is missing. */
import { type EdgeConfig, fromRecord, type OriginConfig, originFacing } from '../../region/decisions.ts';
import { back, type Leg, leg, stoppedLeg, there, within, withNotes } from './leg.ts';
import { reading } from './policies.ts';
import type { Tracing } from './tracing.ts';

export function fromBucket(
  tracing: Tracing,
  config: EdgeConfig,
  origin: Extract<OriginConfig, { kind: 's3' }>,
  path: string,
): Leg {
  const { names, model } = tracing;
  const { decisions } = model;
  const bucket = names.of('AWS::S3::Bucket', origin.bucket);
  const caller = decisions.originCaller(origin, config, fromRecord({}));
  const signed = signerText(tracing, origin, caller.kind);
  const key = decodedKey(path);
  const step = { kind: 'origin', at: bucket, rule: signed.rule, why: `${signed.why}: GET /${key}` } as const;
  if (!decisions.bucket(origin.bucket)) {
    const why = `${bucket} is not in the template: what it answers is not known`;
    return stoppedLeg({ ...step, why }, { ending: 'unknown' });
  }
  const via = { sourceIp: originFacing[0] ?? '', secure: true, userAgent: 'Amazon CloudFront' };
  const object = { bucket: origin.bucket, key };
  const read = reading(tracing, caller, via, object);
  const fixed = caller.kind === 'anonymous' && read.stopped ? withAccessControl(read, config, origin) : read;
  const listed = decisions.onListing(caller, via, object).allowed;
  return withNotes(
    within(
      within(leg(there(step)), () => fixed),
      () => leg(back({ kind: 'answer', at: bucket, rule: '', why: `S3 answers with /${key}` })),
    ),
    // A page of errors in the same bucket is refused like all else.
    ...(read.stopped ? [] : errorNotes(config, listed ? 404 : 403, `Were /${key} not there: `)),
  );
}

function signerText({ names, model }: Tracing, origin: Extract<OriginConfig, { kind: 's3' }>, kind: string) {
  if (kind === 'anonymous') return { rule: '', why: 'asks unsigned' };
  if (kind === 'user')
    return {
      rule: `origin access identity ${origin.accessIdentity ?? ''}`,
      why: 'signed as the origin access identity',
    };
  const id = accessControlOf(model.resources.values(), origin.id);
  const rule = id === undefined ? 'origin access control' : names.of('AWS::CloudFront::OriginAccessControl', id);
  return { rule, why: 'signed by SigV4 as cloudfront.amazonaws.com' };
}

/** Of the template. */
export interface DistributionProperties {
  readonly DistributionConfig?: {
    readonly ViewerCertificate?: { readonly AcmCertificateArn?: string };
    readonly Origins?: readonly { readonly Id?: string; readonly OriginAccessControlId?: string }[];
  };
}

function accessControlOf(
  resources: Iterable<{ readonly type: string; readonly properties: object }>,
  originId: string,
): string | undefined {
  for (const { type, properties } of resources) {
    if (type !== 'AWS::CloudFront::Distribution') continue;
    const { DistributionConfig } = properties as DistributionProperties;
    const found = DistributionConfig?.Origins?.find(({ Id }) => Id === originId)?.OriginAccessControlId;
    if (found !== undefined) return found;
  }
  return undefined;
}

function withAccessControl(read: Leg, { name }: EdgeConfig, { id }: OriginConfig): Leg {
  if (!read.stopped) return read;
  const text = `give origin ${id} of ${name} an origin access control that always signs, and let the bucket's policy allow the distribution`;
  return { ...read, stopped: { ...read.stopped, fix: { text } } };
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html */
function errorNotes({ name, errorResponses }: EdgeConfig, status: number, before: string): string[] {
  const page = errorResponses.find(({ errorCode }) => errorCode === status)?.page;
  const then = page ? `${name} shows ${page.path} with ${page.status} in its place` : `so does ${name}`;
  return [`${before}S3 answers ${status}, and ${then}`];
}

function decodedKey(path: string): string {
  try {
    return decodeURIComponent(path.replace(/^\//, ''));
  } catch {
    return path.replace(/^\//, '');
  }
}
