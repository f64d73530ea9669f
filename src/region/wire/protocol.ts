/** Which protocol a request speaks, told by the request itself: also an error must go back in its envelope. */

import { cbor } from '@smithy/core/cbor';
import type { Fault } from './fault.ts';
import { toJson } from './json.ts';
import { encodeRest } from './rest.ts';
import type { OperationSchema, ServiceSchema } from './schema.ts';
import { escapeXml, writeMembers } from './xml.ts';

export type Protocol = 'ec2' | 'query' | 'rest-xml' | 'json-1.0' | 'json-1.1' | 'cbor';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** String, bytes, a stream, or undefined for none. */
  readonly body: unknown;
}

export function encodeOutput(
  protocol: Protocol,
  service: ServiceSchema,
  operation: OperationSchema,
  output: Record<string, unknown>,
  requestId: string,
): Answer {
  const { name, output: shape } = operation;
  switch (protocol) {
    case 'ec2':
      return xmlAnswer(
        `<${name}Response xmlns="${service.xmlNamespace}"><requestId>${requestId}</requestId>${writeMembers(shape, output)}</${name}Response>`,
      );
    case 'query': {
      const result = shape.members.length > 0 ? `<${name}Result>${writeMembers(shape, output)}</${name}Result>` : '';
      return xmlAnswer(
        `<${name}Response xmlns="${service.xmlNamespace}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
      );
    }
    case 'rest-xml': {
      const answer = encodeRest(output, shape, operation.http?.[2] ?? 200, service.xmlNamespace);
      if (answer.contentType !== undefined) answer.headers['content-type'] ??= answer.contentType;
      return answer;
    }
    case 'cbor':
      return { status: 200, headers: cborHeaders, body: cbor.serialize(toJson(output, shape, 'cbor')) };
    default:
      return { status: 200, headers: jsonHeaders(protocol), body: JSON.stringify(toJson(output, shape, 'json')) };
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
  const status = fault.status ?? modelled?.traits.awsQueryError?.[1] ?? modelled?.traits.httpError ?? 400;
  const type = status >= 500 ? 'Receiver' : 'Sender';
  const { headers } = fault;
  const members = modelled
    ? writeMembers(modelled, fault.members, ({ name }) => name.toLowerCase() !== 'message')
    : extraMembers(fault);
  const error = `<Code>${escapeXml(fault.code)}</Code><Message>${escapeXml(fault.message)}</Message>`;
  switch (protocol) {
    case 'ec2': {
      const body = `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`;
      return withHeaders(xmlAnswer(body, status), headers);
    }
    case 'query':
    case 'rest-xml': {
      if (service?.signingName === 's3' || (!service && protocol === 'rest-xml')) {
        const where = resource === undefined ? '' : `<Resource>${escapeXml(resource)}</Resource>`;
        const body = `<Error>${error}${members}${where}<RequestId>${requestId}</RequestId><HostId>${hostId(requestId)}</HostId></Error>`;
        return withHeaders(xmlAnswer(body, status, 'application/xml'), headers);
      }
      const namespace = service ? ` xmlns="${service.xmlNamespace}"` : '';
      const body = `<ErrorResponse${namespace}><Error><Type>${type}</Type>${error}${members}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
      return withHeaders(xmlAnswer(body, status), headers);
    }
    default: {
      const form = protocol === 'cbor' ? 'cbor' : 'json';
      // Query-compatible services have two names for an error: the shape's here, the query code in a header.
      const shapeName = service?.queryCompatible && modelled ? modelled.name : fault.code;
      const compatible = service?.queryCompatible ? { 'x-amzn-query-error': `${fault.code};${type}` } : {};
      const extra = modelled ? toJson(fault.members, modelled, form) : fault.members;
      const content = { __type: shapeName, message: fault.message, ...(extra as object) };
      const body = form === 'cbor' ? cbor.serialize(content) : JSON.stringify(content);
      const base = protocol === 'cbor' ? cborHeaders : jsonHeaders(protocol as 'json-1.0' | 'json-1.1');
      return { status, headers: { ...base, ...compatible, ...headers, 'x-amzn-errortype': shapeName }, body };
    }
  }
}

const cborHeaders = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };

function jsonHeaders(protocol: 'json-1.0' | 'json-1.1'): Record<string, string> {
  return { 'content-type': `application/x-amz-${protocol}` };
}

function xmlAnswer(body: string, status = 200, type = 'text/xml;charset=UTF-8'): Answer {
  return { status, headers: { 'content-type': type }, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function extraMembers(fault: Fault): string {
  return Object.entries(fault.members)
    .map(([name, value]) =>
      value === undefined || typeof value === 'object' ? '' : `<${name}>${escapeXml(String(value))}</${name}>`,
    )
    .join('');
}

/** S3's second request id; opaque to clients. */
export function hostId(requestId: string): string {
  return Buffer.from(requestId.repeat(2)).toString('base64');
}
