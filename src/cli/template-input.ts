/** The template that a command is given: by its file, an app's folder, or what CDK has written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import type { Expectation } from '../insight/reach/expectation.ts';
import { loadApp } from './app.ts';
import { readJson, readText } from './read-file.ts';

export interface TemplateInput {
  readonly template: string;
  /** What it is called in messages: its file, from here. */
  readonly name: string;
  /** What it is about: the folder's name, the stack's, or the file's. */
  readonly title: string;
  /** Where files about it are looked for. */
  readonly folder: string;
  /** What an app's configuration wants of its network. */
  readonly expectations?: readonly Expectation[];
}

const mostBytes = 1024 * 1024;

export const templateArgument = ['[dir|template]', "the app's folder, a template's file, or a cdk.out", '.'] as const;

export function withStack(command: Command): Command {
  return command.option('--stack <name>', 'which one, of several that CDK has written');
}

/** @param stack of several that CDK has written. Throws `UserError` and `ConfigError`. */
export async function templateInput(given: string, stack: string | undefined): Promise<TemplateInput> {
  refuseUnused(stack, [given]);
  return inputOf(given, stack);
}

/** The two of a comparison; `stack` is for whichever of them CDK has written. */
export async function templatePair(
  before: string,
  after: string,
  stack: string | undefined,
): Promise<readonly [TemplateInput, TemplateInput]> {
  refuseUnused(stack, [before, after]);
  return Promise.all([inputOf(before, stack), inputOf(after, stack)]);
}

function refuseUnused(stack: string | undefined, given: readonly string[]): void {
  if (stack === undefined || given.some((one) => assemblyAt(resolve(one)) !== undefined)) return;
  throw new UserError(
    `--stack is for what CDK has written, and ${given.map((one) => resolve(one)).join(' and ')} is none.`,
    'For example: --stack Web cdk.out',
  );
}

async function inputOf(given: string, stack: string | undefined): Promise<TemplateInput> {
  const path = resolve(given);
  if (!existsSync(path)) throw new UserError(`There is no folder or file ${path}.`);
  const assembly = assemblyAt(path);
  if (assembly !== undefined) {
    const { name, file } = chosenStack(assembly, stack);
    return { template: readTemplate(file), name: fromHere(file), title: name, folder: dirname(assembly) };
  }
  if (!statSync(path).isDirectory()) {
    const title = basename(path).replace(/\.(template\.)?(ya?ml|json)$/, '');
    return { template: readTemplate(path), name: fromHere(path), title, folder: dirname(path) };
  }
  if (!isApp(path)) {
    throw new UserError(
      `There is no orrery.config.ts in ${path}, and no template of CDK's.`,
      'Name a template by its file, or make an app: orrery init DIR',
    );
  }
  const { template, config } = await loadApp(path);
  const { expectations } = await import('../blueprint/expectations.ts');
  return {
    template,
    // The name that `orrery synth` gives it: the lines are those of that file.
    name: fromHere(join(path, 'build.yml')),
    title: basename(path),
    folder: path,
    expectations: expectations(config),
  };
}

function readTemplate(file: string): string {
  const template = readText(file, mostBytes);
  if (template.trim() === '') throw new UserError(`${file} is empty, not a template.`, 'Make one: orrery synth');
  return template;
}

function fromHere(file: string): string {
  return relative('.', file).replaceAll('\\', '/');
}

function isApp(folder: string): boolean {
  return readdirSync(folder).some((name) => name.startsWith('orrery.config.'));
}

/** A folder that CDK has written, or one that has such a folder and is no app of Orrery's. */
function assemblyAt(path: string): string | undefined {
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  if (isApp(path)) return undefined;
  if (existsSync(join(path, 'manifest.json')) || templatesIn(path).length > 0) return path;
  const inside = join(path, 'cdk.out');
  return existsSync(inside) && statSync(inside).isDirectory() ? inside : undefined;
}

function templatesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.template.json'))
    .sort();
}

interface WrittenStack {
  /** As `cdk ls` has it: Web, and Prod/Web in a stage. */
  readonly name: string;
  readonly file: string;
  /** The artifact's id, and the stack's name at AWS. */
  readonly alsoCalled: readonly string[];
}

function chosenStack(folder: string, wanted: string | undefined): WrittenStack {
  const stacks = stacksOf(folder);
  const names = stacks.map(({ name }) => name).join(', ');
  const [first, ...others] = stacks;
  if (!first) throw new UserError(`${folder} has no stack.`, 'Make it: cdk synth');
  if (wanted === undefined) {
    if (others.length === 0) return first;
    throw new UserError(`${folder} has ${stacks.length} stacks: ${names}.`, `Say which: --stack ${first.name}`);
  }
  const found =
    stacks.find(({ name }) => name === wanted) ?? stacks.find(({ alsoCalled }) => alsoCalled.includes(wanted));
  if (!found) throw new UserError(`${folder} has no stack ${wanted}. There are: ${names}.`);
  return found;
}

interface Artifact {
  readonly type?: string;
  readonly displayName?: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly directoryName?: string;
  };
}

/** Those of stages, which have a folder each, too. */
function stacksOf(folder: string): readonly WrittenStack[] {
  const manifest = join(folder, 'manifest.json');
  if (!existsSync(manifest)) {
    return templatesIn(folder).map((file) => ({
      name: file.replace(/\.template\.json$/, ''),
      file: join(folder, file),
      alsoCalled: [],
    }));
  }
  const { artifacts = {} } = (readJson(manifest, 64 * mostBytes) ?? {}) as { artifacts?: Record<string, Artifact> };
  return Object.entries(artifacts).flatMap(([id, { type, displayName, properties = {} }]): readonly WrittenStack[] => {
    const { templateFile, stackName, directoryName } = properties;
    if (type === 'cdk:cloud-assembly' && typeof directoryName === 'string')
      return stacksOf(join(folder, directoryName));
    if (type !== 'aws:cloudformation:stack' || typeof templateFile !== 'string') return [];
    return [
      {
        name: displayName ?? id,
        file: join(folder, templateFile),
        alsoCalled: [id, ...(stackName === undefined ? [] : [stackName])],
      },
    ];
  });
}
