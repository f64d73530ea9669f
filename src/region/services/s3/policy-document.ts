/**
 * Reads a bucket policy before it is accepted, and refuses it with S3's words. Evaluation is IAM's.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 */
import { matches, wildcard } from '../../pattern/wildcard.ts';
import { Fault } from '../../wire/fault.ts';

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly string[];
  /** `NotPrincipal`. */
  readonly negated: boolean;
  readonly condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const maxBytes = 20 * 1024;

const malformed = (message: string) => new Fault('MalformedPolicy', message, { status: 400 });

export function readBucketPolicy(text: string, bucket: string): PolicyStatement[] {
  if (Buffer.byteLength(text) > maxBytes) {
    throw new Fault('PolicyTooLarge', 'Normalized policy document exceeds the maximum allowed size of 20480 bytes.', {
      status: 400,
    });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (!isRecord(document)) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  only(document, ['Version', 'Id', 'Statement']);
  if (document.Version !== undefined && document.Version !== '2012-10-17' && document.Version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string');
  }
  if (document.Statement === undefined) throw malformed('Missing required field Statement');
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (statements.length === 0) throw malformed('Could not parse the policy: Statement is empty!');
  return statements.map((statement) => readStatement(statement, bucket));
}

function readStatement(statement: unknown, bucket: string): PolicyStatement {
  if (!isRecord(statement)) throw malformed('Invalid policy syntax.');
  only(statement, [
    'Sid',
    'Effect',
    'Principal',
    'NotPrincipal',
    'Action',
    'NotAction',
    'Resource',
    'NotResource',
    'Condition',
  ]);
  const { Effect } = statement;
  if (Effect === undefined) throw malformed('Missing required field Effect');
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed(`Invalid effect: ${String(Effect)}`);
  const negated = one(statement, 'Principal') === 'NotPrincipal';
  const principals = readPrincipal(statement.Principal ?? statement.NotPrincipal);
  const actions = strings(statement[one(statement, 'Action')], 'Policy has invalid action');
  for (const action of actions) {
    if (action !== '*' && !/^s3:[A-Za-z*?]+$/i.test(action)) throw malformed('Policy has invalid action');
  }
  const resources = strings(statement[one(statement, 'Resource')], 'Policy has invalid resource');
  for (const resource of resources) checkResource(resource, bucket);
  if ('Action' in statement && 'Resource' in statement) checkActionsFit(actions, resources);
  return { effect: Effect, principals, negated, condition: readCondition(statement.Condition) };
}

/** Which of `Action` and `NotAction` (and so on) there is; there must be one of the two. */
function one(statement: Record<string, unknown>, name: 'Principal' | 'Action' | 'Resource'): string {
  const not = `Not${name}`;
  if (statement[name] !== undefined && statement[not] !== undefined)
    throw malformed(`Statement contains both ${name} and ${not}`);
  if (statement[name] !== undefined) return name;
  if (statement[not] !== undefined) return not;
  throw malformed(`Missing required field ${name}`);
}

/** Beside accounts, roles and users: origin access identities, which are users of CloudFront. */
const awsPrincipal =
  /^(\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+|arn:aws[a-z-]*:iam::cloudfront:user\/CloudFront Origin Access Identity [A-Z0-9]+|A[A-Z0-9]{15,})$/;

function readPrincipal(principal: unknown): string[] {
  if (principal === '*') return ['*'];
  if (!isRecord(principal) || Object.keys(principal).length === 0) throw malformed('Invalid principal in policy');
  return Object.entries(principal).flatMap(([kind, value]) => {
    if (!['AWS', 'Service', 'CanonicalUser', 'Federated'].includes(kind))
      throw malformed('Invalid principal in policy');
    const names = strings(value, 'Invalid principal in policy');
    for (const name of names) {
      if (kind === 'AWS' && !awsPrincipal.test(name)) throw malformed('Invalid principal in policy');
      if (kind === 'Service' && !/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(name))
        throw malformed('Invalid principal in policy');
    }
    return names;
  });
}

/** A bucket's policy can speak of this bucket and its objects only. */
function checkResource(resource: string, bucket: string): void {
  const match = resource.match(/^arn:(aws|aws-cn|aws-us-gov|\*):s3:::([^/]+)(\/.*)?$/);
  if (!match || !matches(wildcard(match[2] ?? ''), bucket)) throw malformed('Policy has invalid resource');
}

/** `s3:GetObject` needs a resource with a slash, `s3:ListBucket` one without. */
function checkActionsFit(actions: readonly string[], resources: readonly string[]): void {
  const forObjects = resources.some((resource) => resource.includes('/') || resource.endsWith('*'));
  const forBucket = resources.some((resource) => !resource.includes('/'));
  const fits = actions.some((action) => {
    if (/[*?]/.test(action)) return true;
    return isObjectAction(action) ? forObjects : forBucket;
  });
  if (!fits) throw malformed('Action does not apply to any resource(s) in statement');
}

/** Of the actions on objects, those whose names do not say it are few. */
function isObjectAction(action: string): boolean {
  return (
    /^s3:(Get|Put|Delete|Restore|Replicate|BypassGovernance|Abort|Object|Initiate|List)?.*(Object|MultipartUpload$|MultipartUploadParts$|BypassGovernanceRetention$)/i.test(
      action,
    ) &&
    !/^s3:(ListBucketMultipartUploads|GetBucketObjectLockConfiguration|PutBucketObjectLockConfiguration)$/i.test(action)
  );
}

function readCondition(condition: unknown): PolicyStatement['condition'] {
  if (condition === undefined) return {};
  if (!isRecord(condition)) throw malformed('Invalid Condition');
  return Object.fromEntries(
    Object.entries(condition).map(([operator, keys]) => {
      if (
        !/^(For(All|Any)Values?:)?(String|Numeric|Date|Bool|Binary|IpAddress|NotIpAddress|Arn|Null)[A-Za-z]*$/.test(
          operator,
        )
      ) {
        throw malformed(`Invalid Condition type : ${operator}`);
      }
      if (!isRecord(keys)) throw malformed('Invalid Condition');
      const read = Object.entries(keys).map(([key, value]) => {
        if (!/^[a-z0-9-]+:[^\s]+$/i.test(key)) throw malformed('Policy has an invalid condition key');
        return [key, (Array.isArray(value) ? value : [value]).map(String)] as const;
      });
      return [operator, Object.fromEntries(read)];
    }),
  );
}

function strings(value: unknown, otherwise: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(otherwise);
  return list.map((item) => {
    if (typeof item !== 'string') throw malformed(otherwise);
    return item;
  });
}

function only(record: Record<string, unknown>, names: readonly string[]): void {
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) throw malformed(`Unknown field ${unknown}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
