import { expect, test } from 'vitest';
import type { Fault } from '../../wire/fault.ts';
import { readBucketPolicy } from './policy-document.ts';
import { isPublic } from './public-policy.ts';

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' };
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const account = { AWS: 'arn:aws:iam::123456789012:root' };

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
test.each<[string, object, boolean]>([
  ['everyone', { ...allow, Principal: '*' }, true],
  ['everyone of AWS', { ...allow, Principal: { AWS: '*' } }, true],
  ['everyone but one', { ...allow, NotPrincipal: account }, true],
  ['one account', { ...allow, Principal: account }, false],
  [
    'CloudFront for one distribution',
    {
      ...allow,
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': 'arn:aws:cloudfront::123456789012:distribution/E1' } },
    },
    false,
  ],
  [
    'everyone denied',
    { ...allow, Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    false,
  ],
  ['everyone by TLS', { ...allow, Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } }, true],
  [
    'everyone in one VPC',
    { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } },
    false,
  ],
  ['everyone in any VPC', { ...allow, Principal: '*', Condition: { StringLike: { 'aws:SourceVpc': 'vpc-*' } } }, true],
  [
    'everyone not in one VPC',
    { ...allow, Principal: '*', Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } },
    true,
  ],
  [
    'a small range',
    { ...allow, Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } },
    false,
  ],
  [
    'a huge range',
    { ...allow, Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': ['203.0.113.0/24', '0.0.0.0/1'] } } },
    true,
  ],
  [
    'one organisation',
    { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } },
    false,
  ],
  [
    'a policy variable',
    { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:SourceVpc': '${aws:username}' } } },
    true,
  ],
])('public or not: %s', (_, statement, expected) => {
  expect(isPublic(readBucketPolicy(policy(statement), 'bucket'))).toBe(expected);
});

test.each<[string, string, string]>([
  ['no JSON', 'nonsense', "Policies must be valid JSON and the first byte must be '{'"],
  ['a list', '[]', "Policies must be valid JSON and the first byte must be '{'"],
  ['no statement', '{"Version":"2012-10-17"}', 'Missing required field Statement'],
  ['no principal', policy(allow), 'Missing required field Principal'],
  ['no resource', policy({ ...allow, Principal: '*', Resource: undefined }), 'Missing required field Resource'],
  ['no action', policy({ ...allow, Principal: '*', Action: undefined }), 'Missing required field Action'],
  ['an unknown effect', policy({ ...allow, Principal: '*', Effect: 'Maybe' }), 'Invalid effect: Maybe'],
  ['an unknown field', policy({ ...allow, Principal: '*', Ressource: 'x' }), 'Unknown field Ressource'],
  ['a principal that is nobody', policy({ ...allow, Principal: { AWS: 'me' } }), 'Invalid principal in policy'],
  ['a service that is none', policy({ ...allow, Principal: { Service: 'cloudfront' } }), 'Invalid principal in policy'],
  [
    "another service's action",
    policy({ ...allow, Principal: '*', Action: 'ec2:RunInstances' }),
    'Policy has invalid action',
  ],
  [
    "another bucket's resource",
    policy({ ...allow, Principal: '*', Resource: 'arn:aws:s3:::other/*' }),
    'Policy has invalid resource',
  ],
  ['no ARN', policy({ ...allow, Principal: '*', Resource: 'bucket/*' }), 'Policy has invalid resource'],
  [
    'an object action on the bucket',
    policy({ ...allow, Principal: '*', Resource: 'arn:aws:s3:::bucket' }),
    'Action does not apply to any resource(s) in statement',
  ],
  [
    'a bucket action on objects',
    policy({ ...allow, Principal: '*', Action: 's3:ListBucket' }),
    'Action does not apply to any resource(s) in statement',
  ],
  [
    'an unknown operator',
    policy({ ...allow, Principal: '*', Condition: { Equals: { 'aws:SourceVpc': 'x' } } }),
    'Invalid Condition type : Equals',
  ],
])('malformed: %s', (_, text, message) => {
  try {
    readBucketPolicy(text, 'bucket');
  } catch (error) {
    expect((error as Fault).code).toBe('MalformedPolicy');
    expect((error as Fault).message).toBe(message);
    return;
  }
  throw new Error('the policy was accepted');
});

test.each([
  [{ Action: 's3:ListBucketMultipartUploads', Resource: 'arn:aws:s3:::bucket' }],
  [{ Action: 's3:AbortMultipartUpload', Resource: 'arn:aws:s3:::bucket/*' }],
  [{ Action: ['s3:GetObjectTagging', 's3:GetObjectVersion'], Resource: 'arn:aws:s3:::bucket/a/*' }],
  [{ Action: 's3:*', Resource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*'] }],
  [{ Action: 's3:GetBucketLocation', Resource: 'arn:aws:s3:::*' }],
  [{ Action: 's3:PutObjectAcl', Resource: 'arn:aws:s3:::buck?t/*' }],
  [{ NotAction: 's3:DeleteObject', NotResource: 'arn:aws:s3:::bucket/a' }],
])('accepted: %j', (statement) => {
  expect(readBucketPolicy(policy({ Effect: 'Allow', Principal: account, ...statement }), 'bucket')).toHaveLength(1);
});
