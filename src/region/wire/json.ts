/** JSON and CBOR bodies by shapes. CBOR keeps bytes and dates as they are; JSON has base64 and epoch seconds. */
import { Fault } from './fault.ts';
import type { Shape, Structure } from './schema.ts';
import { parseTimestamp, timestampText } from './values.ts';

function wrongType(name: string, expected: string): Fault {
  return new Fault('SerializationException', `Value at '${name}' must be ${expected}`);
}

/** From what `JSON.parse` or a CBOR reader gave, checked by the shape. */
export function fromJson(value: unknown, shape: Shape, name = ''): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'structure': {
      if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(name, 'an object');
      const record = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        if (!Object.hasOwn(record, member.name)) continue;
        const inner = fromJson(record[member.name], member.shape, member.name);
        if (inner !== undefined) result[member.name] = inner;
      }
      return result;
    }
    case 'list':
      if (!Array.isArray(value)) throw wrongType(name, 'a list');
      return value.map((item) => fromJson(item, shape.member.shape, name));
    case 'map':
      if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(name, 'an object');
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, fromJson(item, shape.value.shape, key)]),
      );
    case 'timestamp':
      if (value instanceof Date) return value;
      if (typeof value === 'number') return new Date(value * 1000);
      if (typeof value === 'string') return parseTimestamp(value);
      throw wrongType(name, 'a timestamp');
    case 'blob':
      if (value instanceof Uint8Array) return new Uint8Array(value);
      if (typeof value === 'string') return new Uint8Array(Buffer.from(value, 'base64'));
      throw wrongType(name, 'a blob');
    case 'string':
    case 'number':
    case 'boolean': {
      if (typeof value === 'bigint' && shape.kind === 'number') return Number(value);
      if (typeof value !== shape.kind) throw wrongType(name, `a ${shape.kind}`);
      return value;
    }
    default:
      return value;
  }
}

export function toJson(value: unknown, shape: Shape, form: 'json' | 'cbor'): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'structure':
      return structureToJson(value as Record<string, unknown>, shape, form);
    case 'list':
      return [...(value as Iterable<unknown>)].map((item) => toJson(item, shape.member.shape, form) ?? null);
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, toJson(item, shape.value.shape, form)]),
      );
    case 'timestamp': {
      const date = value instanceof Date ? value : new Date(value as string | number);
      if (form === 'cbor') return date;
      return shape.format === 'date-time' ? timestampText(date, 'date-time') : date.getTime() / 1000;
    }
    case 'blob': {
      const bytes = Buffer.from(value as Uint8Array | string);
      return form === 'cbor' ? new Uint8Array(bytes) : bytes.toString('base64');
    }
    default:
      return value;
  }
}

function structureToJson(
  value: Record<string, unknown>,
  shape: Structure,
  form: 'json' | 'cbor',
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const inner = toJson(value[member.name], member.shape, form);
    if (inner !== undefined) result[member.name] = inner;
  }
  return result;
}
