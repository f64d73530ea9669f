/** A stack of every CloudFront type: made, changed, and taken away again. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { testRegion } from '../testing.ts';
import { cloudFront } from './index.ts';
import { edgeConfigs } from './snapshot.ts';

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EncodedKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();

function template(router: string, assets = '/assets/*') {
  const none = { CookieBehavior: 'none' };
  return {
    Resources: {
      Access: {
        Type: 'AWS::CloudFront::OriginAccessControl',
        Properties: {
          OriginAccessControlConfig: {
            Name: 'spa',
            OriginAccessControlOriginType: 's3',
            SigningBehavior: 'always',
            SigningProtocol: 'sigv4',
          },
        },
      },
      Headers: {
        Type: 'AWS::CloudFront::ResponseHeadersPolicy',
        Properties: {
          ResponseHeadersPolicyConfig: {
            Name: 'security',
            SecurityHeadersConfig: {
              ContentTypeOptions: { Override: true },
              StrictTransportSecurity: { AccessControlMaxAgeSec: 31536000, IncludeSubdomains: true, Override: false },
            },
            CustomHeadersConfig: { Items: [{ Header: 'X-Own', Value: '1', Override: true }] },
          },
        },
      },
      Router: {
        Type: 'AWS::CloudFront::Function',
        Properties: {
          Name: 'router',
          AutoPublish: true,
          FunctionCode: router,
          FunctionConfig: { Comment: '', Runtime: 'cloudfront-js-2.0' },
        },
      },
      Pages: {
        Type: 'AWS::CloudFront::CachePolicy',
        Properties: {
          CachePolicyConfig: {
            Name: 'pages',
            MinTTL: 0,
            DefaultTTL: 0,
            MaxTTL: 31536000,
            ParametersInCacheKeyAndForwardedToOrigin: {
              CookiesConfig: none,
              EnableAcceptEncodingGzip: true,
              EnableAcceptEncodingBrotli: true,
              HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['Origin'] },
              QueryStringsConfig: { QueryStringBehavior: 'none' },
            },
          },
        },
      },
      Forward: {
        Type: 'AWS::CloudFront::OriginRequestPolicy',
        Properties: {
          OriginRequestPolicyConfig: {
            Name: 'forward',
            CookiesConfig: none,
            HeadersConfig: { HeaderBehavior: 'none' },
            QueryStringsConfig: { QueryStringBehavior: 'all' },
          },
        },
      },
      Key: {
        Type: 'AWS::CloudFront::PublicKey',
        Properties: { PublicKeyConfig: { Name: 'k', CallerReference: 'k', EncodedKey } },
      },
      Keys: {
        Type: 'AWS::CloudFront::KeyGroup',
        Properties: { KeyGroupConfig: { Name: 'g', Items: [{ Ref: 'Key' }] } },
      },
      Distribution: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            Enabled: true,
            Comment: 'site',
            DefaultRootObject: 'index.html',
            HttpVersion: 'http2and3',
            IPV6Enabled: true,
            CustomErrorResponses: [{ ErrorCode: 404, ErrorCachingMinTTL: 0 }],
            Origins: [
              {
                Id: 'spa',
                DomainName: 'spa.s3.us-east-1.amazonaws.com',
                OriginAccessControlId: { Ref: 'Access' },
                S3OriginConfig: { OriginAccessIdentity: '' },
              },
              {
                Id: 'api',
                DomainName: 'api.example.com',
                CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
                OriginCustomHeaders: [{ HeaderName: 'X-Token', HeaderValue: 't' }],
              },
            ],
            DefaultCacheBehavior: {
              TargetOriginId: 'spa',
              ViewerProtocolPolicy: 'redirect-to-https',
              Compress: true,
              CachePolicyId: { Ref: 'Pages' },
              ResponseHeadersPolicyId: { Ref: 'Headers' },
              FunctionAssociations: [
                { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': ['Router', 'FunctionARN'] } },
              ],
            },
            CacheBehaviors: [
              {
                PathPattern: assets,
                TargetOriginId: 'api',
                ViewerProtocolPolicy: 'https-only',
                CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
                OriginRequestPolicyId: { Ref: 'Forward' },
                AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
                TrustedKeyGroups: [{ Ref: 'Keys' }],
              },
            ],
          },
        },
      },
    },
  };
}

test('every type is made, changed in place, and taken away', async () => {
  const region = await testRegion({ services: [cloudFront] });
  try {
    const stacks = region.stacks();
    stacks.create('site', template('function handler(e) { return e.request; }'));
    await stacks.settle();
    expect(stacks.events('site', true).filter((line) => line.includes('FAILED'))).toEqual([]);
    expect(stacks.stack('site').status).toBe('CREATE_COMPLETE');
    const [edge] = edgeConfigs(region.scope);
    const [assets, pages] = edge?.behaviours ?? [];
    expect(assets).toMatchObject({
      pathPattern: '/assets/*',
      origin: { kind: 'custom', protocol: 'http-only', headers: [['x-token', 't']] },
    });
    expect(assets?.trustedKeys?.size).toBe(1);
    expect(assets?.allowedMethods).toHaveLength(7);
    expect(pages?.origin).toMatchObject({ kind: 's3', bucket: 'spa', signing: 'always' });
    expect(pages?.cache.headers).toEqual({ kind: 'only', names: ['origin'] });
    expect(pages?.responseHeaders?.set.map(({ name }) => name)).toEqual([
      'Strict-Transport-Security',
      'X-Content-Type-Options',
      'X-Own',
    ]);
    expect(edge?.errorResponses).toEqual([{ errorCode: 404, cachingMinTtlMs: 0 }]);

    const changed = 'function handler(e) { e.request.uri = "/"; return e.request; }';
    stacks.update('site', template(changed, '/static/*'));
    await stacks.settle();
    expect(stacks.stack('site').status).toBe('UPDATE_COMPLETE');
    const [after] = edgeConfigs(region.scope);
    expect(after?.id).toBe(edge?.id);
    expect(after?.behaviours[0]?.pathPattern).toBe('/static/*');
    expect(after?.behaviours[1]?.viewerRequest?.code).toBe(changed);

    stacks.delete('site');
    await stacks.settle();
    expect(stacks.stack('site').status).toBe('DELETE_COMPLETE');
    expect(edgeConfigs(region.scope)).toEqual([]);
    expect(region.failures).toEqual([]);
  } finally {
    await region.close();
  }
});
