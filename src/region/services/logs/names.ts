/** What groups and streams are called, how requests name them, and what IAM is asked about them. */
import type { Access, Call, Scope } from '../service.ts';
import { constraint, invalid, missing } from './faults.ts';
import { type GroupRecord, groups, type StreamRecord, streams } from './state.ts';

export function groupArn(scope: Scope, name: string): string {
  return `arn:aws:logs:${scope.region}:${scope.account}:log-group:${name}`;
}

export function checkGroupName(name: string | undefined, member = 'logGroupName'): string {
  return checkText(name, member, /^[.\-_/#A-Za-z0-9]+$/, '[\\.\\-_/#A-Za-z0-9]+');
}

export function checkStreamName(name: string | undefined, member = 'logStreamName'): string {
  return checkText(name, member, /^[^:*]*$/, '[^:*]*');
}

export function checkText(
  text: string | undefined,
  member: string,
  allowed: RegExp,
  pattern: string,
  most = 512,
): string {
  if (text === undefined) throw constraint(undefined, member, 'not be null');
  if (text.length < 1) throw constraint(text, member, 'have length greater than or equal to 1');
  if (text.length > most) throw constraint(text, member, `have length less than or equal to ${most}`);
  if (!allowed.test(text)) throw constraint(text, member, `satisfy regular expression pattern: ${pattern}`);
  return text;
}

export interface NamesGroup {
  readonly logGroupName?: string | undefined;
  /** A name or an ARN. */
  readonly logGroupIdentifier?: string | undefined;
}

/** The name that a request means. */
export function groupNameOf(scope: Scope, { logGroupName, logGroupIdentifier }: NamesGroup): string {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw invalid('LogGroupName and LogGroupIdentifier cannot both be specified.');
  }
  if (logGroupIdentifier === undefined) return checkGroupName(logGroupName);
  return nameOfArn(scope, logGroupIdentifier) ?? checkGroupName(logGroupIdentifier, 'logGroupIdentifier');
}

/** Undefined when it is no ARN of a group here. */
export function nameOfArn(scope: Scope, arn: string): string | undefined {
  const start = groupArn(scope, '');
  return arn.startsWith(start) ? arn.slice(start.length).replace(/:\*$/, '') : undefined;
}

export function findGroup(scope: Scope, input: NamesGroup): GroupRecord {
  const group = groups(scope).get(groupNameOf(scope, input));
  if (!group) throw missing('The specified log group does not exist.');
  return group;
}

export function findStream(scope: Scope, group: GroupRecord, name: string | undefined): StreamRecord {
  const stream = streams(scope, group).get(checkStreamName(name));
  if (!stream) throw missing('The specified log stream does not exist.');
  return stream;
}

/** The group that a request names as well as can be said before it is checked. */
function namedGroup(call: Call, { logGroupName, logGroupIdentifier = '' }: NamesGroup): string {
  return logGroupName ?? nameOfArn(call, logGroupIdentifier) ?? logGroupIdentifier;
}

/**
 * IAM is asked about `log-group:NAME:log-stream:STREAM`, the stream being empty for what concerns the group: policies name
 * it `log-group:NAME:*`. Only tags are asked for on the group's bare ARN.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
 */
export function groupAccess(input: NamesGroup & { readonly logStreamName?: string | undefined }, call: Call): Access {
  const name = namedGroup(call, input);
  return {
    action: `logs:${call.operation}`,
    resource: `${groupArn(call, name)}:log-stream:${input.logStreamName ?? ''}`,
    context: tagContext('ResourceTag', groups(call).get(name)?.tags),
  };
}

/** To see what data protection would mask is asked for besides. */
export const unmasked = (asked: Access, unmask: boolean | undefined): Access[] =>
  unmask ? [asked, { ...asked, action: 'logs:Unmask' }] : [asked];

/** For what concerns a group, whatever stream of it is named. */
export const wholeGroupAccess = ({ logGroupName, logGroupIdentifier }: NamesGroup, call: Call): Access =>
  groupAccess({ logGroupName, logGroupIdentifier }, call);

export function tagContext(kind: 'ResourceTag' | 'RequestTag', tags: Readonly<Record<string, string>> = {}) {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:${kind}/${key}`, value]));
}
