/** Answers in each protocol's envelope. */
import type { Fault } from './fault.ts';
import type { Answer } from './host.ts';
import { encodeJson, toJson } from './json.ts';
import { encodeRest } from './rest.ts';
import type { OperationSchema, ServiceSchema, Structure } from './schema.ts';
import { escapeXml, writeMembers } from './xml.ts';
import { XmlOut } from './xml-out.ts';

export type Protocol = 'ec2' | 'query' | 'rest-xml' | 'json-1.0' | 'json-1.1' | 'cbor';

export function encodeOutput(
  protocol: Protocol,
  service: ServiceSchema,
  operation: OperationSchema,
  output: Record<string, unknown>,
  requestId: string,
): Answer {
  const { name, output: shape } = operation;
  const namespace = `xmlns="${service.xmlNamespace}"`;
  switch (protocol) {
    case 'ec2': {
      const out = new XmlOut();
      out.raw(`<${name}Response ${namespace}><requestId>${requestId}</requestId>`);
      // Where the model has no output, EC2 says that it is done.
      if (shape.members.length === 0) out.raw('<return>true</return>');
      else writeMembers(out, shape, output);
      out.raw(`</${name}Response>`);
      return xmlAnswer(out, 200);
    }
    case 'query': {
      const out = new XmlOut();
      out.raw(`<${name}Response ${namespace}>`);
      // An output without members has its element too, and botocore insists on it; no output at all has none.
      if (shape.name !== 'Unit') {
        out.raw(`<${name}Result>`);
        writeMembers(out, shape, output);
        out.raw(`</${name}Result>`);
      }
      out.raw(`<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`);
      return xmlAnswer(out, 200);
    }
    case 'rest-xml': {
      const type = isS3(service) ? 'application/xml' : 'text/xml';
      return encodeRest(output, shape, operation.http?.[2] ?? 200, service.xmlNamespace, type);
    }
    default: {
      const form = formOf(protocol);
      return { status: 200, headers: bodyHeaders(protocol), body: encodeJson(toJson(output, shape, form), form) };
    }
  }
}

/** A fault in the protocol's envelope. `service` is undefined where the request names none. */
export function encodeFault(
  protocol: Protocol,
  service: ServiceSchema | undefined,
  fault: Fault,
  requestId: string,
  resource?: string,
): Answer {
  const modelled = service?.error(fault.code);
  const { httpError, awsQueryError } = modelled?.traits ?? {};
  const xmlOrCompatible = protocol === 'query' || service?.queryCompatible;
  const status = fault.status ?? (xmlOrCompatible ? awsQueryError?.[1] : undefined) ?? httpError ?? 400;
  const answer =
    protocol === 'ec2' || protocol === 'query' || protocol === 'rest-xml'
      ? xmlFault(protocol, service, fault, modelled, status, requestId, resource)
      : jsonFault(protocol, service, fault, modelled, status);
  Object.assign(answer.headers, fault.headers);
  return answer;
}

function xmlFault(
  protocol: 'ec2' | 'query' | 'rest-xml',
  service: ServiceSchema | undefined,
  fault: Fault,
  modelled: Structure | undefined,
  status: number,
  requestId: string,
  resource: string | undefined,
): Answer {
  // A query service's error has a code of its own beside the shape's name; only these clients look for it.
  const code = protocol === 'query' ? (modelled?.traits.awsQueryError?.[0] ?? fault.code) : fault.code;
  const error = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(fault.message)}</Message>`;
  const out = new XmlOut();
  if (protocol === 'ec2') {
    out.raw(`<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`);
    return xmlAnswer(out, status);
  }
  if (protocol === 'rest-xml' && (!service || isS3(service))) {
    out.raw(`<Error>${error}`);
    writeFaultMembers(out, fault, modelled);
    if (resource !== undefined && !('Resource' in fault.members))
      out.raw(`<Resource>${escapeXml(resource)}</Resource>`);
    out.raw(`<RequestId>${requestId}</RequestId><HostId>${hostId(requestId)}</HostId></Error>`);
    return xmlAnswer(out, status, 'application/xml');
  }
  const type = status >= 500 ? 'Receiver' : 'Sender';
  out.raw(`<ErrorResponse${service ? ` xmlns="${service.xmlNamespace}"` : ''}><Error><Type>${type}</Type>${error}`);
  writeFaultMembers(out, fault, modelled);
  out.raw(`</Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
  return xmlAnswer(out, status);
}

/** By the error's shape, and what it does not know (S3's `BucketName`) as text. */
function writeFaultMembers(out: XmlOut, { members }: Fault, modelled: Structure | undefined): void {
  const known = new Set(modelled?.members.map(({ name }) => name));
  if (modelled) writeMembers(out, modelled, members, ({ name }) => name.toLowerCase() !== 'message');
  for (const [name, value] of Object.entries(members)) {
    if (known.has(name) || value === undefined || value === null || typeof value === 'object') continue;
    out.raw(`<${name}>${escapeXml(String(value))}</${name}>`);
  }
}

function jsonFault(
  protocol: 'json-1.0' | 'json-1.1' | 'cbor',
  service: ServiceSchema | undefined,
  fault: Fault,
  modelled: Structure | undefined,
  status: number,
): Answer {
  const form = formOf(protocol);
  const type = modelled?.name ?? fault.code;
  const members = modelled ? toJson(fault.members, modelled, form) : definedOnly(fault.members);
  const headers: Record<string, string> = { ...bodyHeaders(protocol), 'x-amzn-errortype': type };
  if (service?.queryCompatible) {
    const code = modelled?.traits.awsQueryError?.[0] ?? fault.code;
    headers['x-amzn-query-error'] = `${code};${status >= 500 ? 'Receiver' : 'Sender'}`;
  }
  return { status, headers, body: encodeJson({ __type: type, message: fault.message, ...members }, form) };
}

function definedOnly(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

export function isS3({ signingName }: ServiceSchema): boolean {
  return signingName === 's3';
}

function formOf(protocol: Protocol): 'json' | 'cbor' {
  return protocol === 'cbor' ? 'cbor' : 'json';
}

function bodyHeaders(protocol: 'json-1.0' | 'json-1.1' | 'cbor'): Record<string, string> {
  return protocol === 'cbor'
    ? { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }
    : { 'content-type': `application/x-amz-${protocol}` };
}

function xmlAnswer(out: XmlOut, status: number, type = 'text/xml;charset=UTF-8'): Answer {
  return { status, headers: { 'content-type': type }, body: out.bytes() };
}

/** S3's second request id; opaque to clients. */
export function hostId(requestId: string): string {
  return Buffer.from(requestId.repeat(2)).toString('base64');
}
