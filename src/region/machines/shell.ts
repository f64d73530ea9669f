/**
 * Runs boot scripts inside an instance. Every command is a function of this process: no shell of this machine is
 * started, and a script with an unknown command is refused before its first one runs.
 */
import { readFile } from 'node:fs/promises';
import { gist, messageOf, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import { ShellSyntax, type Word } from './shell-lexer.ts';
import { Output } from './shell-output.ts';
import { assignmentOf, bareText, type Command, parseShell, type Step } from './shell-parse.ts';
import { Exit, Variables } from './shell-variables.ts';

export interface CommandResult {
  readonly status: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** What a signal said that failed because nobody waits for it. */
  readonly unheard?: 'SUCCESS' | 'FAILURE';
}

/** What a command is run with. */
export interface CommandCall {
  readonly guest: Guest;
  /** The name it was called by. */
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly cwd: string;
  /** Exported variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly line: number;
}

export type Program = (call: CommandCall) => CommandResult | Promise<CommandResult>;

/** A program by the name or path it is called by; undefined when it is not modelled. */
export type Programs = (name: string) => Program | undefined;

export interface ShellRun {
  readonly programs: Programs;
  readonly guest: Guest;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what is not sent to a file. */
  readonly output: (text: string) => void;
  readonly signal: AbortSignal;
}

type Option = 'errexit' | 'nounset' | 'xtrace' | 'pipefail';

const builtins = new Set(['set', 'cd', 'export', 'exit', 'exec', 'trap', 'unset', 'shopt', 'umask', 'sleep']);

/**
 * Everything in a script that is not modelled, `line N: …` each; nothing is run. Empty when all of it is.
 */
export function unmodelled(script: string, programs: Programs): readonly string[] {
  let steps: readonly Step[];
  try {
    steps = parseShell(script);
  } catch (error) {
    if (error instanceof ShellSyntax) return [error.message.replace(/^not modelled: /, '')];
    throw error;
  }
  const found: string[] = [];
  for (const command of steps.flatMap((step) => step.pipeline)) {
    const [first, second] = command.words;
    const name = first && bareText(first);
    if (first === undefined) continue;
    if (name === undefined) found.push(`line ${command.line}: a command whose name is a variable or quoted`);
    else if (name === 'exec') {
      if (second) found.push(`line ${command.line}: \`exec\` of a program`);
    } else if (!builtins.has(name) && !programs(name)) found.push(`line ${command.line}: the command \`${name}\``);
  }
  return found;
}

/** Runs a script and returns its exit status. Throws `NotModelled`. */
export async function runShell(script: string, run: ShellRun): Promise<number> {
  const problems = unmodelled(script, run.programs);
  if (problems.length > 0) throw new NotModelled(`not modelled: ${problems.join('; ')}`);
  return await new Shell(run).script(parseShell(script));
}

class Shell {
  readonly #run: ShellRun;
  readonly #variables: Variables;
  readonly #output: Output;
  #cwd: string;
  readonly #options: Record<Option, boolean> = { errexit: false, nounset: false, xtrace: false, pipefail: false };
  readonly #traps = new Map<string, string>();

  constructor(run: ShellRun) {
    this.#run = run;
    this.#cwd = run.cwd ?? '/';
    this.#variables = new Variables(run.env ?? {});
    this.#output = new Output(run.guest.files, run.output);
  }

  async script(steps: readonly Step[]): Promise<number> {
    let status: number;
    try {
      await this.#steps(steps);
      status = this.#variables.status;
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      status = error.status;
      if (error.message) await this.#output.emit(2, `${error.message}\n`);
    }
    const last = this.#traps.get('EXIT');
    if (last === undefined) return status;
    this.#traps.clear();
    this.#variables.status = status;
    try {
      await this.#steps(parseShell(last));
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      return error.status;
    }
    return status;
  }

  async #steps(steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      this.#run.signal.throwIfAborted();
      if (step.join === '&&' && this.#variables.status !== 0) continue;
      if (step.join === '||' && this.#variables.status === 0) continue;
      const status = await this.#pipeline(step);
      this.#variables.status = step.negated ? Number(status === 0) : status;
      // `set -e` does not look at what is tested by `&&`, `||` or `!`.
      const next = steps[index + 1];
      if (this.#variables.status === 0 || step.negated || (next && next.join !== ';')) continue;
      const trap = this.#traps.get('ERR');
      if (trap !== undefined) {
        const failed = this.#variables.status;
        this.#traps.delete('ERR');
        await this.#steps(parseShell(trap));
        this.#variables.status = failed;
        this.#traps.set('ERR', trap);
      }
      if (this.#options.errexit) throw new Exit(this.#variables.status);
    }
  }

  async #pipeline(step: Step): Promise<number> {
    let stdin = '';
    let failed = 0;
    let status = 0;
    for (const [index, command] of step.pipeline.entries()) {
      const last = index === step.pipeline.length - 1;
      const result = await this.#command(command, stdin, last);
      stdin = result.stdout ?? '';
      status = result.status;
      if (status !== 0) failed = status;
    }
    return this.#options.pipefail && status === 0 ? failed : status;
  }

  async #command(command: Command, given: string, last: boolean): Promise<CommandResult> {
    const { line } = command;
    const assigned = command.assignments.map(({ name, value }) => [name, this.#variables.joined(value, line)] as const);
    const [name, ...args] = command.words.flatMap((word) => this.#variables.fields(word, line));
    if (this.#options.xtrace) {
      await this.#output.emit(
        2,
        `+ ${[...assigned.map(([key, value]) => `${key}=${value}`), name, ...args].join(' ')}\n`,
      );
    }
    if (name === undefined) {
      for (const [key, value] of assigned) this.#variables.values.set(key, value);
      return await this.#send({ status: 0 }, command, last);
    }
    if (name === 'exec') {
      await this.#output.redirectAll(command.redirects, this.#cwd, (word) => this.#variables.joined(word, line));
      return { status: 0 };
    }
    const builtin = await this.#builtin(name, args, command);
    if (builtin !== undefined) return await this.#send({ status: builtin }, command, last);
    const program = this.#run.programs(name);
    if (!program) throw new ShellSyntax(line, `the command \`${name}\``);
    const env = this.#variables.environment(assigned);
    const stdin = await this.#input(command, given);
    let result: CommandResult;
    try {
      result = await program({ guest: this.#run.guest, name, args, stdin, cwd: this.#cwd, env, line });
    } catch (error) {
      if (error instanceof NotModelled && !/line \d|AWS::CloudFormation/.test(error.message)) {
        throw new ShellSyntax(line, error.message.replace(/^not modelled: /, ''));
      }
      if (error instanceof NotModelled || this.#run.signal.aborted) throw error;
      result = { status: 1, stderr: `${name}: ${messageOf(error)}\n` };
    }
    if (result.status !== 0) this.#failed(result);
    return await this.#send(result, command, last);
  }

  /** What is to be known of it at the end of the boot: what went wrong before a signal of failure is still its cause. */
  #failed({ stderr, unheard }: CommandResult): void {
    const { signals } = this.#run.guest;
    if (unheard === undefined) {
      signals.onlyUnheard = false;
      if (stderr) signals.lastError = gist(stderr);
    } else if (unheard === 'SUCCESS') signals.onlyUnheard = true;
  }

  /** The status of a builtin, undefined for other commands. */
  async #builtin(name: string, args: readonly string[], command: Command): Promise<number | undefined> {
    const { line } = command;
    switch (name) {
      case 'set':
        this.#set(args, line);
        return 0;
      case 'cd': {
        const { files } = this.#run.guest;
        this.#cwd = files.nameOf(files.place(args[0] ?? '/root', this.#cwd));
        return 0;
      }
      case 'export':
        for (const word of command.words.slice(1)) {
          const assignment = assignmentOf(word);
          if (assignment) this.#variables.values.set(assignment.name, this.#variables.joined(assignment.value, line));
          this.#variables.exported.add(assignment?.name ?? this.#variables.joined(word, line));
        }
        return 0;
      case 'unset':
        for (const one of args) this.#variables.values.delete(one);
        return 0;
      case 'exit':
        throw new Exit(args[0] === undefined ? this.#variables.status : Number(args[0]) & 255);
      case 'trap': {
        const [action = '', ...events] = args;
        for (const event of events) {
          if (event !== 'EXIT' && event !== 'ERR') throw new ShellSyntax(line, `\`trap\` on ${event}`);
          const problems = unmodelled(action, this.#run.programs);
          if (problems.length > 0) throw new ShellSyntax(line, `in its trap: ${problems.join('; ')}`);
          this.#traps.set(event, action);
        }
        return 0;
      }
      case 'sleep':
        if (!/^\d+(\.\d+)?$/.test(args[0] ?? '')) throw new ShellSyntax(line, `\`sleep ${args.join(' ')}\``);
        // What is waited for are programs, which take real time.
        await this.#run.guest.host.clock.sleep(
          Number(args[0]) * 1000 * this.#run.guest.host.clock.scale,
          this.#run.signal,
        );
        return 0;
      case 'shopt':
      case 'umask':
        throw new ShellSyntax(line, `\`${name}\``);
      default:
        return undefined;
    }
  }

  #set(args: readonly string[], line: number): void {
    const byLetter: Record<string, Option> = { e: 'errexit', u: 'nounset', x: 'xtrace' };
    for (let index = 0; index < args.length; index++) {
      const arg = args[index] ?? '';
      const on = arg.startsWith('-');
      for (const letter of arg.slice(1)) {
        const named = letter === 'o' ? args[++index] : byLetter[letter];
        if (named === undefined || !Object.hasOwn(this.#options, named) || !/^[-+]/.test(arg)) {
          throw new ShellSyntax(line, `\`set ${args.join(' ')}\``);
        }
        this.#options[named as Option] = on;
        this.#variables.nounset = this.#options.nounset;
      }
    }
  }

  async #input(command: Command, given: string): Promise<string> {
    let stdin = given;
    for (const redirect of command.redirects) {
      if (redirect.kind === 'here') stdin = this.#variables.joined(redirect.target, command.line);
      else if (redirect.kind === 'read') {
        const path = this.#variables.joined(redirect.target, command.line);
        stdin = await readFile(await this.#run.guest.files.locate(path, this.#cwd), 'utf8');
      }
    }
    return stdin;
  }

  #send(result: CommandResult, command: Command, last: boolean): Promise<CommandResult> {
    const textOf = (word: Word) => this.#variables.joined(word, command.line);
    return this.#output.send(result, command.redirects, last, this.#cwd, textOf);
  }
}
