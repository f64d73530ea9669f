/**
 * XML text as a tree, in one pass: no document types, no entities but the predefined and numeric ones, bounded depth.
 * The parsers at hand take seconds for a hostile body of a few MiB, or leave numeric entities alone.
 */
import { Fault } from './fault.ts';

export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string;
  /** By name, with prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly inside, joined. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: OpenElement[];
  text: string;
}

export function malformedXml(): Fault {
  return new Fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
    { status: 400 },
  );
}

const deepest = 64;
const startTag = /<([\p{L}_:][\p{L}\p{N}\p{M}_:.\-·]*)/uy;
const attribute = /\s+([\p{L}_:][\p{L}\p{N}\p{M}_:.\-·]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/uy;
const tagEnd = /\s*(\/?)>/y;
const endTag = /<\/([^\s<>]+)\s*>/y;
const noAttributes: ReadonlyMap<string, string> = new Map();

/** The root element. Throws `MalformedXML`. */
export function readXml(source: string): XmlElement {
  const text = (source.startsWith('\ufeff') ? source.slice(1) : source).replace(/\r\n?/g, '\n');
  const open: OpenElement[] = [];
  let root: OpenElement | undefined;
  let at = 0;

  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const match = expression.exec(text);
    if (match) at = expression.lastIndex;
    return match;
  };
  const skipTo = (end: string, from: number): string => {
    const found = text.indexOf(end, from);
    if (found < 0) throw malformedXml();
    at = found + end.length;
    return text.slice(from, found);
  };
  const addText = (piece: string): void => {
    const inside = open.at(-1);
    if (inside) inside.text += piece;
    else if (piece.trim() !== '') throw malformedXml();
  };
  const start = (): void => {
    const tag = take(startTag)?.[1];
    if (tag === undefined || open.length >= deepest) throw malformedXml();
    let attributes = noAttributes;
    for (let match = take(attribute); match; match = take(attribute)) {
      const [, name = '', double, single] = match;
      if (attributes.has(name)) throw malformedXml();
      if (attributes === noAttributes) attributes = new Map();
      (attributes as Map<string, string>).set(name, unescapeXml(double ?? single ?? ''));
    }
    const end = take(tagEnd);
    if (!end) throw malformedXml();
    const element: OpenElement = { tag, name: tag.slice(tag.indexOf(':') + 1), attributes, children: [], text: '' };
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else if (root) throw malformedXml();
    else root = element;
    if (end[1] === '') open.push(element);
  };

  while (at < text.length) {
    const mark = text.indexOf('<', at);
    const until = mark < 0 ? text.length : mark;
    if (until > at) addText(unescapeXml(text.slice(at, until)));
    at = until;
    if (mark < 0) break;
    if (text.startsWith('</', at)) {
      if (take(endTag)?.[1] !== open.pop()?.tag) throw malformedXml();
    } else if (text.startsWith('<!--', at)) skipTo('-->', at + 4);
    else if (text.startsWith('<![CDATA[', at)) addText(skipTo(']]>', at + 9));
    else if (text.startsWith('<?', at)) skipTo('?>', at + 2);
    else start();
  }
  if (!root || open.length > 0) throw malformedXml();
  return root;
}

const predefined: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-f]{1,6}));|&/gi,
    (_all, name?: string, decimal?: string, hexadecimal?: string) => {
      if (name !== undefined) return predefined[name] ?? refuse();
      if (decimal === undefined && hexadecimal === undefined) return refuse();
      return character(decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal));
    },
  );
}

function refuse(): never {
  throw malformedXml();
}

function character(code: number): string {
  const control = code < 0x20 && code !== 9 && code !== 10 && code !== 13;
  if (control || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformedXml();
  return String.fromCodePoint(code);
}
