/** Log groups. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html */
import type {
  AssociateKmsKeyCommandInput,
  CreateLogGroupCommandInput,
  DeleteLogGroupCommandInput,
  DeleteRetentionPolicyCommandInput,
  DescribeLogGroupsCommandInput,
  DisassociateKmsKeyCommandInput,
  PutLogGroupDeletionProtectionCommandInput,
  PutRetentionPolicyCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call, Scope } from '../service.ts';
import { expire } from './event-log.ts';
import { checkLimit, constraint, exists, invalid, notModelled, oneOf, page, refuseMembers } from './faults.ts';
import { checkKey } from './kms-key.ts';
import { checkGroupName, findGroup, groupAccess, groupArn, groupNameOf, tagContext } from './names.ts';
import { emptySoon } from './retention.ts';
import {
  filtersOf,
  type GroupRecord,
  groups,
  type LogClass,
  metricFilterKey,
  metricFilters,
  nowMs,
  streams,
} from './state.ts';
import { checkTags } from './tags.ts';

const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const classes = ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'];

export function createLogGroupAccess(input: CreateLogGroupCommandInput, call: Call): Access[] {
  const create = { ...groupAccess(input, call), context: tagContext('RequestTag', input.tags) };
  const resource = groupArn(call, input.logGroupName ?? '');
  return input.tags ? [create, { action: 'logs:TagResource', resource, context: create.context }] : [create];
}

export async function createLogGroup(input: CreateLogGroupCommandInput, call: Call) {
  const name = checkGroupName(input.logGroupName);
  if (/^aws\//i.test(name)) throw invalid('Log groups starting with AWS/ are reserved for AWS.');
  const tags = checkTags(input.tags ?? {});
  const logClass = checkClass(input.logGroupClass) ?? 'STANDARD';
  if (groups(call).has(name)) throw exists('The specified log group already exists');
  const kmsKeyId = input.kmsKeyId === undefined ? undefined : await checkKey(call, name, input.kmsKeyId);
  // Another request may have been served while KMS was asked.
  if (groups(call).has(name)) throw exists('The specified log group already exists');
  groups(call).put(name, {
    name,
    id: call.random.hex(12),
    createdMs: nowMs(call),
    kmsKeyId,
    logClass,
    protectedFromDeletion: input.deletionProtectionEnabled ?? false,
    tags,
  });
  return {};
}

function checkClass(given: string | undefined): LogClass | undefined {
  if (given === undefined || given === 'STANDARD' || given === 'INFREQUENT_ACCESS') return given;
  if (!classes.includes(given)) throw constraint(given, 'logGroupClass', oneOf(classes));
  throw notModelled(`The log group class ${given}`);
}

export function deleteLogGroup(input: DeleteLogGroupCommandInput, call: Call) {
  const group = findGroup(call, input);
  if (group.protectedFromDeletion) {
    throw new Fault('ValidationException', 'The specified log group has deletion protection enabled.');
  }
  for (const stream of [...streams(call, group).values()]) {
    expire(call, group, stream);
    streams(call, group).delete(stream.name);
  }
  for (const { name } of filtersOf(call, group.name)) metricFilters(call).delete(metricFilterKey(group.name, name));
  groups(call).delete(group.name);
  emptySoon(call);
  return {};
}

export function describeLogGroupsAccess(_: DescribeLogGroupsCommandInput, call: Call): Access {
  return { action: 'logs:DescribeLogGroups', resource: `${groupArn(call, '')}:log-stream:` };
}

export function describeLogGroups(input: DescribeLogGroupsCommandInput, call: Call) {
  const { logGroupNamePrefix, logGroupNamePattern, logGroupIdentifiers, limit, nextToken } = input;
  refuseMembers(input, ['accountIdentifiers', 'includeLinkedAccounts']);
  const size = checkLimit(limit, 50);
  const logGroupClass = checkClass(input.logGroupClass);
  if (logGroupNamePrefix !== undefined) checkGroupName(logGroupNamePrefix, 'logGroupNamePrefix');
  if (logGroupNamePattern !== undefined && !/^[.\-_/#A-Za-z0-9]{0,512}$/.test(logGroupNamePattern)) {
    const rule = 'satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]*';
    throw constraint(logGroupNamePattern, 'logGroupNamePattern', rule);
  }
  if (logGroupNamePrefix !== undefined && logGroupNamePattern !== undefined) {
    throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  if (logGroupIdentifiers && (logGroupNamePrefix ?? logGroupNamePattern ?? logGroupClass) !== undefined) {
    throw invalid('LogGroupIdentifiers cannot be combined with other filters.');
  }
  const names = logGroupIdentifiers?.map((logGroupIdentifier) => groupNameOf(call, { logGroupIdentifier }));
  const found = [...groups(call).values()]
    .filter(({ name }) => name.startsWith(logGroupNamePrefix ?? '') && name.includes(logGroupNamePattern ?? ''))
    .filter(({ logClass }) => logGroupClass === undefined || logClass === logGroupClass)
    .filter(({ name }) => !names || names.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, ...rest } = page(found, nextToken, size);
  // A search by pattern tells no more than these.
  const named = ({ name, createdMs }: GroupRecord) => ({
    arn: `${groupArn(call, name)}:*`,
    creationTime: createdMs,
    logGroupName: name,
  });
  const shown = logGroupNamePattern === undefined ? (group: GroupRecord) => view(call, group) : named;
  return { logGroups: items.map(shown), ...rest };
}

function view(scope: Scope, group: GroupRecord) {
  const { name, createdMs, retentionDays, kmsKeyId, logClass, protectedFromDeletion } = group;
  let storedBytes = 0;
  for (const { bytes } of streams(scope, group).values()) storedBytes += bytes;
  return {
    logGroupName: name,
    creationTime: createdMs,
    ...(retentionDays === undefined ? {} : { retentionInDays: retentionDays }),
    metricFilterCount: filtersOf(scope, name).length,
    arn: `${groupArn(scope, name)}:*`,
    storedBytes,
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    logGroupClass: logClass,
    logGroupArn: groupArn(scope, name),
    deletionProtectionEnabled: protectedFromDeletion,
  };
}

function change(call: Call, group: GroupRecord, changed: Partial<GroupRecord>): void {
  groups(call).put(group.name, { ...group, ...changed });
}

export function putRetentionPolicy(input: PutRetentionPolicyCommandInput, call: Call) {
  const days = input.retentionInDays;
  checkGroupName(input.logGroupName);
  if (days === undefined) throw constraint(undefined, 'retentionInDays', 'not be null');
  if (!retentions.includes(days)) throw constraint(days, 'retentionInDays', oneOf(retentions));
  change(call, findGroup(call, input), { retentionDays: days });
  return {};
}

export function deleteRetentionPolicy(input: DeleteRetentionPolicyCommandInput, call: Call) {
  change(call, findGroup(call, input), { retentionDays: undefined });
  return {};
}

export function putLogGroupDeletionProtection(input: PutLogGroupDeletionProtectionCommandInput, call: Call) {
  if (input.deletionProtectionEnabled === undefined) {
    throw constraint(undefined, 'deletionProtectionEnabled', 'not be null');
  }
  change(call, findGroup(call, input), { protectedFromDeletion: input.deletionProtectionEnabled });
  return {};
}

export async function associateKmsKey(input: AssociateKmsKeyCommandInput, call: Call) {
  const { name } = findGroup(call, keyedGroup(call, input));
  const kmsKeyId = await checkKey(call, name, input.kmsKeyId);
  change(call, findGroup(call, { logGroupName: name }), { kmsKeyId });
  return {};
}

export function disassociateKmsKey(input: DisassociateKmsKeyCommandInput, call: Call) {
  change(call, findGroup(call, keyedGroup(call, input)), { kmsKeyId: undefined });
  return {};
}

type NamesKeyed = { logGroupName?: string | undefined; resourceIdentifier?: string | undefined };

export function keyAccess({ logGroupName, resourceIdentifier }: NamesKeyed, call: Call): Access {
  return groupAccess({ logGroupName, logGroupIdentifier: resourceIdentifier }, call);
}

/** A resource's identifier is a group's ARN, or names the results of queries. */
function keyedGroup(call: Call, { logGroupName, resourceIdentifier }: NamesKeyed) {
  if (resourceIdentifier === undefined) return { logGroupName };
  if (logGroupName !== undefined) throw invalid('Only one of logGroupName and resourceIdentifier can be specified.');
  if (!resourceIdentifier.startsWith(groupArn(call, ''))) throw notModelled(`A key for ${resourceIdentifier}`);
  return { logGroupIdentifier: resourceIdentifier };
}
