/**
 * Reads the part of the shell's language that boot scripts are written in: commands with quotes, variables, redirections
 * and here-documents, joined by newlines, `;`, `&&`, `||` and `|`. Anything else is named with its line.
 */
import { type Redirect, ShellSyntax, tokensOf, type Word } from './shell-lexer.ts';

export interface Command {
  readonly line: number;
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** A pipeline, and how it is joined to the one before it. */
export interface Step {
  readonly join: ';' | '&&' | '||';
  readonly negated: boolean;
  readonly pipeline: readonly Command[];
}

const reserved = new Set(
  'if then elif else fi for while until do done case esac select function time { } [[ coproc'.split(' '),
);
const mostSteps = 10_000;

/** Throws a `ShellSyntax` for what it cannot read. */
export function parseShell(text: string, firstLine = 1): readonly Step[] {
  const tokens = tokensOf(text, firstLine);
  const steps: Step[] = [];
  let join: Step['join'] = ';';
  let pipeline: Command[] = [];
  let negated = false;
  let draft = emptyDraft(firstLine);

  const endCommand = (line: number, needed: boolean) => {
    const empty = draft.words.length + draft.assignments.length + draft.redirects.length === 0;
    if (empty && needed) throw new ShellSyntax(line, 'a command is missing');
    if (!empty) pipeline.push(draft);
    draft = emptyDraft(line);
  };
  const endPipeline = (line: number, next: Step['join'], needed: boolean) => {
    endCommand(line, needed || pipeline.length > 0 || join !== ';');
    if (pipeline.length > 0) steps.push({ join, negated, pipeline });
    if (steps.length > mostSteps) throw new ShellSyntax(line, `a script of more than ${mostSteps} commands`);
    pipeline = [];
    negated = false;
    join = next;
  };

  for (const token of tokens) {
    if (token.kind === 'operator') {
      if (token.text === '|') endCommand(token.line, true);
      else if (token.text === '&&' || token.text === '||') endPipeline(token.line, token.text, true);
      // A line may end after `&&`, `||` and `|`.
      else if (token.text !== '\n' || !(atStart(draft) && (pipeline.length > 0 || join !== ';')))
        endPipeline(token.line, ';', false);
    } else if (token.kind === 'redirect') {
      draft.redirects.push(token.redirect);
    } else {
      if (atStart(draft)) draft.line = token.line;
      const bare = bareText(token.word);
      if (draft.words.length === 0 && bare !== undefined) {
        if (reserved.has(bare)) throw new ShellSyntax(token.line, `\`${bare}\``);
        if (bare === '!' && pipeline.length === 0 && draft.assignments.length === 0) {
          negated = true;
          continue;
        }
      }
      const assignment = draft.words.length === 0 ? assignmentOf(token.word) : undefined;
      if (assignment) draft.assignments.push(assignment);
      else draft.words.push(token.word);
    }
  }
  endPipeline(tokens[tokens.length - 1]?.line ?? firstLine, ';', join !== ';');
  return steps;
}

interface Draft extends Command {
  line: number;
  readonly assignments: { name: string; value: Word }[];
  readonly words: Word[];
  readonly redirects: Redirect[];
}

function emptyDraft(line: number): Draft {
  return { line, assignments: [], words: [], redirects: [] };
}

function atStart(draft: Draft): boolean {
  return draft.words.length + draft.assignments.length + draft.redirects.length === 0;
}

/** The text of a word without quotes or variables. */
export function bareText(word: Word): string | undefined {
  const [only, more] = word;
  return only?.kind === 'text' && !only.quoted && more === undefined ? only.text : undefined;
}

/** `NAME=value` */
export function assignmentOf(word: Word): { name: string; value: Word } | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const found = /^([A-Za-z_]\w*)=(.*)$/s.exec(first.text);
  if (!found?.[1]) return undefined;
  const text = found[2] ?? '';
  return { name: found[1], value: text === '' ? rest : [{ kind: 'text', text, quoted: false }, ...rest] };
}
