/** Where an app is delivered to: AWS itself, or a local region. The calls are the same. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { EC2Client } from '@aws-sdk/client-ec2';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

export interface Target {
  /** `local` differs in origins (ports of the front door) and in how often progress is asked for. */
  readonly kind: 'aws' | 'local';
  readonly region: string;
  readonly cloudFormation: CloudFormationClient;
  readonly cloudFront: CloudFrontClient;
  readonly ec2: EC2Client;
  readonly route53: Route53Client;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

export interface LocalTarget {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The region that listens at `endpoint`. */
export function localTarget({ endpoint, region, accessKeyId, secretAccessKey }: LocalTarget): Target {
  return target('local', { region, endpoint, credentials: { accessKeyId, secretAccessKey } });
}

/** AWS, with the SDK's normal chain of credentials. */
export function awsTarget(region: string): Target {
  return target('aws', { region });
}

interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

function target(kind: Target['kind'], config: ClientConfig): Target {
  return {
    kind,
    region: config.region,
    cloudFormation: new CloudFormationClient(config),
    cloudFront: new CloudFrontClient({ ...config, region: 'us-east-1' }),
    ec2: new EC2Client(config),
    route53: new Route53Client({ ...config, region: 'us-east-1' }),
    s3: new S3Client({ ...config, ...(kind === 'local' ? { forcePathStyle: true } : {}) }),
    ssm: new SSMClient(config),
    sts: new STSClient(config),
  };
}
