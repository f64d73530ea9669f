/** Attributes of balancers and target groups: known keys with defaults, and which values the model carries out. */
import { validationError } from './state.ts';

interface AttributeTable {
  readonly noun: string;
  readonly defaults: Readonly<Record<string, string>>;
  /** Undefined: accepted. Text: why not. */
  check(key: string, value: string): string | undefined;
}

const yesNo = (value: string) => (value === 'true' || value === 'false' ? undefined : "must be 'true' or 'false'");
const range = (value: string, from: number, to: number) => {
  const number = Number(value);
  return /^\d+$/.test(value) && number >= from && number <= to ? undefined : `must be between ${from} and ${to}`;
};
const oneOf = (value: string, ...allowed: string[]) =>
  allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;
/** Known to AWS, not carried out here: only the default is taken. */
const only = (value: string, fixed: string) =>
  value === fixed ? undefined : `other than '${fixed}' is not modelled by Orrery`;

export const balancerAttributes: AttributeTable = {
  noun: 'load balancer',
  defaults: {
    'access_logs.s3.enabled': 'false',
    'access_logs.s3.bucket': '',
    'access_logs.s3.prefix': '',
    'connection_logs.s3.enabled': 'false',
    'deletion_protection.enabled': 'false',
    'idle_timeout.timeout_seconds': '60',
    'client_keep_alive.seconds': '3600',
    'routing.http.desync_mitigation_mode': 'defensive',
    'routing.http.drop_invalid_header_fields.enabled': 'false',
    'routing.http.preserve_host_header.enabled': 'false',
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'false',
    'routing.http.xff_client_port.enabled': 'false',
    'routing.http.xff_header_processing.mode': 'append',
    'routing.http2.enabled': 'true',
    'load_balancing.cross_zone.enabled': 'true',
    'waf.fail_open.enabled': 'false',
    'zonal_shift.config.enabled': 'false',
  },
  check(key, value) {
    switch (key) {
      case 'idle_timeout.timeout_seconds':
        return range(value, 1, 4000);
      case 'client_keep_alive.seconds':
        return range(value, 60, 604_800);
      case 'routing.http.xff_header_processing.mode':
        return oneOf(value, 'append', 'preserve', 'remove');
      case 'routing.http.desync_mitigation_mode':
        return oneOf(value, 'monitor', 'defensive', 'strictest') ?? only(value, 'defensive');
      case 'access_logs.s3.bucket':
        return undefined;
      case 'access_logs.s3.prefix':
        if (/^\/|\/$/.test(value)) return "cannot start or end with '/'";
        return value.includes('AWSLogs') ? "must not contain 'AWSLogs'" : undefined;
      case 'routing.http.preserve_host_header.enabled':
      case 'connection_logs.s3.enabled':
      case 'waf.fail_open.enabled':
      case 'zonal_shift.config.enabled':
      case 'routing.http.xff_client_port.enabled':
      case 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled':
        return yesNo(value) ?? only(value, 'false');
      case 'load_balancing.cross_zone.enabled':
        return only(value, 'true');
      default:
        return yesNo(value);
    }
  },
};

export const groupAttributes: AttributeTable = {
  noun: 'target group',
  defaults: {
    'deregistration_delay.timeout_seconds': '300',
    'stickiness.enabled': 'false',
    'stickiness.type': 'lb_cookie',
    'stickiness.lb_cookie.duration_seconds': '86400',
    'slow_start.duration_seconds': '0',
    'load_balancing.algorithm.type': 'round_robin',
    'load_balancing.algorithm.anomaly_mitigation': 'off',
    'load_balancing.cross_zone.enabled': 'use_load_balancer_configuration',
    'target_group_health.dns_failover.minimum_healthy_targets.count': '1',
    'target_group_health.dns_failover.minimum_healthy_targets.percentage': 'off',
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '1',
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': 'off',
  },
  check(key, value) {
    switch (key) {
      case 'deregistration_delay.timeout_seconds':
        return range(value, 0, 3600);
      case 'stickiness.enabled':
        return yesNo(value);
      case 'stickiness.type':
        return only(value, 'lb_cookie');
      case 'stickiness.lb_cookie.duration_seconds':
        return range(value, 1, 604_800);
      case 'slow_start.duration_seconds':
        return only(value, '0');
      case 'load_balancing.algorithm.type':
        return oneOf(value, 'round_robin', 'least_outstanding_requests', 'weighted_random');
      case 'load_balancing.cross_zone.enabled':
        return oneOf(value, 'true', 'false', 'use_load_balancer_configuration');
      default:
        return only(value, groupAttributes.defaults[key] ?? '');
    }
  },
};

interface Attribute {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** The attributes after a change; throws `ValidationError` when one is unknown or its value is not possible. */
export function applyAttributes(
  table: AttributeTable,
  current: Readonly<Record<string, string>>,
  changes: readonly Attribute[],
): Record<string, string> {
  const next = { ...current };
  for (const { Key = '', Value = '' } of changes) {
    if (!Object.hasOwn(table.defaults, Key))
      throw validationError(`${capital(table.noun)} attribute key '${Key}' is not recognized`);
    const problem = table.check(Key, Value);
    if (problem) throw validationError(`${capital(table.noun)} attribute value '${Value}' for '${Key}' ${problem}`);
    next[Key] = Value;
  }
  return next;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function attributeList(attributes: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
}
