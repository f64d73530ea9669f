/**
 * The programs of Amazon Linux that boot scripts, commands of `AWS::CloudFormation::Init` and units may call, each a
 * function that works inside the instance's folder. What is not listed here is not modelled, and is said to be so.
 */
import { agentControl } from './agent-control.ts';
import { cfnInitProgram, cfnSignalProgram } from './cfn-programs.ts';
import { BootError, NotModelled } from './errors.ts';
import { fileProgram } from './file-programs.ts';
import type { CommandCall, CommandResult, Program, Programs } from './shell.ts';

const programFolders = /^\/(?:usr\/local\/|usr\/)?s?bin\//;

/** By name, or by path in one of the system's folders. */
export const programs: Programs = (called) => {
  const name = called.replace(programFolders, '');
  if (Object.hasOwn(known, name)) return known[name];
  return fileProgram(name);
};

const known: Readonly<Record<string, Program>> = {
  '/opt/aws/bin/cfn-init': cfnInitProgram,
  'cfn-init': cfnInitProgram,
  '/opt/aws/bin/cfn-signal': cfnSignalProgram,
  'cfn-signal': cfnSignalProgram,
  '/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl': agentControl,
  'amazon-cloudwatch-agent-ctl': agentControl,
  yum: packageManager,
  dnf: packageManager,
  systemctl: ({ guest, args }) => guest.systemd.control(args),
  service: ({ guest, args }) => guest.systemd.control([args[1] ?? '', args[0] ?? '']),
  alternatives: () => ({ status: 0 }),
  'update-alternatives': () => ({ status: 0 }),
  hostnamectl: () => ({ status: 0 }),
  useradd,
  adduser: useradd,
  groupadd: async ({ guest, args }) => {
    await guest.accounts.addGroup(lastWord(args), numberAfter(args, '-g', '--gid'));
    return { status: 0 };
  },
  id: async ({ guest, args }) =>
    (await guest.accounts.hasUser(lastWord(args)))
      ? { status: 0 }
      : { status: 1, stderr: `id: '${lastWord(args)}': no such user\n` },
  hostname: ({ guest }) => ({ status: 0, stdout: `${guest.spec.privateDnsName}\n` }),
  uname: ({ args }) => ({ status: 0, stdout: args.includes('-m') ? 'x86_64\n' : 'Linux\n' }),
  logger: ({ guest, args }) => {
    guest.console.boot(`logger: ${args.filter((arg) => !arg.startsWith('-')).join(' ')}`);
    return { status: 0 };
  },
  node: runNode,
};

async function packageManager({ guest, args, name }: CommandCall): Promise<CommandResult> {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [verb, ...names] = words;
  switch (verb) {
    case 'install':
    case 'localinstall':
    case 'reinstall':
      await guest.packages.install(names);
      return { status: 0, stdout: 'Complete!\n' };
    case 'update':
    case 'upgrade':
    case 'upgrade-minimal':
    case 'makecache':
    case 'check-update':
      // An image is its release: its own repository version has nothing newer.
      await guest.packages.refresh();
      return { status: 0, stdout: 'Dependencies resolved.\nNothing to do.\nComplete!\n' };
    case 'clean':
      return { status: 0 };
    default:
      throw new NotModelled(`not modelled: ${name} ${verb ?? ''}`);
  }
}

async function useradd({ guest, args }: CommandCall): Promise<CommandResult> {
  const home = after(args, '-d', '--home-dir', '--home');
  const uid = numberAfter(args, '-u', '--uid');
  const groups = after(args, '-G', '--groups')?.split(',');
  await guest.accounts.addUser(lastWord(args), {
    ...(home === undefined ? {} : { home }),
    ...(uid === undefined ? {} : { uid }),
    ...(groups === undefined ? {} : { groups }),
  });
  return { status: 0 };
}

/** Runs to its end as a real process on the instance's network. */
async function runNode({ guest, name, args, cwd, env }: CommandCall): Promise<CommandResult> {
  const { processes } = guest;
  const chunks: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  let size = 0;
  const file = await processes.program(name);
  const mappedArgs = args.map((arg) => processes.mapped(arg));
  const running = await processes.spawn({
    file,
    args: mappedArgs,
    cwd,
    env,
    output(stream, chunk) {
      size += chunk.length;
      if (size < 1_000_000) chunks[stream].push(chunk);
    },
  });
  const end = await running.ended;
  const [stdout, stderr] = ([1, 2] as const).map((stream) => Buffer.concat(chunks[stream]).toString('utf8'));
  return { status: end.code ?? 128 + 15, ...(stdout ? { stdout } : {}), ...(stderr ? { stderr } : {}) };
}

function after(args: readonly string[], ...flags: readonly string[]): string | undefined {
  const index = args.findIndex((arg) => flags.includes(arg));
  return index < 0 ? undefined : args[index + 1];
}

function numberAfter(args: readonly string[], ...flags: readonly string[]): number | undefined {
  const text = after(args, ...flags);
  return text === undefined ? undefined : Number(text);
}

function lastWord(args: readonly string[]): string {
  const word = args.at(-1);
  if (word === undefined || word.startsWith('-')) throw new BootError('a name is missing');
  return word;
}
