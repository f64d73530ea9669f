/** Inputs and outputs bound to labels, query, headers and payload (REST-XML: S3, CloudFront, Route 53). */
import type { Match, RestRequest } from './routes.ts';
import type { Member, Structure } from './schema.ts';
import { parseScalar, scalarText } from './values.ts';
import { decodeXml, writeElement, writeMembers } from './xml.ts';

/** The member that is the body, when one is. */
export function payloadOf(shape: Structure): Member | undefined {
  return shape.members.find(({ traits }) => traits.httpPayload !== undefined);
}

const bound = ({ traits }: Member) =>
  traits.httpLabel !== undefined ||
  traits.httpQuery !== undefined ||
  traits.httpHeader !== undefined ||
  traits.httpPrefixHeaders !== undefined ||
  traits.httpPayload !== undefined ||
  traits.httpQueryParams !== undefined ||
  traits.httpResponseCode !== undefined;

/** `body` is undefined where the payload streams. */
export function decodeRest(
  request: RestRequest,
  { operation, labels }: Match,
  body: Buffer | undefined,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const inBody: Member[] = [];
  for (const member of operation.input.members) {
    const { name, traits } = member;
    if (traits.httpLabel !== undefined)
      input[name] = name === 'Bucket' && request.bucket !== undefined ? request.bucket : labels[name];
    else if (traits.httpQuery !== undefined) setQuery(input, member, traits.httpQuery, request.query);
    else if (traits.httpHeader !== undefined)
      setHeader(input, member, request.headers[traits.httpHeader.toLowerCase()]);
    else if (traits.httpPrefixHeaders !== undefined)
      setPrefixed(input, name, traits.httpPrefixHeaders, request.headers);
    else if (traits.httpPayload !== undefined) setPayload(input, member, body);
    else inBody.push(member);
  }
  if (inBody.length > 0 && body && body.length > 0) {
    const decoded = decodeXml(body.toString('utf8'), operation.input) as Record<string, unknown>;
    for (const { name } of inBody) if (decoded[name] !== undefined) input[name] = decoded[name];
  }
  return input;
}

function setQuery(input: Record<string, unknown>, { name, shape }: Member, key: string, query: URLSearchParams): void {
  if (!query.has(key)) return;
  input[name] =
    shape.kind === 'list'
      ? query.getAll(key).map((text) => parseScalar(shape.member.shape, text, name))
      : parseScalar(shape, query.get(key) ?? '', name);
}

function setHeader(input: Record<string, unknown>, { name, shape }: Member, text: string | undefined): void {
  if (text === undefined) return;
  input[name] =
    shape.kind === 'list'
      ? text.split(/\s*,\s*/).map((item) => parseScalar(shape.member.shape, item, name))
      : parseScalar(shape, text, name);
}

function setPrefixed(
  input: Record<string, unknown>,
  name: string,
  prefix: string,
  headers: RestRequest['headers'],
): void {
  const lower = prefix.toLowerCase();
  const found = Object.entries(headers).filter(([key, value]) => key.startsWith(lower) && value !== undefined);
  if (found.length > 0) input[name] = Object.fromEntries(found.map(([key, value]) => [key.slice(lower.length), value]));
}

function setPayload(input: Record<string, unknown>, { name, shape }: Member, body: Buffer | undefined): void {
  if (body === undefined) return;
  if (shape.kind === 'blob') input[name] = new Uint8Array(body);
  else if (shape.kind === 'string') input[name] = body.toString('utf8');
  else if (body.length > 0) input[name] = decodeXml(body.toString('utf8'), shape);
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Text or bytes; a stream goes out as it comes. */
  readonly body: unknown;
  readonly contentType: string | undefined;
}

/** `root` names the element for outputs without a payload member. */
export function encodeRest(
  output: Record<string, unknown>,
  shape: Structure,
  status: number,
  xmlNamespace: string,
): RestAnswer {
  const headers: Record<string, string> = {};
  let code = status;
  for (const member of shape.members) {
    const value = output[member.name];
    if (value === undefined || value === null) continue;
    const { traits } = member;
    if (traits.httpHeader !== undefined) headers[traits.httpHeader.toLowerCase()] = headerText(member, value);
    else if (traits.httpPrefixHeaders !== undefined) {
      for (const [key, text] of Object.entries(value as object))
        headers[traits.httpPrefixHeaders.toLowerCase() + key] = String(text);
    } else if (traits.httpResponseCode !== undefined) code = Number(value);
  }
  // No trait says so: S3's objects are the only answers in part.
  if (headers['content-range'] !== undefined) code = 206;
  const namespace = xmlNamespace ? ` xmlns="${xmlNamespace}"` : '';
  const payload = payloadOf(shape);
  if (payload) {
    const value = output[payload.name];
    if (payload.shape.kind === 'blob' || payload.shape.kind === 'string')
      return { status: code, headers, body: value, contentType: undefined };
    if (value === undefined) return { status: code, headers, body: undefined, contentType: undefined };
    const own =
      payload.shape.kind === 'structure' ? (payload.shape.traits.xmlName ?? payload.shape.name) : payload.name;
    const tag = payload.traits.xmlName ?? own;
    return {
      status: code,
      headers,
      body: document(writeElement(tag, payload.shape, value, {}, namespace)),
      contentType: 'text/xml',
    };
  }
  if (!shape.members.some((member) => !bound(member)))
    return { status: code, headers, body: undefined, contentType: undefined };
  return { status: code, headers, body: document(rootElement(shape, output, namespace)), contentType: 'text/xml' };
}

function rootElement(shape: Structure, output: Record<string, unknown>, namespace: string): string {
  const tag = shape.traits.xmlName ?? shape.name;
  const [only] = shape.members;
  // `GetBucketLocation` answers with the text itself, and an empty element for us-east-1.
  if (shape.members.length === 1 && only?.name === tag && only.shape.kind === 'string') {
    return `<${tag}${namespace}>${output[tag] === undefined ? '' : writeMembers(shape, output).replace(/^<[^>]*>|<\/[^>]*>$/g, '')}</${tag}>`;
  }
  return `<${tag}${namespace}>${writeMembers(shape, output, (member) => !bound(member))}</${tag}>`;
}

function document(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

function headerText({ shape }: Member, value: unknown): string {
  if (shape.kind === 'list')
    return (value as unknown[]).map((item) => scalarText(shape.member.shape, item, 'http-date')).join(', ');
  return scalarText(shape, value, 'http-date');
}
