/** Questions to a bucket, answered by the region's own IAM and S3: nothing here reads a policy's meaning itself. */
import { Fault } from '../../../region/simulated-region.ts';
import type { Model, ModelResource, ProposedCall } from '../../model/model.ts';
import { listOf, ofType, recordOf, textsOf } from './parts.ts';

export type Caller = ProposedCall['caller'];
type Via = NonNullable<ProposedCall['via']>;

/** Of nobody's account here, and of no organisation with it. */
const otherAccount = '210987654321';

export const anonymous: Caller = { kind: 'anonymous' };
export const stranger = rootOf(otherAccount);
/** Somebody on the internet. */
const fromOutside: Via = { sourceIp: '203.0.113.7', secure: true };

export function rootOf(account: string): Caller {
  return { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, principalId: account, accessKeyId: 'ASIA' };
}

/** A distribution that the template knows nothing of. */
export function otherDistribution(account = otherAccount): Caller {
  return {
    kind: 'service',
    service: 'cloudfront.amazonaws.com',
    sourceArn: `arn:aws:cloudfront::${account}:distribution/E2OTHEREXAMPLE`,
    sourceAccount: account,
    trusted: false,
  };
}

export interface Answer {
  readonly allowed: boolean;
  /** The statement that allows, or what is missing. */
  readonly reason: string;
}

type Asked = 'GetObject' | 'PutObject' | 'DeleteObject';

export function mayOnObject(
  model: Model,
  caller: Caller,
  operation: Asked,
  bucket: string,
  Key: string,
  via = fromOutside,
): Answer {
  return asked(model, { caller, service: 's3', operation, input: { Bucket: bucket, Key }, via });
}

export function mayList(model: Model, caller: Caller, bucket: string): Answer {
  return asked(model, {
    caller,
    service: 's3',
    operation: 'ListObjectsV2',
    input: { Bucket: bucket },
    via: fromOutside,
  });
}

/** A bucket that cannot be asked (of another region) lets nobody in as far as is known. */
function asked(model: Model, call: ProposedCall): Answer {
  try {
    return model.verdict(call);
  } catch (error) {
    if (error instanceof Fault) return { allowed: false, reason: error.message };
    throw error;
  }
}

/** A key for each pattern that a bucket's policy speaks of, and an ordinary one. */
export function keysOf(model: Model, bucket: ModelResource): readonly string[] {
  const keys = new Set(['index.html']);
  for (const statement of statementsOf(model, bucket)) {
    for (const resource of textsOf(statement.Resource)) {
      const pattern = /^arn:[^:]*:s3:::[^/]+\/(.+)$/.exec(resource)?.[1];
      if (pattern !== undefined && pattern !== '*') keys.add(pattern.replaceAll('*', 'x').replaceAll('?', 'x'));
    }
  }
  return [...keys];
}

/** The policies of a bucket: one, or none. */
export function policyOf(model: Model, bucket: ModelResource): ModelResource | undefined {
  return ofType(model, 'AWS::S3::BucketPolicy').find(({ properties }) => properties.Bucket === bucket.physicalId);
}

/** Its policy is in the template and could not be made: what the bucket lets in is not known. */
export function lacksItsPolicy({ template, unmade }: Model, { logicalId }: ModelResource): boolean {
  const name = JSON.stringify(template.resources[logicalId]?.Properties.BucketName);
  return unmade.some((id) => {
    const { Type, Properties } = template.resources[id] ?? {};
    if (Type !== 'AWS::S3::BucketPolicy') return false;
    const whose = JSON.stringify(Properties?.Bucket) ?? '';
    return whose === name || whose.includes(`"${logicalId}"`) || whose.includes(`\${${logicalId}}`);
  });
}

function statementsOf(model: Model, bucket: ModelResource) {
  return listOf(recordOf(policyOf(model, bucket)?.properties.PolicyDocument).Statement).map(recordOf);
}

/** The statement that a verdict names, in the policy's list; undefined where it is none of the bucket's policy. */
export function statementIndex(model: Model, bucket: ModelResource, reason: string): number | undefined {
  const name = / of resource policy$/.test(reason) ? reason.replace(/ of resource policy$/, '') : undefined;
  const index = statementsOf(model, bucket).findIndex(({ Sid }, at) => (Sid ?? `statement ${at + 1}`) === name);
  return index < 0 ? undefined : index;
}
