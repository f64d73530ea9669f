/** Cuts a shell script into words, operators and redirections; quotes, variables and here-documents are read here. */
import { NotModelled } from './errors.ts';

export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  /** `$NAME`, `${NAME}`, `${NAME:-fallback}`; `?` for the last status, `1`… for arguments. */
  | { readonly kind: 'variable'; readonly name: string; readonly quoted: boolean; readonly fallback?: string };

export type Word = readonly WordPart[];

export interface Redirect {
  readonly kind: 'write' | 'append' | 'read' | 'here' | 'merge' | 'tee';
  /** 1 or 2; 0 for what is read; `both` for `&>`. */
  readonly from: 0 | 1 | 2 | 'both';
  /** The file, or the text of a here-document. `tee` is `> >(tee FILE …)`: shown as well. */
  readonly target: Word;
}

export class ShellSyntax extends NotModelled {
  readonly line: number;
  constructor(line: number, what: string) {
    super(`not modelled: line ${line}: ${what}`);
    this.line = line;
  }
}

export type Token =
  | { readonly kind: 'word'; readonly word: Word; readonly line: number }
  | { readonly kind: 'operator'; readonly text: string; readonly line: number }
  | { readonly kind: 'redirect'; readonly redirect: Redirect; readonly line: number };

/** Throws a `ShellSyntax` for what is not modelled. */
export function tokensOf(text: string, firstLine: number): readonly Token[] {
  return new Lexer(text, firstLine).tokens();
}

const operators = ['&&', '||', ';;', ';', '|', '&', '(', ')', '\n'];

class Lexer {
  readonly #text: string;
  #at = 0;
  #line: number;
  readonly #tokens: Token[] = [];
  /** Here-documents whose text begins after the present line. */
  #here: { readonly token: number; readonly end: string; readonly quoted: boolean; readonly tabs: boolean }[] = [];

  constructor(text: string, firstLine: number) {
    this.#text = text.replaceAll('\r\n', '\n');
    this.#line = firstLine;
  }

  tokens(): readonly Token[] {
    while (this.#skipBlanks()) {
      if (!this.#redirect() && !this.#operator()) this.#wordToken();
    }
    if (this.#here.length > 0) throw new ShellSyntax(this.#line, `a here-document without its end`);
    return this.#tokens;
  }

  #peek(length = 1): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  /** False at the end. */
  #skipBlanks(): boolean {
    for (;;) {
      const next = this.#peek();
      if (next === ' ' || next === '\t') this.#at++;
      else if (this.#peek(2) === '\\\n') {
        this.#at += 2;
        this.#line++;
      } else if (next === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else return this.#at < this.#text.length;
    }
  }

  #operator(): boolean {
    const text = operators.find((one) => this.#text.startsWith(one, this.#at));
    if (text === undefined) return false;
    if (text === '&' || text === '(' || text === ')' || text === ';;') {
      throw new ShellSyntax(this.#line, text === '&' ? 'a command in the background (`&`)' : `\`${text}\``);
    }
    this.#tokens.push({ kind: 'operator', text, line: this.#line });
    this.#at += text.length;
    if (text === '\n') {
      this.#line++;
      this.#hereDocuments();
    }
    return true;
  }

  #redirect(): boolean {
    const found = /^(?:(\d?)(<<<|<<-|<<|>>|>&|<&|>\||>|<)|(&>>|&>))/.exec(this.#peek(5));
    if (!found) return false;
    const [all, number = '', plain = '', both = ''] = found;
    const line = this.#line;
    if (number !== '' && !['0', '1', '2'].includes(number)) throw new ShellSyntax(line, `a redirection of ${all}`);
    if (plain === '<<<' || plain === '<&' || plain === '>|') throw new ShellSyntax(line, `\`${plain}\``);
    this.#at += all.length;
    const out = number === '2' ? 2 : 1;
    if (plain === '>&') {
      const to = this.#peek();
      if (!/[12]/.test(to)) throw new ShellSyntax(line, `\`>&${to}\``);
      this.#at++;
      const target: Word = [{ kind: 'text', text: to, quoted: true }];
      this.#add({ kind: 'merge', from: out, target }, line);
      return true;
    }
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++;
    if (plain === '>' && this.#tee(out, line)) return true;
    if (this.#peek() === '>' || this.#peek() === '<') throw new ShellSyntax(line, 'process substitution (`>(…)`)');
    const target = this.#word();
    if (target.length === 0) throw new ShellSyntax(line, `\`${all}\` without a file`);
    if (plain.startsWith('<<')) {
      const end = target.map((part) => (part.kind === 'text' ? part.text : '')).join('');
      const quoted = target.some((part) => part.quoted);
      this.#here.push({ token: this.#tokens.length, end, quoted, tabs: plain === '<<-' });
      this.#add({ kind: 'here', from: 0, target: [] }, line);
    } else if (plain === '<') this.#add({ kind: 'read', from: 0, target }, line);
    else {
      const append = plain === '>>' || both === '&>>';
      this.#add({ kind: append ? 'append' : 'write', from: both ? 'both' : out, target }, line);
    }
    return true;
  }

  /** The way AWS's examples log user data: what `tee` hands on to `logger` is on the console anyhow. */
  #tee(from: 1 | 2, line: number): boolean {
    const found = /^>\(\s*tee\s+(?:-a\s+)?([\w./-]+)\s*(?:\|\s*logger\b[^()`$]*)?\)/.exec(this.#peek(300));
    if (!found?.[1]) return false;
    this.#at += found[0].length;
    this.#add({ kind: 'tee', from, target: [{ kind: 'text', text: found[1], quoted: true }] }, line);
    return true;
  }

  #add(redirect: Redirect, line: number): void {
    this.#tokens.push({ kind: 'redirect', redirect, line });
  }

  #hereDocuments(): void {
    for (const { token, end, quoted, tabs } of this.#here) {
      const line = this.#line;
      let body = '';
      for (;;) {
        if (this.#at >= this.#text.length) throw new ShellSyntax(line, `a here-document without its end ${end}`);
        const stop = this.#text.indexOf('\n', this.#at);
        const raw = this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#text.length : stop + 1;
        this.#line++;
        const one = tabs ? raw.replace(/^\t+/, '') : raw;
        if (one === end) break;
        body += `${one}\n`;
      }
      const target = quoted ? [{ kind: 'text', text: body, quoted: true } as const] : expandable(body, line);
      this.#tokens[token] = { kind: 'redirect', redirect: { kind: 'here', from: 0, target }, line };
    }
    this.#here = [];
  }

  #wordToken(): void {
    const line = this.#line;
    const word = this.#word();
    this.#tokens.push({ kind: 'word', word, line });
  }

  #word(): Word {
    const parts: WordPart[] = [];
    let text = '';
    const flush = () => {
      if (text) parts.push({ kind: 'text', text, quoted: false });
      text = '';
    };
    for (;;) {
      const next = this.#peek();
      if (next === '' || /[\s;&|<>()]/.test(next)) break;
      if (next === '\\') {
        this.#at++;
        flush();
        if (this.#peek() === '\n') this.#line++;
        else parts.push({ kind: 'text', text: this.#peek(), quoted: true });
        this.#at++;
      } else if (next === "'") {
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new ShellSyntax(this.#line, "a ' without its end");
        flush();
        const quoted = this.#text.slice(this.#at + 1, end);
        parts.push({ kind: 'text', text: quoted, quoted: true });
        this.#line += quoted.split('\n').length - 1;
        this.#at = end + 1;
      } else if (next === '"') {
        flush();
        this.#doubleQuoted(parts);
      } else if (next === '$' || next === '`') {
        flush();
        const { part, length } = variableAt(this.#text, this.#at, false, this.#line);
        parts.push(part);
        this.#at += length;
      } else {
        if (/[*?[]/.test(next) && !isTest(next, text, parts, this.#text[this.#at + 1])) {
          throw new ShellSyntax(this.#line, `a file pattern with \`${next}\``);
        }
        if (next === '{' && /^\{[^{}\s]*,[^{}\s]*\}/.test(this.#text.slice(this.#at, this.#at + 300))) {
          throw new ShellSyntax(this.#line, 'braces with alternatives (`{a,b}`)');
        }
        text += next;
        this.#at++;
      }
    }
    flush();
    return parts;
  }

  #doubleQuoted(parts: WordPart[]): void {
    const start = this.#line;
    let text = '';
    const flush = () => {
      parts.push({ kind: 'text', text, quoted: true });
      text = '';
    };
    for (this.#at++; ; ) {
      const next = this.#peek();
      if (next === '') throw new ShellSyntax(start, 'a " without its end');
      if (next === '"') break;
      if (next === '\n') this.#line++;
      if (next === '\\' && /["\\$`\n]/.test(this.#text[this.#at + 1] ?? '')) {
        const escaped = this.#text[this.#at + 1] ?? '';
        if (escaped === '\n') this.#line++;
        else text += escaped;
        this.#at += 2;
      } else if (next === '$' || next === '`') {
        flush();
        const { part, length } = variableAt(this.#text, this.#at, true, this.#line);
        parts.push(part);
        this.#at += length;
      } else {
        text += next;
        this.#at++;
      }
    }
    this.#at++;
    flush();
  }
}

/** `[` alone is the test command, `[[` the shell's own. */
function isTest(next: string, text: string, parts: readonly WordPart[], after: string | undefined): boolean {
  if (next !== '[' || parts.length > 0) return false;
  return text === '[' || (text === '' && (after === undefined || /[\s[]/.test(after)));
}

function variableAt(text: string, at: number, quoted: boolean, line: number): { part: WordPart; length: number } {
  if (text[at] === '`') throw new ShellSyntax(line, 'command substitution (`…`)');
  const rest = text.slice(at, at + 4096);
  if (/^\$\(\(/.test(rest)) throw new ShellSyntax(line, 'arithmetic (`$((…))`)');
  if (/^\$\(/.test(rest)) throw new ShellSyntax(line, 'command substitution (`$(…)`)');
  const plain = /^\$([A-Za-z_]\w*|[?0-9@*#$!])/.exec(rest);
  if (plain?.[1]) {
    if (/[@*#$!]/.test(plain[1])) throw new ShellSyntax(line, `\`$${plain[1]}\``);
    return { part: { kind: 'variable', name: plain[1], quoted }, length: plain[0].length };
  }
  const braced = /^\$\{([A-Za-z_]\w*|\?)(?::?-([^}$`]*))?\}/.exec(rest);
  if (braced?.[1]) {
    const fallback = braced[2] === undefined ? {} : { fallback: braced[2] };
    return { part: { kind: 'variable', name: braced[1], quoted, ...fallback }, length: braced[0].length };
  }
  if (rest.startsWith('${')) throw new ShellSyntax(line, `\`${rest.slice(0, rest.indexOf('}') + 1) || '${'}\``);
  return { part: { kind: 'text', text: '$', quoted }, length: 1 };
}

/** The text of a here-document whose end was not quoted. */
function expandable(body: string, line: number): Word {
  const parts: WordPart[] = [];
  let text = '';
  for (let at = 0; at < body.length; ) {
    const here = line + body.slice(0, at).split('\n').length - 1;
    if (body[at] === '\\' && /[\\$`\n]/.test(body[at + 1] ?? '')) {
      if (body[at + 1] !== '\n') text += body[at + 1];
      at += 2;
    } else if (body[at] === '$' || body[at] === '`') {
      parts.push({ kind: 'text', text, quoted: true });
      text = '';
      const { part, length } = variableAt(body, at, true, here);
      parts.push(part);
      at += length;
    } else text += body[at++];
  }
  return [...parts, { kind: 'text', text, quoted: true }];
}
