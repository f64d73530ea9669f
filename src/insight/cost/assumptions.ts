/**
 * What a template does not say and a bill depends on: how much comes in and goes out. Each has a default, which is an
 * assumption and is told as one; what is given, measured, or comes of a profile or a simulation takes its place.
 */
import { CostError } from './cost-error.ts';
import { type Decimal, decimal, decimalText, least, over, times } from './decimal.ts';

/** 365 days of 24 hours, by twelve, as AWS's own calculator has it. */
export const hoursOfMonth = decimal(730);
export const secondsOfMonth = decimal(730 * 3600);
/** Bytes, as AWS bills them. */
export const gigabyte = decimal(2 ** 30);

export type Get = (key: AssumptionKey) => Decimal;

/** By name: the table's keys are known when it is whole. */
type Look = (key: string) => Decimal;
/** Whether somebody said so: what was said leads what belongs to it. */
type Has = (key: string) => boolean;

interface Assumption {
  readonly unit: string;
  readonly meaning: string;
  /** Undefined: what needs it does without. */
  readonly value: string | ((get: Look, has: Has) => Decimal) | undefined;
  /** A share, of at most 1. */
  readonly isShare?: boolean;
}

const given = (value: Assumption['value'], unit: string, meaning: string, isShare?: boolean): Assumption => ({
  value,
  unit,
  meaning,
  ...(isShare ? { isShare } : {}),
});

/** In a tenth of requests an object of 10,000 bytes: half of an answer, a fifth of what is asked. They agree, whichever is changed. */
const objects = (get: Look, share: string) => times(get(share), get('objectBytes'));
const inGigabytes = (count: Decimal, bytes: Decimal) => over(times(count, bytes), gigabyte);

export const assumptions = {
  requests: given(
    (get, has) =>
      has('pageViews') || has('siteRequests') ? times(get('pageViews'), get('requestsPerPage')) : decimal(1_000_000),
    'a month',
    'requests to the API',
  ),
  requestsPerPage: given('10', 'requests', 'to the API for a page that is opened'),
  requestBytes: given(
    (get) => decimal(400) + objects(get, 'writesPerRequest'),
    'bytes',
    'a request to the API weighs, objects that it brings included',
  ),
  sendShare: given('0.1', 'of 1', 'of requests to the API send something (POST, PUT, PATCH, DELETE, OPTIONS)', true),
  responseBytes: given(
    (get) => decimal(1000) + objects(get, 'readsPerRequest'),
    'bytes',
    'an answer of the API weighs, objects in it included',
  ),
  egressGb: given((get) => inGigabytes(get('requests'), get('responseBytes')), 'GB a month', 'answers of the API'),
  processedGb: given(
    (get) => get('egressGb') + inGigabytes(get('requests'), get('requestBytes')),
    'GB a month',
    'through the balancers, both ways',
  ),
  requestsPerConnection: given('10', 'requests', 'share a connection to the balancer'),
  newConnections: given(
    (get) => over(get('requests'), get('requestsPerConnection')),
    'a month',
    'connections to the balancers',
  ),
  connectionSeconds: given('60', 'seconds', 'a connection lasts'),
  rulesRead: given((get) => get('requests'), 'a month', 'requests for which rules of the balancers are read'),
  pageViews: given(
    (get, has) =>
      has('siteRequests')
        ? over(get('siteRequests'), get('pageRequests'))
        : over(get('requests'), get('requestsPerPage')),
    'a month',
    'pages opened',
  ),
  pageRequests: given('10', 'requests', 'a page takes from the CDN'),
  pageBytes: given('500000', 'bytes', 'a page weighs'),
  siteRequests: given(
    (get) => times(get('pageViews'), get('pageRequests')),
    'a month',
    'requests to the CDN for pages',
  ),
  siteEgressGb: given((get) => inGigabytes(get('pageViews'), get('pageBytes')), 'GB a month', 'pages out of the CDN'),
  cacheMisses: given('0.1', 'of 1', 'of requests to the CDN go on to the bucket', true),
  invalidationPaths: given('100', 'a month', 'paths invalidated'),
  queriesPerPage: given('0.1', 'queries', 'for a page, of types that no alias answers (HTTPS, MX, TXT)'),
  siteGb: given('0.1', 'GB', 'kept in each bucket of the CDN'),
  dataGb: given(
    (get) =>
      inGigabytes(times(times(get('requests'), get('writesPerRequest')), get('objectMonths')), get('objectBytes')),
    'GB',
    'kept in the other buckets together',
  ),
  readsPerRequest: given('0.1', 'objects', 'read for a request'),
  writesPerRequest: given('0.01', 'objects', 'written for a request'),
  objectBytes: given('10000', 'bytes', 'an object weighs that the API reads or writes'),
  objectMonths: given('12', 'months', 'of objects written are kept'),
  deployUploads: given('100', 'objects a month', 'uploaded to each bucket of the CDN'),
  bucketKeyShare: given('0.01', 'of 1', 'of requests ask KMS where the bucket has a bucket key', true),
  accessLogBytes: given('500', 'bytes', 'a line of access logs weighs'),
  logBytesPerRequest: given('300', 'bytes', 'logged for a request'),
  logGbPerMachine: given('0.1', 'GB a month', 'logged by a machine besides'),
  logGb: given(undefined, 'GB a month', 'logged by all machines, for requests and besides'),
  flowLogGbPerMachine: given('1', 'GB a month', 'of flow logs for a machine'),
  logCompression: given('0.15', 'of 1', 'is left of logs when they are kept compressed', true),
  foreverMonths: given('12', 'months', 'of logs are kept where nothing ends them'),
  natGbPerMachine: given('1', 'GB a month', 'a machine exchanges with the internet on its own account'),
  natOutShare: given('0.1', 'of 1', 'of that goes out', true),
  natGb: given(undefined, 'GB a month', 'through all NAT gateways, both ways'),
  metricGbPerMachine: given('0.05', 'GB a month', 'of metrics sent by a machine'),
  callsGbPerMachine: given('0.05', 'GB a month', 'a machine exchanges with each other endpoint'),
  metricCallsPerMachine: given('43800', 'a month', 'PutMetricData of a machine with an agent, one a minute'),
  machines: given(undefined, 'machines', 'run on average, in all groups together'),
  notifications: given('100', 'a month', 'messages of each topic'),
  domainUsdPerYear: given(undefined, 'dollars', 'the domain costs a year'),
} as const satisfies Readonly<Record<string, Assumption>>;

export type AssumptionKey = keyof typeof assumptions;
export type Origin = 'assumed' | 'given' | 'measured' | 'profile' | 'simulation';

export interface Told {
  readonly key: AssumptionKey;
  readonly value: string;
  readonly unit: string;
  readonly meaning: string;
  readonly origin: Origin;
}

export type Given = { readonly [Key in AssumptionKey]?: { readonly value: Decimal; readonly origin: Origin } };

export class Settings {
  readonly #given: Given;

  constructor(known: Given) {
    for (const [key, one] of Object.entries(known)) {
      if (!one) continue;
      const { isShare }: Assumption = assumptions[key as AssumptionKey];
      if (one.value < 0n || (isShare && one.value > decimal(1)))
        throw new CostError(`${key} must be ${isShare ? 'from 0 to 1' : '0 or more'}, not ${decimalText(one.value)}.`);
    }
    for (const key of ['requestsPerConnection', 'requestsPerPage', 'pageRequests'] as const) {
      if (known[key]?.value === 0n) throw new CostError(`${key} must be more than 0.`);
    }
    this.#given = known;
  }

  with(more: Given): Settings {
    return new Settings({ ...this.#given, ...more });
  }

  without(key: AssumptionKey): Settings {
    const { [key]: _, ...rest } = this.#given;
    return new Settings(rest);
  }

  has(key: AssumptionKey): boolean {
    return this.#given[key] !== undefined;
  }

  origin(key: AssumptionKey): Origin {
    return this.#given[key]?.origin ?? 'assumed';
  }

  /** Notes in `used` what it needed, and what that came of. */
  reading(used: Set<AssumptionKey>): Get {
    const get: Get = (key) => {
      used.add(key);
      const known = this.#given[key];
      if (known) return known.value;
      const { value }: Assumption = assumptions[key];
      if (value === undefined) throw new Error(`nothing says ${key}`);
      const has = (one: string) => this.has(one as AssumptionKey);
      return typeof value === 'string' ? decimal(value) : value(get as Look, has);
    };
    return get;
  }

  told(used: ReadonlySet<AssumptionKey>): readonly Told[] {
    const get = this.reading(new Set());
    return (Object.keys(assumptions) as AssumptionKey[])
      .filter((key) => used.has(key) && (this.has(key) || assumptions[key].value !== undefined))
      .map((key) => {
        const { unit, meaning } = assumptions[key];
        return { key, value: shortText(get(key)), unit, meaning, origin: this.origin(key) };
      });
  }
}

/** Four digits do for people, and no more is known. */
function shortText(value: Decimal): string {
  const text = decimalText(value);
  if (!text.includes('.')) return text;
  const number = Number(text);
  return number >= 1000 ? number.toFixed(0) : String(Number(number.toPrecision(4)));
}

const powers = { '': 1n, K: 1_000n, M: 1_000_000n, B: 1_000_000_000n } as const;
const sizes = { MB: decimal('0.0009765625'), GB: decimal(1), TB: decimal(1024) } as const;
/** A thousand times what the largest site of the world serves. */
const most = decimal('1000000000000000');

/** `10M`, `250K`, `1.5`; of gigabytes `50GB`, `2TB`, `50`. Throws `CostError`. */
export function parseAmount(name: string, text: string, isSize: boolean): Decimal {
  const [, digits = '', suffix = ''] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const letters = suffix.toUpperCase();
  const example = isSize ? '50GB, 1.5TB or 200MB' : '10M, 250K or 1000';
  if (digits === '') throw new CostError(`${name} must be an amount such as ${example}, not "${text}".`);
  const factor = isSize
    ? letters === ''
      ? decimal(1)
      : Object.hasOwn(sizes, letters) && sizes[letters as keyof typeof sizes]
    : Object.hasOwn(powers, letters) && powers[letters as keyof typeof powers] * decimal(1);
  if (!factor) throw new CostError(`${name}: "${suffix}" is no unit of "${text}". Write ${example}.`);
  const value = times(decimal(digits), factor);
  if (least(value, most) !== value) throw new CostError(`${name}: ${text} is beyond all bounds.`);
  return value;
}
