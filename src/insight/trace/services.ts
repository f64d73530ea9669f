/** Names of AWS's services, and of buckets in them. */
import type { ObjectName } from '../../region/decisions.ts';
import type { TracedRequest } from './request.ts';
import type { Tracing } from './tracing.ts';

/** `s3`, `monitoring`; undefined for a name that is no service's. */
export function serviceOfHost(host: string, region: string): string | undefined {
  if (!host.endsWith('.amazonaws.com') || /\.elb\.amazonaws\.com$|\.vpce\.amazonaws\.com$|^ec2-\d/.test(host))
    return undefined;
  const labels = host.slice(0, -'.amazonaws.com'.length).split('.');
  if (labels.includes('s3') || labels.at(-1)?.startsWith('s3-')) return 's3';
  if (labels.at(-1) === region) labels.pop();
  return labels.join('.');
}

/** The physical name of a bucket by its logical id or by that name itself. */
export function bucketNamed({ model }: Tracing, given: string): string | undefined {
  const own = model.resources.get(given);
  if (own?.type === 'AWS::S3::Bucket') return own.physicalId;
  return model.decisions.bucket(given)?.name;
}

export function hostOfBucket(bucket: string, region: string): string {
  return `${bucket}.s3.${region}.amazonaws.com`;
}

/** `bucket.s3.us-east-1.amazonaws.com/key` and `s3.us-east-1.amazonaws.com/bucket/key` */
export function bucketOfHost({ host, path }: TracedRequest): ObjectName | undefined {
  const decoded = decode(path.slice(1));
  const virtual = /^(.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com$/.exec(host)?.[1];
  if (virtual !== undefined) return { bucket: virtual, key: decoded };
  const [bucket = '', ...rest] = decoded.split('/');
  return bucket === '' ? undefined : { bucket, key: rest.join('/') };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
