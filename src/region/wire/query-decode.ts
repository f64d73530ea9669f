/** Forms of the query and EC2 query protocols, decoded by the input's shape: the SDK has writers for them, but no reader. */
import { Fault } from './fault.ts';
import type { Member, Shape, Structure } from './schema.ts';
import { malformed, parseScalar } from './values.ts';

/** A form's parameters as a tree: `A.member.1=x` is `A` → `member` → `1` → `x`. */
interface Node {
  text: string | undefined;
  readonly children: Map<string, Node>;
}

const mostParameters = 10_000;
const deepest = 32;

export function decodeQuery(parameters: URLSearchParams, input: Structure, ec2: boolean): Record<string, unknown> {
  return decodeStructure(treeOf(parameters), input, ec2);
}

function treeOf(parameters: URLSearchParams): Node {
  const root: Node = { text: undefined, children: new Map() };
  let count = 0;
  for (const [key, value] of parameters) {
    if (++count > mostParameters) throw new Fault('MalformedQueryString', 'The query string has too many parameters.');
    const parts = key.split('.');
    if (parts.length > deepest) throw malformed(`The parameter name is nested too deeply: ${key.slice(0, 64)}`);
    let node = root;
    for (const part of parts) {
      let child = node.children.get(part);
      if (!child) {
        child = { text: undefined, children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.text = value;
  }
  return root;
}

function decodeStructure(node: Node, shape: Structure, ec2: boolean): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const child = node.children.get(memberName(member, ec2));
    if (!child) continue;
    const value = decode(child, member.shape, member, ec2);
    if (value !== undefined) result[member.name] = value;
  }
  return result;
}

function memberName({ name, traits }: Member, ec2: boolean): string {
  if (!ec2) return traits.xmlName ?? name;
  const written = traits.ec2QueryName ?? traits.xmlName ?? name;
  return traits.ec2QueryName ?? written.charAt(0).toUpperCase() + written.slice(1);
}

function decode(node: Node, shape: Shape, member: Member, ec2: boolean): unknown {
  switch (shape.kind) {
    case 'structure':
      return decodeStructure(node, shape, ec2);
    case 'list':
      return listItems(node, shape.member.traits.xmlName, member.traits.xmlFlattened !== undefined, ec2).map((item) =>
        decode(item, shape.member.shape, shape.member, ec2),
      );
    case 'map': {
      const entries = numbered(node.children.get('entry') ?? node);
      return Object.fromEntries(
        entries.map((entry) => {
          const key = entry.children.get(shape.key.traits.xmlName ?? 'key')?.text ?? '';
          const value = entry.children.get(shape.value.traits.xmlName ?? 'value');
          return [key, value && decode(value, shape.value.shape, shape.value, ec2)];
        }),
      );
    }
    default:
      if (node.text === undefined) throw malformed(`Unexpected complex element at '${member.name}'`);
      return parseScalar(shape, node.text, member.name);
  }
}

/** Clients differ: the item's name, `member`, or no name at all stands before the number. */
function listItems(node: Node, itemName: string | undefined, flattened: boolean, ec2: boolean): Node[] {
  const direct = numbered(node);
  if (ec2 || flattened || direct.length > 0) return direct;
  const inner = (itemName === undefined ? undefined : node.children.get(itemName)) ?? node.children.get('member');
  return inner ? numbered(inner) : [];
}

function numbered(node: Node): Node[] {
  const items: [number, Node][] = [];
  for (const [key, child] of node.children) if (/^\d{1,6}$/.test(key)) items.push([Number(key), child]);
  return items.sort(([a], [b]) => a - b).map(([, child]) => child);
}
