/** One request to one target and its answer back, streamed both ways. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../../clock/clock.ts';
import { DialError } from '../fabric.ts';
import { answerOwn } from './own-answer.ts';
import { hopByHop } from './request-head.ts';
import { IdleTimeout } from './target-pool.ts';
import { type ClientSide, joinTunnel } from './tunnel.ts';

export interface ForwardResult {
  /** What the client got; 460 when it left before. */
  readonly status: number;
  /** The target's own answer; undefined when there was none. */
  readonly targetStatus: number | undefined;
  /** Of the body alone. */
  readonly bytesIn: number;
  /** Head included. */
  readonly bytesOut: number;
  /** When the request had been sent to the target, in model ms; undefined when it was not. */
  readonly sentMs: number | undefined;
  /** When the head of the answer came, in model ms; undefined when none came. */
  readonly answeredMs: number | undefined;
  /** Between the two, with parts of a ms. */
  readonly targetMs: number | undefined;
  /** Why there was no answer of the target's. */
  readonly reason?: string;
}

export interface ForwardRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Raw name and value pairs, hop-by-hop ones left out. */
  readonly headers: string[];
  readonly extraResponseHeaders: readonly string[];
  /** In model ms: the client and the target take real time. */
  readonly idleTimeoutMs: number;
  /** A WebSocket is asked for. */
  readonly tunnel?: ClientSide;
}

/** The client closed the connection before it was answered: ALB's own status, which nobody receives. */
export const clientClosed = 460;

/** Whatever goes wrong becomes 502 or 504, as ALB answers. There are no retries. `done` is called once, at the end. */
export function forward(
  targets: Dispatcher,
  clock: Clock,
  given: ForwardRequest,
  done: (result: ForwardResult) => void,
): void {
  const { request, headers, path, tunnel } = given;
  const exchange = new Exchange(clock, given, done);
  targets.dispatch(
    {
      // Whatever a client sends: undici checks that it is a token.
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      path,
      headers,
      body: exchange.body(),
      upgrade: tunnel?.protocol ?? null,
    },
    exchange,
  );
}

class Exchange implements Dispatcher.DispatchHandlers {
  readonly #clock: Clock;
  readonly #given: ForwardRequest;
  readonly #done: (result: ForwardResult) => void;
  #abort: ((error?: Error) => void) | undefined;
  #settled = false;
  #targetStatus: number | undefined;
  #bytesIn = 0;
  #bytesOut = 0;
  #sentMs: number | undefined;
  #answeredMs: number | undefined;
  /** Of a clock that tells parts of a ms: targets nearby take no more. */
  #sentFineMs = 0;
  #targetMs: number | undefined;
  #gone: Error | undefined;
  #resume: (() => void) | undefined;

  constructor(clock: Clock, given: ForwardRequest, done: (result: ForwardResult) => void) {
    this.#clock = clock;
    this.#given = given;
    this.#done = done;
    const { response } = given;
    response.once('close', () => {
      // Nobody waits for the target's answer any more.
      if (!response.writableFinished) this.#leave(new ClientGone());
    });
  }

  body(): PassThrough | null {
    const { request, tunnel } = this.#given;
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (tunnel || ((length === undefined || length === '0') && encoding === undefined)) return null;
    // A target that answers early ends its body: that must not end the client's connection before the answer is sent.
    const body = new PassThrough();
    const idle = this.#watchBody();
    request.on('data', (chunk: Buffer) => {
      this.#bytesIn += chunk.length;
      idle.active();
    });
    request.once('end', idle.end);
    body.once('close', () => {
      idle.end();
      request.unpipe(body);
      request.resume();
    });
    return request.pipe(body);
  }

  /** A client that stops in the middle of its request is told so after the idle timeout. */
  #watchBody(): { active(): void; end(): void } {
    const { request, idleTimeoutMs } = this.#given;
    let activeMs = this.#clock.now();
    let timer: Timer;
    const look = () => {
      // Held back by a target that does not read: that is the target's silence, not the client's.
      if (request.isPaused()) activeMs = this.#clock.now();
      const leftMs = idleTimeoutMs - (this.#clock.now() - activeMs);
      if (leftMs <= 0) this.#leave(new ClientSilent());
      else timer = this.#clock.after(leftMs, look);
    };
    timer = this.#clock.after(idleTimeoutMs, look);
    return {
      active: () => {
        activeMs = this.#clock.now();
      },
      end: () => timer.cancel(),
    };
  }

  #leave(why: Error): void {
    if (this.#settled || this.#gone) return;
    this.#gone = why;
    if (this.#abort) this.#abort(why);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#sentMs = this.#clock.now();
    this.#sentFineMs = this.#clock.fineMs();
    this.#abort = abort;
    if (this.#gone) abort(this.#gone);
  }

  onRequestSent(): void {
    this.#sentMs = this.#clock.now();
    this.#sentFineMs = this.#clock.fineMs();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    // An interim answer (103) is the target's and the balancer's affair.
    if (status < 200) return true;
    const { response, extraResponseHeaders } = this.#given;
    this.#answeredMs = this.#clock.now();
    this.#targetMs = this.#clock.fineMs() - this.#sentFineMs;
    this.#targetStatus = status;
    this.#bytesOut += statusText.length + 17;
    response.writeHead(status, statusText, this.#pairs(raw, extraResponseHeaders));
    this.#resume = resume;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#bytesOut += chunk.length;
    const { response } = this.#given;
    if (response.write(chunk)) return true;
    if (this.#resume) response.once('drain', this.#resume);
    return false;
  }

  onComplete(): void {
    this.#given.response.end();
    this.#settle(this.#targetStatus ?? 502);
  }

  onUpgrade(status: number, raw: Buffer[] | string[] | null, target: Duplex): void {
    const { tunnel, response, extraResponseHeaders } = this.#given;
    if (!tunnel) throw new Error('a request that asked for no upgrade was not given one');
    this.#answeredMs = this.#clock.now();
    this.#targetMs = this.#clock.fineMs() - this.#sentFineMs;
    this.#targetStatus = status;
    const headers = this.#pairs(raw ?? [], extraResponseHeaders);
    response.detachSocket(tunnel.socket as Socket);
    joinTunnel(tunnel, target, headers, (sent, received) => {
      this.#bytesIn += sent;
      this.#bytesOut += received;
      this.#settle(status);
    });
  }

  onError(error: Error): void {
    const { response } = this.#given;
    const [status, reason] = failure(this.#gone ?? error);
    if (!response.headersSent && !response.destroyed && status !== clientClosed) answerOwn(response, status);
    // The target broke off in the middle of its answer: the client must see that too.
    else response.destroy();
    this.#settle(status === clientClosed ? status : (this.#targetStatus ?? status), reason);
  }

  /** The answer's headers without those of the one connection. */
  #pairs(raw: readonly (Buffer | string)[], extra: readonly string[]): string[] {
    const pairs: string[] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]?.toString('latin1') ?? '';
      const value = raw[i + 1]?.toString('latin1') ?? '';
      this.#bytesOut += name.length + value.length + 4;
      if (!hopByHop.has(name.toLowerCase())) pairs.push(name, value);
    }
    return extra.length === 0 ? pairs : pairs.concat(extra);
  }

  #settle(status: number, reason?: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#done({
      status,
      targetStatus: this.#targetStatus,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      sentMs: this.#sentMs,
      answeredMs: this.#answeredMs,
      targetMs: this.#targetMs,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

class ClientSilent extends Error {
  override readonly name = 'ClientSilent';
}

function failure(error: Error): [status: 408 | 460 | 502 | 504, reason: string] {
  if (error instanceof ClientGone) return [clientClosed, 'the client closed the connection'];
  if (error instanceof ClientSilent) return [408, 'the client did not send its request within the idle timeout'];
  if (error instanceof IdleTimeout) return [504, error.message];
  if (error instanceof DialError && error.code === 'ETIMEDOUT') return [504, error.message];
  return [502, error.message];
}
