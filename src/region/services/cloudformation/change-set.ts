/** Change sets: what an update would do, looked at before it is done. */
import type {
  Change,
  ChangeSetSummary,
  CreateChangeSetCommandInput,
  DeleteChangeSetCommandInput,
  DescribeChangeSetCommandInput,
  ExecuteChangeSetCommandInput,
  ListChangeSetsCommandInput,
  ResourceChangeDetail,
} from '@aws-sdk/client-cloudformation';
import { type ChangeDetail, type StackChange, stackChanges } from '../../stacks/changes.ts';
import { stackStatus } from '../../stacks/events.ts';
import { findStack, keptTemplate, type OnFailure, type StackRecord, stacks } from '../../stacks/records.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { livingStack, page, stackAccess } from './access.ts';
import { type ChangeSetRecord, changeSets, findChangeSet } from './change-set-record.ts';
import { type EngineOf, invalid, runsAs } from './engines.ts';
import { prepare } from './prepare.ts';
import { checkUpdatable, newName, newStackId } from './stack.ts';

const pageSize = 100;
const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

export function changeSetOperations(engineOf: EngineOf): Record<string, Operation> {
  const on = (operation: string, handle: Extract<Operation, { handle: unknown }>['handle']): Operation => ({
    handle,
    access: stackAccess(engineOf, operation),
  });

  async function createChangeSet(input: CreateChangeSetCommandInput, call: Call) {
    const engine = engineOf(call);
    const { ChangeSetType = 'UPDATE' } = input;
    const setName = checkInput(input);
    const creates = ChangeSetType === 'CREATE';
    const existing = findStack(engine.host, input.StackName ?? '');
    const stack = existing?.status === 'DELETE_COMPLETE' ? undefined : existing;
    if (!creates && !stack) throw invalid(`Stack [${input.StackName}] does not exist`);
    if (creates && stack && stack.status !== 'REVIEW_IN_PROGRESS') {
      throw invalid(
        `Stack [${stack.name}] already exists and cannot be created again with the changeSet [${setName}].`,
      );
    }
    if (!creates && stack) checkUpdatable(stack);
    const repeated = stack && ofStack(call, stack).find(({ name }) => name === setName);
    if (repeated && input.ClientToken !== undefined && repeated.clientToken === input.ClientToken) {
      return { Id: repeated.id, StackId: repeated.stackId };
    }
    if (repeated) throw new Fault('AlreadyExistsException', `ChangeSet [${setName}] already exists`);
    const name = stack?.name ?? newName(input.StackName);
    const stackId = stack?.id ?? newStackId(call, name);
    const caller = await runsAs(call, input.RoleARN ?? stack?.roleArn);
    const current = creates ? undefined : stack;
    const { plan, target, survey, warnings } = await prepare(engine, call, input, {
      name,
      id: stackId,
      existing: current,
      caller,
      changeSet: true,
    });
    const { resources, any } = stackChanges({
      host: engine.host,
      types: engine.options.types(),
      stack: current,
      oldTemplate: current && keptTemplate(engine.host, current.templateId),
      plan,
      tags: target.tags,
    });
    if (creates && !findStack(engine.host, stackId)) reviewedStack(engineOf, call, name, stackId);
    // What the schemas refuse would fail in the middle: a change set says it before.
    const refused = survey.errors.map(({ message }) => message).join('; ');
    const reason = !any ? noChanges : refused === '' || input.DisableValidation ? undefined : refused;
    const record: ChangeSetRecord = {
      id: `arn:aws:cloudformation:${call.region}:${call.account}:changeSet/${setName}/${call.random.uuid()}`,
      name: setName,
      stackId,
      stackName: name,
      type: ChangeSetType as 'CREATE' | 'UPDATE',
      description: input.Description,
      status: reason === undefined ? 'CREATE_COMPLETE' : 'FAILED',
      statusReason: reason,
      executionStatus: reason === undefined ? 'AVAILABLE' : 'UNAVAILABLE',
      createdAt: call.clock.now(),
      target,
      templateDescription: plan.template.description,
      changes: resources,
      warnings,
      onStackFailure: input.OnStackFailure as ChangeSetRecord['onStackFailure'],
      clientToken: input.ClientToken,
    };
    changeSets(call).put(record.id, record);
    return { Id: record.id, StackId: stackId };
  }

  function describeChangeSet(input: DescribeChangeSetCommandInput, call: Call) {
    const record = findChangeSet(engineOf, call, input.ChangeSetName, input.StackName);
    const { items, NextToken } = page(record.changes, input.NextToken, pageSize);
    const { target } = record;
    const definitions = keptTemplate(engineOf(call).host, target.templateId).parameters;
    return {
      ...summaryOf(record),
      Parameters: Object.entries(target.parameters).map(([ParameterKey, { value, resolved }]) => {
        const secret = definitions[ParameterKey]?.NoEcho;
        return {
          ParameterKey,
          ParameterValue: secret ? '****' : value,
          ...(resolved === undefined ? {} : { ResolvedValue: secret ? '****' : resolved }),
        };
      }),
      NotificationARNs: [...target.notificationArns],
      RollbackConfiguration: {},
      Capabilities: [...target.capabilities] as 'CAPABILITY_IAM'[],
      Tags: Object.entries(target.tags).map(([Key, Value]) => ({ Key, Value })),
      Changes: items.map((change) => changeOutput(change, input.IncludePropertyValues ?? false)),
      NextToken,
      OnStackFailure: record.onStackFailure,
    };
  }

  async function executeChangeSet(input: ExecuteChangeSetCommandInput, call: Call) {
    const engine = engineOf(call);
    const record = findChangeSet(engineOf, call, input.ChangeSetName, input.StackName);
    const { target } = record;
    if (record.executeToken !== undefined && record.executeToken === input.ClientRequestToken) return {};
    checkExecutable(record);
    if (input.DisableRollback !== undefined && record.onStackFailure !== undefined) {
      throw invalid('You cannot specify both OnStackFailure and DisableRollback.');
    }
    const caller = await runsAs(call, target.roleArn);
    const stack = livingStack(engineOf, call, record.stackId);
    checkExecutable(findChangeSet(engineOf, call, record.id, undefined));
    const more = {
      ...target,
      description: record.templateDescription,
      changeSetId: record.id,
      retainExceptOnCreate: input.RetainExceptOnCreate,
      caller,
      clientToken: input.ClientRequestToken,
      warnings: record.warnings,
    };
    const onFailure: OnFailure = record.onStackFailure ?? (input.DisableRollback ? 'DO_NOTHING' : 'ROLLBACK');
    if (record.type === 'CREATE') {
      if (stack.status !== 'REVIEW_IN_PROGRESS') throw invalid(`Stack [${stack.name}] already exists`);
      engine.create({ ...more, id: stack.id, name: stack.name, onFailure });
    } else {
      checkUpdatable(stack);
      engine.update(stack, { ...more, disableRollback: onFailure === 'DO_NOTHING' });
    }
    // The others were made against a stack that is not there any more.
    for (const other of ofStack(call, stack)) {
      if (other.id !== record.id) changeSets(call).delete(other.id);
    }
    changeSets(call).put(record.id, {
      ...record,
      executionStatus: 'EXECUTE_COMPLETE',
      executeToken: input.ClientRequestToken,
    });
    return {};
  }

  function deleteChangeSet(input: DeleteChangeSetCommandInput, call: Call) {
    let record: ChangeSetRecord;
    try {
      record = findChangeSet(engineOf, call, input.ChangeSetName, input.StackName);
    } catch (error) {
      // Deleting what is not there is a success.
      if (error instanceof Fault && error.code === 'ChangeSetNotFound') return {};
      throw error;
    }
    changeSets(call).delete(record.id);
    return {};
  }

  function listChangeSets({ StackName, NextToken }: ListChangeSetsCommandInput, call: Call) {
    const stack = livingStack(engineOf, call, StackName);
    const { items, NextToken: next } = page(ofStack(call, stack).reverse(), NextToken, pageSize);
    return { Summaries: items.map(summaryOf), NextToken: next };
  }

  return {
    createChangeSet: on('CreateChangeSet', createChangeSet),
    describeChangeSet: on('DescribeChangeSet', describeChangeSet),
    executeChangeSet: on('ExecuteChangeSet', executeChangeSet),
    deleteChangeSet: on('DeleteChangeSet', deleteChangeSet),
    listChangeSets: on('ListChangeSets', listChangeSets),
  };
}

function checkInput(input: CreateChangeSetCommandInput): string {
  const { ChangeSetName: name = '', ChangeSetType = 'UPDATE' } = input;
  if (!/^[a-zA-Z][-a-zA-Z0-9]*$/.test(name) || name.length > 128) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  if (ChangeSetType === 'IMPORT' || (input.ResourcesToImport?.length ?? 0) > 0 || input.ImportExistingResources) {
    throw invalid('Importing resources is not modelled by Orrery.');
  }
  if (ChangeSetType !== 'CREATE' && ChangeSetType !== 'UPDATE') {
    throw invalid(
      `1 validation error detected: Value '${ChangeSetType}' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]`,
    );
  }
  if (input.DeploymentMode !== undefined) throw invalid('DeploymentMode is not modelled by Orrery.');
  if (input.OnStackFailure === 'DELETE' && ChangeSetType !== 'CREATE') {
    throw invalid('OnStackFailure DELETE is only valid when ChangeSetType is CREATE.');
  }
  return name;
}

/** A stack that there is only to look at its change set. */
function reviewedStack(engineOf: EngineOf, call: Call, name: string, id: string): void {
  const stack: StackRecord = {
    id,
    name,
    status: 'REVIEW_IN_PROGRESS',
    createdAt: call.clock.now(),
    templateId: '',
    parameters: {},
    tags: {},
    notificationArns: [],
    capabilities: [],
    onFailure: 'ROLLBACK',
    terminationProtection: false,
    outputs: [],
    imports: [],
  };
  const { host } = engineOf(call);
  stacks(host).put(id, stack);
  stackStatus(host, stack, { status: 'REVIEW_IN_PROGRESS', statusReason: 'User Initiated' });
}

function checkExecutable({ id, status, executionStatus }: ChangeSetRecord): void {
  if (status !== 'CREATE_COMPLETE') {
    throw new Fault(
      'InvalidChangeSetStatus',
      `ChangeSet [${id}] cannot be executed in its current status of [${status}]`,
    );
  }
  if (executionStatus !== 'AVAILABLE') {
    throw new Fault(
      'InvalidChangeSetStatus',
      `ChangeSet [${id}] cannot be executed in its current execution status of [${executionStatus}]`,
    );
  }
}

function ofStack(call: Call, { id }: StackRecord): ChangeSetRecord[] {
  return [...changeSets(call).values()].filter(({ stackId }) => stackId === id);
}

function summaryOf(record: ChangeSetRecord): ChangeSetSummary {
  return {
    StackId: record.stackId,
    StackName: record.stackName,
    ChangeSetId: record.id,
    ChangeSetName: record.name,
    ExecutionStatus: record.executionStatus,
    Status: record.status,
    StatusReason: record.statusReason,
    CreationTime: new Date(record.createdAt),
    Description: record.description,
    IncludeNestedStacks: false,
  };
}

function changeOutput(change: StackChange, withValues: boolean): Change {
  const { action, logicalId, type, physicalId, replacement, policyAction, details } = change;
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Replacement: replacement,
      PolicyAction: policyAction,
      Scope: [...new Set(details.map(({ attribute }) => attribute))],
      Details: details.map((detail) => detailOutput(detail, withValues)),
    },
  };
}

function detailOutput(detail: ChangeDetail, withValues: boolean): ResourceChangeDetail {
  const { attribute, name, recreation, evaluation, source, causingEntity, before, after } = detail;
  const values = {
    Path: name === undefined ? `/${attribute}` : `/${attribute}/${name}`,
    BeforeValue: before,
    AfterValue: after,
    AttributeChangeType:
      before === undefined ? ('Add' as const) : after === undefined ? ('Remove' as const) : ('Modify' as const),
  };
  return {
    Target: { Attribute: attribute, Name: name, RequiresRecreation: recreation, ...(withValues ? values : {}) },
    Evaluation: evaluation,
    ChangeSource: source,
    CausingEntity: causingEntity,
  };
}
