/**
 * REST operations by method, path and query. S3's templates have no `{Bucket}`: it is taken from the host or the path
 * first. Of several matches the one with most literals wins, then most required query parameters, then headers.
 */
import type { OperationSchema, ServiceSchema } from './schema.ts';

export interface RestRequest {
  readonly method: string;
  /** Raw, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** S3: the bucket, already taken off the path. */
  readonly bucket?: string | undefined;
}

export interface Match {
  readonly operation: OperationSchema;
  readonly labels: Readonly<Record<string, string>>;
}

interface Route {
  readonly operation: OperationSchema;
  readonly method: string;
  readonly expression: RegExp;
  readonly labels: readonly string[];
  readonly literals: number;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
  readonly needsBucket: boolean;
}

export type Router = (request: RestRequest) => Match | undefined;

export function createRouter(service: ServiceSchema): Router {
  const routes = service.operationNames.flatMap((name) => {
    const operation = service.operation(name);
    return operation?.http ? [compileRoute(operation, operation.http)] : [];
  });
  const byMethod = new Map<string, Route[]>();
  for (const route of routes) byMethod.set(route.method, [...(byMethod.get(route.method) ?? []), route]);
  return (request) => {
    let best: { route: Route; labels: Record<string, string>; score: number } | undefined;
    for (const route of byMethod.get(request.method) ?? []) {
      const labels = match(route, request);
      if (!labels) continue;
      const score =
        route.literals * 10_000 +
        (route.query.length + route.requiredQuery.length) * 100 +
        route.requiredHeaders.length;
      if (!best || score > best.score) best = { route, labels, score };
    }
    return best && { operation: best.route.operation, labels: best.labels };
  };
}

function compileRoute(operation: OperationSchema, [method, template]: readonly [string, string, number]): Route {
  const [path = '', search = ''] = template.split('?', 2);
  const labels: string[] = [];
  let literals = 0;
  const source = path
    .split('/')
    .slice(1)
    .map((segment) => {
      const label = segment.match(/^\{(\w+)(\+?)\}$/);
      if (!label) {
        if (segment !== '') literals++;
        return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      }
      labels.push(label[1] ?? '');
      return label[2] === '+' ? '(.+)' : '([^/]+)';
    })
    .join('/');
  const required = operation.input.members.slice(0, operation.input.required);
  return {
    operation,
    method,
    // A trailing slash more or less is the same to Route 53 and CloudFront, but not to a key of S3.
    expression: new RegExp(`^/${source}${source.endsWith('(.+)') ? '' : '/?'}$`, 's'),
    labels,
    literals,
    query: [...new URLSearchParams(search)].filter(([name]) => name !== 'x-id'),
    requiredQuery: required.flatMap(({ traits }) => traits.httpQuery ?? []),
    requiredHeaders: required.flatMap(({ traits }) => traits.httpHeader?.toLowerCase() ?? []),
    needsBucket: operation.input.members.some(
      ({ name, traits }) => name === 'Bucket' && traits.httpLabel !== undefined,
    ),
  };
}

function match(route: Route, { path, query, headers, bucket }: RestRequest): Record<string, string> | undefined {
  const found = route.expression.exec(path);
  if (!found || (bucket !== undefined) !== route.needsBucket) return undefined;
  for (const [name, value] of route.query)
    if (!query.has(name) || (value !== '' && query.get(name) !== value)) return undefined;
  if (route.requiredQuery.some((name) => !query.has(name))) return undefined;
  if (route.requiredHeaders.some((name) => headers[name] === undefined)) return undefined;
  try {
    return Object.fromEntries(route.labels.map((label, i) => [label, decodeURIComponent(found[i + 1] ?? '')]));
  } catch {
    return undefined;
  }
}

/** `s3`, `s3.us-east-1`, `s3.dualstack.us-east-1`: what stands before the domain when no bucket does. */
const noBucket = /^s3([.-](dualstack\.)?[a-z]{2}(-[a-z]+)+-\d)?$/;

/** S3's bucket from `bucket.s3.us-east-1.amazonaws.com` or `bucket.localhost`, else the first part of the path. */
export function takeBucket(host: string, path: string): { bucket: string | undefined; path: string } {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const virtual = /^(.+?)\.(?:s3(?:[.-].*)?\.(?:amazonaws\.com(?:\.cn)?|localhost)|localhost)$/.exec(name)?.[1];
  if (virtual !== undefined && !noBucket.test(virtual)) return { bucket: virtual, path };
  const slash = path.indexOf('/', 1);
  const first = slash < 0 ? path.slice(1) : path.slice(1, slash);
  if (first === '') return { bucket: undefined, path: '/' };
  return { bucket: decodeSafely(first), path: slash < 0 ? '/' : path.slice(slash) };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
