/** Which protocol a request speaks, which service it is for, and which operation it calls. */
import { Fault } from './fault.ts';
import type { Http, WireService } from './host.ts';
import type { Protocol } from './protocol.ts';
import { createRouter, type Match, type RestRequest, type Router, takeBucket } from './routes.ts';
import { type OperationSchema, type ServiceSchema, serviceSchema } from './schema.ts';

export interface Found {
  readonly wire: WireService;
  readonly schema: ServiceSchema;
}

export interface FoundRest {
  readonly match: Match;
  readonly rest: RestRequest;
}

const formType = /^application\/x-www-form-urlencoded/i;
const cborPath = /^\/service\/(\w+)\/operation\/(\w+)$/;

/** Told by the request itself, for an error must go back in its envelope. `scope` is the credential scope's service. */
export function protocolOf({ method, path, headers, query }: Http, scope: string | undefined): Protocol {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor';
  if (headers['x-amz-target'] !== undefined) return headers['content-type']?.includes('1.0') ? 'json-1.0' : 'json-1.1';
  if (scope === 'ec2') return 'ec2';
  if (scope === 's3' || path !== '/') return 'rest-xml';
  const form = method === 'POST' && formType.test(headers['content-type'] ?? '');
  return form || query.has('Action') ? 'query' : 'rest-xml';
}

/** Names in a credential scope that are not the service's. */
const signedAs: Readonly<Record<string, string>> = { cloudwatch: 'monitoring' };

export interface Finder {
  /** Throws where the service is not among those given. */
  service(http: Http, protocol: Protocol, scope: string | undefined, form: URLSearchParams | undefined): Found;
  rest(http: Http, found: Found): FoundRest;
}

export function createFinder(services: readonly WireService[]): Finder {
  const byScope = new Map(services.map((wire) => [wire.signingName ?? signedAs[wire.name] ?? wire.name, wire]));
  const routers = new Map<string, Router>();
  const schemaOf = (wire: WireService): Found => ({ wire, schema: serviceSchema(wire.sdk) });

  function unsigned(http: Http, protocol: Protocol, form: URLSearchParams | undefined): Found | undefined {
    if (protocol === 'rest-xml') {
      const s3 = byScope.get('s3');
      return s3 && schemaOf(s3);
    }
    const named = byScope.get(http.host.split(/[.:]/, 1)[0] ?? '');
    if (named) return schemaOf(named);
    // No name: what the request says of its service is known by schema only.
    const target = targetOf(http)?.service ?? cborPath.exec(http.path)?.[1];
    const version = form?.get('Version');
    const action = form?.get('Action');
    return services
      .map(schemaOf)
      .find(({ schema }) =>
        target === undefined
          ? schema.version === version && action && schema.operation(action)
          : schema.target === target,
      );
  }

  return {
    service(http, protocol, scope, form) {
      const wire = scope === undefined ? undefined : byScope.get(scope);
      const found = scope === undefined ? unsigned(http, protocol, form) : wire && schemaOf(wire);
      if (found) return found;
      const name = scope === undefined ? 'of this request' : `'${scope.slice(0, 64)}'`;
      throw new Fault('UnknownEndpoint', `Orrery does not model the service ${name}.`, {
        status: 501,
        headers: { 'x-amzn-errortype': 'UnknownEndpoint' },
      });
    },
    rest(http, { wire, schema }) {
      let router = routers.get(wire.name);
      if (!router) {
        router = createRouter(schema);
        routers.set(wire.name, router);
      }
      const s3 = schema.signingName === 's3';
      const place = s3 ? takeBucket(http.host, http.path) : { bucket: undefined, path: http.path };
      const rest: RestRequest = { method: http.method, query: http.query, headers: http.headers, ...place };
      const match = router(rest);
      if (match) return { rest, match };
      throw s3
        ? new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
            status: 405,
            members: { Method: http.method, ResourceType: rest.path === '/' ? 'BUCKET' : 'OBJECT' },
          })
        : new Fault('UnknownOperationException', `No operation of ${wire.name} is at this method and path.`, {
            status: 404,
          });
    },
  };
}

function targetOf({ headers }: Http): { service: string; operation: string } | undefined {
  const target = headers['x-amz-target'];
  if (target === undefined) return undefined;
  const dot = target.indexOf('.');
  return { service: target.slice(0, Math.max(dot, 0)), operation: target.slice(dot + 1) };
}

/** The operation of a request that names it. `form` holds the parameters of the query protocols. */
export function rpcOperation(
  http: Http,
  protocol: Protocol,
  { schema }: Found,
  form: URLSearchParams | undefined,
): OperationSchema {
  if (form) return formOperation(form, protocol, schema);
  const [, cborService, cborOperation] = cborPath.exec(http.path) ?? [];
  const named = protocol === 'cbor' ? { service: cborService ?? '', operation: cborOperation ?? '' } : targetOf(http);
  const known = named?.service === schema.target && http.method === 'POST';
  const operation = known ? schema.operation(named.operation) : undefined;
  if (operation) return operation;
  throw new Fault('UnknownOperationException', 'The operation is not known to this service.', { status: 404 });
}

function formOperation(form: URLSearchParams, protocol: Protocol, schema: ServiceSchema): OperationSchema {
  const action = form.get('Action');
  if (!action) throw new Fault('MissingAction', 'The request must contain the parameter Action', { status: 400 });
  const version = form.get('Version');
  const operation = schema.operation(action);
  if (operation && (version === null || version === schema.version)) return operation;
  const name = action.slice(0, 128);
  // ELB v1 and v2 are told apart by the version alone.
  const message =
    protocol === 'ec2' || version === null
      ? `The action ${name} is not valid for this web service.`
      : `Could not find operation ${name} for version ${version.slice(0, 32)}`;
  throw new Fault('InvalidAction', message, { status: 400 });
}

/** In the model, but not handled: said clearly, and never taken for AWS's own refusal. */
export function notModelled(protocol: Protocol, service: string, operation: string): Fault {
  const what = `Orrery does not model ${service}:${operation}.`;
  if (protocol === 'rest-xml') return new Fault('NotImplemented', what, { status: 501 });
  if (protocol === 'ec2' || protocol === 'query') {
    const message = `The action ${operation} is not valid for this web service. ${what}`;
    return new Fault('InvalidAction', message, { status: 400 });
  }
  return new Fault('UnknownOperationException', what, { status: 404 });
}
