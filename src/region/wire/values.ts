/** Scalars as text, the same in XML, forms, headers and queries. */
import { Fault } from './fault.ts';
import type { Shape, TimestampFormat } from './schema.ts';

/** A malformed value from a client. */
export function malformed(what: string): Fault {
  return new Fault('MalformedInput', what);
}

export function timestampText(date: unknown, format: TimestampFormat): string {
  const value = date instanceof Date ? date : new Date(date as string | number);
  const ms = value.getTime();
  if (format === 'http-date') return value.toUTCString();
  if (format === 'epoch-seconds') return String(ms / 1000);
  // AWS writes whole seconds without a fraction.
  return ms % 1000 === 0 ? `${value.toISOString().slice(0, 19)}Z` : value.toISOString();
}

export function parseTimestamp(text: string): Date {
  const date = /^-?\d+(\.\d+)?(e\d+)?$/i.test(text) ? new Date(Number(text) * 1000) : new Date(text);
  if (Number.isNaN(date.getTime())) throw malformed(`'${text.slice(0, 64)}' is not a timestamp`);
  return date;
}

export function scalarText(shape: Shape, value: unknown, format: TimestampFormat): string {
  switch (shape.kind) {
    case 'timestamp':
      return timestampText(value, shape.format ?? format);
    case 'blob':
      return Buffer.from(value as Uint8Array | string).toString('base64');
    default:
      return String(value);
  }
}

export function parseScalar(shape: Shape, text: string, name: string): unknown {
  switch (shape.kind) {
    case 'number': {
      const number = Number(text);
      if (text.trim() === '' || Number.isNaN(number)) {
        if (/^(NaN|-?Infinity)$/.test(text)) return Number(text);
        throw malformed(`Value '${text.slice(0, 64)}' at '${name}' is not a number`);
      }
      return number;
    }
    case 'boolean':
      if (/^true$/i.test(text)) return true;
      if (/^false$/i.test(text)) return false;
      throw malformed(`Value '${text.slice(0, 64)}' at '${name}' is not a boolean`);
    case 'timestamp':
      return parseTimestamp(text);
    case 'blob':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}
