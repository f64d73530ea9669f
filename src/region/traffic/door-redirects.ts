/**
 * Redirects seen through the front door: an address of the model (`https://api.example.localhost:443/`) becomes that of
 * the loopback port which stands for it, so that a browser or `curl -L` can follow.
 */
import { type OutgoingHttpHeader, ServerResponse } from 'node:http';

/** Loopback ports of the front doors. */
export interface DoorPorts {
  /** HTTP that stands for HTTPS on 443. */
  readonly https: number;
  /** Real TLS, for 443. */
  readonly tls: number;
  /** For port 80. */
  readonly http: number;
}

/** Where the client can find what `location` means; as it is when the model does not serve that name. */
export function localLocation(
  location: string,
  ports: DoorPorts,
  overTls: boolean,
  serves: (name: string) => boolean,
): string {
  const [, scheme = '', host = '', port, rest = ''] = /^(https?):\/\/([^/:?#@]+)(?::(\d+))?(.*)$/i.exec(location) ?? [];
  const secure = scheme.toLowerCase() === 'https';
  const standard = secure ? '443' : '80';
  if (scheme === '' || (port ?? standard) !== standard || !serves(host.toLowerCase())) return location;
  if (!secure) return `http://${host}:${ports.http}${rest}`;
  return overTls ? `https://${host}:${ports.tls}${rest}` : `http://${host}:${ports.https}${rest}`;
}

/** Responses that translate the `Location` of whatever redirect is written to them. For a server's `ServerResponse`. */
export function translatingResponse(translate: (location: string) => string): typeof ServerResponse {
  return class extends ServerResponse {
    override writeHead(status: number, ...rest: unknown[]): this {
      const write = super.writeHead as (status: number, ...rest: unknown[]) => this;
      if (status < 300 || status > 399) return write.call(this, status, ...rest);
      const set = this.getHeader('location');
      if (typeof set === 'string') this.setHeader('location', translate(set));
      return write.call(
        this,
        status,
        ...rest.map((part) => (typeof part === 'object' ? translated(part, translate) : part)),
      );
    }
  } as typeof ServerResponse;
}

/** In both forms that Node takes: a record, or names and values in turn. */
function translated(headers: unknown, translate: (location: string) => string): unknown {
  if (Array.isArray(headers)) {
    return headers.map((value: unknown, index) =>
      index % 2 === 1 && String(headers[index - 1]).toLowerCase() === 'location' ? translate(String(value)) : value,
    );
  }
  return Object.fromEntries(
    Object.entries((headers ?? {}) as Record<string, OutgoingHttpHeader>).map(([name, value]) => [
      name,
      name.toLowerCase() === 'location' ? translate(String(value)) : value,
    ]),
  );
}
