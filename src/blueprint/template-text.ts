/**
 * A template as YAML for people: sections in reading order, intrinsic functions in their short form, and on one line what
 * fits there. CloudFormation takes 51,200 bytes without a bucket to put them in, so a template that would be longer is
 * set more densely.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */

export interface Template {
  readonly Description?: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Rules?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export const largestTemplate = 51_200;

const sections = ['Description', 'Parameters', 'Rules', 'Conditions', 'Resources', 'Outputs'] as const;
const members = [
  'Type',
  'Condition',
  'DependsOn',
  'CreationPolicy',
  'UpdatePolicy',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Properties',
  'Metadata',
];

interface Layout {
  /** Characters that a list or map may take on one line. */
  readonly width: number;
  readonly indent: string;
  readonly comma: string;
}
const airy: Layout = { width: 110, indent: '  ', comma: ', ' };
const dense: Layout = { width: Number.POSITIVE_INFINITY, indent: ' ', comma: ',' };

export function templateText(template: Template): string {
  const ordered = Object.fromEntries(
    sections.flatMap((section) => {
      const value = template[section];
      if (value === undefined) return [];
      return [[section, section === 'Resources' ? orderedResources(template.Resources) : value]];
    }),
  );
  const text = document(ordered, airy);
  return Buffer.byteLength(text) <= largestTemplate ? text : document(ordered, dense);
}

function orderedResources(resources: Template['Resources']): Record<string, unknown> {
  const rank = ([name]: [string, unknown]) => members.indexOf(name);
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => [
      id,
      Object.fromEntries(Object.entries(resource).sort((a, b) => rank(a) - rank(b))),
    ]),
  );
}

function document(value: Readonly<Record<string, unknown>>, layout: Layout): string {
  const lines = Object.entries(value).flatMap(([section, content]) => {
    if (!isObject(content)) return [`${section}: ${scalar(content)}`];
    const items = Object.entries(content).flatMap(([id, item]) => pair(id, item, layout.indent, layout));
    return [`${section}:`, ...items];
  });
  return `${lines.join('\n')}\n`;
}

/** `key: value`, on as many lines as it takes. */
function pair(key: string, value: unknown, indent: string, layout: Layout): string[] {
  return block(value, `${indent}${scalar(key)}:`, indent, layout);
}

/** A value after what leads to it, the start of its first line. */
function block(value: unknown, lead: string, indent: string, layout: Layout): string[] {
  const line = onOneLine(value, layout);
  if (line !== undefined && (line.length <= layout.width || !isCollection(value))) return [`${lead} ${line}`];
  const inner = `${indent}${layout.indent}`;
  if (typeof value === 'string') {
    return [`${lead} |`, ...value.split('\n').flatMap((text) => (text === '' ? [] : [`${inner}${text}`]))];
  }
  const short = shortForm(value);
  if (short && (Array.isArray(short.value) || typeof short.value === 'string')) {
    return block(short.value, `${lead} ${short.tag}`, indent, layout);
  }
  if (Array.isArray(value)) return [lead, ...value.flatMap((item) => element(item, indent, layout))];
  return [lead, ...Object.entries(value as object).flatMap(([key, item]) => pair(key, item, inner, layout))];
}

/** An element of a list, which stands as far to the left as the key of the list. */
function element(item: unknown, indent: string, layout: Layout): string[] {
  const line = onOneLine(item, layout);
  const inner = `${indent}  `;
  if ((line !== undefined && line.length <= layout.width) || !isObject(item) || shortForm(item)) {
    return block(item, `${indent}-`, inner, layout);
  }
  const [first = '', ...rest] = Object.entries(item).flatMap(([key, value]) => pair(key, value, inner, layout));
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

/** Undefined for what holds text of several lines. */
function onOneLine(value: unknown, layout: Layout): string | undefined {
  if (typeof value === 'string' && isText(value)) return undefined;
  if (!isCollection(value)) return scalar(value);
  const short = shortForm(value);
  if (short) {
    const text = onOneLine(short.value, layout);
    return text === undefined ? undefined : `${short.tag} ${text}`;
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => onOneLine(item, layout));
    return items.includes(undefined) ? undefined : `[${items.join(layout.comma)}]`;
  }
  const items = Object.entries(value as object).map(([key, item]) => {
    const text = onOneLine(item, layout);
    return text === undefined ? undefined : `${scalar(key)}: ${text}`;
  });
  return items.includes(undefined) ? undefined : `{${items.join(layout.comma)}}`;
}

/**
 * `{ Ref: X }` → `!Ref X`. Undefined for what is no function, and for one directly around another: YAML takes one tag a
 * value, so the outer one keeps its long form.
 */
function shortForm(value: unknown): { readonly tag: string; readonly value: unknown } | undefined {
  if (!isObject(value)) return undefined;
  const [[name, argument] = ['', undefined], ...more] = Object.entries(value);
  if (more.length > 0 || (name !== 'Ref' && name !== 'Condition' && !name.startsWith('Fn::'))) return undefined;
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return { tag: '!GetAtt', value: argument.join('.') };
  if (typeof argument !== 'string' && !Array.isArray(argument)) return undefined;
  return { tag: `!${name.replace('Fn::', '')}`, value: argument };
}

/** Several lines, none of them empty, that a block can hold as they are. */
function isText(value: string): boolean {
  return /^([!-~][ -~]*\n)([ -~]+\n)+$/.test(value);
}

/** What YAML 1.1, which CloudFormation reads, takes for something else than text; and what looks like a number or a date. */
const notText = /^(y|n|yes|no|true|false|on|off|null|~)$/i;

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const plain = /^[A-Za-z/$*][\w/$.:*()'=<>@+;-]*( [\w/$.:*()'=<>@+;-]+)*$/.test(value) && !/:( |$)|^\*/.test(value);
  if (plain && !notText.test(value)) return value;
  if (!value.includes('"') || /[^ -~]|\\/.test(value)) {
    return JSON.stringify(value).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`); // biome-ignore format: one step
  }
  return `'${value.replaceAll("'", "''")}'`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
