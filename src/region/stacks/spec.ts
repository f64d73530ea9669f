/**
 * AWS's resource schemas: which properties there are, of which type, which are required, and which replace.
 * Made by `scripts/resource-spec.ts`, which explains the compact form.
 */
import { readFileSync } from 'node:fs';
import { type Resolved, Unknown } from './resolve.ts';

export interface TypeSpec {
  /** Properties. */
  readonly p: Readonly<Record<string, string>>;
  /** Attributes. */
  readonly a: readonly string[];
  /** Definitions of nested objects. */
  readonly d: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface SpecFile {
  readonly types: Readonly<Record<string, TypeSpec>>;
  readonly names: Readonly<Record<string, string>>;
}

let file: SpecFile | undefined;

function specFile(): SpecFile {
  file ??= JSON.parse(readFileSync(new URL('./resource-spec.generated.json', import.meta.url), 'utf8')) as SpecFile;
  return file;
}

/** The schema of a type of the product; undefined for other types. */
export function typeSpec(type: string): TypeSpec | undefined {
  const { types } = specFile();
  return Object.hasOwn(types, type) ? types[type] : undefined;
}

/** True for every type that AWS has, modelled or not. */
export function isAwsType(type: string): boolean {
  const [vendor, service, ...name] = type.split('::');
  return specFile().names[`${vendor}::${service}`]?.split(' ').includes(name.join('::')) ?? false;
}

export interface PropertyProblem {
  /** From the properties down: `['Tags', 0, 'Key']`. */
  readonly path: readonly (string | number)[];
  /** In the words of AWS's schema validation: `#/Tags/0: required key [Key] not found`. */
  readonly message: string;
}

interface Word {
  readonly types: readonly string[];
  readonly required: boolean;
  readonly replaces: '' | '~' | '?';
}

const words = new Map<string, Word>();

/** Reads `[@Tag]!~`. */
function word(text: string): Word {
  const known = words.get(text);
  if (known) return known;
  const [, types = '', required = '', replaces = ''] = /^(.*?)(!?)([~?]?)$/.exec(text) ?? [];
  const made: Word = { types: types.split('|'), required: required === '!', replaces: replaces as Word['replaces'] };
  words.set(text, made);
  return made;
}

/**
 * Checks properties against the schema of their type, and gives them with scalars as the schema has them:
 * a template may write `"80"` for an integer and `true` for a string.
 */
export function conform(
  type: string,
  properties: { readonly [key: string]: Resolved },
): { properties: Record<string, Resolved>; problems: PropertyProblem[] } {
  const spec = typeSpec(type);
  const problems: PropertyProblem[] = [];
  if (!spec) return { properties: { ...properties }, problems };
  return { properties: conformObject(properties, spec.p, spec, [], problems), problems };
}

type Place = readonly (string | number)[];

function pointer(path: Place): string {
  return path.length === 0 ? '#' : `#/${path.join('/')}`;
}

function conformObject(
  value: { readonly [key: string]: Resolved },
  members: Readonly<Record<string, string>>,
  spec: TypeSpec,
  path: Place,
  problems: PropertyProblem[],
): Record<string, Resolved> {
  const result: Record<string, Resolved> = {};
  for (const [name, text] of Object.entries(members)) {
    if (word(text).required && !Object.hasOwn(value, name)) {
      problems.push({ path, message: `${pointer(path)}: required key [${name}] not found` });
    }
  }
  for (const [name, child] of Object.entries(value)) {
    const text = Object.hasOwn(members, name) ? members[name] : undefined;
    if (text === undefined) {
      problems.push({ path: [...path, name], message: `${pointer(path)}: extraneous key [${name}] is not permitted` });
      result[name] = child;
      continue;
    }
    result[name] = conformEither(child, word(text).types, spec, [...path, name], problems);
  }
  return result;
}

/** Of several types the first that fits; the problems of the first when none does. */
function conformEither(
  value: Resolved,
  types: readonly string[],
  spec: TypeSpec,
  path: Place,
  problems: PropertyProblem[],
): Resolved {
  let first: { value: Resolved; problems: PropertyProblem[] } | undefined;
  for (const type of types) {
    const found: PropertyProblem[] = [];
    const conformed = conformOne(value, type, spec, path, found);
    if (found.length === 0) return conformed;
    first ??= { value: conformed, problems: found };
  }
  problems.push(...(first?.problems ?? []));
  return first?.value ?? value;
}

function conformOne(value: Resolved, type: string, spec: TypeSpec, path: Place, problems: PropertyProblem[]): Resolved {
  if (value instanceof Unknown || type === 'j') return value;
  const wrong = (expected: string) => {
    problems.push({ path, message: `${pointer(path)}: expected type: ${expected}, found: ${kindOf(value)}` });
    return value;
  };
  const inner = type.slice(1, -1);
  if (type.startsWith('[')) {
    if (!Array.isArray(value)) return wrong('JSONArray');
    return value.map((item: Resolved, index) => conformOne(item, inner, spec, [...path, index], problems));
  }
  if (type.startsWith('{') || type.startsWith('@')) {
    if (!isObject(value)) return wrong('JSONObject');
    if (type.startsWith('@')) return conformObject(value, spec.d[type.slice(1)] ?? {}, spec, path, problems);
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, conformOne(child, inner, spec, [...path, key], problems)]),
    );
  }
  if (typeof value === 'object') return wrong(scalarNames[type] ?? 'String');
  return conformScalar(value, type, wrong);
}

const scalarNames: Readonly<Record<string, string>> = {
  s: 'String',
  t: 'String',
  i: 'Integer',
  n: 'Number',
  b: 'Boolean',
};

function conformScalar(
  value: string | number | boolean,
  type: string,
  wrong: (expected: string) => Resolved,
): Resolved {
  switch (type) {
    case 'i':
    case 'n': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      const fits = typeof number === 'number' && Number.isFinite(number) && (type === 'n' || Number.isInteger(number));
      return fits ? number : wrong(type === 'i' ? 'Integer' : 'Number');
    }
    case 'b': {
      const text = String(value).toLowerCase();
      return text === 'true' || text === 'false' ? text === 'true' : wrong('Boolean');
    }
    default:
      return String(value);
  }
}

function kindOf(value: Resolved): string {
  if (Array.isArray(value)) return 'JSONArray';
  if (typeof value === 'object') return 'JSONObject';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'BigDecimal';
  return typeof value === 'boolean' ? 'Boolean' : 'String';
}

function isObject(value: Resolved): value is { readonly [key: string]: Resolved } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

/** `Never`, `Conditionally` and `Always` are the words of change sets. */
export type RequiresRecreation = 'Never' | 'Conditionally' | 'Always';

export interface PropertyChange {
  /** The property, from the top: `['Tags', 0, 'Value']`. */
  readonly path: Place;
  readonly recreation: RequiresRecreation;
  /** True when the new value is only known once the stack runs. */
  readonly unknown: boolean;
}

/** What differs between two sets of properties of a type, and what each difference means for the resource. */
export function propertyChanges(
  type: string,
  before: { readonly [key: string]: Resolved },
  after: { readonly [key: string]: Resolved },
): PropertyChange[] {
  const spec = typeSpec(type);
  const changes: PropertyChange[] = [];
  compareObjects(before, after, spec?.p, spec, [], 'Never', changes);
  return changes;
}

function compareObjects(
  before: { readonly [key: string]: Resolved },
  after: { readonly [key: string]: Resolved },
  members: Readonly<Record<string, string>> | undefined,
  spec: TypeSpec | undefined,
  path: Place,
  inherited: RequiresRecreation,
  changes: PropertyChange[],
): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const text = members && Object.hasOwn(members, name) ? members[name] : undefined;
    const { types, replaces } = text === undefined ? { types: [], replaces: '' } : word(text);
    const recreation = replaces === '~' ? 'Always' : replaces === '?' ? 'Conditionally' : inherited;
    compare(before[name], after[name], types, spec, [...path, name], recreation, changes);
  }
}

function compare(
  before: Resolved | undefined,
  after: Resolved | undefined,
  types: readonly string[],
  spec: TypeSpec | undefined,
  path: Place,
  recreation: RequiresRecreation,
  changes: PropertyChange[],
): void {
  if (sameValue(before, after)) return;
  if (before !== undefined && after !== undefined && spec) {
    const definition = types.find((type) => type.startsWith('@'));
    if (definition && isObject(before) && isObject(after)) {
      compareObjects(before, after, spec.d[definition.slice(1)], spec, path, recreation, changes);
      return;
    }
    const list = types.find((type) => type.startsWith('['));
    if (list && Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
      for (const [index, item] of before.entries()) {
        compare(
          item as Resolved,
          after[index] as Resolved,
          [list.slice(1, -1)],
          spec,
          [...path, index],
          recreation,
          changes,
        );
      }
      return;
    }
  }
  changes.push({ path, recreation, unknown: after instanceof Unknown });
}

/** Deep equality; the order of an object's members says nothing. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Unknown || b instanceof Unknown || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
