/** The small programs that work on files and text, inside the instance's folder. */
import { chmod, cp, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { BootError, messageOf, NotModelled } from './errors.ts';
import type { CommandCall, CommandResult, Program } from './shell.ts';

const ok: CommandResult = { status: 0 };

/** Undefined for a program that is not among them. */
export function fileProgram(name: string): Program | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Splits options from operands. An option that is not allowed is not modelled. */
function operands(call: CommandCall, allowed: string): readonly string[] {
  const names: string[] = [];
  let done = false;
  for (const arg of call.args) {
    if (arg === '--' && !done) done = true;
    else if (!done && /^-./.test(arg)) {
      const strange = [...arg.slice(1)].find((letter) => !allowed.includes(letter));
      if (arg.startsWith('--') || strange !== undefined) throw new NotModelled(`not modelled: ${call.name} ${arg}`);
    } else names.push(arg);
  }
  return names;
}

function has(call: CommandCall, letter: string): boolean {
  return call.args.some((arg) => /^-[A-Za-z]+$/.test(arg) && arg.includes(letter));
}

const place = (call: CommandCall, path: string) => call.guest.files.locate(path, call.cwd);

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The place a copied or moved thing gets: inside the target when that is a folder. */
async function targetOf(call: CommandCall, source: string, target: string): Promise<string> {
  const to = await place(call, target);
  return (await isFolder(to)) ? await place(call, posix.join(target, posix.basename(source))) : to;
}

const table: Readonly<Record<string, Program>> = {
  ':': () => ok,
  true: () => ok,
  false: () => ({ status: 1 }),
  echo(call) {
    const [first, ...rest] = call.args;
    const flags = first !== undefined && /^-[neE]+$/.test(first) ? first : '';
    const text = (flags ? rest : call.args).join(' ');
    const shown = flags.includes('e') ? text.replaceAll('\\n', '\n').replaceAll('\\t', '\t') : text;
    return { status: 0, stdout: flags.includes('n') ? shown : `${shown}\n` };
  },
  printf(call) {
    const [format = '', ...args] = call.args;
    let next = 0;
    const text = format.replace(/%[sd%]|\\n|\\t/g, (found) =>
      found === '%%' ? '%' : found === '\\n' ? '\n' : found === '\\t' ? '\t' : (args[next++] ?? ''),
    );
    if (/%[^%\s]/.test(format.replace(/%[sd%]/g, ''))) throw new NotModelled(`not modelled: printf '${format}'`);
    return { status: 0, stdout: text };
  },
  async cat(call) {
    const names = operands(call, '');
    if (names.length === 0) return { status: 0, stdout: call.stdin };
    const texts = await Promise.all(names.map(async (name) => await readFile(await place(call, name), 'utf8')));
    return { status: 0, stdout: texts.join('') };
  },
  async tee(call) {
    for (const name of operands(call, 'a')) {
      await writeFile(await place(call, name), call.stdin, { flag: has(call, 'a') ? 'a' : 'w' });
    }
    return { status: 0, stdout: call.stdin };
  },
  async mkdir(call) {
    const args = call.args.filter((arg, index) => arg !== '-m' && call.args[index - 1] !== '-m');
    for (const name of operands({ ...call, args }, 'pv')) {
      await mkdir(await place(call, name), { recursive: has(call, 'p') });
    }
    return ok;
  },
  async touch(call) {
    for (const name of operands(call, '')) {
      const at = await place(call, name);
      await writeFile(at, '', { flag: 'a' });
      const now = call.guest.host.clock.date();
      await utimes(at, now, now);
    }
    return ok;
  },
  async rm(call) {
    const names = operands(call, 'rfRv');
    for (const name of names) {
      // The link itself goes, wherever it leads; only its folder must be the instance's.
      const path = posix.resolve('/', call.cwd, name);
      if (path === '/') throw new BootError("it is dangerous to operate recursively on '/'");
      await place(call, posix.dirname(path));
      const recursive = has(call, 'r') || has(call, 'R');
      await rm(call.guest.files.place(path), { recursive, force: has(call, 'f') });
    }
    return ok;
  },
  async cp(call) {
    const names = [...operands(call, 'rRapfv')];
    const target = names.pop() ?? '';
    const recursive = ['r', 'R', 'a'].some((letter) => has(call, letter));
    for (const name of names) {
      const from = await place(call, name);
      if ((await isFolder(from)) && !recursive) throw new BootError(`-r not specified; omitting directory '${name}'`);
      await cp(from, await targetOf(call, name, target), { recursive, verbatimSymlinks: true });
    }
    return ok;
  },
  async mv(call) {
    const names = [...operands(call, 'fv')];
    const target = names.pop() ?? '';
    for (const name of names) await rename(await place(call, name), await targetOf(call, name, target));
    return ok;
  },
  async ln(call) {
    const [target, path] = operands(call, 'sfnv');
    if (target === undefined || path === undefined || !has(call, 's')) {
      throw new NotModelled(`not modelled: ln ${call.args.join(' ')}`);
    }
    const at = posix.resolve('/', call.cwd, path);
    const inFolder = !has(call, 'n') && (await isFolder(call.guest.files.place(at)));
    await call.guest.files.link(target, inFolder ? posix.join(at, posix.basename(target)) : at);
    return ok;
  },
  async chmod(call) {
    const [mode = '', ...names] = call.args.filter((arg) => !/^-[Rv]$/.test(arg));
    for (const name of names) {
      const at = await place(call, name);
      await chmod(at, changedMode(mode, (await stat(at)).mode & 0o7777));
    }
    return ok;
  },
  chown: changeOwner,
  chgrp: changeOwner,
  async test(call) {
    return { status: (await holds(call, call.args)) ? 0 : 1 };
  },
  async '['(call) {
    if (call.args.at(-1) !== ']') throw new BootError("missing `]'");
    return { status: (await holds(call, call.args.slice(0, -1))) ? 0 : 1 };
  },
  async wc(call) {
    const [name] = operands(call, 'l');
    const text = name === undefined ? call.stdin : await readFile(await place(call, name), 'utf8');
    return { status: 0, stdout: `${text.split('\n').length - 1}\n` };
  },
  pwd: ({ cwd }) => ({ status: 0, stdout: `${cwd}\n` }),
  date: ({ guest }) => ({ status: 0, stdout: `${guest.host.clock.date().toUTCString()}\n` }),
};

/** All files are this machine's user's: only the names are checked, as Linux would. */
async function changeOwner(call: CommandCall): Promise<CommandResult> {
  const [owner = '', ...names] = operands(call, 'Rvh');
  const [user = '', group] = call.name.endsWith('chgrp') ? ['', owner] : owner.split(':');
  const { accounts } = call.guest;
  if (user !== '' && !(await accounts.hasUser(user))) throw new BootError(`invalid user: '${owner}'`);
  if (group && !(await accounts.hasGroup(group))) throw new BootError(`invalid group: '${owner}'`);
  for (const name of names) {
    await stat(await place(call, name)).catch((error: unknown) => {
      throw new BootError(`cannot access '${name}': ${messageOf(error)}`);
    });
  }
  return ok;
}

/** `755`, `u+x`, `a+rx`, `+x`, `go-w`. */
export function changedMode(text: string, before: number): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  let mode = before;
  for (const clause of text.split(',')) {
    const found = /^([ugoa]*)([-+=])([rwx]+)$/.exec(clause);
    if (!found) throw new NotModelled(`not modelled: chmod ${text}`);
    const [, who = '', how, what = ''] = found;
    const bits = (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (what.includes('x') ? 1 : 0);
    for (const [letter, shift] of [
      ['u', 6],
      ['g', 3],
      ['o', 0],
    ] as const) {
      // biome-ignore format: a small table
      if (who !== '' && !who.includes('a') && !who.includes(letter)) continue;
      if (how === '=') mode &= ~(7 << shift);
      mode = how === '-' ? mode & ~(bits << shift) : mode | (bits << shift);
    }
  }
  return mode;
}

async function holds(call: CommandCall, args: readonly string[]): Promise<boolean> {
  const [a = '', b, c] = args;
  if (a === '!') return !(await holds(call, args.slice(1)));
  if (args.length === 1) return a !== '';
  if (args.length === 2 && b !== undefined) {
    if (a === '-n') return b !== '';
    if (a === '-z') return b === '';
    const found = await stat(await place(call, b)).catch(() => undefined);
    if (a === '-e') return found !== undefined;
    if (a === '-f') return found?.isFile() ?? false;
    if (a === '-d') return found?.isDirectory() ?? false;
    if (a === '-s') return (found?.size ?? 0) > 0;
    if (a === '-r' || a === '-w') return found !== undefined;
    if (a === '-x') return ((found?.mode ?? 0) & 0o111) !== 0;
  }
  if (args.length === 3 && c !== undefined) {
    const numbers = { '-eq': 0, '-ne': 1, '-lt': 2, '-le': 3, '-gt': 4, '-ge': 5 } as const;
    if (b === '=' || b === '==') return a === c;
    if (b === '!=') return a !== c;
    if (b !== undefined && Object.hasOwn(numbers, b)) {
      const [x, y] = [Number(a), Number(c)];
      return [x === y, x !== y, x < y, x <= y, x > y, x >= y][numbers[b as keyof typeof numbers]] ?? false;
    }
  }
  throw new NotModelled(`not modelled: test ${args.join(' ')}`);
}
