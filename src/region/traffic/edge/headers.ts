/** Headers of a request or an answer inside the edge: lower-case names, several values in order. */
import type { ServerResponse } from 'node:http';

export type Headers = Map<string, string[]>;

/** From raw name and value pairs, as Node gives them. */
export function fromRaw(raw: readonly string[]): Headers {
  const headers: Headers = new Map();
  for (let i = 0; i < raw.length; i += 2) append(headers, raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}

export function fromRecord(record: Readonly<Record<string, string | readonly string[] | undefined>>): Headers {
  const headers: Headers = new Map();
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    headers.set(name.toLowerCase(), typeof value === 'string' ? [value] : [...value]);
  }
  return headers;
}

export function append(headers: Headers, name: string, value: string): void {
  const key = name.toLowerCase();
  const values = headers.get(key);
  if (values) values.push(value);
  else headers.set(key, [value]);
}

export function set(headers: Headers, name: string, value: string): void {
  headers.set(name.toLowerCase(), [value]);
}

/** Several values as one, as HTTP joins them. */
export function get(headers: Headers, name: string): string | undefined {
  return headers.get(name)?.join(name === 'cookie' ? '; ' : ', ');
}

export function copy(headers: Headers): Headers {
  return new Map([...headers].map(([name, values]) => [name, [...values]]));
}

export function toRaw(headers: Headers): string[] {
  return [...headers].flatMap(([name, values]) => values.flatMap((value) => [shown(name), value]));
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Takes away what concerns one connection only, and what `Connection` names. */
export function endToEnd(headers: Headers): Headers {
  const named = (get(headers, 'connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of headers.keys()) if (hopByHop.has(name) || named.includes(name)) headers.delete(name);
  return headers;
}

/** Bytes of a head as HTTP/1.1 writes it, for the cache's account. */
export function sizeOf(headers: Headers): number {
  let bytes = 0;
  for (const [name, values] of headers) for (const value of values) bytes += name.length + value.length + 4;
  return bytes;
}

const odd: Readonly<Record<string, string>> = { etag: 'ETag', 'www-authenticate': 'WWW-Authenticate' };
const forms = new Map<string, string>();

/** `x-cache` → `X-Cache` */
export function shown(name: string): string {
  let form = forms.get(name);
  if (form === undefined) {
    form = odd[name] ?? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    if (forms.size < 1_000) forms.set(name, form);
  }
  return form;
}

export function writeHead(response: ServerResponse, status: number, headers: Headers): void {
  response.writeHead(status, toRaw(headers));
}
