/** What `orrery check` is given: a template's file, an app's folder, or what CDK has written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../delivery/user-error.ts';
import type { Expectation } from '../insight/reach/expectation.ts';
import { loadApp } from './app.ts';
import { readJson, readText } from './read-file.ts';
import { readTemplate } from './simulate-inputs.ts';

export interface CheckInput {
  readonly template: string;
  /** What it is called in messages: its file, from here. */
  readonly name: string;
  /** Where files about it are looked for. */
  readonly folder: string;
  /** What an app's configuration wants of its network. */
  readonly expectations?: readonly Expectation[];
}

const mostBytes = 1024 * 1024;

export async function checkInput(given: string, stack: string | undefined): Promise<CheckInput> {
  const path = resolve(given);
  const assembly = assemblyAt(path);
  if (assembly !== undefined) {
    const file = chosenStack(assembly, stack);
    return { template: readText(file, mostBytes), name: fromHere(file), folder: dirname(assembly) };
  }
  if (stack !== undefined)
    throw new UserError(
      `--stack is for what CDK has written, and ${path} is none.`,
      'For example: --stack Web cdk.out',
    );
  if (existsSync(path) && statSync(path).isDirectory()) {
    const { template, config } = await loadApp(path);
    const { expectations } = await import('../blueprint/expectations.ts');
    // The name that `orrery synth` gives it: the lines are those of that file.
    return { template, name: fromHere(join(path, 'build.yml')), folder: path, expectations: expectations(config) };
  }
  return { template: await readTemplate(given), name: fromHere(path), folder: dirname(path) };
}

function fromHere(file: string): string {
  return relative('.', file).replaceAll('\\', '/');
}

/** A folder that CDK has written, or one that has such a folder and is no app of Orrery's. */
function assemblyAt(path: string): string | undefined {
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  if (existsSync(join(path, 'manifest.json')) || templatesIn(path).length > 0) return path;
  if (readdirSync(path).some((name) => name.startsWith('orrery.config.'))) return undefined;
  const inside = join(path, 'cdk.out');
  return existsSync(inside) && statSync(inside).isDirectory() ? inside : undefined;
}

function templatesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.template.json'))
    .sort();
}

function chosenStack(folder: string, wanted: string | undefined): string {
  const stacks = stacksOf(folder);
  const names = [...stacks.keys()];
  if (names.length === 0) throw new UserError(`${folder} has no stack.`, 'Make it: cdk synth');
  if (wanted === undefined && names.length > 1) {
    throw new UserError(
      `${folder} has ${names.length} stacks: ${names.join(', ')}.`,
      `Say which: --stack ${names[0] ?? ''}`,
    );
  }
  const file = stacks.get(wanted ?? names[0] ?? '');
  if (file === undefined) throw new UserError(`${folder} has no stack ${wanted}. There are: ${names.join(', ')}.`);
  return file;
}

interface Manifest {
  readonly artifacts?: Readonly<
    Record<string, { type?: string; displayName?: string; properties?: { templateFile?: string; stackName?: string } }>
  >;
}

/** Files by the stack's name. */
function stacksOf(folder: string): ReadonlyMap<string, string> {
  const manifest = join(folder, 'manifest.json');
  if (!existsSync(manifest)) {
    return new Map(templatesIn(folder).map((name) => [name.replace(/\.template\.json$/, ''), join(folder, name)]));
  }
  const { artifacts = {} } = (readJson(manifest, 64 * mostBytes) ?? {}) as Manifest;
  return new Map(
    Object.entries(artifacts).flatMap(([id, { type, properties }]) =>
      type === 'aws:cloudformation:stack' && typeof properties?.templateFile === 'string'
        ? [[id, join(folder, properties.templateFile)]]
        : [],
    ),
  );
}
