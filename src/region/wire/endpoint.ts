/**
 * The AWS endpoint: one address that speaks every protocol of AWS for the services it is given. A request passes one
 * list of steps: read, find service, find operation, authenticate, decode, invoke, encode.
 */

import type { IncomingMessage } from 'node:http';
import { dialectOf, incomplete, missingToken } from './auth-faults.ts';
import { authenticate, claimOf, readSigned, type Sender, type Signed } from './authenticate.ts';
import { compareHeaders } from './checksum.ts';
import { Fault } from './fault.ts';
import { createFinder, type Found, type FoundRest, notModelled, protocolOf, rpcOperation } from './find.ts';
import type { Answer, Endpoint, Http, Received, WireHost } from './host.ts';
import { clientGone, readHttp, send } from './http.ts';
import { decodeJson } from './json.ts';
import { contentLength, inflate, isChunked, payloadStream, readBody } from './payload.ts';
import { encodeFault, encodeOutput, hostId, isS3, type Protocol } from './protocol.ts';
import { decodeQuery } from './query-decode.ts';
import { decodeRest, payloadOf } from './rest.ts';
import type { OperationSchema } from './schema.ts';

export type { Endpoint, Http, Received, WireHost } from './host.ts';
export { serverOptions } from './http.ts';

/** CloudFormation's templates and CloudWatch's batches are at most 1 MiB. */
const rpcLimitBytes = 2 * 1024 * 1024;
/** A thousand keys to delete, ten thousand parts to complete. */
const restLimitBytes = 8 * 1024 * 1024;

/** A request on its way through the steps. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly http: Http;
  readonly signed: Signed;
  readonly requestId: string;
  readonly protocol: Protocol;
  /** What the signature says the request is for. */
  readonly scope: { readonly service: string; readonly region: string } | undefined;
  found?: Found;
  /** Found too. */
  operation?: string;
}

export function createEndpoint<Identity>(host: WireHost<Identity>): Endpoint {
  const finder = createFinder(host.services);

  function read(request: IncomingMessage): Exchange {
    const { http, rawQuery } = readHttp(request);
    const signed = readSigned(http, rawQuery);
    const scope = claimOf(signed)?.scope;
    const protocol = protocolOf(http, scope?.service);
    return { request, http, signed, scope, protocol, requestId: host.requestId() };
  }

  async function answer(exchange: Exchange, context: unknown): Promise<Answer> {
    const { http, protocol, signed, scope } = exchange;
    if (http.method === 'OPTIONS') return host.preflight(http);
    if (!scope && protocol !== 'rest-xml') {
      // Refused before their service is looked for, which without a scope would be among all schemas.
      const dialect = dialectOf(protocol, undefined);
      if (signed.v4 && 'problem' in signed.v4) throw incomplete(dialect, signed.v4.presigned, signed.v4.problem);
      if (!host.allowsAnonymous) throw missingToken(dialect);
    }
    return protocol === 'rest-xml' ? answerRest(exchange, context) : answerRpc(exchange, context);
  }

  async function answerRpc(exchange: Exchange, context: unknown): Promise<Answer> {
    const { request, http, signed, protocol, scope } = exchange;
    const raw = await wholeBody(request, http, rpcLimitBytes);
    const gzipped = /\bgzip\b/.test(http.headers['content-encoding'] ?? '');
    const body = gzipped ? await inflate(raw, rpcLimitBytes) : raw;
    const form = formOf(protocol, http, body);
    const found = finder.service(http, protocol, scope?.service, form);
    exchange.found = found;
    const sender = authenticate(host, signed, http, raw, dialectOf(protocol, scope?.service));
    const operation = rpcOperation(http, protocol, found, form);
    const input = form
      ? decodeQuery(form, operation.input, protocol === 'ec2')
      : decodeJson(body, operation.input, protocol === 'cbor' ? 'cbor' : 'json');
    return invoke(exchange, found, operation, sender, input, undefined, context);
  }

  async function answerRest(exchange: Exchange, context: unknown): Promise<Answer> {
    const { request, http, signed, protocol, scope } = exchange;
    const found = finder.service(http, protocol, scope?.service, undefined);
    exchange.found = found;
    const { rest, match } = finder.rest(http, found);
    const { operation } = match;
    const raw = streams(operation) || isChunked(http) ? undefined : await wholeBody(request, http, restLimitBytes);
    const sender = authenticate(host, signed, http, raw, dialectOf(protocol, scope?.service));
    const stream = raw ? undefined : payloadStream(request, http, claimOf(signed), sender.secret);
    const body = stream && !streams(operation) ? await readBody(stream, restLimitBytes) : raw;
    if (body && operation.checksum) await compareHeaders(http, body);
    const input = decodeRest(withoutChunking(http, rest), match, body);
    const length = contentLength(http);
    const streamed = stream && streams(operation) ? { stream, ...(length === undefined ? {} : { length }) } : undefined;
    return invoke(exchange, found, operation, sender, input, streamed, context);
  }

  async function invoke(
    exchange: Exchange,
    { wire, schema }: Found,
    operation: OperationSchema,
    { identity }: Sender<Identity>,
    input: object,
    body: Received<Identity>['body'],
    context: unknown,
  ): Promise<Answer> {
    const { http, scope, protocol, signed, requestId } = exchange;
    const { name } = operation;
    exchange.operation = name;
    if (!Object.hasOwn(wire.operations, name)) throw notModelled(protocol, wire.name, name);
    const anonymous = !signed.v4 && !signed.v2;
    if (anonymous && !isS3(schema) && !host.allowsAnonymous?.(wire.name, name, context)) {
      throw missingToken(dialectOf(protocol, wire.name));
    }
    const output = await host.invoke({
      service: wire.name,
      operation: name,
      input,
      region: scope?.region ?? host.defaultRegion,
      requestId,
      identity,
      http,
      context,
      ...(body ? { body } : {}),
    });
    return encodeOutput(protocol, schema, operation, output as Record<string, unknown>, requestId);
  }

  function faultOf(error: unknown, { found, operation, http }: Exchange): Fault {
    if (error instanceof Fault) return error;
    host.failed(error, found && operation ? `${found.wire.name}:${operation}` : `${http.method} ${http.path}`);
    const code = found && isS3(found.schema) ? 'InternalError' : 'InternalFailure';
    return new Fault(code, 'We encountered an internal error. Please try again.', { status: 500 });
  }

  function headersOf({ found, http, requestId }: Exchange): Record<string, string> {
    const headers: Record<string, string> = { date: new Date(host.nowMs()).toUTCString() };
    if (!found || !isS3(found.schema)) return { ...headers, 'x-amzn-requestid': requestId };
    Object.assign(headers, { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId(requestId), server: 'AmazonS3' });
    return http.headers.origin === undefined ? headers : { ...headers, ...host.corsHeaders(http) };
  }

  async function exchangeOf(request: IncomingMessage, context: unknown): Promise<Answer> {
    const exchange = read(request);
    const made = await answer(exchange, context).catch((error: unknown) => {
      if (request.destroyed && !request.complete) throw error;
      const { protocol, found, requestId, http } = exchange;
      return encodeFault(protocol, found?.schema, faultOf(error, exchange), requestId, http.path);
    });
    return { ...made, headers: { ...headersOf(exchange), ...made.headers } };
  }

  return {
    serve(request, response, context) {
      // A client that goes away is no error of ours, and must not be an unhandled one.
      request.on('error', () => {});
      response.on('error', () => {});
      exchangeOf(request, context)
        .then((made) => send(request, response, made))
        .catch((error: unknown) => {
          if (!clientGone(error) && !(error instanceof Fault)) host.failed(error, request.url ?? '');
          // The head may have been sent already: nothing can be said any more.
          response.destroy();
        });
    },
  };
}

function streams({ input }: OperationSchema): boolean {
  const shape = payloadOf(input)?.shape;
  return shape?.kind === 'blob' && shape.streaming;
}

async function wholeBody(request: IncomingMessage, { headers }: Http, limitBytes: number): Promise<Buffer> {
  const declared = headers['content-length'];
  const none = declared === '0' || (declared === undefined && headers['transfer-encoding'] === undefined);
  return none ? Buffer.alloc(0) : readBody(request, limitBytes);
}

function formOf(protocol: Protocol, { method, query }: Http, body: Buffer): URLSearchParams | undefined {
  if (protocol !== 'ec2' && protocol !== 'query') return undefined;
  return method === 'POST' ? new URLSearchParams(body.toString('utf8')) : query;
}

/** The transfer's form is no property of the object: `aws-chunked` and the encoded length are left out. */
function withoutChunking(http: Http, rest: FoundRest['rest']): FoundRest['rest'] {
  if (!isChunked(http)) return rest;
  const encodings = (http.headers['content-encoding'] ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  const headers = {
    ...rest.headers,
    'content-encoding': encodings.length > 0 ? encodings.join(',') : undefined,
    'content-length': http.headers['x-amz-decoded-content-length'],
  };
  return { ...rest, headers };
}
