/** Where the output of a script's commands goes: files of the instance, the next command, or the console. */
import { appendFile, writeFile } from 'node:fs/promises';
import type { InstanceFiles } from './instance-files.ts';
import type { Redirect, Word } from './shell-lexer.ts';

/** Where the two outputs go: a file here, `/dev/null`, the other one, or what is shown. */
type Aim = string | { readonly tee: string } | 1 | 2;
type Streams = Record<1 | 2, Aim | undefined>;

export interface Result {
  readonly status: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export class Output {
  /** Where output goes that a command does not redirect: changed by `exec > file`. */
  readonly #streams: Streams = { 1: undefined, 2: undefined };
  readonly #files: InstanceFiles;
  readonly #show: (text: string) => void;

  constructor(files: InstanceFiles, show: (text: string) => void) {
    this.#files = files;
    this.#show = show;
  }

  /** `exec > file`: from here on output goes there. */
  async redirectAll(redirects: readonly Redirect[], cwd: string, textOf: (word: Word) => string): Promise<void> {
    for (const redirect of redirects) await this.#aim(redirect, cwd, textOf, this.#streams);
  }

  /** Sends output where it is redirected to; the rest of it is shown, or goes on into the pipe. */
  async send(
    result: Result,
    redirects: readonly Redirect[],
    last: boolean,
    cwd: string,
    textOf: (word: Word) => string,
  ): Promise<Result> {
    const to: Streams = { ...this.#streams, ...(last ? {} : { 1: undefined }) };
    for (const redirect of redirects) await this.#aim(redirect, cwd, textOf, to);
    const piped: string[] = [];
    for (const stream of [1, 2] as const) {
      const text = (stream === 1 ? result.stdout : result.stderr) ?? '';
      const aim = to[stream] ?? stream;
      if (aim === 1 && !last) piped.push(text);
      else await this.#write(aim, text);
    }
    return { status: result.status, stdout: piped.join('') };
  }

  async #write(aim: Aim, text: string): Promise<void> {
    if (text === '' || aim === '/dev/null') return;
    if (typeof aim === 'string') await appendFile(aim, text);
    else if (typeof aim === 'object') {
      await appendFile(aim.tee, text);
      this.#show(text);
    } else this.#show(text);
  }

  async emit(stream: 1 | 2, text: string): Promise<void> {
    await this.#write(this.#streams[stream] ?? stream, text);
  }

  async #aim(redirect: Redirect, cwd: string, textOf: (word: Word) => string, to: Streams): Promise<void> {
    const { kind, from } = redirect;
    if (from === 0 || kind === 'here' || kind === 'read') return;
    const name = textOf(redirect.target);
    if (kind === 'merge') {
      const other = name === '2' ? 2 : 1;
      if (from !== 'both') to[from] = to[other] ?? other;
      return;
    }
    if (kind === 'tee') {
      to[from === 2 ? 2 : 1] = { tee: await this.#files.locate(name, cwd) };
      return;
    }
    let place = name;
    if (name !== '/dev/null') {
      place = await this.#files.locate(name, cwd);
      if (kind === 'write') await writeFile(place, '');
    }
    if (from === 'both') Object.assign(to, { 1: place, 2: place });
    else to[from] = place;
  }
}
