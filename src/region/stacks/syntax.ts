/**
 * Text to values: JSON, or YAML 1.1 with CloudFormation's short-form tags (`!Ref`, `!Sub` …) and without aliases.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
 */
import {
  type Document,
  isAlias,
  isScalar,
  isSeq,
  isMap as isYamlMap,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { type Path, type RepeatedKey, TemplateFault, type Value } from './template.ts';

export interface Source {
  readonly value: Value;
  /** Of the last one, where a key is there several times. */
  lineOf(path: Path): number | undefined;
  /** Keys that are there several times in one map, in the order of the text. */
  repeated(): readonly RepeatedKey[];
}

/** Deeper nesting than any template needs; keeps hostile input from exhausting the stack. */
const deepest = 100;

const shortForms = new Map<string, string>(
  [
    'Base64',
    'Cidr',
    'And',
    'Equals',
    'If',
    'Not',
    'Or',
    'Contains',
    'EachMemberEquals',
    'EachMemberIn',
    'RefAll',
    'ValueOf',
    'ValueOfAll',
    'FindInMap',
    'ForEach',
    'GetAtt',
    'GetAZs',
    'ImportValue',
    'Join',
    'Length',
    'Select',
    'Split',
    'Sub',
    'ToJsonString',
    'Transform',
  ].map((name) => [`!${name}`, `Fn::${name}`]),
)
  .set('!Ref', 'Ref')
  .set('!Condition', 'Condition');

/** Reads the text of a template. Throws `ValidationError` with AWS's wording and the position. */
export function readSyntax(text: string): Source {
  return /^\s*\{/.test(text) ? readJson(text) : readYaml(text);
}

function readJson(text: string): Source {
  let value: Value;
  try {
    value = JSON.parse(text) as Value;
  } catch (error) {
    throw new TemplateFault(`Template format error: JSON not well-formed. ${jsonPosition(text, error)}`);
  }
  checkDepth(value, 0);
  // JSON is YAML as well: the slower reader, which knows the lines, is only asked for them.
  let document: ReturnType<typeof openYaml> | undefined;
  const open = () => {
    document ??= openYaml(text);
    return document;
  };
  return {
    value,
    lineOf: (path) => lineOf(open(), path),
    repeated: () => (keysWritten(text) === keysRead(value) ? [] : repeatedKeys(open())),
  };
}

/** In well-formed JSON a string before a colon is a key. */
function keysWritten(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) count++;
  return count;
}

function keysRead(value: Value): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children: readonly Value[] = Array.isArray(value) ? value : Object.values(value);
  return children.reduce((sum: number, child) => sum + keysRead(child), Array.isArray(value) ? 0 : children.length);
}

function jsonPosition(text: string, error: unknown): string {
  const found = /position (\d+)/.exec(error instanceof Error ? error.message : '');
  const offset = found?.[1] === undefined ? text.length : Number(found[1]);
  const before = text.slice(0, offset).split('\n');
  return `(line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

/** JSON.parse is not recursive, what comes after it is. */
function checkDepth(value: Value, depth: number): void {
  if (depth > deepest) throw new TemplateFault('Template format error: unsupported structure.');
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__') throw new TemplateFault('Template format error: unsupported structure.');
    checkDepth(child as Value, depth + 1);
  }
}

interface Opened {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function openYaml(text: string): Opened {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    // CloudFormation takes dates as text, `y` and `n` as letters, and knows neither merges nor the other tags of YAML 1.1.
    customTags: (tags) =>
      tags.flatMap((tag): (typeof tag)[] => {
        if (typeof tag === 'string') return [tag];
        if (unknownTags.test(tag.tag)) return [];
        return tag.tag.endsWith(':bool') && 'test' in tag && tag.test
          ? [{ ...tag, test: new RegExp(tag.test.source.replace(/[YN]\|[yn]\|/, '')) }]
          : [tag];
      }),
    logLevel: 'silent',
    uniqueKeys: false,
    lineCounter: lines,
  });
  return { document, lines };
}

const unknownTags = /:(timestamp|binary|omap|pairs|set|merge)$/;

function readYaml(text: string): Source {
  let opened: Opened;
  try {
    opened = openYaml(text);
  } catch {
    throw new TemplateFault('Template format error: unsupported structure.');
  }
  const { document, lines } = opened;
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new TemplateFault(`Template format error: YAML not well-formed. (line ${line}, column ${col})`);
  }
  const value = toValue(document.contents, lines, 0);
  return { value, lineOf: (path) => lineOf(opened, path), repeated: () => repeatedKeys(opened) };
}

function toValue(node: Node | null, lines: LineCounter, depth: number): Value {
  if (node === null) return null;
  if (depth > deepest) throw new TemplateFault('Template format error: unsupported structure.');
  if (isAlias(node))
    throw new TemplateFault('Template error: YAML aliases are not allowed in CloudFormation templates');
  const value = plainValue(node, lines, depth);
  const { tag } = node;
  if (tag === undefined || !tag.startsWith('!')) return value;
  const name = shortForms.get(tag);
  if (name === undefined) {
    const { line, col } = lines.linePos(node.range?.[0] ?? 0);
    throw new TemplateFault(
      `Template format error: YAML not well-formed. (line ${line}, column ${col}): unknown tag ${tag}`,
    );
  }
  if (name === 'Fn::GetAtt' && typeof value === 'string') {
    const dot = value.indexOf('.');
    return { [name]: dot < 0 ? [value] : [value.slice(0, dot), value.slice(dot + 1)] };
  }
  return { [name]: value };
}

function plainValue(node: Node, lines: LineCounter, depth: number): Value {
  if (isScalar(node)) {
    const { value } = node;
    return typeof value === 'bigint' ? String(value) : (value as Value);
  }
  if (isSeq(node)) return node.items.map((item) => toValue(item as Node | null, lines, depth + 1));
  if (!isYamlMap(node)) return null;
  const map: Record<string, Value> = {};
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
    if (name === undefined || name === '__proto__') {
      const { line, col } = lines.linePos((key as Node | null)?.range?.[0] ?? node.range?.[0] ?? 0);
      throw new TemplateFault(`Template format error: YAML not well-formed. (line ${line}, column ${col})`);
    }
    map[name] = toValue(value as Node | null, lines, depth + 1);
  }
  return map;
}

/** Steps of a path that the short form of a function does not write are passed over. */
function lineOf({ document, lines }: Opened, path: Path): number | undefined {
  let node: unknown = document.contents;
  let line: number | undefined;
  for (const step of path) {
    if (isYamlMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) {
        if (node.tag?.startsWith('!')) continue;
        break;
      }
      const start = (pair.key as Node).range?.[0];
      if (start !== undefined) line = lines.linePos(start).line;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      const start = (node as Node | undefined)?.range?.[0];
      if (start !== undefined) line = lines.linePos(start).line;
    } else if (!(isSeq(node) && node.tag?.startsWith('!'))) break;
  }
  return line;
}

function repeatedKeys({ document, lines }: Opened): RepeatedKey[] {
  const found: RepeatedKey[] = [];
  const walk = (node: unknown, path: Path) => {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    if (!isYamlMap(node)) return;
    const linesOf = new Map<string, number[]>();
    for (const { key } of node.items) {
      if (!isScalar(key)) continue;
      const name = key.source ?? String(key.value);
      linesOf.set(name, [...(linesOf.get(name) ?? []), lines.linePos(key.range?.[0] ?? 0).line]);
    }
    for (const [name, all] of linesOf) if (all.length > 1) found.push({ path: [...path, name], lines: all });
    for (const { key, value } of node.items) if (isScalar(key)) walk(value, [...path, String(key.value)]);
  };
  walk(document.contents, []);
  return found;
}
