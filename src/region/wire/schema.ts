/**
 * The SDK's operation schemas as shapes that codecs walk. Their tuple layout is no documented API: it is read in this
 * file alone, and the versions of the SDK packages are pinned.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

/** A type. Members are compiled when first looked at, since shapes may refer to themselves. */
export type Shape =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'document' | 'unit' }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat | undefined }
  | { readonly kind: 'blob'; readonly streaming: boolean }
  | ListShape
  | MapShape
  | Structure;

export interface ListShape {
  readonly kind: 'list';
  readonly member: Member;
}

export interface MapShape {
  readonly kind: 'map';
  readonly key: Member;
  readonly value: Member;
}

export interface Structure {
  readonly kind: 'structure';
  readonly name: string;
  readonly traits: Traits;
  readonly members: readonly Member[];
  /** The first `required` members must be given. */
  readonly required: number;
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly traits: Traits;
}

/** The traits that the wire reads. */
export interface Traits {
  readonly xmlName?: string;
  readonly xmlFlattened?: unknown;
  readonly xmlAttribute?: unknown;
  readonly xmlNamespace?: unknown;
  readonly ec2QueryName?: string;
  readonly http?: readonly [method: string, path: string, status: number];
  readonly httpHeader?: string;
  readonly httpQuery?: string;
  readonly httpPrefixHeaders?: string;
  readonly idempotencyToken?: unknown;
  readonly httpLabel?: unknown;
  readonly httpPayload?: unknown;
  readonly httpQueryParams?: unknown;
  readonly httpResponseCode?: unknown;
  readonly httpChecksum?: unknown;
  readonly httpError?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
}

export interface OperationSchema {
  readonly name: string;
  readonly http: Traits['http'];
  /** Whether checksum headers of a request are its body's (of CompleteMultipartUpload they are the object's). */
  readonly checksum: boolean;
  readonly input: Structure;
  readonly output: Structure;
}

export interface ServiceSchema {
  /** The service's name in a credential scope: `ec2`, `monitoring`. */
  readonly signingName: string;
  readonly namespace: string;
  readonly xmlNamespace: string;
  readonly version: string;
  /** The first part of `X-Amz-Target`. */
  readonly target: string;
  readonly queryCompatible: boolean;
  operation(name: string): OperationSchema | undefined;
  readonly operationNames: readonly string[];
  /** The error's structure by the code that the service sends, if it is modelled. */
  error(code: string): Structure | undefined;
}

const unit: Shape = { kind: 'unit' };
const noTraits: Traits = {};
const bitTraits = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
];

function traitsOf(raw: unknown): Traits {
  if (typeof raw === 'object' && raw !== null) return raw as Traits;
  if (typeof raw !== 'number' || raw === 0) return noTraits;
  return Object.fromEntries(bitTraits.flatMap((name, bit) => (raw & (1 << bit) ? [[name, 1]] : [])));
}

const primitives: Readonly<Record<number, Shape>> = {
  0: { kind: 'string' },
  1: { kind: 'number' },
  2: { kind: 'boolean' },
  4: { kind: 'timestamp', format: undefined },
  5: { kind: 'timestamp', format: 'date-time' },
  6: { kind: 'timestamp', format: 'http-date' },
  7: { kind: 'timestamp', format: 'epoch-seconds' },
  15: { kind: 'document' },
  17: { kind: 'number' },
  19: { kind: 'number' },
  21: { kind: 'blob', streaming: false },
  42: { kind: 'blob', streaming: true },
};

const compiled = new WeakMap<object, Shape>();

/** A schema in any of its forms: primitive code, function, tuple. */
function shapeOf(raw: unknown): Shape {
  if (typeof raw === 'number') return primitiveShape(raw);
  if (typeof raw === 'function') return shapeOf(raw());
  if (!Array.isArray(raw)) return unit;
  const known = compiled.get(raw);
  if (known) return known;
  const shape = compile(raw);
  compiled.set(raw, shape);
  return shape;
}

function primitiveShape(code: number): Shape {
  if (code >= 128) return { kind: 'map', key: member('key', 0), value: member('value', code - 128) };
  if (code >= 64) return { kind: 'list', member: member('member', code - 64) };
  return primitives[code] ?? unit;
}

function compile(raw: unknown[]): Shape {
  const [kind, , name, traits, a, b, required] = raw;
  switch (kind) {
    case 0:
      return shapeOf(a);
    case 1:
      return { kind: 'list', member: member('member', a) };
    case 2:
      return { kind: 'map', key: member('key', a), value: member('value', b) };
    case 3:
    case 4:
    case -3: {
      const names = a as string[];
      const schemas = b as unknown[];
      let members: Member[] | undefined;
      return {
        kind: 'structure',
        name: String(name),
        traits: traitsOf(traits),
        get members() {
          members ??= names.map((memberName, i) => member(memberName, schemas[i]));
          return members;
        },
        required: typeof required === 'number' ? required : 0,
      };
    }
    default:
      return unit;
  }
}

function member(name: string, raw: unknown): Member {
  // [schema, traits], as opposed to a schema's own tuple, which has its namespace second.
  const wrapped = Array.isArray(raw) && raw.length === 2;
  const schema: unknown = wrapped ? raw[0] : raw;
  const traits = wrapped ? traitsOf(raw[1]) : noTraits;
  let shape: Shape | undefined;
  return {
    name,
    traits,
    get shape() {
      shape ??= shapeOf(schema);
      return shape;
    },
  };
}

const emptyStructure: Structure = { kind: 'structure', name: 'Unit', traits: noTraits, members: [], required: 0 };

function structureOf(raw: unknown): Structure {
  const shape = shapeOf(raw);
  return shape.kind === 'structure' ? shape : emptyStructure;
}

interface ClientConfig {
  readonly defaultSigningName: string;
  readonly protocolSettings: {
    readonly defaultNamespace: string;
    readonly xmlNamespace?: string;
    readonly version?: string;
    readonly serviceTarget?: string;
    readonly awsQueryCompatible?: boolean;
  };
}

const loaded = new Map<string, ServiceSchema>();

/** Loads an SDK package's schemas; the first time takes tens to hundreds of ms. */
export function serviceSchema(sdk: string): ServiceSchema {
  const known = loaded.get(sdk);
  if (known) return known;
  const exports = load(sdk) as Record<string, unknown>;
  const schema = readService(exports);
  loaded.set(sdk, schema);
  return schema;
}

function readService(exports: Record<string, unknown>): ServiceSchema {
  // `EC2Client`, not the aggregate `EC2` nor the base `__Client`.
  const clientName = Object.keys(exports).find((name) => /^[A-Z]\w*Client$/.test(name));
  const Client = exports[clientName ?? ''] as new (config: object) => { config: ClientConfig };
  const { config } = new Client({ region: 'us-east-1' });
  const settings = config.protocolSettings;
  const operationNames: string[] = [];
  const errors = new Map<string, unknown[]>();
  for (const value of Object.values(exports)) {
    if (!Array.isArray(value)) continue;
    if (value[0] === 9) operationNames.push(String(value[2]));
    if (value[0] === -3) {
      errors.set(String(value[2]), value);
      const code = traitsOf(value[3]).awsQueryError?.[0];
      if (code !== undefined && !errors.has(code)) errors.set(code, value);
    }
  }
  const operations = new Map<string, OperationSchema>();
  return {
    signingName: config.defaultSigningName,
    namespace: settings.defaultNamespace,
    xmlNamespace: settings.xmlNamespace ?? '',
    version: settings.version ?? '',
    target: settings.serviceTarget ?? '',
    queryCompatible: settings.awsQueryCompatible ?? false,
    operationNames,
    operation(name) {
      const known = operations.get(name);
      if (known) return known;
      const raw = exports[`${name}$`];
      if (!Array.isArray(raw) || raw[0] !== 9) return undefined;
      const operation: OperationSchema = {
        name,
        http: traitsOf(raw[3]).http,
        checksum: traitsOf(raw[3]).httpChecksum !== undefined,
        input: structureOf(raw[4]),
        output: structureOf(raw[5]),
      };
      operations.set(name, operation);
      return operation;
    },
    error(code) {
      const raw = errors.get(code);
      return raw && structureOf(raw);
    },
  };
}
