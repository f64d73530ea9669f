import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShellSyntax, type Word } from './shell-lexer.ts';
import { parseShell, type Step } from './shell-parse.ts';

const text = (word: Word) =>
  word
    .map((part) => (part.kind === 'text' ? part.text : `<${part.name}${part.fallback ? `:${part.fallback}` : ''}>`))
    .join('');
const brief = (steps: readonly Step[]) =>
  steps.map(
    (step) =>
      `${step.join}${step.negated ? '!' : ''} ${step.pipeline
        .map((command) =>
          [
            ...command.assignments.map(({ name, value }) => `${name}:=${text(value)}`),
            ...command.words.map(text),
            ...command.redirects.map(({ kind, from, target }) => `{${kind} ${from} ${text(target)}}`),
          ].join(' '),
        )
        .join(' | ')}`,
  );

describe('reading a script', () => {
  const cases: [string, string, string[]][] = [
    ['a comment and a blank line', '# no\n\n  echo yes # no\n', ['; echo yes']],
    ['joins', 'a && b || c; d\ne', ['; a', '&& b', '|| c', '; d', '; e']],
    ['a line that goes on', 'a \\\n  b &&\n c', ['; a b', '&& c']],
    ['quotes', `echo 'a $b' "c $d \\" \\$e" f\\ g"h"`, ['; echo a $b c <d> " $e f gh']],
    ['variables', 'A=1 B="$A" x ${A} ${C:-no} $?', ['; A:=1 B:=<A> x <A> <C:no> <?>']],
    ['a pipe and a negation', '! a | b', [';! a | b']],
    [
      'redirections',
      'a > f 2>&1 >> g 2> /dev/null < h',
      ['; a {write 1 f} {merge 2 1} {append 1 g} {write 2 /dev/null} {read 0 h}'],
    ],
    ['a here-document', "cat <<'EOF' > /f\n$a `b`\nEOF\nnext", ['; cat {here 0 $a `b`\n} {write 1 /f}', '; next']],
    ['a here-document with variables', 'cat <<-EOF\n\tone ${A}\n\tEOF\n', ['; cat {here 0 one <A>\n}']],
    ['words that only look reserved', 'echo if then', ['; echo if then']],
    ['a number before a redirection', 'echo a2>f', ['; echo a2 {write 1 f}']],
  ];
  it.each(cases)('%s', (_name, script, expected) => {
    expect(brief(parseShell(script))).toEqual(expected);
  });

  const refused: [string, string][] = [
    ['true\nif a; then b; fi', 'line 2: `if`'],
    ['a &', 'line 1: a command in the background'],
    ['a\n\nb $(c)', 'line 3: command substitution'],
    ['a `b`', 'command substitution'],
    ['f() { a; }', '`(`'],
    ['a > >(grep x)', 'process substitution'],
    ['a < <(b)', 'process substitution'],
    ['rm /opt/*', 'a file pattern with `*`'],
    ['mkdir /opt/{a,b}', 'braces with alternatives'],
    ["echo 'a", "a ' without its end"],
    ['echo "a', 'a " without its end'],
    ['cat <<EOF\na', 'a here-document without its end EOF'],
    ['a &&', 'a command is missing'],
    ['&& a', 'a command is missing'],
    ['a || ; b', 'a command is missing'],
    ['echo $((1+1))', 'arithmetic'],
    ['echo ${a//b/c}', '`${a//b/c}`'],
    ['[[ -f a ]]', '`[[`'],
    ['a <<< b', '`<<<`'],
  ];
  it.each(refused)('says what it cannot read of %j', (script, message) => {
    expect(() => parseShell(script)).toThrow(ShellSyntax);
    expect(() => parseShell(script)).toThrow(message);
  });

  it('reads or refuses anything, and never fails otherwise', () => {
    const characters = fc.constantFrom(...'ab$"\'\\{}()<>|&;# \n\t=12?-EOF*[]`~');
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 60 }), (script) => {
        try {
          parseShell(script);
        } catch (error) {
          expect(error).toBeInstanceOf(ShellSyntax);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
