/** Forms of the query and EC2 query protocols, decoded by the input's shape: the SDK has writers for them, but no reader. */
import { Fault } from './fault.ts';
import type { ListShape, MapShape, Member, Shape, Structure } from './schema.ts';
import { malformed, parseScalar } from './values.ts';

/** A form's parameters as a tree: `A.member.1=x` is `A` → `member` → `1` → `x`. */
interface Node {
  text: string | undefined;
  readonly children: Map<string, Node>;
}

const mostParameters = 10_000;
const deepest = 32;

/** Not part of any operation's input. */
const envelope = /^(Action|Version|AWSAccessKeyId|Signature\w*|Timestamp|Expires|SecurityToken|X-Amz-[\w-]+)$/i;

/** Throws `MalformedInput`, `MalformedQueryString`; EC2 also `UnknownParameter`, where the other services ignore it. */
export function decodeQuery(parameters: URLSearchParams, input: Structure, ec2: boolean): Record<string, unknown> {
  const root = treeOf(parameters);
  if (ec2) {
    const known = new Set(input.members.map((member) => memberName(member, true)));
    for (const name of root.children.keys()) {
      if (known.has(name) || envelope.test(name)) continue;
      throw new Fault('UnknownParameter', `The parameter ${name.slice(0, 128)} is not recognized`, { status: 400 });
    }
  }
  return decodeStructure(root, input, ec2);
}

function treeOf(parameters: URLSearchParams): Node {
  const root: Node = { text: undefined, children: new Map() };
  let count = 0;
  for (const [key, value] of parameters) {
    if (++count > mostParameters)
      throw new Fault('MalformedQueryString', 'The query string has too many parameters.', { status: 400 });
    const parts = key.split('.', deepest + 1);
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
    const child = node.children.get(memberName(member, ec2)) ?? node.children.get(flattenedName(member) ?? '');
    if (!child) continue;
    const value = decode(child, member.shape, member, ec2);
    if (value !== undefined) result[member.name] = value;
  }
  return result;
}

function memberName({ name, traits }: Member, ec2: boolean): string {
  if (!ec2) return traits.xmlName ?? name;
  const written = traits.xmlName ?? name;
  return traits.ec2QueryName ?? written.charAt(0).toUpperCase() + written.slice(1);
}

/** botocore writes a flattened list under its item's name. */
function flattenedName({ shape, traits }: Member): string | undefined {
  return traits.xmlFlattened !== undefined && shape.kind === 'list' ? shape.member.traits.xmlName : undefined;
}

function decode(node: Node, shape: Shape, member: Member, ec2: boolean): unknown {
  switch (shape.kind) {
    case 'structure':
      return decodeStructure(node, shape, ec2);
    case 'list':
      return listItems(node, shape, member, ec2).map((item) =>
        decode(item, shape.member.shape, { ...shape.member, name: member.name }, ec2),
      );
    case 'map':
      return decodeMap(node, shape, member, ec2);
    default:
      if (node.text === undefined) throw malformed(`Unexpected complex element at '${member.name}'`);
      return parseScalar(shape, node.text, member.name);
  }
}

/** Clients differ: the item's name, `member`, or no name at all stands before the number. `Key=` is an empty list. */
function listItems(node: Node, { member: item }: ListShape, { name, traits }: Member, ec2: boolean): Node[] {
  const direct = numbered(node, name);
  if (ec2 || traits.xmlFlattened !== undefined || direct.length > 0) return direct;
  const inner = node.children.get(item.traits.xmlName ?? 'member') ?? node.children.get('member');
  return inner ? numbered(inner, name) : [];
}

function decodeMap(node: Node, { key, value }: MapShape, member: Member, ec2: boolean): Record<string, unknown> {
  const result: [string, unknown][] = [];
  for (const entry of numbered(node.children.get('entry') ?? node, member.name)) {
    const name = entry.children.get(key.traits.xmlName ?? 'key')?.text;
    const item = entry.children.get(value.traits.xmlName ?? 'value');
    if (name === undefined || !item) throw malformed(`An entry of '${member.name}' lacks its key or value`);
    result.push([name, decode(item, value.shape, { ...value, name: member.name }, ec2)]);
  }
  // Keys are the client's: `fromEntries` makes an own property even of `__proto__`.
  return Object.fromEntries(result);
}

/** The items in order of their numbers, which may leave gaps. */
function numbered(node: Node, name: string): Node[] {
  const items: [number, Node][] = [];
  for (const [key, child] of node.children) {
    if (/^\d{1,6}$/.test(key)) items.push([Number(key), child]);
    else if (/^-?\d+$/.test(key)) throw malformed(`The index ${key.slice(0, 32)} of '${name}' is out of range`);
  }
  return items.sort(([a], [b]) => a - b).map(([, child]) => child);
}
