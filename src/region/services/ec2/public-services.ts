/**
 * Public ranges of AWS services as the model places them: `networkWorld` tells the network which public address is a
 * service, prefix lists are made of them, and DNS answers with addresses from them. AWS's own ranges are many more and
 * change (ip-ranges.json); a rule written for a prefix list or for 0.0.0.0/0 decides the same here as there.
 */

/** Endpoint names of the services that the region has: `monitoring` of `monitoring.us-east-1.amazonaws.com`. */
export const serviceEndpoints = [
  's3',
  'dynamodb',
  'monitoring',
  'logs',
  'ec2',
  'ec2messages',
  'ssm',
  'ssmmessages',
  'sts',
  'kms',
  'cloudformation',
  'autoscaling',
  'elasticloadbalancing',
  'sns',
  'sqs',
  'secretsmanager',
  'events',
  'execute-api',
  'lambda',
  'ecr.api',
  'ecr.dkr',
  'ecs',
  'ecs-agent',
  'ecs-telemetry',
  'xray',
  'iam',
  'route53',
  'acm',
] as const;

/** By region none: the same ranges everywhere, since a packet never leaves its region's world. */
export function publicRanges(region: string, endpoint: string): readonly string[] {
  if (endpoint === 's3') return ['52.216.0.0/15', '54.231.0.0/16'];
  if (endpoint === 'dynamodb') return ['52.94.0.0/22', '52.119.224.0/20'];
  const index = serviceEndpoints.indexOf(endpoint as (typeof serviceEndpoints)[number]);
  if (index < 0) throw new RangeError(`${endpoint} has no public range in ${region}`);
  return [`52.95.${index}.0/24`];
}

/** A documentation-like stand-in of the list that AWS calls `com.amazonaws.global.cloudfront.origin-facing`. */
export const cloudFrontOrigins: readonly string[] = ['130.176.0.0/16', '15.158.0.0/16', '64.252.64.0/18'];

/** The public address that the model's resolver gives for a service's name. */
export function publicServiceAddress(region: string, endpoint: string): string {
  const [first = ''] = publicRanges(region, endpoint);
  return first.replace(/\.0\/\d+$/, '.10');
}
