/**
 * The AWS endpoint: one address that speaks every protocol of AWS for the services it is given. A request passes one
 * list of steps: read, find service, find operation, authenticate, decode, invoke, encode.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cbor } from '@smithy/core/cbor';
import {
  checkSignature,
  checkTime,
  type Dialect,
  dialectOf,
  incomplete,
  mismatchV2,
  missingToken,
  unknownKey,
} from './authenticate.ts';
import { ChunkDecoder, checkHash, hashMismatch, inflate, join, readBody } from './body.ts';
import { Fault } from './fault.ts';
import { fromJson } from './json.ts';
import { type Answer, encodeFault, encodeOutput, hostId, type Protocol } from './protocol.ts';
import { decodeQuery } from './query-decode.ts';
import { decodeRest, payloadOf } from './rest.ts';
import { createRouter, type Match, type RestRequest, type Router, takeBucket } from './routes.ts';
import { type OperationSchema, type ServiceSchema, serviceSchema } from './schema.ts';
import { type ClaimV2, readClaimV2, verifyV2 } from './sigv2.ts';
import { type Claim, chunkSignature, readClaim, sha256, signingKey, trailerSignature } from './sigv4.ts';
import { compareTrailer, runningChecksum } from './trailer-checksum.ts';

export interface WireService {
  readonly name: string;
  readonly sdk: string;
  /** In a credential scope, where it is not `name`: CloudWatch is `monitoring`. */
  readonly signingName?: string;
  /** By name: the operations that are handled. */
  readonly operations: Readonly<Record<string, unknown>>;
}

export interface Http {
  readonly method: string;
  readonly host: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Received<Identity> {
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  readonly region: string;
  readonly requestId: string;
  readonly identity: Identity;
  readonly http: Http;
  /** A streaming payload; it fails at its end when a hash or checksum is wrong. */
  readonly body?: { readonly stream: Readable; readonly length?: number };
  /** What `serve` was given. */
  readonly context: unknown;
}

export interface WireHost<Identity> {
  readonly services: readonly WireService[];
  readonly defaultRegion: string;
  readonly anonymous: Identity;
  nowMs(): number;
  requestId(): string;
  /** The key's secret and owner. Undefined: unknown. Without a secret the signature is not verified (`--any-credentials`). */
  credentials(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): { readonly secretAccessKey?: string; readonly identity: Identity } | undefined;
  invoke(received: Received<Identity>): Promise<object>;
  /** A handler threw something that is no `Fault`. */
  failed(error: unknown, operation: string): void;
  /** S3: answers a CORS preflight; headers for the answer to a request with an `Origin`. */
  preflight(http: Http): Answer;
  corsHeaders(http: Http): Readonly<Record<string, string>>;
}

export interface Endpoint {
  serve(request: IncomingMessage, response: ServerResponse, context?: unknown): void;
}

const bodyLimit = 10 * 1024 * 1024;
const formType = /^application\/x-www-form-urlencoded/i;

/** A request on its way through the steps. */
interface Exchange<Identity> {
  readonly request: IncomingMessage;
  readonly http: Http;
  readonly rawQuery: string;
  readonly requestId: string;
  readonly claim: Claim | undefined;
  readonly claimV2: ClaimV2 | undefined;
  protocol: Protocol;
  service?: { readonly wire: WireService; readonly schema: ServiceSchema };
  identity: Identity;
}

export function createEndpoint<Identity>(host: WireHost<Identity>): Endpoint {
  const bySigningName = new Map(host.services.map((service) => [service.signingName ?? service.name, service]));
  const routers = new Map<string, Router>();

  async function answer(
    request: IncomingMessage,
    context: unknown,
  ): Promise<{ exchange: Exchange<Identity>; answer: Answer }> {
    const exchange = read(request);
    try {
      return { exchange, answer: await steps(exchange, context) };
    } catch (error) {
      const fault = error instanceof Fault ? error : internal(error, exchange);
      return {
        exchange,
        answer: encodeFault(exchange.protocol, exchange.service?.schema, fault, exchange.requestId, exchange.http.path),
      };
    }
  }

  async function steps(exchange: Exchange<Identity>, context: unknown): Promise<Answer> {
    const { http, requestId } = exchange;
    if (http.method === 'OPTIONS') return host.preflight(http);
    const dialect = findService(exchange);
    const streaming = exchange.protocol === 'rest-xml' ? findRest(exchange) : undefined;
    const streamed = streaming && payloadStreams(streaming.match.operation);
    const raw = streamed ? undefined : await readWhole(exchange);
    authenticate(exchange, raw, dialect);
    const body = raw && (await decompress(exchange, raw));
    const { operation, input } = streaming
      ? { operation: streaming.match.operation, input: decodeRest(streaming.rest, streaming.match, body) }
      : decodeRpc(exchange, body ?? Buffer.alloc(0));
    const service = serviceOf(exchange);
    if (!Object.hasOwn(service.wire.operations, operation.name)) throw notModelled(service.wire.name, operation.name);
    const output = await host.invoke({
      service: service.wire.name,
      operation: operation.name,
      input,
      region: exchange.claim?.scope.region ?? host.defaultRegion,
      requestId,
      identity: exchange.identity,
      http,
      context,
      ...(streamed ? { body: streamOf(exchange, dialect) } : {}),
    });
    return encodeOutput(exchange.protocol, service.schema, operation, output as Record<string, unknown>, requestId);
  }

  function read(request: IncomingMessage): Exchange<Identity> {
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(request.headers))
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    const http: Http = {
      method: request.method ?? 'GET',
      host: headers.host ?? '',
      path: mark < 0 ? target : target.slice(0, mark),
      query: new URLSearchParams(rawQuery),
      headers,
    };
    const signed = readClaim({ method: http.method, rawPath: http.path, rawQuery, headers }, http.query);
    const claim = signed && !('problem' in signed) ? signed : undefined;
    const exchange: Exchange<Identity> = {
      request,
      http,
      rawQuery,
      requestId: host.requestId(),
      claim,
      claimV2: signed ? undefined : readClaimV2(http.query),
      protocol: protocolOf(http, claim?.scope.service),
      identity: host.anonymous,
    };
    if (signed && 'problem' in signed)
      throw new EarlyFault(exchange, incomplete(dialectOf(exchange.protocol, undefined), signed.message));
    return exchange;
  }

  function findService(exchange: Exchange<Identity>): Dialect {
    const { claim, protocol } = exchange;
    const rpc = protocol !== 'rest-xml';
    if (!claim && rpc) throw missingToken(dialectOf(protocol, undefined));
    const name = claim?.scope.service ?? 's3';
    const wire = bySigningName.get(name);
    if (!wire) throw new Fault('UnknownEndpoint', `Orrery does not model the service '${name}'.`, { status: 501 });
    exchange.service = { wire, schema: serviceSchema(wire.sdk) };
    return dialectOf(protocol, wire.name);
  }

  function findRest(exchange: Exchange<Identity>): { rest: RestRequest; match: Match } {
    const { http } = exchange;
    const { wire, schema } = serviceOf(exchange);
    let router = routers.get(wire.name);
    if (!router) {
      router = createRouter(schema);
      routers.set(wire.name, router);
    }
    const place = wire.name === 's3' ? takeBucket(http.host, http.path) : { bucket: undefined, path: http.path };
    const rest: RestRequest = { method: http.method, query: http.query, headers: http.headers, ...place };
    const match = router(rest);
    if (match) return { rest, match };
    if (wire.name === 's3')
      throw new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
        status: 405,
      });
    throw new Fault(
      'UnknownOperationException',
      `No operation of ${wire.name} is at ${http.method} ${http.path.slice(0, 200)}`,
      { status: 404 },
    );
  }

  function authenticate(exchange: Exchange<Identity>, body: Buffer | undefined, dialect: Dialect): void {
    const { claim, claimV2, http, rawQuery } = exchange;
    const request = { method: http.method, rawPath: http.path, rawQuery, headers: http.headers };
    if (claim) {
      const known = host.credentials(claim.accessKeyId, claim.sessionToken);
      if (!known) throw unknownKey(dialect);
      checkTime(claim, host.nowMs(), dialect);
      if (known.secretAccessKey !== undefined) {
        checkSignature(request, claim, known.secretAccessKey, body, dialect);
        verifyPayload(claim, body);
      }
      exchange.identity = known.identity;
    } else if (claimV2) {
      const known = host.credentials(claimV2.accessKeyId, claimV2.sessionToken);
      if (!known) throw unknownKey('s3');
      if (!(Number(claimV2.expires) * 1000 >= host.nowMs()))
        throw new Fault('AccessDenied', 'Request has expired', { status: 403 });
      const inHost = takeBucket(http.host, '/').bucket;
      if (known.secretAccessKey !== undefined && !verifyV2(request, http.query, claimV2, known.secretAccessKey, inHost))
        throw mismatchV2();
      exchange.identity = known.identity;
    }
  }

  /** The streamed payload with the checks that its hash header asks for. */
  function streamOf(
    { request, http, claim, service }: Exchange<Identity>,
    _dialect: Dialect,
  ): { stream: Readable; length?: number } {
    const hash = http.headers['x-amz-content-sha256'];
    const decoded = http.headers['x-amz-decoded-content-length'];
    const length = decoded ?? http.headers['content-length'];
    const sized = length === undefined ? {} : { length: Number(length) };
    if (hash?.startsWith('STREAMING-'))
      return { stream: join(request, new ChunkDecoder(chunkChecks(http, claim, hash))), ...sized };
    if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash) && service)
      return { stream: checkHash(request, hash), ...sized };
    return { stream: request, ...sized };
  }

  function chunkChecks(
    http: Http,
    claim: Claim | undefined,
    hash: string,
  ): ConstructorParameters<typeof ChunkDecoder>[0] {
    const running = runningChecksum(http.headers['x-amz-trailer']?.trim().toLowerCase() ?? '');
    const secret = claim && host.credentials(claim.accessKeyId, claim.sessionToken)?.secretAccessKey;
    const base = {
      seed: claim?.signature ?? '',
      trailers: (trailers: ReadonlyMap<string, string>) => compareTrailer(running, trailers),
      data: (chunk: Uint8Array) => running?.update(chunk),
    };
    if (!hash.startsWith('STREAMING-AWS4-HMAC-SHA256') || !claim || secret === undefined) return base;
    const key = signingKey(secret, claim.scope);
    return {
      ...base,
      sign: (previous, data) => chunkSignature(key, claim, previous, data),
      signTrailers: (previous, text) => trailerSignature(key, claim, previous, text),
    };
  }

  function internal(error: unknown, exchange: Exchange<Identity>): Fault {
    if (error instanceof EarlyFault) return error.fault;
    host.failed(error, exchange.service?.wire.name ?? exchange.http.path);
    const message = 'We encountered an internal error. Please try again.';
    return new Fault(exchange.service?.wire.name === 's3' ? 'InternalError' : 'InternalFailure', message, {
      status: 500,
    });
  }

  return {
    serve(request, response, context) {
      void (async () => {
        try {
          const { exchange, answer: made } = await answer(request, context).catch((error: unknown) => {
            if (!(error instanceof EarlyFault)) throw error;
            const { exchange, fault } = error as EarlyFault<Identity>;
            return { exchange, answer: encodeFault(exchange.protocol, undefined, fault, exchange.requestId) };
          });
          const cors =
            exchange.service?.wire.name === 's3' && exchange.http.headers.origin !== undefined
              ? host.corsHeaders(exchange.http)
              : {};
          await write(request, response, made, exchange.requestId, exchange.service?.wire.name === 's3', cors);
        } catch (error) {
          // The client has gone, or the body broke off after the head was sent: nothing can be said any more.
          response.destroy(error instanceof Error ? error : undefined);
        }
      })();
    },
  };
}

/** A fault found before the service was known. */
class EarlyFault<Identity> extends Error {
  readonly exchange: Exchange<Identity>;
  readonly fault: Fault;
  constructor(exchange: Exchange<Identity>, fault: Fault) {
    super(fault.message);
    this.exchange = exchange;
    this.fault = fault;
  }
}

function protocolOf({ method, headers, query }: Http, service: string | undefined): Protocol {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor';
  if (headers['x-amz-target'] !== undefined) return headers['content-type']?.includes('1.0') ? 'json-1.0' : 'json-1.1';
  const form = method === 'POST' && formType.test(headers['content-type'] ?? '');
  if (service === 'ec2') return 'ec2';
  if (service === 's3' && !(form && query.size === 0)) return 'rest-xml';
  return form || query.has('Action') ? 'query' : 'rest-xml';
}

function serviceOf<Identity>(exchange: Exchange<Identity>): {
  readonly wire: WireService;
  readonly schema: ServiceSchema;
} {
  if (!exchange.service) throw new Error('the service is found before it is used');
  return exchange.service;
}

function payloadStreams({ input }: OperationSchema): boolean {
  const shape = payloadOf(input)?.shape;
  return shape?.kind === 'blob' && shape.streaming;
}

async function readWhole<Identity>({ request, http }: Exchange<Identity>): Promise<Buffer> {
  const declared = Number(http.headers['content-length'] ?? 0);
  if (declared > bodyLimit)
    throw new Fault('RequestEntityTooLarge', 'The request payload is too large.', { status: 413 });
  return readBody(request, bodyLimit);
}

async function decompress<Identity>({ http }: Exchange<Identity>, body: Buffer): Promise<Buffer> {
  return /\bgzip\b/.test(http.headers['content-encoding'] ?? '') ? inflate(body, bodyLimit) : body;
}

/** The signature covers the hash that the client wrote; the body must have it. */
function verifyPayload({ payloadHash }: Claim, body: Buffer | undefined): void {
  if (body === undefined || payloadHash === undefined || !/^[0-9a-f]{64}$/.test(payloadHash)) return;
  const actual = sha256(body);
  if (actual !== payloadHash) throw hashMismatch(payloadHash, actual);
}

function decodeRpc<Identity>(
  exchange: Exchange<Identity>,
  body: Buffer,
): { operation: OperationSchema; input: Record<string, unknown> } {
  const { protocol, http } = exchange;
  const { schema } = serviceOf(exchange);
  if (protocol === 'ec2' || protocol === 'query') {
    const parameters = http.method === 'POST' ? new URLSearchParams(body.toString('utf8')) : http.query;
    const action = parameters.get('Action');
    if (action === null)
      throw new Fault('MissingAction', 'The request must contain the parameter Action', { status: 400 });
    const operation = schema.operation(action);
    if (!operation)
      throw unknownAction(action, protocol === 'ec2' ? undefined : (parameters.get('Version') ?? schema.version));
    return { operation, input: decodeQuery(parameters, operation.input, protocol === 'ec2') };
  }
  const name = protocol === 'cbor' ? http.path.split('/').at(-1) : http.headers['x-amz-target']?.split('.').at(-1);
  const operation = schema.operation(name ?? '');
  if (!operation) throw new Fault('UnknownOperationException', '', { status: 404 });
  return { operation, input: fromJson(parseBody(protocol, body), operation.input) as Record<string, unknown> };
}

function unknownAction(action: string, version: string | undefined): Fault {
  const name = action.slice(0, 128);
  if (version === undefined) return new Fault('InvalidAction', `The action ${name} is not valid for this web service.`);
  return new Fault('InvalidAction', `Could not find operation ${name} for version ${version}`);
}

function parseBody(protocol: Protocol, body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return protocol === 'cbor' ? cbor.deserialize(body) : JSON.parse(body.toString('utf8'));
  } catch {
    throw new Fault('SerializationException', 'The request body is not valid.');
  }
}

function notModelled(service: string, operation: string): Fault {
  const message = `Orrery does not model ${service}:${operation}.`;
  return service === 's3'
    ? new Fault('NotImplemented', message, { status: 501 })
    : new Fault('UnsupportedOperation', message, { status: 400 });
}

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  requestId: string,
  s3: boolean,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const ids: Record<string, string> = s3
    ? { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId(requestId), server: 'AmazonS3' }
    : { 'x-amzn-requestid': requestId };
  const head = { ...ids, ...headers, ...more };
  // What was not read of the request would be taken for the next one on this connection.
  if (!request.readableEnded && !request.complete) response.shouldKeepAlive = false;
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    if (status === 204) delete (head as Record<string, string>)['content-type'];
    if (body instanceof Readable) body.destroy();
    response.writeHead(status, head).end();
  } else if (body instanceof Readable) {
    response.writeHead(status, head);
    await pipeline(body, response);
  } else {
    const bytes =
      body === undefined
        ? Buffer.alloc(0)
        : typeof body === 'string'
          ? Buffer.from(body)
          : Buffer.from(body as Uint8Array);
    response.writeHead(status, { ...head, 'content-length': bytes.length }).end(bytes);
  }
}
