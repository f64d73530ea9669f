/** A bucket behind CloudFront's older origin access identity, and its way over to origin access control. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRegion, type TestedRegion } from './region.fixture.ts';

const bucket = 'app-of-the-identity';
let tested: TestedRegion;

const identity = {
  Type: 'AWS::CloudFront::CloudFrontOriginAccessIdentity',
  Properties: { CloudFrontOriginAccessIdentityConfig: { Comment: 'app' } },
};
const control = {
  Type: 'AWS::CloudFront::OriginAccessControl',
  Properties: {
    OriginAccessControlConfig: {
      Name: 'app',
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
    },
  },
};
const byArn = {
  AWS: {
    'Fn::Sub': 'arn:${AWS::Partition}:iam::cloudfront:user/CloudFront Origin Access Identity ${Identity}',
  },
};
const byCanonicalId = { CanonicalUser: { 'Fn::GetAtt': ['Identity', 'S3CanonicalUserId'] } };
const distributionItself = {
  Sid: 'Control',
  Principal: { Service: 'cloudfront.amazonaws.com' },
  Condition: {
    StringEquals: {
      'AWS:SourceArn': { 'Fn::Sub': 'arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Site}' },
    },
  },
};

function template(readers: readonly object[], origin: object, others: object) {
  return {
    Resources: {
      ...others,
      App: { Type: 'AWS::S3::Bucket', Properties: { BucketName: bucket } },
      Site: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            Enabled: true,
            Origins: [{ Id: 's3', DomainName: { 'Fn::GetAtt': ['App', 'RegionalDomainName'] }, ...origin }],
            DefaultCacheBehavior: {
              TargetOriginId: 's3',
              ViewerProtocolPolicy: 'redirect-to-https',
              CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
            },
          },
        },
      },
      Policy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'App' },
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: readers.map((reader) => ({
              Effect: 'Allow',
              Action: 's3:GetObject',
              Resource: { 'Fn::Sub': '${App.Arn}/*' },
              ...reader,
            })),
          },
        },
      },
    },
    Outputs: { Domain: { Value: { 'Fn::GetAtt': ['Site', 'DomainName'] } } },
  };
}

const withIdentity = {
  S3OriginConfig: { OriginAccessIdentity: { 'Fn::Sub': 'origin-access-identity/cloudfront/${Identity}' } },
};
const withControl = {
  OriginAccessControlId: { Ref: 'Control' },
  S3OriginConfig: { OriginAccessIdentity: '' },
};

async function answers(): Promise<number> {
  const { Domain = '' } = await tested.outputs('app');
  return (await tested.get(Domain, '/index.html', { door: 'https' })).status;
}

beforeAll(async () => {
  tested = await startRegion({ timeScale: 60 });
  const first = template([{ Principal: byArn }], withIdentity, { Identity: identity });
  expect(await tested.create('app', first), await tested.failures('app').catch(String)).toBe('CREATE_COMPLETE');
  const s3 = new S3Client({ ...tested.config, forcePathStyle: true });
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'index.html', Body: 'hello' }));
}, 60_000);
afterAll(() => tested.close());

test('the identity reads the bucket, named by its ARN or by its canonical user id; nobody else does', async () => {
  expect(await answers()).toBe(200);
  const canonical = template([{ Principal: byCanonicalId }], withIdentity, { Identity: identity });
  expect(await tested.update('app', canonical), await tested.failures('app')).toBe('UPDATE_COMPLETE');
  expect(await answers()).toBe(200);
  const nobody = template([{ Principal: { AWS: '123456789012' } }], withIdentity, { Identity: identity });
  expect(await tested.update('app', nobody)).toBe('UPDATE_COMPLETE');
  expect(await answers()).toBe(403);
});

test('no step of the migration takes the site down', async () => {
  const both = { Identity: identity, Control: control };
  const steps = [
    template([{ Principal: byArn }], withIdentity, { Identity: identity }),
    template([{ Principal: byArn }, distributionItself], withIdentity, both),
    template([{ Principal: byArn }, distributionItself], withControl, both),
    template([distributionItself], withControl, { Control: control }),
  ];
  for (const step of steps) {
    expect(await tested.update('app', step), await tested.failures('app')).toBe('UPDATE_COMPLETE');
    expect(await answers()).toBe(200);
  }
});
