/** One request to one target and its answer back, streamed both ways. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock/clock.ts';
import type { World } from '../../network/world.ts';
import { DialError, type Fabric } from '../fabric.ts';
import type { NodeConfig, TargetConfig } from './config.ts';

export interface ForwardResult {
  /** What the client got. */
  readonly status: number;
  /** False when the balancer made the answer itself (502, 504). */
  readonly byTarget: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the request's end of sending until the answer's head, in model ms. */
  readonly targetMs: number;
  /** Why there was no answer of the target. */
  readonly reason?: string;
}

export interface ForwardRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: TargetConfig;
  /** Raw name and value pairs, hop-by-hop ones left out. */
  readonly headers: string[];
  readonly extraResponseHeaders: readonly string[];
  readonly idleTimeoutMs: number;
}

const connectTimeoutMs = 10_000;

/**
 * Connections of one node to its targets, kept open between requests until the balancer's idle timeout. A target that
 * closes them earlier may do so just as one is taken: that request is answered 502, as on AWS.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
 */
export class TargetAgent extends Agent {
  readonly #fabric: Fabric;
  readonly #node: NodeConfig;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: () => number;
  readonly #idleSinceMs = new WeakMap<Duplex, number>();
  #world: World | undefined;
  #sweep: Timer | undefined;

  constructor(fabric: Fabric, node: NodeConfig, clock: Clock, idleTimeoutMs: () => number) {
    super({ keepAlive: true, maxFreeSockets: 1_024, scheduling: 'lifo' });
    this.#fabric = fabric;
    this.#node = node;
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  #idle(): Socket[] {
    return Object.values(this.freeSockets).flatMap((sockets) => sockets ?? []);
  }

  override keepSocketAlive(socket: Duplex): boolean {
    this.#idleSinceMs.set(socket, this.#clock.now());
    this.#sweepLater(this.#idleTimeoutMs());
    // Declared as if it answered nothing; what it answers decides.
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  /** One timer for all: it closes what has been idle for long enough, and looks again when the next one will have been. */
  #sweepLater(delayMs: number): void {
    this.#sweep ??= this.#clock.after(delayMs, () => {
      this.#sweep = undefined;
      const before = this.#clock.now() - this.#idleTimeoutMs();
      let oldestMs = Number.POSITIVE_INFINITY;
      for (const socket of this.#idle()) {
        const sinceMs = this.#idleSinceMs.get(socket) ?? before;
        if (sinceMs <= before) socket.destroy();
        else oldestMs = Math.min(oldestMs, sinceMs);
      }
      if (oldestMs < Number.POSITIVE_INFINITY) this.#sweepLater(oldestMs - before);
    });
  }

  override destroy(): void {
    this.#sweep?.cancel();
    super.destroy();
  }

  /**
   * What a network ACL now drops it drops of open connections, too: idle ones are made anew in a changed world.
   * Requests under way stay on theirs, where what is dropped is waited for.
   */
  follow(): void {
    const world = this.#fabric.world();
    if (world === this.#world) return;
    this.#world = world;
    for (const socket of this.#idle()) socket.destroy();
  }

  override createConnection(
    options: { host?: string | null; port?: number | string | null },
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    this.#fabric
      .dial({
        from: { address: this.#node.privateIp, interfaceId: this.#node.interfaceId },
        to: { address: options.host ?? '', port: Number(options.port) },
        timeoutMs: connectTimeoutMs,
      })
      .then(
        ({ socket }) => {
          // One that the target has closed is not to be given another request, not even in the turn before it is gone.
          socket.once('end', () => {
            if (this.#idle().some((one) => one === socket)) socket.destroy();
          });
          done?.(null, socket);
        },
        (error: Error) => done?.(error, undefined as unknown as Duplex),
      );
    return undefined;
  }
}

/** Never rejects: what goes wrong becomes 502 or 504, as ALB answers. There are no retries. */
export function forward(
  agent: TargetAgent,
  clock: Clock,
  { request, response, target, ...rest }: ForwardRequest,
): Promise<ForwardResult> {
  return new Promise((resolve) => {
    agent.follow();
    const startMs = clock.now();
    let bytesIn = 0;
    let bytesOut = 0;
    let answeredMs: number | undefined;
    let settled = false;
    const settle = (result: Pick<ForwardResult, 'status' | 'byTarget' | 'reason'>) => {
      if (settled) return;
      settled = true;
      idle.cancel();
      resolve({ ...result, bytesIn, bytesOut, targetMs: (answeredMs ?? clock.now()) - startMs });
    };
    const upstream = httpRequest({
      agent,
      host: target.address,
      port: target.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: rest.headers,
      setHost: false,
    });
    let lastMs = startMs;
    let idle = clock.after(rest.idleTimeoutMs, onIdle);
    // One timer per request that looks at the last activity, rather than one per chunk.
    function onIdle(): void {
      const quietMs = clock.now() - lastMs;
      if (quietMs >= rest.idleTimeoutMs) upstream.destroy(new IdleTimeout());
      else idle = clock.after(rest.idleTimeoutMs - quietMs, onIdle);
    }
    const touch = () => {
      lastMs = clock.now();
    };

    upstream.on('response', (answer) => {
      answeredMs = clock.now();
      touch();
      const status = answer.statusCode ?? 502;
      response.writeHead(status, answer.statusMessage, [...endToEnd(answer.rawHeaders), ...rest.extraResponseHeaders]);
      answer.on('data', (chunk: Buffer) => {
        bytesOut += chunk.length;
        touch();
      });
      answer.pipe(response);
      answer.on('end', () => settle({ status, byTarget: true }));
      answer.on('close', () => {
        // The target broke off in the middle of its answer: the client must see that too.
        if (!answer.complete) response.destroy();
        settle({ status, byTarget: true });
      });
    });
    upstream.on('error', (error) => {
      const { status, reason } = failure(error);
      if (!response.headersSent && !response.destroyed) {
        answerError(response, status);
        settle({ status, byTarget: false, reason });
      } else {
        response.destroy();
        settle({ status, byTarget: answeredMs !== undefined, reason });
      }
    });
    request.on('data', (chunk: Buffer) => {
      bytesIn += chunk.length;
      touch();
    });
    request.pipe(upstream);
    response.on('close', () => {
      if (response.writableFinished) return;
      // The client has gone: nobody waits for the target's answer. ALB logs it as 460.
      upstream.destroy();
      settle({ status: 460, byTarget: false, reason: 'the client closed the connection' });
    });
  });
}

class IdleTimeout extends Error {
  override readonly name = 'IdleTimeout';
}

function failure(error: Error): { status: 502 | 504; reason: string } {
  if (error instanceof IdleTimeout) return { status: 504, reason: 'the target did not answer within the idle timeout' };
  if (error instanceof DialError && error.code === 'ETIMEDOUT') return { status: 504, reason: error.message };
  return { status: 502, reason: error.message };
}

const titles: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  403: '403 Forbidden',
  404: '404 Not Found',
  463: '463',
  502: '502 Bad Gateway',
  503: '503 Service Temporarily Unavailable',
  504: '504 Gateway Time-out',
};

/** The page that ALB sends for its own errors. */
export function answerError(response: ServerResponse, status: number): void {
  const title = titles[status] ?? String(status);
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  response.writeHead(status, {
    server: 'awselb/2.0',
    'content-type': 'text/html',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** Raw headers without those that concern one connection only. */
export function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}
