/** Answers in each protocol's envelope. */
import type { Fault } from './fault.ts';
import type { Answer } from './host.ts';
import { encodeJson, toJson } from './json.ts';
import { encodeRest } from './rest.ts';
import type { OperationSchema, ServiceSchema, Structure } from './schema.ts';
import { escapeXml, writeMembers } from './xml.ts';

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
      // Where the model has no output, EC2 says that it is done.
      const result = shape.members.length > 0 ? writeMembers(shape, output) : '<return>true</return>';
      return xmlAnswer(
        `<${name}Response ${namespace}><requestId>${requestId}</requestId>${result}</${name}Response>`,
        200,
      );
    }
    case 'query': {
      const result = shape.name !== 'Unit' ? `<${name}Result>${writeMembers(shape, output)}</${name}Result>` : '';
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      return xmlAnswer(`<${name}Response ${namespace}>${result}${metadata}</${name}Response>`, 200);
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
  if (protocol === 'ec2') {
    const body = `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`;
    return xmlAnswer(body, status);
  }
  const members = faultMembers(fault, modelled);
  if (protocol === 'rest-xml' && (!service || isS3(service))) {
    const where =
      resource === undefined || 'Resource' in fault.members ? '' : `<Resource>${escapeXml(resource)}</Resource>`;
    const ids = `<RequestId>${requestId}</RequestId><HostId>${hostId(requestId)}</HostId>`;
    return xmlAnswer(`<Error>${error}${members}${where}${ids}</Error>`, status, 'application/xml');
  }
  const type = status >= 500 ? 'Receiver' : 'Sender';
  const namespace = service ? ` xmlns="${service.xmlNamespace}"` : '';
  const body = `<ErrorResponse${namespace}><Error><Type>${type}</Type>${error}${members}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
  return xmlAnswer(body, status);
}

/** By the error's shape, and what it does not know (S3's `BucketName`) as text. */
function faultMembers(fault: Fault, modelled: Structure | undefined): string {
  const known = new Set(modelled?.members.map(({ name }) => name));
  const shaped = modelled ? writeMembers(modelled, fault.members, ({ name }) => name.toLowerCase() !== 'message') : '';
  const others = Object.entries(fault.members).map(([name, value]) =>
    known.has(name) || value === undefined || value === null || typeof value === 'object'
      ? ''
      : `<${name}>${escapeXml(String(value))}</${name}>`,
  );
  return shaped + others.join('');
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

function xmlAnswer(body: string, status: number, type = 'text/xml;charset=UTF-8'): Answer {
  return { status, headers: { 'content-type': type }, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

/** S3's second request id; opaque to clients. */
export function hostId(requestId: string): string {
  return Buffer.from(requestId.repeat(2)).toString('base64');
}
