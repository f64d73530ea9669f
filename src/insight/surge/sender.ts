/**
 * Sends requests when told to and waits for none: connections are kept open and bounded, each request has a timeout, and a
 * latency counts from when the request was due, so that a stall of the server shows in full (no coordinated omission).
 */
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Stopwatch } from '../../region/clock/stopwatch.ts';
import { connectionFailure, doorFailure, failures } from './failures.ts';
import type { Population } from './population.ts';
import type { Tally } from './tally.ts';

/** Where the requests go. */
export interface Destination {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
  /** The Host header, and the name that the clients look up. */
  readonly host: string;
  /**
   * `door`: a local region's front door, which is told the address that the client holds. `address`: that address itself,
   * on the origin's port. `origin`: no address is looked up.
   */
  readonly reach: 'door' | 'address' | 'origin';
}

export interface SentRequest {
  readonly method: 'GET' | 'POST';
  /** With its query, and what the destination has before it. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: Uint8Array;
}

export interface SenderOptions {
  readonly destination: Destination;
  readonly requests: readonly SentRequest[];
  readonly timeoutMs: number;
  /** Beyond it a request counts as not sent. */
  readonly mostInFlight: number;
  readonly population: Population;
  readonly tally: Tally;
  /** Real milliseconds from the beginning. */
  readonly elapsedMs: Stopwatch;
  readonly timeScale: number;
}

interface Flight {
  readonly route: number;
  readonly dueMs: number;
  readonly untilMs: number;
  ended: boolean;
  abort?: (error?: Error) => void;
}

/** Of the addresses used last, so that those of a balancer that has scaled away are let go. */
const mostPools = 16;
const doorHeader = 'x-orrery-front-door';

export class Sender {
  readonly #options: SenderOptions;
  readonly #headers: readonly (readonly string[])[];
  readonly #pools = new Map<string, Pool>();
  /** Oldest first: all have the same patience. */
  readonly #flights: Flight[] = [];
  #inFlight = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { host } = options.destination;
    this.#headers = options.requests.map(({ method, contentType, body }) => [
      ...['host', host, 'user-agent', 'orrery-surge', 'accept', '*/*'],
      ...(contentType && body ? ['content-type', contentType] : []),
      ...(method === 'POST' ? ['content-length', String(body?.byteLength ?? 0)] : []),
    ]);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Never waits. @param dueMs when it should have been sent */
  send(route: number, dueMs: number): void {
    const { tally, mostInFlight, timeoutMs, elapsedMs, timeScale, population, destination } = this.#options;
    tally.due(route);
    if (this.#inFlight >= mostInFlight) {
      tally.failed(route, failures.notSent);
      return;
    }
    const flight: Flight = { route, dueMs, untilMs: elapsedMs() + timeoutMs, ended: false };
    this.#inFlight++;
    this.#flights.push(flight);
    const address = destination.reach === 'origin' ? '' : population.address((dueMs / 1000) * timeScale);
    const found = (known: string | undefined) => {
      if (known === undefined) this.#fail(flight, failures.noSuchName);
      else if (!flight.ended) this.#dispatch(flight, known);
    };
    if (typeof address === 'string') found(address);
    else void address.then(found);
  }

  /** Gives up on what has waited for too long; to be called often. */
  sweep(): void {
    const nowMs = this.#options.elapsedMs();
    let done = 0;
    for (const flight of this.#flights) {
      if (!flight.ended) {
        if (flight.untilMs > nowMs) break;
        this.#fail(flight, failures.timeout);
        flight.abort?.(new Error(failures.timeout));
      }
      done++;
    }
    if (done > 0) this.#flights.splice(0, done);
  }

  async close(): Promise<void> {
    for (const flight of this.#flights) {
      if (flight.ended) continue;
      this.#fail(flight, failures.interrupted);
      flight.abort?.(new Error(failures.interrupted));
    }
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #dispatch(flight: Flight, address: string): void {
    const { requests, tally, elapsedMs, destination } = this.#options;
    const request = requests[flight.route];
    if (!request) throw new RangeError(`there is no request ${flight.route}`);
    const headers = [...(this.#headers[flight.route] ?? [])];
    if (destination.reach === 'door') headers.push('x-orrery-address', address);
    tally.sent(flight.route, elapsedMs() - flight.dueMs);
    const { method, path, body } = request;
    this.#pool(address).dispatch({ method, path, headers, body: body ?? null }, this.#handler(flight));
  }

  #handler(flight: Flight): Dispatcher.DispatchHandlers {
    let status = 0;
    let refusedByDoor = false;
    return {
      onConnect(abort) {
        if (flight.ended) abort(new Error(failures.timeout));
        else flight.abort = abort;
      },
      onHeaders: (code, headers) => {
        status = code;
        refusedByDoor =
          this.#options.destination.reach === 'door' &&
          headers.some((name) => name.toString().toLowerCase() === doorHeader);
        return true;
      },
      onData: () => true,
      onComplete: () => {
        if (flight.ended) return;
        // Where the front door answers itself, a client on the internet would have got no connection.
        if (refusedByDoor) this.#fail(flight, doorFailure(status));
        else this.#answer(flight, status);
      },
      onError: (error) => this.#fail(flight, connectionFailure(error)),
    };
  }

  #answer(flight: Flight, status: number): void {
    const { tally, elapsedMs } = this.#options;
    this.#end(flight);
    tally.answered(flight.route, status, elapsedMs() - flight.dueMs);
  }

  #fail(flight: Flight, kind: string): void {
    if (flight.ended) return;
    this.#end(flight);
    this.#options.tally.failed(flight.route, kind);
  }

  #end(flight: Flight): void {
    flight.ended = true;
    this.#inFlight--;
  }

  /** One for each address, as clients have connections of their own to each node. */
  #pool(address: string): Pool {
    const { destination, mostInFlight, timeoutMs } = this.#options;
    const known = this.#pools.get(address);
    if (known) return known;
    const pool = new Pool(destination.origin, {
      connections: mostInFlight,
      pipelining: 1,
      // The sweep is what ends a request.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: timeoutMs,
        ...(destination.reach === 'address' ? { lookup: always(address) } : {}),
      },
    });
    if (this.#pools.size >= mostPools) this.#letGo();
    this.#pools.set(address, pool);
    return pool;
  }

  #letGo(): void {
    const [oldest] = this.#pools;
    if (!oldest) return;
    this.#pools.delete(oldest[0]);
    // Once its requests have ended.
    void oldest[1].close();
  }
}

/** The address is known already: TLS still asks for the name. */
function always(address: string): LookupFunction {
  return (_name, { all }, done) => {
    if (all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };
}
