/**
 * The regular expressions of filter patterns: a small kind without groups, run in time that grows with the text alone,
 * whatever a client makes up. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
 */
import type { Fault } from '../../wire/fault.ts';

type Accepts = (code: number) => boolean;

/** One character of the text, which may be left out, or come again. */
interface Step {
  readonly accepts: Accepts;
  readonly optional: boolean;
  readonly again: boolean;
}

interface Branch {
  readonly fromStart: boolean;
  readonly toEnd: boolean;
  readonly steps: readonly Step[];
}

/** After repetitions are written out. */
const mostSteps = 500;
/** What may stand for itself; the rest of ASCII's punctuation is refused, or must be escaped. */
const literal = /[A-Za-z0-9:_#=@/;,\- ]/y;

/** @param refuse makes the fault for what is no such expression */
export function compileRegex(source: string, refuse: (why: string) => Fault): (text: string) => boolean {
  const branches = new Parser(source, refuse).branches();
  return (text) => branches.some((branch) => runs(branch, text));
}

/** Follows all ways through the branch at once. */
function runs({ fromStart, toEnd, steps }: Branch, text: string): boolean {
  let here = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  for (let at = 0; at <= text.length; at++) {
    if (at === 0 || !fromStart) here[0] = 1;
    for (const [index, { optional }] of steps.entries()) if (here[index] && optional) here[index + 1] = 1;
    if (here[steps.length] && (!toEnd || at === text.length)) return true;
    const code = text.charCodeAt(at);
    next.fill(0);
    let alive = !fromStart;
    for (const [index, { accepts, again }] of steps.entries()) {
      if (!here[index] || !accepts(code)) continue;
      alive = true;
      next[index + 1] = 1;
      if (again) next[index] = 1;
    }
    if (!alive) return false;
    [here, next] = [next, here];
  }
  return false;
}

const digits: Accepts = (code) => code >= 48 && code <= 57;
const wordCharacters: Accepts = (code) =>
  digits(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const spaces: Accepts = (code) => code === 32 || (code >= 9 && code <= 13);
const classes: Readonly<Record<string, Accepts>> = {
  d: digits,
  w: wordCharacters,
  s: spaces,
  D: (code) => !digits(code),
  W: (code) => !wordCharacters(code),
  S: (code) => !spaces(code),
};

class Parser {
  readonly #source: string;
  readonly #refuse: (why: string) => Fault;
  #at = 0;
  #count = 0;

  constructor(source: string, refuse: (why: string) => Fault) {
    this.#source = source;
    this.#refuse = refuse;
  }

  branches(): Branch[] {
    const branches = [this.#branch()];
    while (this.#take('|')) branches.push(this.#branch());
    if (this.#at < this.#source.length || this.#count === 0) throw this.#invalid();
    return branches;
  }

  #branch(): Branch {
    const fromStart = this.#take('^');
    const steps: Step[] = [];
    for (let accepts = this.#one(); accepts; accepts = this.#one()) {
      const [least, most] = this.#times();
      this.#count += Math.max(least, most === Number.POSITIVE_INFINITY ? 1 : most);
      if (this.#count > mostSteps)
        throw this.#refuse(`Regular expressions of more than ${mostSteps} steps are not modelled by Orrery`);
      if (most === Number.POSITIVE_INFINITY) {
        for (let n = 1; n < least; n++) steps.push({ accepts, optional: false, again: false });
        steps.push({ accepts, optional: least === 0, again: true });
      } else {
        for (let n = 0; n < most; n++) steps.push({ accepts, optional: n >= least, again: false });
      }
    }
    return { fromStart, toEnd: this.#take('$'), steps };
  }

  /** A character, `.`, an escape or a class in brackets; undefined where something else comes. */
  #one(): Accepts | undefined {
    if (this.#take('.')) return () => true;
    if (this.#take('[')) return this.#brackets();
    if (this.#take('\\')) return this.#escaped();
    const character = this.#match(literal);
    return character === undefined ? undefined : exactly(character.charCodeAt(0));
  }

  #escaped(): Accepts {
    const hex = this.#match(/x[0-9A-Fa-f]{2}/y);
    if (hex) return exactly(Number.parseInt(hex.slice(1), 16));
    const character = this.#match(/[\x20-\x7e]/y);
    const known = character === undefined ? undefined : classes[character];
    if (known) return known;
    if (character === undefined || /[A-Za-z0-9]/.test(character)) throw this.#invalid();
    return exactly(character.charCodeAt(0));
  }

  #brackets(): Accepts {
    const negated = this.#take('^');
    const parts: Accepts[] = [];
    while (!this.#take(']')) {
      if (this.#take('\\')) {
        parts.push(this.#escaped());
        continue;
      }
      const range = this.#match(/[A-Za-z0-9]-[A-Za-z0-9]/y);
      if (range) {
        const [from, to] = [range.charCodeAt(0), range.charCodeAt(2)];
        if (from > to) throw this.#invalid();
        parts.push((code) => code >= from && code <= to);
        continue;
      }
      const character = this.#match(/[A-Za-z0-9:_#=@/;,\- ^$?{}|*+.]/y);
      if (character === undefined) throw this.#invalid();
      parts.push(exactly(character.charCodeAt(0)));
    }
    if (parts.length === 0) throw this.#invalid();
    return (code) => parts.some((part) => part(code)) !== negated;
  }

  #times(): readonly [number, number] {
    if (this.#take('?')) return [0, 1];
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    const counted = this.#match(/\{\d{1,4}(?:,\d{0,4})?\}/y);
    if (counted === undefined) return [1, 1];
    const [least = '', most] = counted.slice(1, -1).split(',');
    const times = [
      Number(least),
      most === undefined ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most),
    ] as const;
    if (times[0] > times[1]) throw this.#invalid();
    return times;
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#source)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #invalid(): Fault {
    return this.#refuse(`Invalid regular expression: '%${this.#source}%'`);
  }
}

const exactly =
  (wanted: number): Accepts =>
  (code) =>
    code === wanted;
