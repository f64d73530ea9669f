/**
 * The TCP ports of one instance: which process listens on which, and on which loopback port that really is.
 * What listens on more than the instance's own loopback stands at its model address.
 */
import type { Fabric } from '../traffic/fabric.ts';
import type { MachineSpec } from './machine.ts';

const wildcards = new Set(['::', '0.0.0.0', '']);

export interface Ports {
  /** A process's claims, given up when it ends. */
  process(): {
    /** An error code when the port is taken or the address is not the instance's. */
    bind(host: string, port: number): 'EADDRINUSE' | 'EADDRNOTAVAIL' | undefined;
    listening(host: string, port: number, loopbackPort: number): void;
    closed(port: number): void;
    end(): void;
  };
  /** Where a connection to the instance itself goes: a loopback port, or nobody listens. Undefined: it is not itself. */
  own(host: string, port: number): number | 'refused' | undefined;
  /** Model ports that are listened on now. */
  list(): readonly number[];
  /** Takes every listener away. */
  close(): void;
}

interface Claim {
  readonly loopbackPort: number | undefined;
  readonly unlisten: () => void;
}

export function instancePorts(fabric: Fabric, spec: MachineSpec): Ports {
  const claims = new Map<number, Claim>();
  const addresses = new Set([spec.privateIp, ...(spec.ipv6 ? [spec.ipv6] : [])]);
  let closed = false;

  return {
    process() {
      const mine = new Set<number>();
      function give(port: number): void {
        if (!mine.delete(port)) return;
        claims.get(port)?.unlisten();
        claims.delete(port);
      }
      return {
        bind(host, port) {
          if (!wildcards.has(host) && !isLoopback(host) && !isOwnName(host, spec) && !addresses.has(host)) {
            return 'EADDRNOTAVAIL';
          }
          if (port !== 0 && claims.has(port)) return 'EADDRINUSE';
          if (port === 0) return undefined;
          mine.add(port);
          claims.set(port, { loopbackPort: undefined, unlisten() {} });
          return undefined;
        },
        listening(host, port, loopbackPort) {
          // A process may only speak of a port that it was given.
          if (closed || (claims.has(port) && !mine.has(port))) return;
          mine.add(port);
          const seen = isLoopback(host) ? [] : [...addresses].filter((one) => one === host || !addresses.has(host));
          const listener = { kind: 'loopback', host: '127.0.0.1', port: loopbackPort } as const;
          const stops = seen.map((address) => fabric.listen(address, port, listener, spec.interfaceId));
          claims.set(port, {
            loopbackPort,
            unlisten() {
              for (const stop of stops) stop();
            },
          });
        },
        closed: give,
        end() {
          for (const port of [...mine]) give(port);
        },
      };
    },
    own(host, port) {
      if (!isLoopback(host) && !isOwnName(host, spec) && !addresses.has(host)) return undefined;
      return claims.get(port)?.loopbackPort ?? 'refused';
    },
    list: () => [...claims.entries()].filter(([, claim]) => claim.loopbackPort !== undefined).map(([port]) => port),
    close() {
      closed = true;
      for (const claim of claims.values()) claim.unlisten();
      claims.clear();
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(host);
}

function isOwnName(host: string, spec: MachineSpec): boolean {
  return host === spec.privateDnsName || host === spec.privateDnsName.split('.')[0];
}
