/**
 * A request or an answer as a function sees it, and what it made of it. Everything that comes back is distrusted.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 */
import type { EdgeRequest } from './cache-key.ts';
import { get, type Headers } from './headers.ts';

export interface EventContext {
  readonly distributionDomainName: string;
  readonly distributionId: string;
  readonly requestId: string;
}

export interface EdgeAnswer {
  status: number;
  statusDescription?: string;
  headers: Headers;
  /** Only where the function made the answer itself. */
  body?: Buffer;
}

interface Value {
  value: string;
  attributes?: string;
  multiValue?: { value: string; attributes?: string }[];
}

type Values = Record<string, Value>;

export class FunctionResultError extends Error {
  override readonly name = 'FunctionResultError';
}

const readOnlyInRequests = ['content-length', 'host', 'transfer-encoding', 'via'];
const readOnlyInAnswers = ['content-encoding', 'content-length', 'transfer-encoding', 'via', 'warning'];
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const largestBodyBytes = 40 * 1024;

export function requestEvent(context: EventContext, ip: string, request: EdgeRequest): object {
  return {
    version: '1.0',
    context: { ...context, eventType: 'viewer-request' },
    viewer: { ip },
    request: requestObject(request),
  };
}

export function responseEvent(context: EventContext, ip: string, request: EdgeRequest, answer: EdgeAnswer): object {
  return {
    version: '1.0',
    context: { ...context, eventType: 'viewer-response' },
    viewer: { ip },
    request: requestObject(request),
    response: {
      statusCode: answer.status,
      statusDescription: answer.statusDescription ?? '',
      headers: headerValues(answer.headers, 'set-cookie'),
      cookies: setCookieValues(answer.headers.get('set-cookie') ?? []),
    },
  };
}

function requestObject({ method, path, query, headers }: EdgeRequest) {
  return {
    method,
    uri: path,
    querystring: pairs(query === '' ? [] : query.split('&')),
    headers: headerValues(headers, 'cookie'),
    cookies: pairs((get(headers, 'cookie') ?? '').split(/;\s*/).filter((pair) => pair !== '')),
  };
}

/** The request as the function wants it, or the answer that it gives in the origin's place. Throws a `FunctionResultError`. */
export function requestResult(output: unknown, before: EdgeRequest): EdgeRequest | EdgeAnswer {
  const result = object(output, 'The function did not return a request or a response');
  if ('statusCode' in result) return generatedAnswer(result);
  const { uri = before.path, querystring, headers, cookies } = result;
  if (typeof uri !== 'string' || !uri.startsWith('/') || /[^\x21-\x7e]/.test(uri) || uri.includes('?')) {
    throw new FunctionResultError("The request's uri must be a path that begins with a slash");
  }
  if (result.method !== undefined && result.method !== before.method) {
    throw new FunctionResultError("The request's method cannot be changed");
  }
  const changed = headersOf(headers, before.headers, readOnlyInRequests);
  const cookie = flat(cookies, 'cookies').map(({ name, value }) => `${name}=${value}`);
  if (cookie.length > 0) changed.set('cookie', [cookie.join('; ')]);
  const query = flat(querystring, 'querystring').map(({ name, value }) => (value === '' ? name : `${name}=${value}`));
  return { method: before.method, path: uri, query: query.join('&'), headers: changed };
}

/** What a viewer-response function left of the answer. Throws a `FunctionResultError`. */
export function responseResult(output: unknown, before: EdgeAnswer): EdgeAnswer {
  const result = object(output, 'The function did not return a response');
  const headers = headersOf(result.headers, before.headers, readOnlyInAnswers);
  addCookies(headers, result.cookies);
  const { body } = result.body === undefined ? {} : { body: bodyOf(result.body) };
  return {
    status: statusOf(result.statusCode ?? before.status),
    headers,
    ...(body ? { body } : {}),
  };
}

function generatedAnswer(result: Record<string, unknown>): EdgeAnswer {
  const headers = headersOf(result.headers, new Map(), []);
  addCookies(headers, result.cookies);
  const { statusDescription } = result;
  return {
    status: statusOf(result.statusCode),
    headers,
    body: bodyOf(result.body),
    ...(typeof statusDescription === 'string' && /^[\x20-\x7e]{1,200}$/.test(statusDescription)
      ? { statusDescription }
      : {}),
  };
}

function statusOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 200 || value > 599) {
    throw new FunctionResultError("The response's statusCode must be a whole number from 200 to 599");
  }
  return value;
}

function bodyOf(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  const { encoding, data } = typeof value === 'string' ? { encoding: 'text', data: value } : object(value, 'body');
  if (typeof data !== 'string' || (encoding !== 'text' && encoding !== 'base64')) {
    throw new FunctionResultError("The response's body needs data, and text or base64 as its encoding");
  }
  const body = Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8');
  if (body.length > largestBodyBytes) throw new FunctionResultError("The response's body is larger than 40 KB");
  return body;
}

function headersOf(given: unknown, before: Headers, readOnly: readonly string[]): Headers {
  const headers: Headers = new Map();
  for (const { name, value } of flat(given, 'headers')) {
    if (!headerName.test(name)) throw new FunctionResultError(`${name} is no header name in lower case`);
    if (!headerValue.test(value)) throw new FunctionResultError(`The value of ${name} is no header value`);
    const values = headers.get(name);
    if (values) values.push(value);
    else headers.set(name, [value]);
  }
  for (const name of readOnly) {
    const [own, kept] = [get(headers, name), get(before, name)];
    if (own !== undefined && own !== kept) throw new FunctionResultError(`The header ${name} is read-only`);
    const values = before.get(name);
    if (values) headers.set(name, values);
  }
  return headers;
}

function addCookies(headers: Headers, cookies: unknown): void {
  const lines = flat(cookies, 'cookies').map(({ name, value, attributes }) =>
    attributes ? `${name}=${value}; ${attributes}` : `${name}=${value}`,
  );
  if (lines.length > 0) headers.set('set-cookie', lines);
}

/** Of names with one value or several: each with its own line. */
function flat(given: unknown, what: string): { name: string; value: string; attributes?: string }[] {
  if (given === undefined || given === null) return [];
  return Object.entries(object(given, what)).flatMap(([name, entry]) => {
    const one = object(entry, `${what}.${name}`);
    const several = Array.isArray(one.multiValue) ? (one.multiValue as unknown[]) : [one];
    return several.map((single) => {
      const { value, attributes } = object(single, `${what}.${name}`);
      if (typeof value !== 'string') throw new FunctionResultError(`${what}.${name} has no value that is a string`);
      return typeof attributes === 'string' ? { name, value, attributes } : { name, value };
    });
  });
}

function headerValues(headers: Headers, without: string): Values {
  const values: Values = {};
  for (const [name, list] of headers) {
    if (name === without) continue;
    values[name] = severalOf(list.map((value) => ({ value })));
  }
  return values;
}

function pairs(parts: readonly string[]): Values {
  const lists = new Map<string, { value: string }[]>();
  for (const part of parts) {
    const mark = part.indexOf('=');
    const name = mark < 0 ? part : part.slice(0, mark);
    lists.set(name, [...(lists.get(name) ?? []), { value: mark < 0 ? '' : part.slice(mark + 1) }]);
  }
  return Object.fromEntries([...lists].map(([name, list]) => [name, severalOf(list)]));
}

function setCookieValues(lines: readonly string[]): Values {
  const lists = new Map<string, { value: string; attributes?: string }[]>();
  for (const line of lines) {
    const [pair = '', ...rest] = line.split(/;\s*/);
    const mark = pair.indexOf('=');
    const attributes = rest.join('; ');
    const one = { value: pair.slice(mark + 1), ...(attributes === '' ? {} : { attributes }) };
    const name = pair.slice(0, mark);
    lists.set(name, [...(lists.get(name) ?? []), one]);
  }
  return Object.fromEntries([...lists].map(([name, list]) => [name, severalOf(list)]));
}

function severalOf(list: { value: string; attributes?: string }[]): Value {
  const [first = { value: '' }] = list;
  return list.length > 1 ? { ...first, multiValue: list } : first;
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FunctionResultError(`${what} is not an object`);
  }
  return value as Record<string, unknown>;
}
