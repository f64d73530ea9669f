/** Finds a launch template by id or name, and a version of it by number, `$Latest` or `$Default`. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import {
  type LaunchTemplateRecord,
  type LaunchTemplateVersionRecord,
  launchTemplates,
  launchTemplateVersions,
} from './instance-state.ts';

interface TemplateName {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
}

/** By id or by name, never both. */
export function needLaunchTemplate(scope: Scope, name: TemplateName): LaunchTemplateRecord {
  const { LaunchTemplateId: id, LaunchTemplateName: templateName } = name;
  if (id && templateName) {
    throw new Fault(
      'InvalidParameterCombination',
      'Only one of launch template ID or launch template name can be specified.',
    );
  }
  if (id) {
    const found = launchTemplates(scope).get(id);
    if (found) return found;
    if (!/^lt-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
      throw new Fault('InvalidLaunchTemplateId.Malformed', `Invalid id: "${id}" (expecting "lt-...")`);
    }
    throw new Fault(
      'InvalidLaunchTemplateId.NotFound',
      `The specified launch template, with template ID ${id}, does not exist.`,
    );
  }
  if (!templateName) {
    throw new Fault('MissingParameter', 'Either launch template ID or launch template name must be specified.');
  }
  for (const record of launchTemplates(scope).values()) if (record.name === templateName) return record;
  throw new Fault(
    'InvalidLaunchTemplateName.NotFoundException',
    `The specified launch template, with template name ${templateName}, does not exist.`,
  );
}

export function versionKey(launchTemplateId: string, number: number): string {
  return `${launchTemplateId} ${number}`;
}

/** The default version when none is named. */
export function versionOf(
  scope: Scope,
  template: LaunchTemplateRecord,
  version: string | undefined,
): LaunchTemplateVersionRecord {
  const { launchTemplateId } = template;
  const number =
    version === '$Latest'
      ? template.latestVersion
      : version === undefined || version === '$Default' || version === ''
        ? template.defaultVersion
        : Number(version);
  const found = launchTemplateVersions(scope).get(versionKey(launchTemplateId, number));
  if (found) return found;
  throw new Fault(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Could not find the specified version ${version ?? number} for the launch template with ID ${launchTemplateId}.`,
  );
}
