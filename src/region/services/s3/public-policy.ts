/**
 * When a bucket policy counts as public.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
import type { PolicyStatement } from './policy-document.ts';

/** Conditions that narrow a grant to somebody, as long as their value is fixed. */
const narrowing = new Set([
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:userid',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
]);

/** Operators that say what a value is; the others say what it is not, or how it compares. */
const fixing = /^(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/i;

export function isPublic(statements: readonly PolicyStatement[]): boolean {
  return statements.some(({ effect, principals, negated, condition }) => {
    if (effect === 'Deny') return false;
    const everyone = negated || principals.some((principal) => principal === '*' || principal.includes('*'));
    return everyone && !narrowed(condition);
  });
}

function narrowed(condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>): boolean {
  return Object.entries(condition).some(
    ([operator, keys]) =>
      fixing.test(operator) &&
      Object.entries(keys).some(
        ([key, values]) => values.length > 0 && values.every((value) => fixed(key.toLowerCase(), value)),
      ),
  );
}

function fixed(key: string, value: string): boolean {
  if (key === 'aws:sourceip') return narrowRange(value);
  if (!narrowing.has(key) || value.includes('${')) return false;
  // Every session of one role is still that role.
  if (key === 'aws:userid') return !/[*?]/.test(value.replace(/^[A-Z0-9]{16,}:\*$/, ''));
  // An account's resources, whatever their names, are that account's.
  if (key === 'aws:sourcearn' || key === 'aws:principalarn')
    return /^arn:[^*?:]+:[^*?:]+:[^:]*:\d{12}:/.test(value) || !/[*?]/.test(value);
  return !/[*?]/.test(value);
}

function narrowRange(range: string): boolean {
  const bits = Number(range.split('/')[1] ?? 128);
  return range.includes(':') ? bits >= 32 : bits >= 8;
}
