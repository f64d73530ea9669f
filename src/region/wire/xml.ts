/** XML by shapes: answers of the query, EC2 and REST-XML protocols, and bodies of REST-XML requests. */
import { XMLParser } from 'fast-xml-parser';
import { Fault } from './fault.ts';
import type { ListShape, MapShape, Member, Shape, Structure, Traits } from './schema.ts';
import { parseScalar, scalarText } from './values.ts';

const special = /[&<>"]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  const escaped = special.test(text) ? text.replace(/[&<>"]/g, (c) => entities[c] ?? c) : text;
  // A carriage return would be read as a newline.
  return escaped.replace(forbidden, '').replaceAll('\r', '&#xD;');
}

/** The members of a structure as elements; attributes are written by whoever opens its tag. */
export function writeMembers(shape: Structure, value: unknown, only?: (member: Member) => boolean): string {
  if (typeof value !== 'object' || value === null) return '';
  const record = value as Record<string, unknown>;
  let out = '';
  for (const member of shape.members) {
    const inner = record[member.name];
    if (inner === undefined || inner === null || member.traits.xmlAttribute !== undefined) continue;
    if (only && !only(member)) continue;
    out += writeMember(member, inner);
  }
  return out;
}

function writeMember({ name, shape, traits }: Member, value: unknown): string {
  const tag = traits.xmlName ?? name;
  if (shape.kind === 'list' && traits.xmlFlattened !== undefined) return writeItems(shape, value, tag);
  if (shape.kind === 'map' && traits.xmlFlattened !== undefined) return writeEntries(shape, value, tag);
  return writeElement(tag, shape, value, traits);
}

export function writeElement(tag: string, shape: Shape, value: unknown, traits: Traits = {}, extra = ''): string {
  switch (shape.kind) {
    case 'structure':
      return `<${tag}${extra}${namespaceOf(traits)}${attributes(shape, value)}>${writeMembers(shape, value)}</${tag}>`;
    case 'list':
      return `<${tag}${extra}>${writeItems(shape, value, shape.member.traits.xmlName ?? 'member')}</${tag}>`;
    case 'map':
      return `<${tag}${extra}>${writeEntries(shape, value, 'entry')}</${tag}>`;
    default:
      return `<${tag}${extra}>${escapeXml(scalarText(shape, value, 'date-time'))}</${tag}>`;
  }
}

function writeItems(shape: ListShape, value: unknown, tag: string): string {
  let out = '';
  for (const item of value as Iterable<unknown>) {
    if (item !== undefined && item !== null) out += writeElement(tag, shape.member.shape, item, shape.member.traits);
  }
  return out;
}

function writeEntries(shape: MapShape, value: unknown, tag: string): string {
  let out = '';
  for (const [key, item] of Object.entries(value as object)) {
    const keyTag = shape.key.traits.xmlName ?? 'key';
    out += `<${tag}><${keyTag}>${escapeXml(key)}</${keyTag}>${writeElement(shape.value.traits.xmlName ?? 'value', shape.value.shape, item)}</${tag}>`;
  }
  return out;
}

function attributes(shape: Structure, value: unknown): string {
  let out = '';
  for (const member of shape.members) {
    if (member.traits.xmlAttribute === undefined) continue;
    const inner = (value as Record<string, unknown>)[member.name];
    if (inner === undefined || inner === null) continue;
    out += ` ${member.traits.xmlName ?? member.name}="${escapeXml(String(inner)).replaceAll('\n', '&#xA;')}"`;
  }
  return out;
}

/** `['xsi', 'http://…']` or the address alone. */
function namespaceOf({ xmlNamespace }: Traits): string {
  if (xmlNamespace === undefined) return '';
  const [prefix, uri] = Array.isArray(xmlNamespace) ? (xmlNamespace as string[]) : [undefined, String(xmlNamespace)];
  return ` xmlns${prefix ? `:${prefix}` : ''}="${escapeXml(uri ?? '')}"`;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: true,
  htmlEntities: false,
});

type Element = string | { readonly [name: string]: Element | readonly Element[] };

export function malformedXml(): Fault {
  return new Fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** Reads a body whose root element is the shape; the root's name is not looked at, as AWS does not. */
export function decodeXml(text: string, shape: Shape): unknown {
  // Entities of a document's own are how XML is made to explode; no client of AWS sends them.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw malformedXml();
  let document: Record<string, Element>;
  try {
    document = parser.parse(text, true) as Record<string, Element>;
  } catch {
    throw malformedXml();
  }
  const roots = Object.keys(document).filter((name) => name !== '#text');
  const root = document[roots[0] ?? ''];
  if (roots.length !== 1 || root === undefined) throw malformedXml();
  return decodeElement(root, shape, roots[0] ?? '');
}

function decodeElement(element: Element, shape: Shape, name: string): unknown {
  switch (shape.kind) {
    case 'structure': {
      const result: Record<string, unknown> = {};
      if (typeof element === 'string') return result;
      for (const member of shape.members) {
        const value = decodeMember(element, member);
        if (value !== undefined) result[member.name] = value;
      }
      return result;
    }
    case 'list':
      if (typeof element === 'string') return [];
      return all(element[shape.member.traits.xmlName ?? 'member']).map((item) =>
        decodeElement(item, shape.member.shape, name),
      );
    case 'map':
      return typeof element === 'string' ? {} : decodeEntries(all(element.entry), shape);
    default: {
      const text = typeof element === 'string' ? element : element['#text'];
      return parseScalar(shape, typeof text === 'string' ? (shape.kind === 'string' ? text : text.trim()) : '', name);
    }
  }
}

function decodeMember(element: Exclude<Element, string>, { name, shape, traits }: Member): unknown {
  const tag = traits.xmlName ?? name;
  if (traits.xmlAttribute !== undefined) return element[`@${tag}`];
  const found = element[tag];
  if (found === undefined) return undefined;
  if (traits.xmlFlattened !== undefined) {
    if (shape.kind === 'list') return all(found).map((item) => decodeElement(item, shape.member.shape, name));
    if (shape.kind === 'map') return decodeEntries(all(found), shape);
  }
  const [first] = all(found);
  return first === undefined ? undefined : decodeElement(first, shape, name);
}

function decodeEntries(entries: readonly Element[], shape: MapShape): Record<string, unknown> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      if (typeof entry === 'string') return [];
      const [key] = all(entry[shape.key.traits.xmlName ?? 'key']);
      const [value] = all(entry[shape.value.traits.xmlName ?? 'value']);
      return [[String(key ?? ''), value === undefined ? undefined : decodeElement(value, shape.value.shape, 'value')]];
    }),
  );
}

function all(value: Element | readonly Element[] | undefined): readonly Element[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Element[]) : [value as Element];
}
