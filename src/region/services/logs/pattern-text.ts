/** Reads a filter pattern piece by piece. */
import { invalid } from './faults.ts';
import { compileRegex } from './pattern-regex.ts';

/** AWS's limit of one pattern. */
const mostRegexes = 2;

export class PatternText {
  readonly #text: string;
  #at = 0;
  #regexes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    this.match(/\s*/y);
  }

  /** Takes that text when it comes next, after space. */
  take(text: string): boolean {
    const at = this.#at;
    this.skipSpace();
    if (this.#text.startsWith(text, this.#at)) {
      this.#at += text.length;
      return true;
    }
    this.#at = at;
    return false;
  }

  need(text: string): void {
    if (!this.take(text)) throw this.invalid();
  }

  /** What the sticky expression matches here. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** `"a \"quoted\" text"` without its quotes. */
  quoted(): string | undefined {
    if (this.#text[this.#at] !== '"') return undefined;
    const found = this.match(/"(?:[^"\\]|\\.)*"/sy);
    if (found === undefined) throw this.invalid();
    return found.slice(1, -1).replace(/\\(["\\])/g, '$1');
  }

  /** `%expression%` */
  regex(): ((text: string) => boolean) | undefined {
    if (this.#text[this.#at] !== '%') return undefined;
    const found = this.match(/%(?:[^%\\]|\\.)*%/sy);
    if (found === undefined) throw this.invalid();
    this.#regexes++;
    if (this.#regexes > mostRegexes)
      throw this.invalid(`A filter pattern has at most ${mostRegexes} regular expressions`);
    return compileRegex(found.slice(1, -1), (why) => this.invalid(why));
  }

  invalid(why?: string) {
    return invalid(why ?? `Invalid filter pattern: '${this.#text.slice(0, 200)}'`);
  }
}
