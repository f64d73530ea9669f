/** XML by shapes, written: the answers of the query, EC2 and REST-XML protocols. */
import type { ListShape, MapShape, Member, Shape, Structure, Traits } from './schema.ts';
import { scalarText } from './values.ts';

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
