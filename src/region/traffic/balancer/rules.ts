/** Listener rules: which action a request gets. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';
import { matches as matchesPattern, type Pattern, wildcard } from '../../pattern/wildcard.ts';
import type { ActionConfig, ConditionConfig, ListenerConfig, RuleConfig } from './config.ts';

export interface RoutedRequest {
  readonly host: string;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly clientAddress: string;
}

/** The first rule by priority whose conditions all match; the default rule has none. */
export function ruleFor(listener: ListenerConfig, request: RoutedRequest): RuleConfig | undefined {
  return listener.rules.find((rule) => rule.conditions.every((condition) => matches(condition, request)));
}

function matches(condition: ConditionConfig, request: RoutedRequest): boolean {
  switch (condition.field) {
    case 'host-header':
      return condition.values.some((value) => likeInAnyCase(value, request.host));
    case 'path-pattern':
      return condition.values.some((value) => like(value, request.path));
    case 'http-request-method':
      return condition.values.includes(request.method);
    case 'http-header': {
      const found = request.headers[condition.header.toLowerCase()];
      const text = Array.isArray(found) ? found.join(', ') : found;
      return text !== undefined && condition.values.some((value) => likeInAnyCase(value, text));
    }
    case 'query-string': {
      const pairs = [...new URLSearchParams(request.query)];
      return condition.values.some(({ key, value }) =>
        pairs.some(([k, v]) => (key === undefined || likeInAnyCase(key, k)) && likeInAnyCase(value, v)),
      );
    }
    case 'source-ip':
      return condition.values.some((range) => inRange(request.clientAddress, range));
  }
}

const compiled = new Map<string, Pattern>();

function like(pattern: string, text: string): boolean {
  let found = compiled.get(pattern);
  if (!found) {
    found = wildcard(pattern);
    if (compiled.size >= 5_000) compiled.clear();
    compiled.set(pattern, found);
  }
  return matchesPattern(found, text);
}

/** Hosts, headers and queries ignore case, paths do not. */
const likeInAnyCase = (pattern: string, text: string) => like(pattern.toLowerCase(), text.toLowerCase());

function inRange(address: string, range: string): boolean {
  try {
    const parsed = ipaddr.process(address);
    const [base, bits] = ipaddr.parseCIDR(range);
    return parsed.kind() === base.kind() && parsed.match(base, bits);
  } catch {
    return false;
  }
}

/** `#{host}` and the like are the request's own. The port is always written, as ALB does (`https://host:443/`). */
export function redirectLocation(
  action: Extract<ActionConfig, { type: 'redirect' }>,
  request: RoutedRequest,
  listener: Pick<ListenerConfig, 'protocol' | 'port'>,
): string {
  const own: Record<string, string> = {
    protocol: listener.protocol.toLowerCase(),
    host: request.host,
    port: String(listener.port),
    path: request.path.replace(/^\//, ''),
    query: request.query,
  };
  const fill = (text: string) => text.replace(/#\{(\w+)\}/g, (_, name: string) => own[name] ?? '');
  const protocol = fill(action.protocol).toLowerCase();
  const port = fill(action.port);
  const query = fill(action.query);
  return `${protocol}://${fill(action.host)}:${port}${fill(action.path)}${query ? `?${query}` : ''}`;
}
