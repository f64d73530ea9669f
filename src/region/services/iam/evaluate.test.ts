import { describe, expect, test } from 'vitest';
import { evaluate, type Question } from './evaluate.ts';
import { compilePolicy } from './policy.ts';

const account = '123456789012';
const role = `arn:aws:iam::${account}:role/app`;
const key = 'arn:aws:s3:::data/pictures/1.png';

interface Simple {
  Effect?: string;
  Action?: string | string[];
  Resource?: string | string[];
  [more: string]: unknown;
}

function policy(...statements: Simple[]): { name: string; text: string } {
  const Statement = statements.map((s) => ({
    Effect: 'Allow',
    ...('NotAction' in s ? {} : { Action: 's3:GetObject' }),
    ...('NotResource' in s ? {} : { Resource: '*' }),
    ...s,
  }));
  return { name: 'p', text: JSON.stringify({ Version: '2012-10-17', Statement }) };
}

function question(more: Partial<Question> & { keys?: Record<string, string | string[]> }): Question {
  const { keys = {}, ...rest } = more;
  return {
    action: 's3:GetObject',
    resource: key,
    context: new Map(
      Object.entries(keys).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value : [value]]),
    ),
    principals: [role, `arn:aws:sts::${account}:assumed-role/app/i-1`],
    accountPrincipals: [account, `arn:aws:iam::${account}:root`],
    identity: [],
    unrestricted: false,
    sameAccount: true,
    resourcePolicyDecides: false,
    ...rest,
  };
}

const forEveryone = { Principal: '*' };
const deny = { Effect: 'Deny' };
const service = {
  identity: undefined,
  principals: [],
  accountPrincipals: [],
  sameAccount: false,
  service: 'cloudfront.amazonaws.com',
};
const anonymous = { ...service, service: undefined };

describe('who decides', () => {
  const rows: [string, Partial<Question> & { keys?: Record<string, string | string[]> }, boolean | string][] = [
    ['nothing allows', {}, 'identity-based policy'],
    ['identity allows', { identity: [policy({})] }, true],
    ['identity denies what identity allows', { identity: [policy({}), policy(deny)] }, 'identity-based policy'],
    ['another action', { identity: [policy({ Action: 's3:Put*' })] }, 'identity-based policy'],
    ['actions ignore case', { identity: [policy({ Action: 'S3:getobject' })] }, true],
    ['resources do not', { identity: [policy({ Resource: 'arn:aws:s3:::DATA/*' })] }, 'identity-based policy'],
    ['wildcards in a resource', { identity: [policy({ Resource: 'arn:aws:s3:::data/*/?.png' })] }, true],
    ['NotAction', { identity: [policy({ NotAction: 's3:PutObject' })] }, true],
    ['NotResource', { identity: [policy({ NotResource: key })] }, 'identity-based policy'],
    ['the resource policy names the role', { resourcePolicy: policy({ Principal: { AWS: role } }) }, true],
    [
      'the resource policy names only the account',
      { resourcePolicy: policy({ Principal: { AWS: account } }) },
      'identity-based policy',
    ],
    [
      'the resource policy denies the root user',
      { unrestricted: true, resourcePolicy: policy({ ...deny, ...forEveryone }) },
      'resource-based policy',
    ],
    ['root needs no policy', { unrestricted: true }, true],
    [
      'another account needs both: only identity',
      { sameAccount: false, identity: [policy({})] },
      'resource-based policy',
    ],
    [
      'another account needs both: only resource',
      { sameAccount: false, resourcePolicy: policy(forEveryone) },
      'identity-based policy',
    ],
    [
      'another account with both',
      { sameAccount: false, identity: [policy({})], resourcePolicy: policy(forEveryone) },
      true,
    ],
    [
      'the endpoint policy narrows',
      { identity: [policy({})], endpoint: policy({ Action: 's3:PutObject', ...forEveryone }) },
      'VPC endpoint policy',
    ],
    ['the endpoint policy cannot widen', { endpoint: policy(forEveryone) }, 'identity-based policy'],
    ['the boundary narrows', { identity: [policy({})], boundary: policy({ Action: 'ec2:*' }) }, 'permissions boundary'],
    ['the session narrows', { identity: [policy({})], session: [policy({ Action: 'ec2:*' })] }, 'session policy'],
    [
      'KMS: identity alone is not enough',
      {
        identity: [policy({})],
        resourcePolicyDecides: true,
        resourcePolicy: policy({ Principal: { AWS: 'arn:aws:iam::999999999999:root' } }),
      },
      'resource-based policy',
    ],
    [
      'KMS: the key policy leaves it to the account',
      {
        identity: [policy({})],
        resourcePolicyDecides: true,
        resourcePolicy: policy({ Principal: { AWS: `arn:aws:iam::${account}:root` } }),
      },
      true,
    ],
    [
      'KMS: leaves it to the account, which is silent',
      { resourcePolicyDecides: true, resourcePolicy: policy({ Principal: { AWS: account } }) },
      'identity-based policy',
    ],
    ['a service without a resource policy', service, 'resource-based policy'],
    [
      'a service that is named',
      { ...service, resourcePolicy: policy({ Principal: { Service: 'cloudfront.amazonaws.com' } }) },
      true,
    ],
    [
      'another service',
      { ...service, resourcePolicy: policy({ Principal: { Service: 'logs.amazonaws.com' } }) },
      'resource-based policy',
    ],
    [
      'a service for another distribution',
      {
        ...service,
        keys: { 'aws:SourceArn': 'arn:aws:cloudfront::1:distribution/B' },
        resourcePolicy: policy({
          Principal: { Service: 'cloudfront.amazonaws.com' },
          Condition: { StringEquals: { 'AWS:SourceArn': 'arn:aws:cloudfront::1:distribution/A' } },
        }),
      },
      'resource-based policy',
    ],
    [
      'the anonymous',
      { ...anonymous, resourcePolicy: policy({ Principal: { AWS: account } }) },
      'resource-based policy',
    ],
    ['the anonymous where all may', { ...anonymous, resourcePolicy: policy(forEveryone) }, true],
    [
      'NotPrincipal denies the others',
      { identity: [policy({})], resourcePolicy: policy({ ...deny, NotPrincipal: { AWS: 'arn:aws:iam::1:user/x' } }) },
      'resource-based policy',
    ],
  ];
  test.each(rows)('%s', (_, input, expected) => {
    const decision = evaluate(question(input));
    if (expected === true) expect(decision.allowed).toBe(true);
    else expect(decision).toMatchObject({ allowed: false, denial: { policy: expected } });
  });
});

describe('conditions', () => {
  const rows: [object, Record<string, string | string[]>, boolean][] = [
    [{ StringEquals: { 'aws:SourceVpce': 'vpce-1' } }, { 'aws:sourcevpce': 'vpce-1' }, true],
    [{ StringEquals: { 'aws:SourceVpce': ['vpce-2', 'vpce-1'] } }, { 'aws:SourceVpce': 'vpce-1' }, true],
    [{ StringEquals: { 'aws:SourceVpce': 'vpce-1' } }, {}, false],
    [{ StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }, {}, true],
    [{ StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }, {}, true],
    [{ StringNotEquals: { 'aws:SourceVpce': ['a', 'b'] } }, { 'aws:SourceVpce': 'b' }, false],
    [{ StringLike: { 's3:prefix': 'pictures/*' } }, { 's3:prefix': 'pictures/2026/' }, true],
    [{ StringLike: { 's3:prefix': '${aws:username}/*' } }, { 's3:prefix': 'ann/x', 'aws:username': 'ann' }, true],
    [{ StringLike: { 's3:prefix': '${aws:username}/*' } }, { 's3:prefix': 'ann/x', 'aws:username': '*' }, false],
    [{ StringEquals: { 's3:prefix': '${aws:username}' } }, { 's3:prefix': '' }, false],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'false' }, true],
    [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': 'true' }, false],
    [{ NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '10' }, true],
    [{ NumericLessThan: { 's3:max-keys': 10 } }, { 's3:max-keys': 'ten' }, false],
    [
      { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
      { 'aws:CurrentTime': '2026-06-01T00:00:00Z' },
      true,
    ],
    [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '203.0.113.7'] } }, { 'aws:SourceIp': '203.0.113.7' }, true],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:SourceIp': '10.1.2.3' }, false],
    [{ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, { 'aws:SourceIp': '2001:db8::1' }, true],
    [
      { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudfront::*:distribution/*' } },
      { 'aws:SourceArn': 'arn:aws:cloudfront::1:distribution/A' },
      true,
    ],
    [
      { ArnLike: { 'aws:SourceArn': 'arn:aws:*:distribution/A' } },
      { 'aws:SourceArn': 'arn:aws:cloudfront::1:distribution/A' },
      false,
    ],
    [{ Null: { 'aws:SourceVpce': 'true' } }, {}, true],
    [{ Null: { 'aws:SourceVpce': 'false' } }, {}, false],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:TagKeys': ['a', 'c'] }, false],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, {}, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:TagKeys': ['c', 'b'] }, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } }, {}, false],
    [{ StringEquals: { a: '1', b: '2' } }, { a: '1', b: '3' }, false],
  ];
  test.each(rows)('%j with %j: %s', (Condition, keys, expected) => {
    expect(evaluate(question({ keys, identity: [policy({ Condition })] })).allowed).toBe(expected);
  });
});

test.each([
  ['{', 'This policy contains invalid Json'],
  ['{"Version":"2011-01-01","Statement":[]}', 'The policy has an invalid version.'],
  ['{"Statement":[]}', 'Missing required field Statement'],
  ['{"Statement":{"Effect":"Allow","Resource":"*"}}', 'Policy statement must contain actions.'],
  ['{"Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}', 'Missing required field Effect cannot be empty!'],
  [
    '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Sounds":{"a":"b"}}}}',
    'Invalid Condition type : Sounds.',
  ],
  ['{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Bogus":1}}', 'Syntax errors in policy: Bogus.'],
])('%s is malformed', (text, message) => {
  expect(() => compilePolicy(text)).toThrow(message);
});
