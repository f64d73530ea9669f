/**
 * What an instance sends out: names are resolved as in its VPC, and every connection is asked of the network from the
 * instance's own interface.
 */
import { isIP } from 'node:net';
import { summariseRoundTrip } from '../network/describe.ts';
import type { RoundTrip } from '../network/verdict.ts';
import type { Connection, DialError } from '../traffic/fabric.ts';
import type { MachineHost, MachineSpec } from './machine.ts';

/** Linux gives up a connection after six repeated SYNs (`tcp_syn_retries`), 127 s. */
export const connectTimeoutMs = 127_000;

/** A connection that cannot be made, with the network's reason in its message. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  /** `ENOTFOUND`: no such name. The others as of a connection. */
  readonly code: 'ENOTFOUND' | DialError['code'];
  constructor(code: Unreachable['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface Way {
  readonly address: string;
  readonly verdict: RoundTrip;
}

export interface Egress {
  /** Rejects with `Unreachable` (ENOTFOUND). */
  resolve(name: string): Promise<readonly string[]>;
  /** Asks for the way without connecting, and rejects with `Unreachable` at once when there is none. */
  way(name: string, port: number): Promise<Way>;
  /** Asks for the way; a denied one takes as long as it takes a client to find out. */
  waitForWay(name: string, port: number, signal?: AbortSignal): Promise<Way>;
  dial(name: string, port: number, signal?: AbortSignal): Promise<Connection & { readonly address: string }>;
}

export function egress(host: MachineHost, spec: MachineSpec): Egress {
  const { fabric } = host;

  async function resolve(name: string): Promise<readonly string[]> {
    if (isIP(name)) return [name];
    // Its own name is known to it even where the VPC has no DNS host names.
    if (name === spec.privateDnsName || name === spec.privateDnsName.split('.')[0]) return [spec.privateIp];
    const addresses = await host.resolve(spec, name);
    if (addresses.length === 0) throw new Unreachable('ENOTFOUND', `getaddrinfo ENOTFOUND ${name}`);
    return addresses;
  }

  /** One IPv4 address where there is one: that is what Linux takes first without an IPv6 address of its own. */
  async function target(name: string): Promise<string> {
    const addresses = await resolve(name);
    const address = addresses.find((one) => isIP(one) === (spec.ipv6 ? 6 : 4)) ?? addresses[0];
    if (address === undefined) throw new Unreachable('ENOTFOUND', `getaddrinfo ENOTFOUND ${name}`);
    return address;
  }

  function from(address: string) {
    const own = isIP(address) === 6 && spec.ipv6 ? spec.ipv6 : spec.privateIp;
    return { address: own, interfaceId: spec.interfaceId };
  }

  async function dialAddress(address: string, port: number, timeoutMs: number, signal?: AbortSignal) {
    const request = { from: from(address), to: { address, port }, timeoutMs, ...(signal ? { signal } : {}) };
    return { ...(await fabric.dial(request)), address };
  }

  /** Through `dial`, so that the fabric tells of the dropped packet as of any other. */
  async function refuse(way: Way, port: number, timeoutMs: number, signal?: AbortSignal): Promise<never> {
    try {
      const connection = await dialAddress(way.address, port, timeoutMs, signal);
      connection.socket.destroy();
    } catch (error) {
      if (!isDialError(error)) throw error;
    }
    const why = summariseRoundTrip(fabric.world(), way.verdict);
    throw new Unreachable('ETIMEDOUT', `connect ETIMEDOUT ${way.address}:${port}: ${why}`);
  }

  async function ask(name: string, port: number): Promise<Way> {
    const address = await target(name);
    return { address, verdict: fabric.ask({ from: from(address), to: { address, port } }) };
  }

  return {
    resolve,
    async way(name, port) {
      const way = await ask(name, port);
      return way.verdict.delivered ? way : await refuse(way, port, 0);
    },
    async waitForWay(name, port, signal) {
      const way = await ask(name, port);
      return way.verdict.delivered ? way : await refuse(way, port, connectTimeoutMs, signal);
    },
    dial: async (name, port, signal) => await dialAddress(await target(name), port, connectTimeoutMs, signal),
  };
}

function isDialError(error: unknown): error is DialError {
  return error instanceof Error && error.name === 'DialError';
}
