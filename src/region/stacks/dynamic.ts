/**
 * Dynamic references in properties: `{{resolve:ssm:name:version}}`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
import { Fault } from '../wire/fault.ts';
import type { Invoke } from './parameters.ts';

const reference = /\{\{resolve:([a-z-]+):([^}]*)\}\}/g;

/** The kinds of dynamic references in a value that are not modelled. */
export function unmodelledReferences(value: unknown): string[] {
  if (typeof value === 'string') {
    return [...value.matchAll(reference)].flatMap(([, kind = '']) => (kind.startsWith('ssm') ? [] : [kind]));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(unmodelledReferences);
}

/** The value with what its dynamic references stand for. */
export async function replaceReferences<T>(value: T, invoke: Invoke): Promise<T> {
  if (typeof value === 'string') return (await replaceInText(value, invoke)) as T;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await replaceReferences(item, invoke));
    return items as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const map: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) map[key] = await replaceReferences(child, invoke);
  return map as T;
}

async function replaceInText(text: string, invoke: Invoke): Promise<string> {
  if (!text.includes('{{resolve:')) return text;
  let result = '';
  let end = 0;
  for (const match of text.matchAll(reference)) {
    const [whole, kind = '', name = ''] = match;
    result += text.slice(end, match.index) + (await look(kind, name, whole, invoke));
    end = match.index + whole.length;
  }
  return result + text.slice(end);
}

async function look(kind: string, name: string, whole: string, invoke: Invoke): Promise<string> {
  if (kind !== 'ssm' && kind !== 'ssm-secure') {
    throw new Fault(
      'ValidationError',
      `The dynamic reference ${whole} is not modelled by Orrery: of its kinds it knows ssm and ssm-secure.`,
    );
  }
  const { Parameter } = await invoke<{ Parameter?: { Value?: string; Type?: string } }>('ssm', 'GetParameter', {
    Name: name,
    WithDecryption: kind === 'ssm-secure',
  });
  if (kind === 'ssm' && Parameter?.Type === 'SecureString') {
    throw new Fault('ValidationError', `Non-secure SSM prefix was used for secure parameter: ${name}`);
  }
  return Parameter?.Value ?? '';
}
