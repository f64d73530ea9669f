/** Templates: given back, summed up, validated. */
import type {
  GetTemplateCommandInput,
  GetTemplateSummaryCommandInput,
  ParameterDeclaration,
  TemplateParameter,
  ValidateTemplateCommandInput,
} from '@aws-sdk/client-cloudformation';
import { checkTemplate } from '../../stacks/check.ts';
import { parseTemplate } from '../../stacks/parse.ts';
import { templateText } from '../../stacks/records.ts';
import type { Template } from '../../stacks/template.ts';
import type { Call, Operation } from '../service.ts';
import { stackAccess, stackNamed } from './access.ts';
import { neededCapabilities } from './capabilities.ts';
import { findChangeSet } from './change-set-record.ts';
import { type EngineOf, invalid } from './engines.ts';
import { sourceText } from './template-source.ts';

export function templateOperations(engineOf: EngineOf): Record<string, Operation> {
  const on = (operation: string, handle: Extract<Operation, { handle: unknown }>['handle']): Operation => ({
    handle,
    access: stackAccess(engineOf, operation),
  });

  function getTemplate({ StackName, ChangeSetName, TemplateStage = 'Original' }: GetTemplateCommandInput, call: Call) {
    const { host } = engineOf(call);
    if (TemplateStage !== 'Original' && TemplateStage !== 'Processed') {
      throw invalid(
        `1 validation error detected: Value '${TemplateStage}' at 'templateStage' failed to satisfy constraint: Member must satisfy enum value set: [Original, Processed]`,
      );
    }
    const stagesAvailable = ['Original' as const, 'Processed' as const];
    if (ChangeSetName !== undefined) {
      const changeSet = findChangeSet(engineOf, call, ChangeSetName, StackName);
      return { TemplateBody: templateText(host, changeSet.target.templateId), StagesAvailable: stagesAvailable };
    }
    const stack = stackNamed(engineOf, call, StackName);
    return { TemplateBody: templateText(host, stack.templateId), StagesAvailable: stagesAvailable };
  }

  async function getTemplateSummary(input: GetTemplateSummaryCommandInput, call: Call) {
    const given = await sourceText(input, call);
    const text = given ?? templateText(engineOf(call).host, stackNamed(engineOf, call, input.StackName).templateId);
    const template = parseTemplate(text);
    checkTemplate(template);
    const { capabilities, reason } = neededCapabilities(template);
    return {
      Parameters: Object.entries(template.parameters).map(
        ([ParameterKey, definition]): ParameterDeclaration => ({
          ParameterKey,
          DefaultValue: definition.Default,
          ParameterType: definition.Type,
          NoEcho: definition.NoEcho ?? false,
          Description: definition.Description,
          ParameterConstraints: definition.AllowedValues ? { AllowedValues: [...definition.AllowedValues] } : {},
        }),
      ),
      Description: template.description,
      Capabilities: capabilities,
      CapabilitiesReason: reason,
      ResourceTypes: [...new Set(Object.values(template.resources).map(({ Type }) => Type))],
      Version: '2010-09-09',
      Metadata: Object.keys(template.metadata).length === 0 ? undefined : JSON.stringify(template.metadata),
      DeclaredTransforms: [...template.transforms],
    };
  }

  async function validateTemplate(input: ValidateTemplateCommandInput, call: Call) {
    const text = await sourceText(input, call);
    if (text === undefined) throw invalid('Either Template URL or Template Body must be specified.');
    const template = parseTemplate(text);
    checkTemplate(template);
    const { capabilities, reason } = neededCapabilities(template);
    return {
      Parameters: parameterList(template),
      Description: template.description,
      Capabilities: capabilities,
      CapabilitiesReason: reason,
      DeclaredTransforms: [...template.transforms],
    };
  }

  return {
    getTemplate: on('GetTemplate', getTemplate),
    getTemplateSummary: on('GetTemplateSummary', getTemplateSummary),
    validateTemplate,
  };
}

function parameterList({ parameters }: Template): TemplateParameter[] {
  return Object.entries(parameters).map(([ParameterKey, { Default, NoEcho = false, Description }]) => ({
    ParameterKey,
    DefaultValue: Default,
    NoEcho,
    Description,
  }));
}
