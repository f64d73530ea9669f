/**
 * The wire of the model: every connection between two model addresses is made here, and `send` is asked before it.
 * An address that answers is a listener: a loopback port of a machine's process, or a function of this process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import type { Carried } from './connections.ts';

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
  /** Called for whatever passes on the connection, either way: cheap. */
  readonly moved?: () => void;
  /** A load balancer's health check, which a machine that is to be sick answers otherwise than what else it is asked. */
  readonly healthCheck?: boolean;
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
  /** A loopback socket, or one end of a pair in this process. */
  readonly socket: Duplex;
  /** The way it took: gateway endpoint, interface endpoint, NAT or internet gateway, by id. */
  readonly verdict: RoundTrip;
}

/** The peer of a connection, by its model address. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly verdict: RoundTrip;
}

/** Who stands at a model address and port. */
export type Listener = { readonly kind: 'loopback'; readonly host: string; readonly port: number } | LocalListener;

/** A listener in this process: a balancer node, an edge location. */
export interface LocalListener {
  readonly kind: 'local';
  /** Not in any VPC (an edge location): from the internet it is reached without passing any part of the world. */
  readonly outside?: boolean;
  /** Takes the listener's end of a connection, raw bytes (TLS included where the port speaks it). */
  accept(socket: Duplex, client: Peer): void;
  /** A request that the front door has read already (and whose TLS it ended, if any). */
  http(request: IncomingMessage, response: ServerResponse, client: Peer): void;
  /** The same for a WebSocket or other upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, client: Peer): void;
  /** For a TLS port: the certificate to show for a server name, PEM. The front door asks it too. */
  certificate?(serverName: string | undefined): { readonly cert: string; readonly key: string } | undefined;
}

export interface Fabric {
  /** The present snapshot of the network. */
  world(): World;
  /** Asks `send` both ways for a TCP connection without making one. Remembered per world. */
  ask(request: Pick<DialRequest, 'from' | 'to' | 'sourcePort'>): RoundTrip;
  /** Connects, or rejects with a `DialError`; dropped packets reject after `timeoutMs` of model time. */
  dial(request: DialRequest): Promise<Connection>;
  /**
   * Tells of a connection that was asked about and is carried by other means than `dial` (the front door's, calls to
   * AWS's endpoints), or of one that was refused, so that flow logs and NAT gateways count it as any other. `read` gives
   * payload bytes so far. Returns how to end it.
   */
  carry(verdict: RoundTrip, read: () => Carried): () => void;
  /**
   * Puts a listener at a model address, of an interface where it is a private one: VPCs may have the same ranges.
   * Returns how to take it away.
   */
  listen(address: string, port: number, listener: Listener, interfaceId?: string): () => void;
  /** Who listens there now; at whichever interface when none is named. */
  listenerAt(address: string, port: number, interfaceId?: string): Listener | undefined;
}
