/** Listener rules: which action a request gets. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';
import type { ActionConfig, ConditionConfig, ListenerConfig } from './config.ts';

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
export function actionFor(listener: ListenerConfig, request: RoutedRequest): ActionConfig | undefined {
  return listener.rules.find((rule) => rule.conditions.every((condition) => matches(condition, request)))?.action;
}

function matches(condition: ConditionConfig, request: RoutedRequest): boolean {
  switch (condition.field) {
    case 'host-header':
      return condition.values.some((value) => wildcard(value, true).test(request.host));
    case 'path-pattern':
      return condition.values.some((value) => wildcard(value, false).test(request.path));
    case 'http-request-method':
      return condition.values.includes(request.method);
    case 'http-header': {
      const found = request.headers[condition.header.toLowerCase()];
      const text = Array.isArray(found) ? found.join(', ') : found;
      return text !== undefined && condition.values.some((value) => wildcard(value, true).test(text));
    }
    case 'query-string': {
      const pairs = [...new URLSearchParams(request.query)];
      return condition.values.some(({ key, value }) =>
        pairs.some(([k, v]) => (key === undefined || wildcard(key, true).test(k)) && wildcard(value, true).test(v)),
      );
    }
    case 'source-ip':
      return condition.values.some((range) => inRange(request.clientAddress, range));
  }
}

const compiled = new Map<string, RegExp>();

/** `*` is any run of characters, `?` one. Hosts and headers ignore case, paths do not. */
function wildcard(pattern: string, ignoreCase: boolean): RegExp {
  const key = `${ignoreCase}${pattern}`;
  let expression = compiled.get(key);
  if (!expression) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replace(/\?/g, '.');
    expression = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
    if (compiled.size >= 5_000) compiled.clear();
    compiled.set(key, expression);
  }
  return expression;
}

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
