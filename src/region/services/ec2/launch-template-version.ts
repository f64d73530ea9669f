/** Versions of launch templates, as they are described. */
import type {
  DescribeLaunchTemplateVersionsRequest,
  DescribeLaunchTemplateVersionsResult,
  LaunchTemplateVersion,
  ResponseLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { select } from './describe.ts';
import {
  type LaunchTemplateRecord,
  type LaunchTemplateVersionRecord,
  launchTemplates,
  launchTemplateVersions,
} from './instance-state.ts';
import { needLaunchTemplate, versionKey, versionOf } from './launch-template-lookup.ts';

export function describeLaunchTemplateVersions(
  input: DescribeLaunchTemplateVersionsRequest,
  call: Call,
): DescribeLaunchTemplateVersionsResult {
  const named = input.LaunchTemplateId || input.LaunchTemplateName;
  // Without a template, `$Latest` and `$Default` of all of them can be asked for.
  const templates = named ? [needLaunchTemplate(call, input)] : [...launchTemplates(call).values()];
  if (!named && !input.Versions?.every((version) => version.startsWith('$'))) {
    throw new Fault('MissingParameter', 'Either launch template ID or launch template name must be specified.');
  }
  const within = ({ number }: LaunchTemplateVersionRecord) =>
    number >= Number(input.MinVersion ?? 1) && number <= Number(input.MaxVersion ?? Number.MAX_SAFE_INTEGER);
  const versions = templates.flatMap((template) =>
    (input.Versions?.length
      ? input.Versions.map((version) => versionOf(call, template, version))
      : [...launchTemplateVersions(call).values()].filter(
          (one) => one.launchTemplateId === template.launchTemplateId && within(one),
        )
    ).map((version) => ({ template, version })),
  );
  const unique = [...new Map(versions.map((one) => [one.version, one])).values()];
  // Newest first, as EC2 lists them.
  unique.sort((a, b) => (a.template === b.template ? b.version.number - a.version.number : 0));
  const { records, NextToken } = select(call, input, {
    table: unique,
    id: ({ version }) => versionKey(version.launchTemplateId, version.number),
    fields: {
      'create-time': ({ version }) => new Date(version.createdMs).toISOString(),
      'ebs-optimized': ({ version }) => version.data.EbsOptimized,
      'iam-instance-profile': ({ version }) =>
        version.data.IamInstanceProfile?.Arn ?? version.data.IamInstanceProfile?.Name,
      'image-id': ({ version }) => version.data.ImageId,
      'instance-type': ({ version }) => version.data.InstanceType,
      'is-default-version': ({ template, version }) => template.defaultVersion === version.number,
    },
    pageSize: { min: 1, max: 200 },
  });
  return { LaunchTemplateVersions: records.map((one) => renderVersion(call, one.template, one.version)), NextToken };
}

export function renderVersion(
  scope: Scope,
  template: LaunchTemplateRecord,
  version: LaunchTemplateVersionRecord,
): LaunchTemplateVersion {
  const now = launchTemplates(scope).get(template.launchTemplateId) ?? template;
  return {
    LaunchTemplateId: template.launchTemplateId,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    ...(version.description === undefined ? {} : { VersionDescription: version.description }),
    CreateTime: new Date(version.createdMs),
    CreatedBy: version.createdBy,
    DefaultVersion: now.defaultVersion === version.number,
    // What was asked for is what is answered: the shapes differ in name only.
    LaunchTemplateData: version.data as ResponseLaunchTemplateData,
  };
}
