/** Scalars as text, the same in XML, forms, headers and queries. */
import { Fault } from './fault.ts';
import type { Shape, TimestampFormat } from './schema.ts';

/** A malformed value from a client. */
export function malformed(what: string): Fault {
  return new Fault('MalformedInput', what, { status: 400 });
}

export function timestampText(date: unknown, format: TimestampFormat): string {
  const value = date instanceof Date ? date : new Date(date as string | number);
  const ms = value.getTime();
  if (format === 'http-date') return value.toUTCString();
  if (format === 'epoch-seconds') return String(ms / 1000);
  // AWS writes whole seconds without a fraction.
  return ms % 1000 === 0 ? `${value.toISOString().slice(0, 19)}Z` : value.toISOString();
}

const epochText = /^-?\d{1,16}(\.\d{1,9})?(e\d{1,2})?$/i;
/** ISO 8601, or as in HTTP's `Date`: what clients send. What else `Date` takes is left out. */
const calendarText =
  /^(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT)$/i;

export function parseTimestamp(text: string): Date {
  const date = epochText.test(text)
    ? new Date(Math.round(Number(text) * 1000))
    : new Date(calendarText.test(text) ? utc(text) : Number.NaN);
  if (Number.isNaN(date.getTime())) throw malformed(`'${text.slice(0, 64)}' is not a timestamp`);
  return date;
}

/** A time without zone is UTC to AWS, and local to `Date`. */
function utc(text: string): string {
  return /T\d\d:\d\d(:\d\d([.,]\d+)?)?$/i.test(text) ? `${text}Z` : text;
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

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

export function parseScalar(shape: Shape, text: string, name: string): unknown {
  switch (shape.kind) {
    case 'number': {
      const trimmed = text.trim();
      if (decimalText.test(trimmed) || /^(NaN|-?Infinity)$/.test(trimmed)) return Number(trimmed);
      throw malformed(`Value '${text.slice(0, 64)}' at '${name}' is not a number`);
    }
    case 'boolean':
      if (/^true$/i.test(text)) return true;
      if (/^false$/i.test(text)) return false;
      throw malformed(`Value '${text.slice(0, 64)}' at '${name}' is not a boolean`);
    case 'timestamp':
      return parseTimestamp(text.trim());
    case 'blob':
      return parseBase64(text, name);
    case 'structure':
    case 'list':
    case 'map':
      throw malformed(`Unexpected text at '${name}'`);
    default:
      return text;
  }
}

export function parseBase64(text: string, name: string): Uint8Array {
  const compact = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) throw malformed(`Value at '${name}' is not valid base64`);
  // Copied: `Buffer.from` hands out slices of a shared pool.
  return new Uint8Array(Buffer.from(compact, 'base64'));
}
