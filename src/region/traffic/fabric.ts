/**
 * The wire of the model: every connection between two model addresses is made here, and `send` is asked before it.
 * An address that answers is a listener: a loopback port of a machine's process, or a function of this process.
 */
import type { Socket } from 'node:net';
import type { RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';

/** One end of a connection in the model. `interfaceId` is undefined for the internet. */
export interface Endpoint {
  readonly address: string;
  readonly interfaceId?: string;
}

export interface DialRequest {
  readonly from: Endpoint;
  readonly to: { readonly address: string; readonly port: number };
  /** Chosen as an ephemeral port of the sender when left out. */
  readonly sourcePort?: number;
  /** Model time until a dropped packet shows as a timeout. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Why a connection was not made, as a real client would see it, with the network's verdict behind it. */
export class DialError extends Error {
  override readonly name = 'DialError';
  /** `ETIMEDOUT`: packets vanish (ACL, group, no route). `ECONNREFUSED`: nobody listens. `EHOSTUNREACH`: no such address. */
  readonly code: 'ETIMEDOUT' | 'ECONNREFUSED' | 'EHOSTUNREACH';
  readonly verdict: RoundTrip | undefined;
  constructor(code: DialError['code'], message: string, verdict?: RoundTrip) {
    super(message);
    this.code = code;
    this.verdict = verdict;
  }
}

export interface Connection {
  readonly socket: Socket;
  /** The way it took: gateway endpoint, interface endpoint, NAT or internet gateway, by id. */
  readonly verdict: RoundTrip;
}

/** Who stands at a model address and port. */
export type Listener =
  | { readonly kind: 'loopback'; readonly host: string; readonly port: number }
  /** Takes the model's end of a socket in this process; `client` is the peer's model address. */
  | { readonly kind: 'local'; accept(socket: Socket, client: { address: string; port: number; verdict: RoundTrip }): void };

export interface Fabric {
  /** The present snapshot of the network. */
  world(): World;
  /** Asks `send` both ways for a TCP connection without making one. Remembered per world. */
  ask(request: Pick<DialRequest, 'from' | 'to' | 'sourcePort'>): RoundTrip;
  /** Connects, or rejects with a `DialError`; dropped packets reject after `timeoutMs` of model time. */
  dial(request: DialRequest): Promise<Connection>;
  /** Puts a listener at a model address. Returns how to take it away. */
  listen(address: string, port: number, listener: Listener): () => void;
  /** Who listens there now. */
  listenerAt(address: string, port: number): Listener | undefined;
}
