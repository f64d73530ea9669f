/** Inputs and outputs bound to labels, query, headers and payload (REST-XML: S3, CloudFront, Route 53). */
import type { Answer } from './host.ts';
import type { Match, RestRequest } from './routes.ts';
import type { Member, Structure } from './schema.ts';
import { parseScalar, scalarText } from './values.ts';
import { escapeXml, writeElement, writeMembers } from './xml.ts';
import { decodeXml } from './xml-decode.ts';
import { XmlOut } from './xml-out.ts';

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
      input[name] =
        name === 'Bucket' && request.bucket !== undefined
          ? request.bucket
          : parseScalar(member.shape, labels[name] ?? '', name);
    else if (traits.httpQuery !== undefined) setQuery(input, member, traits.httpQuery, request.query);
    else if (traits.httpHeader !== undefined)
      setHeader(input, member, request.headers[traits.httpHeader.toLowerCase()]);
    else if (traits.httpPrefixHeaders !== undefined)
      setPrefixed(input, name, traits.httpPrefixHeaders, request.headers);
    else if (traits.httpPayload !== undefined) setPayload(input, member, body);
    else inBody.push(member);
  }
  if (inBody.length > 0 && body && body.length > 0) {
    const inner: Structure = { ...operation.input, members: inBody };
    Object.assign(input, decodeXml(body.toString('utf8'), inner));
  }
  return input;
}

function setQuery(input: Record<string, unknown>, { name, shape }: Member, key: string, query: URLSearchParams): void {
  const text = query.get(key);
  if (text === null || (text === '' && shape.kind !== 'string' && shape.kind !== 'list')) return;
  input[name] =
    shape.kind === 'list'
      ? query.getAll(key).map((text) => parseScalar(shape.member.shape, text, name))
      : parseScalar(shape, text, name);
}

function setHeader(input: Record<string, unknown>, { name, shape }: Member, text: string | undefined): void {
  // An empty header is as good as none, but to a string.
  if (text === undefined || (text === '' && shape.kind !== 'string')) return;
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

/** `xmlNamespace` goes on the root element; `contentType` with XML. */
export function encodeRest(
  output: Record<string, unknown>,
  shape: Structure,
  status: number,
  xmlNamespace: string,
  contentType: string,
): Answer {
  const headers: Record<string, string> = {};
  let code = status;
  for (const member of shape.members) {
    const value = output[member.name];
    if (value === undefined || value === null) continue;
    const { traits } = member;
    if (traits.httpHeader !== undefined) headers[traits.httpHeader.toLowerCase()] = headerText(member, value);
    else if (traits.httpPrefixHeaders !== undefined) {
      for (const [key, text] of Object.entries(value as object))
        headers[traits.httpPrefixHeaders.toLowerCase() + key] = headerSafe(String(text));
    } else if (traits.httpResponseCode !== undefined) code = Number(value);
  }
  // No trait says so: S3's objects are the only answers in part.
  if (headers['content-range'] !== undefined) code = 206;
  const namespace = xmlNamespace ? ` xmlns="${xmlNamespace}"` : '';
  const xml = (write: (out: XmlOut) => void): Answer => {
    const out = new XmlOut();
    write(out);
    headers['content-type'] = contentType;
    return { status: code, headers, body: out.bytes() };
  };
  const payload = payloadOf(shape);
  if (payload) {
    const value = output[payload.name];
    if (value === undefined || payload.shape.kind === 'blob' || payload.shape.kind === 'string')
      return { status: code, headers, body: value };
    const own =
      payload.shape.kind === 'structure' ? (payload.shape.traits.xmlName ?? payload.shape.name) : payload.name;
    return xml((out) => writeElement(out, payload.traits.xmlName ?? own, payload.shape, value, namespace));
  }
  if (shape.members.every(bound)) return { status: code, headers, body: undefined };
  return xml((out) => writeRoot(out, shape, output, namespace));
}

function writeRoot(out: XmlOut, shape: Structure, output: Record<string, unknown>, namespace: string): void {
  const tag = shape.traits.xmlName ?? shape.name;
  const [only] = shape.members;
  // `GetBucketLocation` answers with the text itself, and an empty element for us-east-1: no trait says so.
  if (shape.members.length === 1 && only?.name === 'LocationConstraint') {
    const place = escapeXml(String(output.LocationConstraint ?? ''));
    out.raw(`<LocationConstraint${namespace}>${place}</LocationConstraint>`);
    return;
  }
  out.raw(`<${tag}${namespace}>`);
  writeMembers(out, shape, output, (member) => !bound(member));
  out.raw(`</${tag}>`);
}

function headerText({ shape }: Member, value: unknown): string {
  const text =
    shape.kind === 'list'
      ? (value as unknown[]).map((item) => scalarText(shape.member.shape, item, 'http-date')).join(', ')
      : scalarText(shape, value, 'http-date');
  return headerSafe(text);
}

/** What a header cannot carry goes as an encoded word, which is what S3 does with metadata. */
function headerSafe(text: string): string {
  return /[^\t\x20-\x7e\x80-\xff]/.test(text) ? `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=` : text;
}
