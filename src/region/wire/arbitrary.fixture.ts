/** Random values of a shape, for round trips. Shaped by what a protocol can carry at all. */
import fc from 'fast-check';
import type { Member, Shape, Structure } from './schema.ts';

export interface Carrier {
  /** XML has no place for control characters, and readers trim. */
  readonly xml: boolean;
  /** Members that clients rewrite or check on their own. */
  readonly without?: ReadonlySet<string>;
  /** Values that must have a form: bucket names, keys. */
  readonly special?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
}

const mostMembers = 6;
const deepest = 5;

export function arbitraryOf(shape: Shape, carrier: Carrier, depth = 0): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'structure':
      return structure(shape, carrier, depth);
    case 'list':
      return fc.array(arbitraryOf(shape.member.shape, carrier, depth + 1), lengths(depth));
    case 'map':
      return fc
        .uniqueArray(fc.tuple(mapKey(carrier), arbitraryOf(shape.value.shape, carrier, depth + 1)), {
          selector: ([key]) => key,
          ...lengths(depth),
        })
        .map((entries) => Object.fromEntries(entries));
    case 'number':
      return fc.oneof(
        fc.integer(),
        fc.integer({ min: -4000, max: 4000 }).map((n) => n / 8),
      );
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      return wholeSecond.map((date) => (shape.format === 'http-date' ? date : new Date(date.getTime() + 125)));
    case 'blob':
      return fc.uint8Array({ minLength: 1, maxLength: 40 });
    case 'document':
      return fc.record({ a: fc.integer(), b: fc.array(fc.boolean()) });
    default:
      return anyText(carrier);
  }
}

function lengths(depth: number): { minLength: number; maxLength: number } {
  return depth > deepest ? { minLength: 0, maxLength: 0 } : { minLength: 1, maxLength: 3 };
}

const wholeSecond = fc.integer({ min: -1_000_000_000, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));

function structure(shape: Structure, carrier: Carrier, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const usable = shape.members.filter(({ name }) => !carrier.without?.has(name));
  const must = usable.filter(
    ({ traits }, i) =>
      i < shape.required ||
      traits.httpLabel !== undefined ||
      traits.httpPayload !== undefined ||
      traits.idempotencyToken !== undefined,
  );
  const may = usable.filter((member) => !must.includes(member));
  if (depth > deepest) return fc.constant({});
  return fc
    .subarray([...may], { maxLength: Math.min(may.length, mostMembers) })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries([...must, ...chosen].map((member) => [member.name, memberValue(member, carrier, depth)])),
      ),
    );
}

function memberValue({ name, shape, traits }: Member, carrier: Carrier, depth: number): fc.Arbitrary<unknown> {
  const special = carrier.special?.[name];
  if (special && depth === 0) return special;
  if (traits.httpPrefixHeaders !== undefined) return fc.dictionary(lowerName, headerText, { minKeys: 1, maxKeys: 3 });
  if (traits.httpHeader !== undefined) {
    if (shape.kind === 'list') return fc.array(lowerName, { minLength: 1, maxLength: 3 });
    if (shape.kind === 'timestamp') return wholeSecond;
    if (shape.kind === 'string') return headerText;
  }
  return arbitraryOf(shape, carrier, depth + 1);
}

const lowerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const headerText = fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/);

/** The SDK's own readers lose this one key. */
function mapKey(carrier: Carrier): fc.Arbitrary<string> {
  return anyText(carrier).filter((key) => key !== '__proto__');
}

/** Any Unicode text, or what survives XML and its readers. */
function anyText({ xml }: Carrier): fc.Arbitrary<string> {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ maxLength: 12 }),
    fc.constant('__proto__'),
  );
  if (!xml) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these cannot be carried.
  return text.map((t) => `x${t.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\s/gu, '_')}y`);
}

/** Without what is empty: query protocols cannot tell it from what is absent. */
export function pruned(value: unknown): unknown {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) {
    const items = value.map(pruned).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const inner = pruned(item);
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
