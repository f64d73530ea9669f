/** Stacks: made, changed, deleted, described. */
import type {
  CancelUpdateStackCommandInput,
  ContinueUpdateRollbackCommandInput,
  CreateStackCommandInput,
  DeleteStackCommandInput,
  DescribeStacksCommandInput,
  ListStacksCommandInput,
  Parameter,
  RollbackStackCommandInput,
  Stack,
  StackStatus,
  StackSummary,
  UpdateStackCommandInput,
  UpdateTerminationProtectionCommandInput,
} from '@aws-sdk/client-cloudformation';
import { stackChanges } from '../../stacks/changes.ts';
import { findStack, keptTemplate, type OnFailure, type StackRecord, stacks } from '../../stacks/records.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { livingStack, page, stackAccess, stackNamed } from './access.ts';
import { type EngineOf, invalid, runsAs } from './engines.ts';
import { prepare } from './prepare.ts';

const pageSize = 100;

export function stackOperations(engineOf: EngineOf): Record<string, Operation> {
  const on = (operation: string, handle: Extract<Operation, { handle: unknown }>['handle']): Operation => ({
    handle,
    access: stackAccess(engineOf, operation),
  });

  async function createStack(input: CreateStackCommandInput, call: Call) {
    const engine = engineOf(call);
    const name = newName(input.StackName);
    const existing = findStack(engine.host, name);
    if (existing && repeated(existing, input.ClientRequestToken)) return { StackId: existing.id };
    if (existing) throw new Fault('AlreadyExistsException', `Stack [${name}] already exists`);
    refuseStackPolicy(input.StackPolicyBody ?? input.StackPolicyURL);
    if (input.OnFailure !== undefined && input.DisableRollback !== undefined) {
      throw invalid('You cannot specify both OnFailure and DisableRollback.');
    }
    const id = newStackId(call, name);
    const caller = await runsAs(call, input.RoleARN);
    const { target, plan, warnings } = await prepare(engine, call, input, { name, id, caller });
    // While it was prepared, another request may have taken the name.
    if (findStack(engine.host, name)) throw new Fault('AlreadyExistsException', `Stack [${name}] already exists`);
    engine.create({
      ...target,
      id,
      name,
      description: plan.template.description,
      onFailure: (input.OnFailure as OnFailure | undefined) ?? (input.DisableRollback ? 'DO_NOTHING' : 'ROLLBACK'),
      timeoutMinutes: input.TimeoutInMinutes,
      terminationProtection: input.EnableTerminationProtection,
      retainExceptOnCreate: input.RetainExceptOnCreate,
      caller,
      clientToken: input.ClientRequestToken,
      warnings,
    });
    return { StackId: id };
  }

  async function updateStack(input: UpdateStackCommandInput, call: Call) {
    const engine = engineOf(call);
    const stack = livingStack(engineOf, call, input.StackName);
    if (repeated(stack, input.ClientRequestToken)) return { StackId: stack.id };
    checkUpdatable(stack);
    refuseStackPolicy(
      input.StackPolicyBody ??
        input.StackPolicyURL ??
        input.StackPolicyDuringUpdateBody ??
        input.StackPolicyDuringUpdateURL,
    );
    const caller = await runsAs(call, input.RoleARN ?? stack.roleArn);
    const { target, plan, warnings } = await prepare(engine, call, input, {
      name: stack.name,
      id: stack.id,
      existing: stack,
      caller,
    });
    const now = livingStack(engineOf, call, stack.id);
    checkUpdatable(now);
    const oldTemplate = keptTemplate(engine.host, now.templateId);
    const changes = stackChanges({
      host: engine.host,
      types: engine.options.types(),
      stack: now,
      oldTemplate,
      plan,
      tags: target.tags,
    });
    if (!changes.any) throw invalid('No updates are to be performed.');
    engine.update(now, {
      ...target,
      description: plan.template.description,
      disableRollback: input.DisableRollback ?? false,
      retainExceptOnCreate: input.RetainExceptOnCreate,
      caller,
      clientToken: input.ClientRequestToken,
      warnings,
    });
    return { StackId: stack.id };
  }

  async function deleteStack(input: DeleteStackCommandInput, call: Call) {
    const engine = engineOf(call);
    if (input.DeletionMode !== undefined && input.DeletionMode !== 'STANDARD') {
      throw invalid(`DeletionMode ${input.DeletionMode} is not modelled by Orrery.`);
    }
    if (input.DeploymentConfig !== undefined) throw invalid('DeploymentConfig is not modelled by Orrery.');
    const stack = findStack(engine.host, input.StackName ?? '');
    // What is not there is deleted.
    if (!stack || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') return {};
    if (stack.terminationProtection) {
      throw invalid(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`);
    }
    if (stack.status.endsWith('_IN_PROGRESS') && !['CREATE_IN_PROGRESS', 'REVIEW_IN_PROGRESS'].includes(stack.status)) {
      throw invalid(`Stack [${stack.id}] cannot be deleted while in status ${stack.status}`);
    }
    const retain = input.RetainResources ?? [];
    if (retain.length > 0 && stack.status !== 'DELETE_FAILED') {
      throw invalid(
        `Invalid operation on stack [${stack.id}]. RetainResources can only be specified when the stack is in the DELETE_FAILED state`,
      );
    }
    const caller = await runsAs(call, input.RoleARN ?? stack.roleArn);
    engine.delete(livingStack(engineOf, call, stack.id), { caller, clientToken: input.ClientRequestToken, retain });
    return {};
  }

  function describeStacks({ StackName, NextToken }: DescribeStacksCommandInput, call: Call) {
    const { host } = engineOf(call);
    if (StackName !== undefined) return { Stacks: [described(stackNamed(engineOf, call, StackName), call)] };
    const all = [...stacks(host).values()].filter(({ status }) => status !== 'DELETE_COMPLETE').reverse();
    const { items, NextToken: next } = page(all, NextToken, pageSize);
    return { Stacks: items.map((stack) => described(stack, call)), NextToken: next };
  }

  function described(stack: StackRecord, call: Call): Stack {
    const { host } = engineOf(call);
    const template = stack.templateId === '' ? undefined : keptTemplate(host, stack.templateId);
    return {
      StackId: stack.id,
      StackName: stack.name,
      ChangeSetId: stack.changeSetId,
      Description: stack.description,
      Parameters: Object.entries(stack.parameters).map(([ParameterKey, { value, resolved }]): Parameter => {
        const secret = template?.parameters[ParameterKey]?.NoEcho;
        return {
          ParameterKey,
          ParameterValue: secret ? '****' : value,
          ...(resolved === undefined ? {} : { ResolvedValue: secret ? '****' : resolved }),
        };
      }),
      CreationTime: new Date(stack.createdAt),
      DeletionTime: stack.deletedAt === undefined ? undefined : new Date(stack.deletedAt),
      LastUpdatedTime: stack.updatedAt === undefined ? undefined : new Date(stack.updatedAt),
      RollbackConfiguration: {},
      StackStatus: stack.status as StackStatus,
      StackStatusReason: stack.statusReason,
      DisableRollback: stack.onFailure === 'DO_NOTHING',
      NotificationARNs: [...stack.notificationArns],
      TimeoutInMinutes: stack.timeoutMinutes,
      Capabilities: stack.capabilities as Stack['Capabilities'],
      Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
        OutputKey: key,
        OutputValue: value,
        Description: description,
        ExportName: exportName,
      })),
      RoleARN: stack.roleArn,
      Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
      EnableTerminationProtection: stack.terminationProtection,
      DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
    };
  }

  function listStacks({ NextToken, StackStatusFilter = [] }: ListStacksCommandInput, call: Call) {
    const wanted = new Set<string>(StackStatusFilter);
    const all = [...stacks(engineOf(call).host).values()]
      .reverse()
      .filter(({ status }) => wanted.size === 0 || wanted.has(status));
    const { items, NextToken: next } = page(all, NextToken, pageSize);
    const summaries = items.map(
      (stack): StackSummary => ({
        StackId: stack.id,
        StackName: stack.name,
        TemplateDescription: stack.description,
        CreationTime: new Date(stack.createdAt),
        LastUpdatedTime: stack.updatedAt === undefined ? undefined : new Date(stack.updatedAt),
        DeletionTime: stack.deletedAt === undefined ? undefined : new Date(stack.deletedAt),
        StackStatus: stack.status as StackStatus,
        StackStatusReason: stack.statusReason,
        DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
      }),
    );
    return { StackSummaries: summaries, NextToken: next };
  }

  function cancelUpdateStack({ StackName }: CancelUpdateStackCommandInput, call: Call) {
    const stack = livingStack(engineOf, call, StackName);
    if (stack.status !== 'UPDATE_IN_PROGRESS') {
      throw invalid(`CancelUpdateStack cannot be called from current stack status`);
    }
    engineOf(call).cancelUpdate(stack);
    return {};
  }

  async function continueUpdateRollback(input: ContinueUpdateRollbackCommandInput, call: Call) {
    if (input.ForceRollback) throw invalid('ForceRollback is not modelled by Orrery.');
    const stack = livingStack(engineOf, call, input.StackName);
    if (stack.status !== 'UPDATE_ROLLBACK_FAILED') {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not continue rolling back.`);
    }
    const caller = await runsAs(call, input.RoleARN ?? stack.roleArn);
    engineOf(call).rollBack(stack, {
      caller,
      clientToken: input.ClientRequestToken,
      skip: input.ResourcesToSkip ?? [],
    });
    return {};
  }

  async function rollbackStack(input: RollbackStackCommandInput, call: Call) {
    if (input.DeploymentConfig !== undefined) throw invalid('DeploymentConfig is not modelled by Orrery.');
    const stack = livingStack(engineOf, call, input.StackName);
    if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED') {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`);
    }
    const caller = await runsAs(call, input.RoleARN ?? stack.roleArn);
    engineOf(call).rollBack(stack, {
      caller,
      clientToken: input.ClientRequestToken,
      retainExceptOnCreate: input.RetainExceptOnCreate ?? false,
    });
    return { StackId: stack.id };
  }

  function updateTerminationProtection(input: UpdateTerminationProtectionCommandInput, call: Call) {
    const stack = livingStack(engineOf, call, input.StackName);
    if (input.EnableTerminationProtection === undefined) throw invalid('EnableTerminationProtection is required');
    stacks(engineOf(call).host).put(stack.id, { ...stack, terminationProtection: input.EnableTerminationProtection });
    return { StackId: stack.id };
  }

  return {
    createStack: on('CreateStack', createStack),
    updateStack: on('UpdateStack', updateStack),
    deleteStack: on('DeleteStack', deleteStack),
    describeStacks: on('DescribeStacks', describeStacks),
    listStacks,
    cancelUpdateStack: on('CancelUpdateStack', cancelUpdateStack),
    continueUpdateRollback: on('ContinueUpdateRollback', continueUpdateRollback),
    rollbackStack: on('RollbackStack', rollbackStack),
    updateTerminationProtection: on('UpdateTerminationProtection', updateTerminationProtection),
  };
}

export function newName(name: string | undefined): string {
  if (name === undefined) throw invalid('StackName is required');
  if (!/^[a-zA-Z][-a-zA-Z0-9]*$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  if (name.length > 128) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to 128`,
    );
  }
  return name;
}

export function newStackId(call: Call, name: string): string {
  return `arn:aws:cloudformation:${call.region}:${call.account}:stack/${name}/${call.random.uuid()}`;
}

/** The same request again, after an answer that got lost. */
function repeated({ operation, lastToken }: StackRecord, token: string | undefined): boolean {
  return token !== undefined && (operation?.clientToken ?? lastToken) === token;
}

const updatable = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'CREATE_FAILED', 'UPDATE_FAILED'];

export function checkUpdatable(stack: StackRecord): void {
  if (!updatable.includes(stack.status)) {
    throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
  }
}

export function refuseStackPolicy(policy: string | undefined): void {
  if (policy !== undefined) throw invalid('Stack policies are not modelled by Orrery.');
}
