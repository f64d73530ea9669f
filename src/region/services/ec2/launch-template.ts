/** Launch templates and their numbered versions. */
import type {
  CreateLaunchTemplateRequest,
  CreateLaunchTemplateResult,
  CreateLaunchTemplateVersionRequest,
  CreateLaunchTemplateVersionResult,
  DeleteLaunchTemplateRequest,
  DeleteLaunchTemplateResult,
  DeleteLaunchTemplateVersionsRequest,
  DeleteLaunchTemplateVersionsResult,
  DescribeLaunchTemplatesRequest,
  DescribeLaunchTemplatesResult,
  LaunchTemplate,
  ModifyLaunchTemplateRequest,
  ModifyLaunchTemplateResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import { callerName } from '../dispatcher.ts';
import type { Call, Scope } from '../service.ts';
import { select } from './describe.ts';
import { missing } from './faults.ts';
import { once } from './idempotency.ts';
import { type LaunchTemplateRecord, launchTemplates, launchTemplateVersions } from './instance-state.ts';
import { checkLaunchData, mergeLaunch } from './launch-data.ts';
import { needLaunchTemplate, versionKey, versionOf } from './launch-template-lookup.ts';
import { renderVersion } from './launch-template-version.ts';
import { limits } from './limits.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function createLaunchTemplate(input: CreateLaunchTemplateRequest, call: Call): CreateLaunchTemplateResult {
  const { LaunchTemplateName: name, LaunchTemplateData: data } = input;
  if (!name) throw missing('LaunchTemplateName');
  if (!data) throw missing('LaunchTemplateData');
  if (input.Operator) throw new Fault('UnsupportedOperation', 'The parameter Operator is not modelled by Orrery.');
  if (!/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name)) {
    throw new Fault(
      'InvalidLaunchTemplateName.MalformedException',
      `The specified launch template name, ${name}, is invalid: 3 to 128 letters, digits and the characters ( ) . - / _`,
    );
  }
  checkLaunchData(data);
  const given = specifiedTags(call, input.TagSpecifications, 'launch-template');
  const [id] = once(
    call,
    input,
    (one) => launchTemplates(call).has(one),
    () => {
      for (const other of launchTemplates(call).values()) {
        if (other.name !== name) continue;
        throw new Fault('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.');
      }
      if (launchTemplates(call).size >= limits.launchTemplates) {
        throw new Fault('LaunchTemplateLimitExceeded', 'The maximum number of launch templates has been reached.');
      }
      const launchTemplateId = `lt-${call.random.hex(17)}`;
      const made = { launchTemplateId, createdMs: call.clock.now(), createdBy: callerName(call.caller) };
      launchTemplates(call).put(launchTemplateId, { ...made, name, defaultVersion: 1, latestVersion: 1 });
      launchTemplateVersions(call).put(versionKey(launchTemplateId, 1), {
        ...made,
        number: 1,
        description: input.VersionDescription,
        data,
      });
      putTags(call, launchTemplateId, 'launch-template', given);
      return [launchTemplateId];
    },
  );
  return { LaunchTemplate: render(call, needLaunchTemplate(call, { LaunchTemplateId: id })) };
}

export function createLaunchTemplateVersion(
  input: CreateLaunchTemplateVersionRequest,
  call: Call,
): CreateLaunchTemplateVersionResult {
  const template = needLaunchTemplate(call, input);
  if (!input.LaunchTemplateData) throw missing('LaunchTemplateData');
  if (input.ResolveAlias)
    throw new Fault('UnsupportedOperation', 'The parameter ResolveAlias is not modelled by Orrery.');
  checkLaunchData(input.LaunchTemplateData);
  const source = input.SourceVersion ? versionOf(call, template, input.SourceVersion).data : undefined;
  const data = source ? mergeLaunch(source, input.LaunchTemplateData) : input.LaunchTemplateData;
  const { launchTemplateId } = template;
  const [key] = once(
    call,
    input,
    (one) => launchTemplateVersions(call).has(one),
    () => {
      const number = template.latestVersion + 1;
      if (number > limits.versionsPerTemplate) {
        throw new Fault('LaunchTemplateVersionLimitExceeded', 'The maximum number of versions has been reached.');
      }
      launchTemplateVersions(call).put(versionKey(launchTemplateId, number), {
        launchTemplateId,
        number,
        description: input.VersionDescription,
        createdMs: call.clock.now(),
        createdBy: callerName(call.caller),
        data,
      });
      launchTemplates(call).put(launchTemplateId, { ...template, latestVersion: number });
      return [versionKey(launchTemplateId, number)];
    },
  );
  const made = launchTemplateVersions(call).get(key ?? '');
  if (!made) throw new Error(`${launchTemplateId} lost its version ${key}`);
  return { LaunchTemplateVersion: renderVersion(call, template, made) };
}

export function describeLaunchTemplates(
  input: DescribeLaunchTemplatesRequest,
  call: Call,
): DescribeLaunchTemplatesResult {
  const asked = [
    ...(input.LaunchTemplateIds ?? []).map((LaunchTemplateId) => needLaunchTemplate(call, { LaunchTemplateId })),
    ...(input.LaunchTemplateNames ?? []).map((LaunchTemplateName) => needLaunchTemplate(call, { LaunchTemplateName })),
  ];
  const { records, NextToken } = select(call, input, {
    table: asked.length > 0 ? asked : launchTemplates(call),
    id: (one) => one.launchTemplateId,
    fields: {
      'create-time': (one) => new Date(one.createdMs).toISOString(),
      'launch-template-name': (one) => one.name,
    },
    pageSize: { min: 1, max: 200 },
  });
  return { LaunchTemplates: records.map((one) => render(call, one)), NextToken };
}

export function modifyLaunchTemplate(input: ModifyLaunchTemplateRequest, call: Call): ModifyLaunchTemplateResult {
  const template = needLaunchTemplate(call, input);
  if (!input.DefaultVersion) throw missing('DefaultVersion');
  const { number } = versionOf(call, template, input.DefaultVersion);
  const changed = { ...template, defaultVersion: number };
  launchTemplates(call).put(template.launchTemplateId, changed);
  return { LaunchTemplate: render(call, changed) };
}

export function deleteLaunchTemplate(input: DeleteLaunchTemplateRequest, call: Call): DeleteLaunchTemplateResult {
  const template = needLaunchTemplate(call, input);
  const answer = render(call, template);
  const { launchTemplateId } = template;
  launchTemplates(call).delete(launchTemplateId);
  forgetTags(call, launchTemplateId);
  for (const [key, version] of [...launchTemplateVersions(call).entries()]) {
    if (version.launchTemplateId === launchTemplateId) launchTemplateVersions(call).delete(key);
  }
  return { LaunchTemplate: answer };
}

/** The default version stays; what could not be deleted is told in the answer. */
export function deleteLaunchTemplateVersions(
  input: DeleteLaunchTemplateVersionsRequest,
  call: Call,
): DeleteLaunchTemplateVersionsResult {
  const template = needLaunchTemplate(call, input);
  const { launchTemplateId: LaunchTemplateId, name: LaunchTemplateName } = template;
  if (!input.Versions?.length) throw missing('LaunchTemplateVersion');
  const done: DeleteLaunchTemplateVersionsResult['SuccessfullyDeletedLaunchTemplateVersions'] = [];
  const failed: DeleteLaunchTemplateVersionsResult['UnsuccessfullyDeletedLaunchTemplateVersions'] = [];
  for (const text of input.Versions) {
    const VersionNumber = Number(text);
    if (VersionNumber === template.defaultVersion) {
      throw new Fault(
        'InvalidLaunchTemplateId.VersionNotFound',
        `Cannot delete the default version ${text} of the launch template ${LaunchTemplateId}`,
      );
    }
    const answer = { LaunchTemplateId, LaunchTemplateName, VersionNumber };
    if (launchTemplateVersions(call).delete(versionKey(LaunchTemplateId, VersionNumber))) done.push(answer);
    else {
      const Message = `Could not find the specified version ${text} for the launch template with ID ${LaunchTemplateId}.`;
      failed.push({ ...answer, ResponseError: { Code: 'launchTemplateVersionDoesNotExist', Message } });
    }
  }
  return {
    SuccessfullyDeletedLaunchTemplateVersions: done,
    UnsuccessfullyDeletedLaunchTemplateVersions: failed,
  };
}

function render(scope: Scope, one: LaunchTemplateRecord): LaunchTemplate {
  return {
    LaunchTemplateId: one.launchTemplateId,
    LaunchTemplateName: one.name,
    CreateTime: new Date(one.createdMs),
    CreatedBy: one.createdBy,
    DefaultVersionNumber: one.defaultVersion,
    LatestVersionNumber: one.latestVersion,
    Tags: tagList(scope, one.launchTemplateId),
  };
}
