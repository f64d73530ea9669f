/** Fetches from origins: buckets by way of S3's own front, other names over the model's internet. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Duplex, PassThrough, pipeline, type Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../clock/clock.ts';
import { DialError, type Fabric } from '../fabric.ts';
import type { CustomOriginConfig, EdgeConfig, S3OriginConfig } from './config.ts';
import { endToEnd, fromRaw, get, type Headers, toRaw } from './headers.ts';
import type { OriginRequest } from './origin-request.ts';

export interface OriginAnswer {
  readonly status: number;
  /** Hop-by-hop ones left out. */
  readonly headers: Headers;
  readonly body: Readable;
}

/** As whom the edge asks S3. The shapes are those of the control plane's callers. */
export type S3Caller =
  | {
      readonly kind: 'service';
      readonly service: 'cloudfront.amazonaws.com';
      readonly sourceArn: string;
      readonly sourceAccount: string;
      readonly trusted: false;
    }
  | {
      readonly kind: 'user';
      readonly account: string;
      readonly arn: string;
      readonly principalId: string;
      readonly accessKeyId: string;
      readonly userName: string;
    };

export interface S3OriginRequest extends OriginRequest {
  readonly bucket: string;
  readonly region: string | undefined;
  /** Undefined: not signed by CloudFront. A viewer's own `Authorization` is in the headers then, if it was let through. */
  readonly caller: S3Caller | undefined;
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
}

/** S3 as an HTTP server: authenticates, asks the bucket's policy, answers with its own headers and errors. */
export type FetchS3 = (request: S3OriginRequest) => Promise<OriginAnswer>;

/** The origin gave no answer that could be used. */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly status: 502 | 504;
  constructor(status: 502 | 504, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export interface OriginHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly fetchS3: FetchS3;
  /** Addresses of a name, as a resolver on the internet gives them. */
  resolve(name: string): readonly string[] | Promise<readonly string[]>;
  /** Authorities, PEM, whose certificates an origin may show; Node's own where left out. */
  certificateAuthorities?(): readonly string[];
}

export interface OriginCall {
  readonly config: EdgeConfig;
  readonly request: OriginRequest;
  readonly body: Readable | undefined;
  readonly secure: boolean;
  readonly edgeAddress: string;
  readonly signal: AbortSignal;
}

export interface Origins {
  /** Rejects with an `OriginError`. */
  s3(origin: S3OriginConfig, call: OriginCall): Promise<OriginAnswer>;
  custom(origin: CustomOriginConfig, call: OriginCall): Promise<OriginAnswer>;
  close(): void;
}

export function origins(host: OriginHost): Origins {
  const agents = new Map<string, OriginAgent>();

  /** Connections are kept per origin's settings: another timeout or scheme is another agent. */
  function agentFor(origin: CustomOriginConfig, tls: boolean, edgeAddress: string): OriginAgent {
    const key = [origin.domainName, tls, edgeAddress, origin.connectTimeoutMs].join(' ');
    let agent = agents.get(key);
    if (!agent) {
      agent = new OriginAgent(host, origin, tls, edgeAddress);
      agents.set(key, agent);
    }
    return agent;
  }

  async function s3(origin: S3OriginConfig, call: OriginCall): Promise<OriginAnswer> {
    const { request, config, body, signal } = call;
    const caller = s3Caller(origin, config, get(request.headers, 'authorization') !== undefined);
    if (caller) request.headers.delete('authorization');
    const { bucket, region } = origin;
    try {
      return await host.fetchS3({ ...request, bucket, region, caller, body, signal });
    } catch (error) {
      throw new OriginError(502, connectText, error);
    }
  }

  async function custom(origin: CustomOriginConfig, call: OriginCall): Promise<OriginAnswer> {
    const tls = origin.protocol === 'https-only' || (origin.protocol === 'match-viewer' && call.secure);
    const agent = agentFor(origin, tls, call.edgeAddress);
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(host.clock, agent, origin, tls, call);
      } catch (error) {
        const again = retryable(error, call) && attempt < Math.max(origin.connectionAttempts, 2);
        if (!again || call.signal.aborted) throw originError(error, origin);
      }
    }
  }

  return {
    s3,
    custom,
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

/**
 * As whom the edge asks for a viewer; undefined: as nobody, or as the viewer who `signs` the request.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export function s3Caller(
  origin: S3OriginConfig,
  { arn, account }: Pick<EdgeConfig, 'arn' | 'account'>,
  viewerSigns: boolean,
): S3Caller | undefined {
  if (origin.signing === 'always' || (origin.signing === 'no-override' && !viewerSigns)) {
    return {
      kind: 'service',
      service: 'cloudfront.amazonaws.com',
      sourceArn: arn,
      sourceAccount: account,
      trusted: false,
    };
  }
  if (origin.accessIdentity === undefined) return undefined;
  const userName = `CloudFront Origin Access Identity ${origin.accessIdentity}`;
  const named = { principalId: origin.accessIdentity, accessKeyId: origin.accessIdentity };
  return { kind: 'user', account: 'cloudfront', arn: `arn:aws:iam::cloudfront:user/${userName}`, userName, ...named };
}

class OriginAgent extends Agent {
  readonly #host: OriginHost;
  readonly #origin: CustomOriginConfig;
  readonly #tls: boolean;
  readonly #edgeAddress: string;

  constructor(host: OriginHost, origin: CustomOriginConfig, tls: boolean, edgeAddress: string) {
    super({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' });
    this.#host = host;
    this.#origin = origin;
    this.#tls = tls;
    this.#edgeAddress = edgeAddress;
  }

  override createConnection(
    options: { port?: number | string | null },
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    connectOrigin(this.#host, this.#origin, Number(options.port), this.#tls, this.#edgeAddress).then(
      (socket) => {
        this.#closeWhenIdle(socket);
        done?.(null, socket);
      },
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }

  /** Node's own keep-alive timeout runs on real time; the origin's is model time. */
  #closeWhenIdle(socket: Duplex): void {
    let idle: { cancel(): void } | undefined;
    socket.on('free', () => {
      idle = this.#host.clock.after(this.#origin.keepAliveMs, () => socket.destroy());
    });
    this.on('reuse', (reused: Duplex) => {
      if (reused === socket) idle?.cancel();
    });
    socket.on('close', () => idle?.cancel());
  }

  /** Node's own asks for TCP's keep-alive, which a connection inside this process does not have. */
  override keepSocketAlive(): boolean {
    return true;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.emit('reuse', socket);
    request.reusedSocket = true;
  }
}

/** Resolves the name and connects to one of its addresses; over TLS where asked for. */
export async function connectOrigin(
  host: OriginHost,
  origin: CustomOriginConfig,
  port: number,
  tls: boolean,
  edgeAddress: string,
): Promise<Duplex> {
  const [address] = await host.resolve(origin.domainName.toLowerCase());
  if (address === undefined) throw new OriginError(502, "CloudFront wasn't able to resolve the origin domain name.");
  const { socket } = await host.fabric.dial({
    from: { address: edgeAddress },
    to: { address, port },
    timeoutMs: origin.connectTimeoutMs,
  });
  if (!tls) return socket;
  const ca = host.certificateAuthorities?.();
  const secure = connectTls({ socket, servername: origin.domainName, ...(ca ? { ca: [...ca] } : {}) });
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('error', reject);
  }).catch((error: unknown) => {
    socket.destroy();
    throw new OriginError(502, connectText, error);
  });
  return secure;
}

function send(
  clock: Clock,
  agent: Agent,
  origin: CustomOriginConfig,
  tls: boolean,
  { request, body, signal }: OriginCall,
): Promise<OriginAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, query, headers } = request;
    const upstream = httpRequest({
      agent,
      host: origin.domainName,
      port: tls ? origin.httpsPort : origin.httpPort,
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: toRaw(headers),
      setHost: false,
    });
    const abort = () => upstream.destroy(new Error('the viewer has gone'));
    signal.addEventListener('abort', abort, { once: true });
    const watch = idleWatch(clock, origin.readTimeoutMs, () => upstream.destroy(new ReadTimeout()));
    const settled = () => {
      watch.stop();
      signal.removeEventListener('abort', abort);
    };
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      settled();
      reject(upstream.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection(error) : error);
    });
    upstream.on('response', (answer: IncomingMessage) => {
      watch.touch();
      // Counts quiet time only while the viewer reads: a slow viewer is not a slow origin.
      answer.on('resume', () => watch.touch());
      answer.on('pause', () => watch.pause());
      answer.on('data', () => watch.touch());
      const body = new PassThrough();
      pipeline(answer, body, settled);
      resolve({ status: answer.statusCode ?? 502, headers: endToEnd(fromRaw(answer.rawHeaders)), body });
    });
    upstream.on('socket', () => {
      // Only now: what is never sent can be tried again on another connection.
      watch.touch();
      if (!body) upstream.end();
      else {
        body.on('data', () => watch.touch());
        body.pipe(upstream);
      }
    });
  });
}

class ReadTimeout extends Error {
  override readonly name = 'ReadTimeout';
}

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
  constructor(cause: unknown) {
    super('the kept connection was closed', { cause });
  }
}

/** One timer that looks at the last activity, rather than one per chunk. The origin takes real time. */
function idleWatch(clock: Clock, realLimitMs: number, expired: () => void) {
  const limitMs = realLimitMs * clock.scale;
  let lastMs: number | undefined;
  let timer = clock.after(limitMs, look);
  function look(): void {
    const quietMs = lastMs === undefined ? 0 : clock.now() - lastMs;
    if (quietMs >= limitMs) expired();
    else timer = clock.after(limitMs - quietMs, look);
  }
  return {
    touch() {
      lastMs = clock.now();
    },
    pause() {
      lastMs = undefined;
    },
    stop: () => timer.cancel(),
  };
}

const connectText =
  "We can't connect to the server for this app or website at this time. There might be too much traffic or a configuration error. Try again later, or contact the app or website owner.";

function retryable(error: unknown, { body, request }: OriginCall): boolean {
  if (error instanceof DialError) return error.code !== 'EHOSTUNREACH';
  return error instanceof StaleConnection && !body && (request.method === 'GET' || request.method === 'HEAD');
}

function originError(error: unknown, origin: CustomOriginConfig): OriginError {
  if (error instanceof OriginError) return error;
  if (error instanceof ReadTimeout || (error instanceof DialError && error.code === 'ETIMEDOUT')) {
    return new OriginError(504, connectText, error);
  }
  return new OriginError(502, `${connectText} (${origin.domainName})`, error);
}
