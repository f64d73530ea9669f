/** JSON and CBOR bodies by shapes. CBOR keeps bytes and dates as they are; JSON has base64 and epoch seconds. */
import { cbor, dateToTag } from '@smithy/core/cbor';
import { Fault } from './fault.ts';
import type { Shape, Structure } from './schema.ts';
import { parseBase64, parseTimestamp, timestampText } from './values.ts';

export type Form = 'json' | 'cbor';

const deepest = 64;
const notANumber = /^(NaN|-?Infinity)$/;

function serialization(message: string): Fault {
  return new Fault('SerializationException', message, { status: 400 });
}

function wrongType(name: string, expected: string): Fault {
  return serialization(`Value at '${name}' must be ${expected}`);
}

/** An operation's input from a body; an empty body is an empty input. Throws `SerializationException`. */
export function decodeJson(body: Buffer, input: Structure, form: Form): Record<string, unknown> {
  return fromJson(body.length === 0 ? {} : parse(body, form), input, 'body', 0) as Record<string, unknown>;
}

function parse(body: Buffer, form: Form): unknown {
  // `JSON.parse` takes seconds to find a few million open brackets too many.
  if (form === 'json' && depthOf(body) > deepest) throw serialization('The request body is nested too deeply.');
  try {
    return form === 'cbor' ? cbor.deserialize(body) : JSON.parse(body.toString('utf8'));
  } catch {
    throw serialization('The request body is not valid.');
  }
}

function depthOf(body: Buffer): number {
  let depth = 0;
  let most = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x5b || byte === 0x7b) most = Math.max(most, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return most;
}

/** From what `JSON.parse` or a CBOR reader gave, checked by the shape. Nulls are left out. */
function fromJson(value: unknown, shape: Shape, name: string, depth: number): unknown {
  if (value === null || value === undefined) return undefined;
  if (depth > deepest) throw serialization('The request body is nested too deeply.');
  switch (shape.kind) {
    case 'structure': {
      const record = recordOf(value, name);
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        if (!Object.hasOwn(record, member.name)) continue;
        const inner = fromJson(record[member.name], member.shape, member.name, depth + 1);
        if (inner !== undefined) result[member.name] = inner;
      }
      return result;
    }
    case 'list': {
      if (!Array.isArray(value)) throw wrongType(name, 'a list');
      const items: unknown[] = [];
      for (const item of value) {
        const inner = fromJson(item, shape.member.shape, name, depth + 1);
        if (inner !== undefined) items.push(inner);
      }
      return items;
    }
    case 'map': {
      const entries: [string, unknown][] = [];
      for (const [key, item] of Object.entries(recordOf(value, name))) {
        const inner = fromJson(item, shape.value.shape, key, depth + 1);
        if (inner !== undefined) entries.push([key, inner]);
      }
      return Object.fromEntries(entries);
    }
    case 'timestamp':
      return timestampOf(value, name);
    case 'blob':
      // CBOR's bytes are a view of the request's buffer.
      if (value instanceof Uint8Array) return new Uint8Array(value);
      if (typeof value === 'string') return parseBase64(value, name);
      throw wrongType(name, 'a blob');
    case 'number':
      if (typeof value === 'number') return value;
      if (typeof value === 'bigint') return Number(value);
      if (typeof value === 'string' && notANumber.test(value)) return Number(value);
      throw wrongType(name, 'a number');
    case 'string':
    case 'boolean':
      if (typeof value !== shape.kind) throw wrongType(name, `a ${shape.kind}`);
      return value;
    default:
      return value;
  }
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
  if (!plain || value instanceof Date) throw wrongType(name, 'an object');
  return value as Record<string, unknown>;
}

function timestampOf(value: unknown, name: string): Date {
  if (typeof value === 'string') return parseTimestamp(value);
  const seconds = taggedSeconds(value) ?? value;
  const date = seconds instanceof Date ? seconds : new Date(typeof seconds === 'number' ? seconds * 1000 : Number.NaN);
  if (Number.isNaN(date.getTime())) throw wrongType(name, 'a timestamp');
  return date;
}

/** CBOR writes a time as tag 1 with seconds. */
function taggedSeconds(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'tag' in value && 'value' in value && value.tag === 1
    ? value.value
    : undefined;
}

/** An output, or an error's members, as a body. */
export function encodeJson(value: Record<string, unknown>, form: Form): string | Uint8Array {
  return form === 'cbor' ? cbor.serialize(value) : JSON.stringify(value);
}

export function toJson(value: unknown, shape: Structure, form: Form): Record<string, unknown> {
  return structureToJson(value as Record<string, unknown>, shape, form);
}

function valueToJson(value: unknown, shape: Shape, form: Form): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'structure':
      return structureToJson(value as Record<string, unknown>, shape, form);
    case 'list': {
      const items: unknown[] = [];
      for (const item of value as Iterable<unknown>) items.push(valueToJson(item, shape.member.shape, form) ?? null);
      return items;
    }
    case 'map': {
      const entries: [string, unknown][] = [];
      for (const [key, item] of Object.entries(value as object)) {
        const inner = valueToJson(item, shape.value.shape, form);
        if (inner !== undefined) entries.push([key, inner]);
      }
      return Object.fromEntries(entries);
    }
    case 'timestamp': {
      const date = value instanceof Date ? value : new Date(value as string | number);
      if (form === 'cbor') return dateToTag(date);
      return shape.format === 'date-time' ? timestampText(date, 'date-time') : date.getTime() / 1000;
    }
    case 'blob': {
      const bytes = Buffer.from(value as Uint8Array | string);
      return form === 'cbor' ? new Uint8Array(bytes) : bytes.toString('base64');
    }
    case 'number':
      return form === 'json' && typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    default:
      return value;
  }
}

function structureToJson(value: Record<string, unknown>, shape: Structure, form: Form): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const inner = valueToJson(value[member.name], member.shape, form);
    if (inner !== undefined) result[member.name] = inner;
  }
  return result;
}
