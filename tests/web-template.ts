/** The web half of the architecture in small: a private bucket behind a distribution with an origin access control. */
import type { Template } from './api-template.ts';

const ref = (id: string) => ({ Ref: id });
const att = (id: string, name: string) => ({ 'Fn::GetAtt': [id, name] });

export const webBucket = 'pages-of-the-test';

/** A distribution of the bucket, and another one that the bucket's policy does not name. */
export const webTemplate: Template = {
  Resources: {
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: webBucket } },
    Access: {
      Type: 'AWS::CloudFront::OriginAccessControl',
      Properties: {
        OriginAccessControlConfig: {
          Name: 'pages',
          OriginAccessControlOriginType: 's3',
          SigningBehavior: 'always',
          SigningProtocol: 'sigv4',
        },
      },
    },
    Site: distribution('web.localhost'),
    Other: distribution('other.web.localhost'),
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: ref('Bucket'),
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'ReadBySite',
              Effect: 'Allow',
              Principal: { Service: 'cloudfront.amazonaws.com' },
              Action: 's3:GetObject',
              Resource: { 'Fn::Sub': '${Bucket.Arn}/*' },
              Condition: {
                StringEquals: {
                  'AWS:SourceArn': { 'Fn::Sub': 'arn:aws:cloudfront::${AWS::AccountId}:distribution/${Site}' },
                },
              },
            },
          ],
        },
      },
    },
    Zone: { Type: 'AWS::Route53::HostedZone', Properties: { Name: 'web.localhost' } },
    Certificate: {
      Type: 'AWS::CertificateManager::Certificate',
      Properties: {
        DomainName: 'web.localhost',
        SubjectAlternativeNames: ['other.web.localhost'],
        ValidationMethod: 'DNS',
        DomainValidationOptions: ['web.localhost', 'other.web.localhost'].map((DomainName) => ({
          DomainName,
          HostedZoneId: ref('Zone'),
        })),
      },
    },
    NameOfSite: name('web.localhost', 'Site'),
    NameOfOther: name('other.web.localhost', 'Other'),
  },
  Outputs: { SiteId: { Value: ref('Site') }, SiteDomain: { Value: att('Site', 'DomainName') } },
};

function distribution(alias: string) {
  return {
    Type: 'AWS::CloudFront::Distribution',
    Properties: {
      DistributionConfig: {
        Enabled: true,
        HttpVersion: 'http2',
        Aliases: [alias],
        ViewerCertificate: { AcmCertificateArn: ref('Certificate'), SslSupportMethod: 'sni-only' },
        DefaultRootObject: 'index.html',
        Origins: [
          {
            Id: 'pages',
            DomainName: att('Bucket', 'RegionalDomainName'),
            OriginAccessControlId: ref('Access'),
            S3OriginConfig: { OriginAccessIdentity: '' },
          },
        ],
        DefaultCacheBehavior: {
          TargetOriginId: 'pages',
          ViewerProtocolPolicy: 'redirect-to-https',
          Compress: true,
          // Managed: CachingOptimized.
          CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
        },
      },
    },
  };
}

function name(host: string, target: string) {
  return {
    Type: 'AWS::Route53::RecordSet',
    Properties: {
      HostedZoneId: ref('Zone'),
      Name: host,
      Type: 'A',
      // CloudFront's zone is the same everywhere.
      AliasTarget: { DNSName: att(target, 'DomainName'), HostedZoneId: 'Z2FDTNDATAQYW2' },
    },
  };
}
