/** Names of AWS's endpoints. https://docs.aws.amazon.com/general/latest/gr/rande.html */
const globalServices = new Set(['iam', 'route53', 'cloudfront', 'budgets', 'organizations', 'waf']);

/** `s3.us-east-1.amazonaws.com`, `iam.amazonaws.com`. `service` is the name that requests are signed for. */
export function endpointName(service: string, region: string): string {
  return globalServices.has(service) ? `${service}.amazonaws.com` : `${service}.${region}.amazonaws.com`;
}
