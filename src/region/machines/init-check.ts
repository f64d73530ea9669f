/**
 * What of an instance's boot metadata the driver does not model, said before anything starts. Values that are still
 * functions of the template are left to the boot.
 */
import { archiveKind } from './archive.ts';
import { packageManagers } from './cfn-init.ts';
import { quoted } from './init-commands.ts';
import { serviceManagers } from './init-services.ts';
import { isKnownPackage } from './packages.ts';
import { programs } from './programs.ts';
import { unmodelled } from './shell.ts';

const sections = new Set(['packages', 'groups', 'users', 'sources', 'files', 'commands', 'services']);

/**
 * `metadata` is the resource's, with its `AWS::CloudFormation::Init`. Returns a line for each thing, such as
 * `config.packages.yum: the package redis`; none when all of it is modelled or there is no such metadata.
 */
export function unmodelledInit(metadata: Readonly<Record<string, unknown>>): readonly string[] {
  const init = record(metadata['AWS::CloudFormation::Init']);
  const named = namedInSets(init.configSets);
  return Object.entries(init)
    .filter(([name]) => name !== 'configSets' && !name.startsWith('Fn::') && name !== 'Ref')
    .filter(([name]) => !named || named.has(name))
    .flatMap(([name, config]) => ofConfig(name, record(config)));
}

/** Configs that no set names are never run. Undefined where it is not known yet which are. */
function namedInSets(configSets: unknown): ReadonlySet<string> | undefined {
  if (configSets === undefined) return undefined;
  const members = Object.values(record(configSets)).flatMap((set): unknown[] => (Array.isArray(set) ? set : [{}]));
  const names = members.filter((member) => typeof member === 'string');
  const sets = members.filter((member) => typeof record(member).ConfigSet === 'string');
  return names.length + sets.length === members.length ? new Set(names) : undefined;
}

function ofConfig(name: string, config: Readonly<Record<string, unknown>>): string[] {
  const found: string[] = [];
  const entries = (section: string) => Object.entries(record(config[section]));
  for (const section of Object.keys(config)) {
    if (!sections.has(section)) found.push(`${name}: the section ${section}`);
  }
  for (const [manager, wanted] of entries('packages')) {
    if (!packageManagers.includes(manager)) found.push(`${name}.packages: packages of ${manager}`);
    else {
      const unknown = Object.keys(record(wanted)).filter((one) => !isKnownPackage(one));
      found.push(...unknown.map((one) => `${name}.packages.${manager}: the package ${one}`));
    }
  }
  for (const [folder, source] of entries('sources')) {
    if (typeof source !== 'string' || !URL.canParse(source)) continue;
    if (archiveKind(new URL(source).pathname) === undefined) {
      found.push(`${name}.sources.${folder}: the archive format of ${source}`);
    }
  }
  for (const [command, entry] of entries('commands')) {
    for (const key of ['command', 'test']) {
      const script = scriptOf(record(entry)[key]);
      if (script === undefined) continue;
      found.push(...unmodelled(script, programs).map((problem) => `${name}.commands.${command}.${key}: ${problem}`));
    }
  }
  for (const [manager] of entries('services')) {
    if (!serviceManagers.includes(manager)) found.push(`${name}.services: services of ${manager}`);
  }
  return found;
}

function scriptOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) return undefined;
  return value.map(quoted).join(' ');
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
