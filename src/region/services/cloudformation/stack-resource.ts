/** What a stack consists of and what happened to it; and the signals of its machines. */
import type {
  DescribeStackEventsCommandInput,
  DescribeStackResourceCommandInput,
  DescribeStackResourcesCommandInput,
  ListStackResourcesCommandInput,
  ResourceStatus,
  SignalResourceCommandInput,
  StackEvent,
  StackResource,
} from '@aws-sdk/client-cloudformation';
import {
  type EventRecord,
  events,
  keptTemplate,
  type ResourceRecord,
  type StackRecord,
  stackResource,
  stackResources,
} from '../../stacks/records.ts';
import { receiveSignal } from '../../stacks/signals.ts';
import type { Call, Operation } from '../service.ts';
import { fromOwnInstance, livingStack, page, stackAccess, stackNamed, stackResourceName } from './access.ts';
import { CannotBeSignaled } from './boot-failure.ts';
import { type EngineOf, invalid } from './engines.ts';

const pageSize = 100;
/** Metadata that DescribeStackResource gives, in KB. */
const notChecked = { StackResourceDriftStatus: 'NOT_CHECKED' } as const;

export function stackResourceOperations(engineOf: EngineOf): Record<string, Operation> {
  const on = (operation: string, handle: Extract<Operation, { handle: unknown }>['handle']): Operation => ({
    handle,
    access: stackAccess(engineOf, operation),
  });
  /** An instance of the stack needs no permission for these: it proves itself by its identity. */
  const alsoByInstances = (
    operation: string,
    handle: Extract<Operation, { handle: unknown }>['handle'],
  ): Operation => ({
    async handle(input: { StackName?: string }, call: Call) {
      const { host } = engineOf(call);
      const stack = input.StackName === undefined ? undefined : stackNamedOrNone(host, call, input.StackName);
      if (!stack || !(await fromOwnInstance(call, stack))) {
        call.authorise({ action: `cloudformation:${operation}`, resource: stackResourceName(engineOf, input, call) });
      }
      return handle(input, call);
    },
    access: () => [],
  });

  function stackNamedOrNone(_host: unknown, call: Call, name: string): StackRecord | undefined {
    try {
      return stackNamed(engineOf, call, name);
    } catch {
      return undefined;
    }
  }

  function describeStackEvents({ StackName, NextToken }: DescribeStackEventsCommandInput, call: Call) {
    const { host } = engineOf(call);
    const found = StackName === undefined ? undefined : stackNamedOrNone(host, call, StackName);
    if (!found) throw invalid(`Stack [${StackName}] does not exist`);
    const all = [...events(host, found.id).values()].reverse();
    const { items, NextToken: next } = page(all, NextToken, pageSize);
    const secrets = secretsOf(host, found);
    return { StackEvents: items.map((event) => eventOutput(event, secrets)), NextToken: next };
  }

  function secretsOf(host: Parameters<typeof keptTemplate>[0], { templateId, parameters }: StackRecord): string[] {
    if (templateId === '') return [];
    const definitions = keptTemplate(host, templateId).parameters;
    return Object.entries(parameters).flatMap(([name, { value, resolved }]) =>
      definitions[name]?.NoEcho ? [value, resolved ?? ''].filter((secret) => secret !== '') : [],
    );
  }

  function required(call: Call, stack: StackRecord, logicalId: string | undefined): ResourceRecord {
    const record = logicalId === undefined ? undefined : stackResource(engineOf(call).host, stack.id, logicalId);
    if (!record) throw invalid(`Resource ${logicalId} does not exist for stack ${stack.name}`);
    return record;
  }

  function describeStackResource({ StackName, LogicalResourceId }: DescribeStackResourceCommandInput, call: Call) {
    const stack = namedForResources(call, StackName);
    const record = required(call, stack, LogicalResourceId);
    return {
      StackResourceDetail: {
        ...identity(stack, record),
        LastUpdatedTimestamp: new Date(record.updatedAt),
        Metadata: Object.keys(record.metadata).length === 0 ? undefined : JSON.stringify(record.metadata),
      },
    };
  }

  function namedForResources(call: Call, name: string | undefined): StackRecord {
    const found = name === undefined ? undefined : stackNamedOrNone(undefined, call, name);
    if (!found) throw invalid(`Stack '${name}' does not exist`);
    return found;
  }

  function describeStackResources(input: DescribeStackResourcesCommandInput, call: Call) {
    const { host } = engineOf(call);
    const { StackName, LogicalResourceId, PhysicalResourceId } = input;
    if (StackName !== undefined && PhysicalResourceId !== undefined) {
      throw invalid('Both StackName and PhysicalResourceId cannot be specified.');
    }
    let stack: StackRecord;
    if (PhysicalResourceId !== undefined) {
      const owner = [...host.table<ResourceRecord>('cloudformation/resources').values()].find(
        ({ physicalId, status }) => physicalId === PhysicalResourceId && status !== 'DELETE_COMPLETE',
      );
      if (!owner) throw invalid(`Stack for ${PhysicalResourceId} does not exist`);
      stack = stackNamed(engineOf, call, owner.stackId);
    } else {
      stack = stackNamed(engineOf, call, StackName);
    }
    const records = stackResources(host, stack.id).filter(
      ({ logicalId }) => LogicalResourceId === undefined || logicalId === LogicalResourceId,
    );
    return {
      StackResources: records
        .slice(0, pageSize)
        .map((record): StackResource => ({ ...identity(stack, record), Timestamp: new Date(record.updatedAt) })),
    };
  }

  function identity(stack: StackRecord, record: ResourceRecord) {
    return { StackName: stack.name, StackId: stack.id, ...summary(record) };
  }

  function summary({ logicalId, physicalId, type, status, statusReason }: ResourceRecord) {
    return {
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      ResourceStatus: status as ResourceStatus,
      ResourceStatusReason: statusReason,
      DriftInformation: notChecked,
    };
  }

  function listStackResources({ StackName, NextToken }: ListStackResourcesCommandInput, call: Call) {
    const stack = stackNamed(engineOf, call, StackName);
    const { items, NextToken: next } = page(stackResources(engineOf(call).host, stack.id), NextToken, pageSize);
    return {
      StackResourceSummaries: items.map((record) => ({
        ...summary(record),
        LastUpdatedTimestamp: new Date(record.updatedAt),
      })),
      NextToken: next,
    };
  }

  function signalResource(input: SignalResourceCommandInput, call: Call) {
    const { LogicalResourceId, UniqueId = '', Status } = input;
    const stack = livingStack(engineOf, call, input.StackName);
    const record = required(call, stack, LogicalResourceId);
    if (UniqueId.length < 1 || UniqueId.length > 64) throw invalid('UniqueId must have a length from 1 to 64');
    if (Status !== 'SUCCESS' && Status !== 'FAILURE') {
      throw invalid(
        `1 validation error detected: Value '${Status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [SUCCESS, FAILURE]`,
      );
    }
    // The stack's state is told first: https://github.com/aws-cloudformation/aws-cloudformation-templates/issues/126
    if (!stack.status.endsWith('_IN_PROGRESS')) throw new CannotBeSignaled(`Stack ${stack.id}`, stack.status);
    if (!record.status.endsWith('_IN_PROGRESS')) {
      throw new CannotBeSignaled(`Resource ${record.logicalId}`, record.status);
    }
    receiveSignal(engineOf(call).host, {
      stackId: stack.id,
      logicalId: record.logicalId,
      uniqueId: UniqueId,
      success: Status === 'SUCCESS',
    });
    return {};
  }

  return {
    describeStackEvents: on('DescribeStackEvents', describeStackEvents),
    describeStackResource: alsoByInstances('DescribeStackResource', describeStackResource),
    describeStackResources: on('DescribeStackResources', describeStackResources),
    listStackResources: on('ListStackResources', listStackResources),
    signalResource: alsoByInstances('SignalResource', signalResource),
  };
}

function eventOutput(event: EventRecord, secrets: readonly string[]): StackEvent {
  return {
    StackId: event.stackId,
    EventId: event.id,
    StackName: event.stackName,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: new Date(event.at),
    ResourceStatus: event.status as ResourceStatus,
    ResourceStatusReason: event.reason,
    // Values of NoEcho parameters are masked wherever they got to.
    ResourceProperties: secrets.reduce<string | undefined>(
      (text, secret) => text?.replaceAll(JSON.stringify(secret).slice(1, -1), '****'),
      event.properties,
    ),
    ClientRequestToken: event.token,
  };
}
