/**
 * XML by shapes, written: the answers of the query, EC2 and REST-XML protocols. A shape is made into a writer once;
 * a hundred instances are ten thousand elements, so that looking at traits for each would be most of the work.
 */
import type { ListShape, MapShape, Member, Shape, Structure, Traits } from './schema.ts';
import { scalarText } from './values.ts';
import type { XmlOut } from './xml-out.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them.
const unusual = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const special = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/** A carriage return would be read as a newline. What is not in here cannot be written at all. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

export function escapeXml(text: string): string {
  return unusual.test(text) ? text.replace(special, (c) => entities[c] ?? '') : text;
}

/** One element, or for flattened lists and maps several. */
type Write = (out: XmlOut, value: unknown) => void;

interface MemberPlan {
  readonly member: Member;
  readonly name: string;
  /** Compiled when first needed, since shapes may refer to themselves. */
  write: Write | undefined;
}

interface Plan {
  readonly elements: readonly MemberPlan[];
  readonly attributes: readonly Member[];
}

const plans = new WeakMap<Structure, Plan>();

function planOf(shape: Structure): Plan {
  let plan = plans.get(shape);
  if (!plan) {
    const isAttribute = ({ traits }: Member) => traits.xmlAttribute !== undefined;
    plan = {
      elements: shape.members
        .filter((member) => !isAttribute(member))
        .map((member) => ({ member, name: member.name, write: undefined })),
      attributes: shape.members.filter(isAttribute),
    };
    plans.set(shape, plan);
  }
  return plan;
}

/** The members of a structure as elements; attributes are written by whoever opens its tag. */
export function writeMembers(out: XmlOut, shape: Structure, value: unknown, only?: (member: Member) => boolean): void {
  const { elements } = planOf(shape);
  writeInside(out, only ? elements.filter(({ member }) => only(member)) : elements, value);
}

function writeInside(out: XmlOut, elements: readonly MemberPlan[], value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const record = value as Readonly<Record<string, unknown>>;
  for (const plan of elements) {
    const inner = record[plan.name];
    if (inner === undefined || inner === null) continue;
    plan.write ??= memberWriter(plan.member);
    plan.write(out, inner);
  }
}

function memberWriter({ name, shape, traits }: Member): Write {
  const tag = traits.xmlName ?? name;
  const flattened = traits.xmlFlattened !== undefined;
  if (flattened && shape.kind === 'list') return itemsWriter(shape, tag);
  if (flattened && shape.kind === 'map') return entriesWriter(shape, tag);
  return elementWriter(tag, shape, namespaceOf(traits));
}

/** The writer of one element around its content. `head` goes into its start tag. */
function elementWriter(tag: string, shape: Shape, head = ''): Write {
  const open = `<${tag}${head}>`;
  const close = `</${tag}>`;
  switch (shape.kind) {
    case 'structure':
      return structureWriter(tag, shape, head);
    case 'list':
      return around(open, itemsWriter(shape, shape.member.traits.xmlName ?? 'member'), close);
    case 'map':
      return around(open, entriesWriter(shape, 'entry'), close);
    case 'string':
      return (out, value) => out.raw(open + escapeXml(String(value)) + close);
    case 'number':
    case 'boolean':
      return (out, value) => out.raw(open + String(value) + close);
    default:
      return (out, value) => out.raw(open + escapeXml(scalarText(shape, value, 'date-time')) + close);
  }
}

function around(open: string, inside: Write, close: string): Write {
  return (out, value) => {
    out.raw(open);
    inside(out, value);
    out.raw(close);
  };
}

function structureWriter(tag: string, shape: Structure, head: string): Write {
  const { elements, attributes } = planOf(shape);
  const inside: Write = (out, value) => writeInside(out, elements, value);
  if (attributes.length === 0) return around(`<${tag}${head}>`, inside, `</${tag}>`);
  return (out, value) => {
    out.raw(`<${tag}${head}${attributesText(attributes, value)}>`);
    inside(out, value);
    out.raw(`</${tag}>`);
  };
}

/** The items of a list, each in an element of that name. */
function itemsWriter({ member }: ListShape, tag: string): Write {
  let write: Write | undefined;
  return (out, value) => {
    for (const item of value as Iterable<unknown>) {
      if (item === undefined || item === null) continue;
      write ??= elementWriter(tag, member.shape, namespaceOf(member.traits));
      write(out, item);
    }
  };
}

function entriesWriter({ key, value: inner }: MapShape, tag: string): Write {
  const keyTag = key.traits.xmlName ?? 'key';
  let write: Write | undefined;
  return (out, value) => {
    for (const [name, item] of Object.entries(value as object)) {
      if (item === undefined || item === null) continue;
      write ??= elementWriter(inner.traits.xmlName ?? 'value', inner.shape);
      out.raw(`<${tag}><${keyTag}>${escapeXml(name)}</${keyTag}>`);
      write(out, item);
      out.raw(`</${tag}>`);
    }
  };
}

/** A document's root: `namespace` is its `xmlns` attribute, with a space before it. */
export function writeElement(out: XmlOut, tag: string, shape: Shape, value: unknown, namespace = ''): void {
  elementWriter(tag, shape, namespace)(out, value);
}

function attributesText(attributes: readonly Member[], value: unknown): string {
  let text = '';
  for (const { name, traits } of attributes) {
    const inner = (value as Readonly<Record<string, unknown>>)[name];
    if (inner === undefined || inner === null) continue;
    text += ` ${traits.xmlName ?? name}="${escapeXml(String(inner)).replaceAll('\n', '&#xA;')}"`;
  }
  return text;
}

/** `['xsi', 'http://…']` or the address alone. */
function namespaceOf({ xmlNamespace }: Traits): string {
  if (xmlNamespace === undefined) return '';
  const [prefix, uri] = Array.isArray(xmlNamespace) ? (xmlNamespace as string[]) : [undefined, String(xmlNamespace)];
  return ` xmlns${prefix ? `:${prefix}` : ''}="${escapeXml(uri ?? '')}"`;
}
