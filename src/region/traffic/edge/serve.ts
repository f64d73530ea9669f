/**
 * One request at an edge location, from the viewer's head to the last byte of the answer:
 * protocol, method, signature, viewer-request function, cache or origin, custom error, viewer-response function, headers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import type { Peer } from '../fabric.ts';
import type { EdgeRequest } from './cache-key.ts';
import { notModified, rangeOf, withoutBody } from './conditional.ts';
import type { BehaviourConfig, EdgeConfig } from './config.ts';
import { type EdgeError, errorPage, redirectToHttps } from './error-page.ts';
import { FunctionResultError, requestEvent, requestResult, responseEvent, responseResult } from './function-event.ts';
import type { FunctionSandbox } from './function-sandbox.ts';
import { copy, endToEnd, fromRaw, get, type Headers, set, writeHead } from './headers.ts';
import type { EdgeMeter } from './measure.ts';
import type { Fetched, ObjectSource } from './objects.ts';
import type { ViewerFacts } from './origin-request.ts';
import { behaviourFor } from './path-pattern.ts';
import { applyPolicy } from './response-headers.ts';
import { refusal, withoutSignature } from './signed-url.ts';

export interface EdgeLocation {
  readonly clock: Clock;
  readonly random: Random;
  readonly sandbox: FunctionSandbox;
  readonly objects: ObjectSource;
  readonly meter: EdgeMeter;
  note(kind: string, text: string, data?: Record<string, unknown>): void;
}

/** A request under way. */
export interface Exchange {
  readonly config: EdgeConfig;
  readonly behaviour: BehaviourConfig;
  readonly viewer: ViewerFacts;
  readonly edgeAddress: string;
  readonly requestId: string;
  /** `1.1 0123….cloudfront.net (CloudFront)` */
  readonly via: string;
  readonly body: Readable | undefined;
  /** Aborted when the viewer goes away. */
  readonly signal: AbortSignal;
}

interface Reply extends Fetched {
  readonly statusDescription?: string;
  /** Made by a function: no further function runs. */
  readonly generated?: boolean;
}

const largestUrl = 8_192;
const pop = 'IAD50-C1';

export async function serve(
  location: EdgeLocation,
  config: EdgeConfig,
  request: IncomingMessage,
  response: ServerResponse,
  { client, secure, edgeAddress }: { client: Peer; secure: boolean; edgeAddress: string },
): Promise<void> {
  const { clock, random } = location;
  const requestId = `${random.text(54, base64Letters)}==`;
  const via = `${request.httpVersion} ${random.hex(32)}.cloudfront.net (CloudFront)`;
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the viewer has gone'));
  });
  const edgeRequest = requestOf(request);
  const behaviour = behaviourFor(config, edgeRequest.path);
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  const viewer: ViewerFacts = {
    address: client.address,
    port: client.port,
    scheme: secure ? 'https' : 'http',
    httpVersion: request.httpVersion,
  };
  const shared = { config, viewer, edgeAddress, requestId, via, signal: gone.signal };
  let reply: Reply;
  if (!behaviour) reply = ofError(errorPage(400, 'The distribution has no behavior for this path.', requestId));
  else {
    const exchange: Exchange = { ...shared, behaviour, body: hasBody ? request : undefined };
    reply = await answer(location, exchange, edgeRequest, request).catch((error: unknown) => {
      if (!gone.signal.aborted) location.note('edge-failed', String(error instanceof Error ? error.stack : error));
      return ofError(errorPage(500, 'Internal error', requestId));
    });
    if (behaviour.responseHeaders && reply.result !== 'Redirect') {
      const { serverTiming } = behaviour.responseHeaders;
      applyPolicy(behaviour.responseHeaders, reply.headers, edgeRequest);
      if (serverTiming !== undefined && random.next() < serverTiming) {
        const hit = reply.result === 'Hit' || reply.result === 'RefreshHit';
        set(reply.headers, 'server-timing', `cdn-cache-${hit ? 'hit' : 'miss'},cdn-pop;desc="${pop}"`);
      }
    }
  }
  const { headers } = reply;
  const before = get(headers, 'via');
  set(headers, 'x-cache', `${reply.result} from cloudfront`);
  set(headers, 'via', before === undefined ? via : `${before}, ${via}`);
  set(headers, 'x-amz-cf-pop', pop);
  set(headers, 'x-amz-cf-id', requestId);
  if (!headers.has('date')) set(headers, 'date', clock.date().toUTCString());
  const sent = await send(request, response, reply, edgeRequest.headers);
  location.meter.request(config, { status: sent.status, bytesDownloaded: sent.bytes, request });
}

/** The steps up to an answer, its own errors included. */
async function answer(
  location: EdgeLocation,
  exchange: Exchange,
  viewerRequest: EdgeRequest,
  request: IncomingMessage,
): Promise<Reply> {
  const refused = refuse(exchange, viewerRequest, request, location.clock.wallMs());
  if (refused)
    return refused.result === 'Redirect'
      ? ofError(refused)
      : withCustomError(location, exchange, viewerRequest, ofError(refused));
  const asked: EdgeRequest = exchange.behaviour.trustedKeys
    ? { ...viewerRequest, query: withoutSignature(viewerRequest.query) }
    : viewerRequest;
  const changed = await runRequestFunction(location, exchange, asked);
  if ('result' in changed) return changed;
  const rooted =
    changed.path === '/' && exchange.config.defaultRootObject !== ''
      ? { ...changed, path: `/${exchange.config.defaultRootObject}` }
      : changed;
  const fetched = await location.objects.fetch(exchange, rooted);
  const reply = await withCustomError(location, exchange, rooted, fetched);
  if (fetched.status >= 400) return reply;
  return runResponseFunction(location, exchange, rooted, reply);
}

/** What of an exchange decides before anything is fetched. */
export type Asked = Pick<Exchange, 'config' | 'behaviour' | 'viewer' | 'requestId'>;

/** Why a request goes no further, by the behaviour's settings alone. */
export function refuse(
  { config, behaviour, viewer, requestId }: Asked,
  { method, path, query, headers }: EdgeRequest,
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  nowMs: number,
): EdgeError | undefined {
  const host = get(headers, 'host') ?? '';
  if (viewer.scheme === 'http' && behaviour.viewerProtocol !== 'allow-all') {
    if (behaviour.viewerProtocol === 'https-only') return errorPage(403, 'Bad request. HTTPS is required.', requestId);
    return redirectToHttps(method, `https://${host.replace(/:\d+$/, '')}${request.url ?? '/'}`);
  }
  if ((request.url ?? '').length > largestUrl) return errorPage(414, 'The URL is too long.', requestId);
  if (!behaviour.allowedMethods.includes(method)) {
    const cachedOnly = behaviour.allowedMethods.length <= 3;
    const reason = cachedOnly ? ' The distribution supports only cachable requests.' : '';
    return errorPage(
      403,
      `This distribution is not configured to allow the HTTP request method that was used for this request.${reason}`,
      requestId,
    );
  }
  if (method === 'GET' && Number(request.headers['content-length']) > 0)
    return errorPage(403, 'Bad request.', requestId);
  if (!behaviour.trustedKeys) return undefined;
  return refusal(behaviour.trustedKeys, {
    scheme: viewer.scheme,
    host,
    aliases: [config.domainName, ...config.aliases],
    path,
    query,
    headers,
    clientAddress: viewer.address,
    nowMs,
  });
}

/** The request as the viewer-request function makes it, or the answer that it gives. */
export async function runRequestFunction(
  { sandbox, note }: Pick<EdgeLocation, 'sandbox' | 'note'>,
  exchange: Asked,
  request: EdgeRequest,
): Promise<EdgeRequest | Reply> {
  const viewerFunction = exchange.behaviour.viewerRequest;
  if (!viewerFunction) return request;
  const event = requestEvent(contextOf(exchange), exchange.viewer.address, request);
  const run = await sandbox.run(viewerFunction, event);
  try {
    if (run.error !== undefined) throw new FunctionResultError(run.error);
    const result = requestResult(run.output, request);
    if (!('status' in result)) return result;
    const { status, headers, body = Buffer.alloc(0), statusDescription } = result;
    endToEnd(headers);
    set(headers, 'content-length', String(body.length));
    const made = { status, headers, body, result: 'FunctionGeneratedResponse', generated: true };
    return statusDescription === undefined ? made : { ...made, statusDescription };
  } catch (error) {
    return functionError(note, exchange, viewerFunction.name, error);
  }
}

async function runResponseFunction(
  { sandbox, note }: EdgeLocation,
  exchange: Exchange,
  request: EdgeRequest,
  reply: Reply,
): Promise<Reply> {
  const viewerFunction = exchange.behaviour.viewerResponse;
  if (!viewerFunction) return reply;
  const { status, headers } = reply;
  const run = await sandbox.run(
    viewerFunction,
    responseEvent(contextOf(exchange), exchange.viewer.address, request, { status, headers }),
  );
  try {
    if (run.error !== undefined) throw new FunctionResultError(run.error);
    const result = responseResult(run.output, { status, headers });
    if (!result.body) return { ...reply, status: result.status, headers: result.headers };
    discard(reply.body);
    result.headers.delete('content-encoding');
    set(result.headers, 'content-length', String(result.body.length));
    return { ...reply, status: result.status, headers: result.headers, body: result.body };
  } catch (error) {
    discard(reply.body);
    return functionError(note, exchange, viewerFunction.name, error);
  }
}

function functionError(note: EdgeLocation['note'], { config, requestId }: Asked, name: string, error: unknown): Reply {
  if (!(error instanceof FunctionResultError)) throw error;
  note('function-error', `${config.name}: function ${name}: ${error.message}`, { distribution: config.id });
  const text =
    'The CloudFront function associated with the CloudFront distribution is invalid or could not run. We cannot connect to the server for this app or website at this time.';
  return ofError(errorPage(503, text, requestId, 'FunctionExecutionError'));
}

function contextOf({ config, requestId }: Asked) {
  return { distributionDomainName: config.domainName, distributionId: config.id, requestId };
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html */
async function withCustomError(
  { objects }: EdgeLocation,
  exchange: Exchange,
  request: EdgeRequest,
  reply: Reply,
): Promise<Reply> {
  if (reply.status < 400) return reply;
  const page = exchange.config.errorResponses.find(({ errorCode }) => errorCode === reply.status)?.page;
  const behaviour = page && behaviourFor(exchange.config, page.path);
  if (!page || !behaviour) return reply;
  discard(reply.body);
  const headers = copy(request.headers);
  for (const name of ['range', 'if-range', 'if-none-match', 'if-modified-since', 'content-length', 'content-type'])
    headers.delete(name);
  const asked: EdgeRequest = { method: 'GET', path: page.path, query: '', headers };
  const shown = await objects.fetch({ ...exchange, behaviour, body: undefined }, asked);
  return { ...shown, status: shown.status < 400 ? page.status : shown.status, result: 'Error' };
}

function ofError({ status, headers, body, result = 'Error' }: EdgeError): Reply {
  return { status, headers, body, result };
}

export function discard(body: Fetched['body']): void {
  if (!Buffer.isBuffer(body)) body.destroy();
}

/** Answers the viewer's conditions and ranges, and sends. Resolves when the last byte was taken, or the viewer has gone. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, statusDescription }: Reply,
  asked: Headers,
): Promise<{ status: number; bytes: number }> {
  const reading = request.method === 'GET' || request.method === 'HEAD';
  let shown = status;
  let part: Buffer | undefined = Buffer.isBuffer(body) ? body : undefined;
  if (reading && status === 200 && notModified(asked, headers)) {
    shown = 304;
    withoutBody(headers);
  } else if (reading && status === 200 && part) {
    const range = rangeOf(asked, headers, part.length);
    if (range === 'unsatisfiable') {
      shown = 416;
      set(headers, 'content-range', `bytes */${part.length}`);
      part = Buffer.alloc(0);
    } else if (range) {
      shown = 206;
      set(headers, 'content-range', `bytes ${range.first}-${range.last}/${part.length}`);
      part = part.subarray(range.first, range.last + 1);
    }
    set(headers, 'content-length', String(part.length));
  }
  const bodiless = request.method === 'HEAD' || shown === 304 || shown === 204;
  if (response.destroyed) {
    discard(body);
    return { status: shown, bytes: 0 };
  }
  if (statusDescription !== undefined) response.statusMessage = statusDescription;
  writeHead(response, shown, headers);
  if (bodiless) {
    discard(body);
    response.end();
    return { status: shown, bytes: 0 };
  }
  if (part) {
    response.end(part);
    return { status: shown, bytes: part.length };
  }
  let bytes = 0;
  const stream = body as Readable;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  // Broken off by the origin or the viewer: the response is destroyed, and the viewer sees that bytes are missing.
  await pipeline(stream, response).catch(() => response.destroy());
  return { status: shown, bytes };
}

const base64Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function requestOf(request: IncomingMessage): EdgeRequest {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark) || '/',
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: fromRaw(request.rawHeaders),
  };
}
