/** Status reasons in AWS's words. */
import { Fault } from '../wire/fault.ts';

/** Says which service a fault came from, for the reason's text. */
const origins = new WeakMap<Error, string>();

export function rememberOrigin(error: unknown, service: string): void {
  if (error instanceof Error && !origins.has(error)) origins.set(error, service);
}

const serviceNames: Readonly<Record<string, string>> = {
  elasticloadbalancing: 'ElasticLoadBalancingV2',
  autoscaling: 'AutoScaling',
  cloudfront: 'CloudFront',
  cloudwatch: 'CloudWatch',
  monitoring: 'CloudWatch',
  logs: 'CloudWatchLogs',
  route53: 'Route53',
};

/** A failure that has AWS's text already. */
export class ResourceFailure extends Error {
  override readonly name = 'ResourceFailure';
}

/** Why a resource failed. `token` is the operation's. */
export function failureReason(error: unknown, token: string): string {
  if (error instanceof ResourceFailure) return error.message;
  if (!(error instanceof Fault)) {
    const text = error instanceof Error ? error.message : String(error);
    return `Resource handler returned message: "${text}" (RequestToken: ${token}, HandlerErrorCode: InternalFailure)`;
  }
  // Template errors met while a resource is resolved stand alone, as do faults of the engine itself.
  if (error.code === 'ValidationError' && !origins.has(error)) return error.message;
  const service = origins.get(error);
  const named =
    service === undefined ? '' : (serviceNames[service] ?? `${service.charAt(0).toUpperCase()}${service.slice(1)}`);
  const detail =
    named === '' ? '' : ` (Service: ${named}, Status Code: ${error.status ?? 400}, Error Code: ${error.code})`;
  return `Resource handler returned message: "${error.message}${detail}" (RequestToken: ${token}, HandlerErrorCode: ${handlerErrorCode(error)})`;
}

/** https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html */
function handlerErrorCode({ code, status }: Fault): string {
  if (/AlreadyExists|Duplicate|AlreadyOwned|AlreadyAssociated/.test(code)) return 'AlreadyExists';
  if (/NotFound|NoSuch|DoesNotExist/.test(code)) return 'NotFound';
  if (/AccessDenied|Unauthorized|NotAuthorized/.test(code)) return 'AccessDenied';
  if (/Throttl|RequestLimitExceeded|TooManyRequests/.test(code)) return 'Throttling';
  if (/LimitExceeded|TooMany|Quota/.test(code)) return 'ServiceLimitExceeded';
  if (/InUse|DependencyViolation|Conflict|NotEmpty/.test(code)) return 'ResourceConflict';
  if (code === 'NotStabilized') return 'NotStabilized';
  return (status ?? 400) >= 500 ? 'ServiceInternalError' : 'InvalidRequest';
}
