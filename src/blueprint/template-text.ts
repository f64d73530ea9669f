/** A template as YAML for people: sections in reading order, intrinsic functions in their short form. */
import { Document, isCollection, isPair, isScalar, isSeq, type Node, Scalar, visit, type YAMLMap, type YAMLSeq } from 'yaml';

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
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

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

export function templateText(template: Template): string {
  const ordered = Object.fromEntries(
    sections.flatMap((section) => {
      const value = template[section];
      if (value === undefined) return [];
      return [[section, section === 'Resources' ? orderedResources(template.Resources) : value]];
    }),
  );
  // CloudFormation reads YAML 1.1, where `no` and `2012-10-17` are not text unless they are quoted.
  const document = new Document(ordered, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, { Map: (_key, map) => shortForm(map) });
  visit(document, { Collection: (_key, node) => onOneLine(node) });
  return document.toString({ lineWidth: 0, directives: false, flowCollectionPadding: false, indentSeq: false });
}

function orderedResources(resources: Template['Resources']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => {
      const rank = ([name]: [string, unknown]) => members.indexOf(name);
      return [id, Object.fromEntries(Object.entries(resource).sort((a, b) => rank(a) - rank(b)))];
    }),
  );
}

/** `{ Ref: X }` → `!Ref X`. A function directly inside another keeps its long form: YAML takes one tag a node. */
function shortForm(map: YAMLMap): Node | undefined {
  const [pair] = map.items;
  if (map.items.length !== 1 || !pair || !isScalar(pair.key) || typeof pair.key.value !== 'string') return undefined;
  const name = pair.key.value;
  if (name !== 'Ref' && name !== 'Condition' && !name.startsWith('Fn::')) return undefined;
  const tag = `!${name.replace(/^Fn::/, '')}`;
  const { value } = pair;
  if (name === 'Fn::GetAtt' && isSeq(value)) {
    const scalar = new Scalar(value.items.map((item) => (isScalar(item) ? String(item.value) : '')).join('.'));
    scalar.tag = tag;
    return scalar;
  }
  if (isScalar(value) && typeof value.value === 'string') {
    value.tag = tag;
    return value;
  }
  if (isSeq(value)) {
    value.tag = tag;
    return value;
  }
  return undefined;
}

/** Wide enough for a rule of an ACL, narrow enough to be read. */
const lineLength = 140;

/** What fits is written on one line: `{Key: Name, Value: gallery}`. */
function onOneLine(node: YAMLMap | YAMLSeq): void {
  if (node.items.length > 0 && lengthOf(node) <= lineLength) node.flow = true;
}

/** Characters on one line; infinite for text of several lines. */
function lengthOf(node: unknown): number {
  if (isPair(node)) return lengthOf(node.key) + 2 + lengthOf(node.value);
  if (isScalar(node)) {
    const text = String(node.value);
    return text.includes('\n') ? Number.POSITIVE_INFINITY : text.length + (node.tag?.length ?? -1) + 3;
  }
  if (!isCollection(node)) return 0;
  return node.items.reduce((sum: number, item) => sum + lengthOf(item) + 2, node.tag?.length ?? 0);
}
