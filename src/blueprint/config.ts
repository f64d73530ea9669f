/**
 * The configuration of an app, `orrery.config.ts`: its keys, their defaults and limits, and what is said of a mistake.
 * The same keys are the properties of the `WebArchitecture` construct.
 */
import { z } from 'zod';
import { allowedAt, allowing, keysAt } from './allowed.ts';
import { parseCidr } from './cidr.ts';

const whole = (least: number, most: number, unit = '') =>
  allowing(`a whole number from ${least} to ${most}${unit}`, z.number().int().min(least).max(most));
const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  allowing(values.map((value) => `'${value}'`).join(', '), z.enum(values));
const yes = () => allowing('true or false', z.boolean());
/** A target of a scaling policy. */
const target = (least: number, most: number, unit: string) =>
  allowing(
    `a number from ${least} to ${most} (${unit}), or false for none`,
    z.union([z.literal(false), z.number().min(least).max(most)]),
  );

/** Lower-case labels of letters, digits and hyphens, two or more of them, 253 characters in all. */
const domainPattern = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const folder = () =>
  allowing(
    "a folder inside the app's own, such as 'web'",
    z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[\w@. /-]{1,200}$/),
  );
const path = (example: string) =>
  allowing(
    `a path that begins with /, such as '${example}'`,
    z.string().regex(/^\/[\w\-.~/%]{0,1023}$/), // biome-ignore format: one line
  );

const web = z.strictObject({
  /** The folder of the built single-page app. */
  dir: folder().default('web'),
  /** The path below which names carry a hash of their content: kept for a year where nothing else is said. */
  assets: path('/assets').default('/assets'),
  /** `PUT` and `DELETE` below `/uploads/`, for URLs signed by a key group only. */
  uploads: yes().default(false),
  /** The bucket encrypted with a key of its own (SSE-KMS) rather than SSE-S3. */
  kms: yes().default(false),
  /** `{api}` in it stands for the API's origin. */
  contentSecurityPolicy: allowing(
    'a Content-Security-Policy on one line, or false for none',
    z.union([z.literal(false), z.string().regex(/^[\x20-\x7e]{1,1500}$/)]),
  ).default(
    "default-src 'self'; connect-src 'self' {api}; img-src 'self' data: blob: {api}; style-src 'self' 'unsafe-inline'; " +
      "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  ),
  /** Edge locations that serve: fewer are cheaper. */
  priceClass: oneOf('PriceClass_100', 'PriceClass_200', 'PriceClass_All').default('PriceClass_All'),
});

const api = z.strictObject({
  /** The folder of the API, with all that it needs to run. */
  dir: folder().default('api'),
  /** What Node runs, in that folder. */
  start: allowing(
    "a JavaScript file inside the API's folder, such as 'server.js'",
    z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[\w@./-]{1,190}\.[cm]?js$/),
  ).default('server.js'),
  /** Amazon Linux 2023's package `nodejs<version>`. */
  node: allowing('20, 22 or 24', z.union([z.literal(20), z.literal(22), z.literal(24)])).default(22),
  /** Below Linux's ephemeral ports: a rule for a port among them would decide nothing. */
  port: whole(1024, 32767).default(8080),
  healthPath: path('/health').default('/health'),
  /** Environment variables besides `PORT`, `DATA_BUCKET`, `ALLOWED_ORIGIN`, `AWS_REGION` and `LOG_GROUP`. */
  environment: allowing(
    'names of letters, digits and _ with values on one line, at most 50; PORT, DATA_BUCKET, ALLOWED_ORIGIN, AWS_REGION and LOG_GROUP are set already',
    z
      .record(
        z.string().regex(/^(?!(PORT|DATA_BUCKET|ALLOWED_ORIGIN|AWS_REGION|LOG_GROUP)$)[A-Za-z_]\w{0,63}$/),
        z.string().regex(/^[\x20-\x7e]{0,1000}$/),
      )
      .refine((all) => Object.keys(all).length <= 50),
  ).default({}),
  /** arm64 or x86 is known by the type's family. */
  instanceType: allowing(
    "an instance type, such as 't4g.small' or 'm7i.large'",
    z.string().regex(/^[a-z][a-z0-9-]{0,15}\.([a-z0-9]{1,10}|metal-[a-z0-9]{1,10})$/),
  ).default('t4g.small'),
  min: whole(1, 500, ' machines').default(2),
  /** More than `min`: an update starts a new machine before it ends an old one. */
  max: whole(2, 500, ' machines, more than api.min').default(6),
  diskGiB: whole(8, 1024, ' GiB').default(8),
  balancing: oneOf('round-robin', 'least-outstanding').default('least-outstanding'),
  /** A client stays with its machine for that long. */
  stickySeconds: allowing(
    'a whole number from 1 to 604800 (seconds), or false for none',
    z.union([z.literal(false), z.number().int().min(1).max(604_800)]),
  ).default(false),
  /** How long requests in flight may take to end on a machine that leaves. */
  drainSeconds: whole(0, 3600, ' seconds').default(30),
  /** The balancer's access logs, in a bucket. */
  accessLogs: yes().default(false),
  /** A shell on the machines by Session Manager. */
  shell: yes().default(false),
});

const data = z.strictObject({
  /** What the API may do with the bucket for data and images. */
  access: oneOf('read', 'read-write').default('read'),
  kms: yes().default(false),
});

const network = z.strictObject({
  cidr: allowing(
    "a private IPv4 range (in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16) of /16 to /23, such as '10.0.0.0/16'",
    z.string().refine(isVpcRange),
  ).default('10.0.0.0/16'),
  /** Availability Zones. */
  zones: allowing('2, 3 or 4', z.union([z.literal(2), z.literal(3), z.literal(4)])).default(2),
  /** The way out for private machines: a NAT gateway in each zone, one for all, or none (AWS's services only). */
  nat: oneOf('per-zone', 'one', 'none').default('per-zone'),
  /** Dual-stack, all of it. */
  ipv6: yes().default(false),
  flowLogs: yes().default(false),
});

const scaling = z.strictObject({
  /** CPU utilisation. */
  cpu: target(1, 100, 'per cent').default(60),
  /** Memory used, measured by the CloudWatch agent; scales out only. */
  memory: target(1, 100, 'per cent').default(75),
  /** Network traffic out of a machine. */
  network: target(1_000_000, 1_000_000_000_000, 'bytes per machine and minute').default(600_000_000),
  requestsPerTarget: target(1, 10_000_000, 'requests per machine and minute').default(1000),
});

const monitoring = z.strictObject({
  /** Alarms are sent there; a parameter of the template can set it, too. */
  email: allowing(
    "an e-mail address, such as 'ops@myapp.com'",
    z.string().regex(/^[^@\s]{1,64}@[^@\s]{1,190}$/),
  ).optional(),
  webhook: allowing('an https:// URL', z.string().regex(/^https:\/\/[^\s]{1,2000}$/)).optional(),
  /** A monthly budget of the account: told at 80 % spent and at 100 % foreseen. */
  budgetUsd: allowing(
    'a number from 1 to 1000000 (US dollars a month), or false for none',
    z.union([z.literal(false), z.number().min(1).max(1_000_000)]),
  ).default(false),
  logDays: allowing(
    '1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 (days)',
    z.union([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731].map((days) => z.literal(days))),
  ).default(30),
  /** Alarm when 95 of 100 answers take longer. */
  latencySeconds: allowing('a number from 0.01 to 60 (seconds)', z.number().min(0.01).max(60)).default(1),
  /** Alarm when a NAT gateway sends more in an hour. */
  natGiBPerHour: allowing('a number from 0.1 to 100000 (GiB)', z.number().min(0.1).max(100_000)).default(5),
});

export const configSchema = z
  .strictObject({
    name: allowing(
      '2 to 32 lower-case letters, digits and single hyphens, beginning with a letter',
      z.string().regex(/^(?=.{2,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
    ),
    /** Without one the distribution's own name serves the app, and `/api/*` on it the API. */
    domain: allowing("a domain in lower case, such as 'myapp.com'", z.string().regex(domainPattern)).optional(),
    web: web.prefault({}),
    api: api.prefault({}),
    data: data.prefault({}),
    network: network.prefault({}),
    scaling: scaling.prefault({}),
    monitoring: monitoring.prefault({}),
  })
  .superRefine(({ api: { min, max } }, context) => {
    if (min >= max) context.addIssue({ code: 'custom', path: ['api', 'max'], input: max });
  });

/** What `orrery.config.ts` exports: only `name` has no default. */
export type ConfigInput = z.input<typeof configSchema>;
/** The same with every default in its place. */
export type Config = z.output<typeof configSchema>;

/** For `export default defineConfig({…})`: returns what it is given, and gives editors its type. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/** A configuration with mistakes: a line for each, with its key, its value and what is allowed. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** Fills in the defaults. Throws a `ConfigError`. */
export function parseConfig(input: unknown): Config {
  const result = configSchema.safeParse(input);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => mistakes(issue, input)));
}

function mistakes(issue: z.core.$ZodIssue, input: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = keysAt(configSchema, issue.path);
    return issue.keys.map((key) => {
      const near = keys.find((one) => nearlySame(one, key));
      return `${dotted([...issue.path, key])} is not a key.${near ? ` Did you mean ${near}?` : ''} Allowed: ${keys.join(', ')}.`;
    });
  }
  const value = valueAt(input, issue.path);
  const where = issue.path.length === 0 ? 'The configuration' : dotted(issue.path);
  if (value === undefined && issue.path.length > 0) {
    return [`${where} is missing. Allowed: ${allowedAt(configSchema, issue.path) ?? 'an object'}.`];
  }
  const allowed =
    allowedAt(configSchema, issue.path) ?? `an object with the keys ${keysAt(configSchema, issue.path).join(', ')}`;
  return [`${where}: ${shown(value)} is not allowed. Allowed: ${allowed}.`];
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** One letter added, left out or changed, or another case. */
function nearlySame(known: string, given: string): boolean {
  const [a, b] = [known.toLowerCase(), given.toLowerCase()];
  if (a === b || a.startsWith(b) || b.startsWith(a)) return true;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return Math.max(a.length, b.length) - start - end <= 2;
}

function isVpcRange(text: string): boolean {
  const range = parseCidr(text);
  if (!range || range.prefix < 16 || range.prefix > 23) return false;
  const within = (outer: string) => {
    const other = parseCidr(outer);
    return (
      other !== undefined &&
      range.prefix >= other.prefix &&
      range.first >>> (32 - other.prefix) === other.first >>> (32 - other.prefix)
    );
  };
  return within('10.0.0.0/8') || within('172.16.0.0/12') || within('192.168.0.0/16');
}
