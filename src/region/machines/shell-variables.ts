/** The variables of a running script, and words with their values filled in. */
import type { Word } from './shell-lexer.ts';

/** Thrown up to the end of the script. */
export class Exit extends Error {
  readonly status: number;
  /** `why`: shown, where the script did not ask to end. */
  constructor(status: number, why = '') {
    super(why);
    this.status = status;
  }
}

export class Variables {
  readonly values: Map<string, string>;
  readonly exported: Set<string>;
  /** `$?` */
  status = 0;
  /** `set -u` */
  nounset = false;

  constructor(env: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(env));
    this.exported = new Set(this.values.keys());
  }

  /** What a command sees of them. */
  environment(more: Iterable<readonly [string, string]>): Record<string, string> {
    const own = [...this.exported].map((name) => [name, this.values.get(name) ?? ''] as const);
    return Object.fromEntries([...own, ...more]);
  }

  /** A word as one text, whatever blanks its variables hold. */
  joined(word: Word, line: number): string {
    return word.map((part) => (part.kind === 'text' ? part.text : this.#value(part, line))).join('');
  }

  /** A word as the fields it splits into. */
  fields(word: Word, line: number): string[] {
    const fields: string[] = [];
    let field: string | undefined;
    for (const [index, part] of word.entries()) {
      if (part.kind === 'text') {
        const home = index === 0 && !part.quoted && /^~(?=\/|$)/.test(part.text);
        field = (field ?? '') + (home ? part.text.replace('~', '/root') : part.text);
        continue;
      }
      const value = this.#value(part, line);
      if (part.quoted) {
        field = (field ?? '') + value;
        continue;
      }
      const [first = '', ...more] = value.split(/[ \t\n]+/);
      if (first !== '' || field !== undefined) field = (field ?? '') + first;
      for (const next of more) {
        if (field !== undefined) fields.push(field);
        field = next === '' ? undefined : next;
      }
    }
    if (field !== undefined) fields.push(field);
    return fields;
  }

  #value(part: Extract<Word[number], { kind: 'variable' }>, line: number): string {
    if (part.name === '?') return String(this.status);
    const value = this.values.get(part.name);
    if (value !== undefined && (value !== '' || part.fallback === undefined)) return value;
    if (part.fallback !== undefined) return part.fallback;
    if (!this.nounset) return '';
    throw new Exit(1, `line ${line}: ${part.name}: unbound variable`);
  }
}
