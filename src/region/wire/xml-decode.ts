/** XML by shapes, read: the bodies of REST-XML requests. */
import type { ListShape, MapShape, Member, Shape } from './schema.ts';
import { parseScalar } from './values.ts';
import { readXml, type XmlElement } from './xml-read.ts';

/** Reads a body whose root element is the shape; the root's name is not looked at, as AWS does not. */
export function decodeXml(text: string, shape: Shape): unknown {
  return decodeElement(readXml(text), shape, 'body');
}

function decodeElement(element: XmlElement, shape: Shape, name: string): unknown {
  switch (shape.kind) {
    case 'structure': {
      const children = byName(element);
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        const value = decodeMember(element, children, member);
        if (value !== undefined) result[member.name] = value;
      }
      return result;
    }
    case 'list': {
      const tag = shape.member.traits.xmlName ?? 'member';
      return decodeItems(
        element.children.filter((child) => child.name === tag),
        shape,
        name,
      );
    }
    case 'map':
      return decodeEntries(
        element.children.filter((child) => child.name === 'entry'),
        shape,
      );
    case 'string':
      return element.text;
    default:
      return parseScalar(shape, element.text.trim(), name);
  }
}

function byName({ children }: XmlElement): ReadonlyMap<string, readonly XmlElement[]> {
  const found = new Map<string, XmlElement[]>();
  for (const child of children) {
    const same = found.get(child.name);
    if (same) same.push(child);
    else found.set(child.name, [child]);
  }
  return found;
}

function decodeMember(
  element: XmlElement,
  children: ReadonlyMap<string, readonly XmlElement[]>,
  { name, shape, traits }: Member,
): unknown {
  const tag = traits.xmlName ?? name;
  if (traits.xmlAttribute !== undefined) return element.attributes.get(tag);
  const found = children.get(tag.slice(tag.indexOf(':') + 1));
  if (found === undefined) return undefined;
  if (traits.xmlFlattened !== undefined) {
    if (shape.kind === 'list') return decodeItems(found, shape, name);
    if (shape.kind === 'map') return decodeEntries(found, shape);
  }
  const [first] = found;
  return first && decodeElement(first, shape, name);
}

function decodeItems(items: readonly XmlElement[], shape: ListShape, name: string): unknown[] {
  return items.map((item) => decodeElement(item, shape.member.shape, name));
}

function decodeEntries(entries: readonly XmlElement[], shape: MapShape): Record<string, unknown> {
  const keyTag = shape.key.traits.xmlName ?? 'key';
  const valueTag = shape.value.traits.xmlName ?? 'value';
  return Object.fromEntries(
    entries.map(({ children }) => {
      const key = children.find(({ name }) => name === keyTag)?.text ?? '';
      const value = children.find(({ name }) => name === valueTag);
      return [key, value && decodeElement(value, shape.value.shape, key)];
    }),
  );
}
