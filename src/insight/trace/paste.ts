/** Parts of a template as people write them: YAML, with the short forms of functions. */
import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** @param part as JSON has it: `{ Ref: … }`, `{ 'Fn::GetAtt': [ … ] }`, `{ 'Fn::Sub': … }` */
export function templateText(part: Readonly<Record<string, unknown>>): string {
  const document = new Document();
  document.contents = node(part) as YAMLMap<unknown, unknown>;
  return document.toString({ lineWidth: 0 });
}

const shortForms: Readonly<Record<string, string>> = { Ref: '!Ref', 'Fn::GetAtt': '!GetAtt', 'Fn::Sub': '!Sub' };

function node(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items = value.map(node);
    return list;
  }
  if (typeof value !== 'object' || value === null) return new Scalar(value);
  const [[name, argument] = ['', undefined], ...more] = Object.entries(value);
  const tag = shortForms[name];
  if (tag !== undefined && more.length === 0) {
    const called = new Scalar(Array.isArray(argument) ? argument.join('.') : argument);
    called.tag = tag;
    return called;
  }
  const map = new YAMLMap();
  for (const [key, inner] of Object.entries(value)) map.set(new Scalar(key), node(inner));
  return map;
}
