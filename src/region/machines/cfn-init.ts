/**
 * Carries out `AWS::CloudFormation::Init` inside an instance: config sets, and in each config packages, groups, users,
 * sources, files, commands and services, in this order.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-init.html
 */
import { z } from 'zod';
import { type Authentications, authenticationsSchema } from './download.ts';
import { BootError, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import { type CommandEntry, commandEntry, runCommands } from './init-commands.ts';
import { fileEntry, putFiles, putSources } from './init-files.ts';
import { runServices, serviceEntry } from './init-services.ts';

export const packageManagers: readonly string[] = ['yum', 'dnf'];

const config = z.strictObject({
  packages: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  groups: z.record(z.string(), z.looseObject({ gid: z.coerce.number().optional() })).optional(),
  users: z
    .record(
      z.string(),
      z.looseObject({
        uid: z.coerce.number().optional(),
        groups: z.array(z.string()).optional(),
        homeDir: z.string().optional(),
      }),
    )
    .optional(),
  sources: z.record(z.string(), z.string()).optional(),
  files: z.record(z.string(), fileEntry).optional(),
  commands: z.record(z.string(), commandEntry).optional(),
  services: z.record(z.string(), z.record(z.string(), serviceEntry)).optional(),
});
type Config = z.infer<typeof config>;

const setMember = z.union([z.string(), z.strictObject({ ConfigSet: z.string() })]);
const configSets = z.record(z.string(), z.array(setMember));

/** What one run changed: services are restarted for it. */
export interface Changes {
  readonly packages: Map<string, Set<string>>;
  readonly sources: Set<string>;
  readonly files: Set<string>;
  readonly commands: Set<string>;
}

/** Throws a `BootError` for what cfn-init refuses or what fails, `NotModelled` for what it would do and the model does not. */
export async function runInit(
  guest: Guest,
  metadata: Readonly<Record<string, unknown>>,
  sets: readonly string[],
): Promise<void> {
  const init = metadata['AWS::CloudFormation::Init'];
  if (typeof init !== 'object' || init === null) {
    throw new BootError('Could not find AWS::CloudFormation::Init in the metadata of the resource');
  }
  const authentications = read(authenticationsSchema, metadata['AWS::CloudFormation::Authentication'] ?? {}, [
    'AWS::CloudFormation::Authentication',
  ]);
  const { configSets: rawSets, ...rawConfigs } = init as Record<string, unknown>;
  const known = rawSets === undefined ? {} : read(configSets, rawSets, ['configSets']);
  for (const name of sets.flatMap((set) => configNames(set, known, rawConfigs, []))) {
    guest.bootSignal().throwIfAborted();
    guest.console.boot(`cfn-init: running config ${name}`);
    await runConfig(guest, read(config, rawConfigs[name], [name]), authentications);
  }
}

function read<S extends z.ZodType>(schema: S, value: unknown, path: readonly string[]): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const where = [...path, ...(first?.path ?? [])].join('.');
  const text = `${where}: ${first?.message ?? 'is not understood'}`;
  if (first?.code === 'unrecognized_keys') throw new NotModelled(`not modelled: ${text}`);
  throw new BootError(text);
}

/** The configs of a set, in order. Without sets the only one is `config`. */
function configNames(
  set: string,
  known: z.infer<typeof configSets>,
  configs: Readonly<Record<string, unknown>>,
  above: readonly string[],
): string[] {
  if (above.includes(set)) throw new BootError(`Circular configSets: ${[...above, set].join(' -> ')}`);
  const members = Object.hasOwn(known, set) ? known[set] : undefined;
  if (!members) {
    if (set === 'default' && Object.hasOwn(configs, 'config')) return ['config'];
    throw new BootError(`No configSet named '${set}' exists`);
  }
  return members.flatMap((member) => {
    if (typeof member !== 'string') return configNames(member.ConfigSet, known, configs, [...above, set]);
    if (!Object.hasOwn(configs, member)) throw new BootError(`No config named '${member}' exists`);
    return [member];
  });
}

async function runConfig(guest: Guest, given: Config, authentications: Authentications): Promise<void> {
  const changes: Changes = { packages: new Map(), sources: new Set(), files: new Set(), commands: new Set() };
  await installPackages(guest, given.packages ?? {}, changes);
  for (const [name, { gid }] of Object.entries(given.groups ?? {})) await guest.accounts.addGroup(name, gid);
  for (const [name, user] of Object.entries(given.users ?? {})) {
    await guest.accounts.addUser(name, {
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(user.homeDir === undefined ? {} : { home: user.homeDir }),
      ...(user.groups === undefined ? {} : { groups: user.groups }),
    });
  }
  await putSources(guest, given.sources ?? {}, authentications, changes);
  await putFiles(guest, given.files ?? {}, authentications, changes);
  await runCommands(guest, (given.commands ?? {}) as Record<string, CommandEntry>, changes);
  await runServices(guest, given.services ?? {}, changes);
}

async function installPackages(
  guest: Guest,
  managers: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  changes: Changes,
): Promise<void> {
  for (const [manager, wanted] of Object.entries(managers)) {
    if (!packageManagers.includes(manager)) throw new NotModelled(`not modelled: packages of ${manager}`);
    const names = Object.keys(wanted);
    const before = await Promise.all(names.map(async (name) => await guest.packages.isInstalled(name)));
    await guest.packages.install(names);
    changes.packages.set(manager, new Set(names.filter((_, index) => !before[index])));
  }
}
