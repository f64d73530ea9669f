/** Topics and their attributes, of which the policy. */
import type {
  CreateTopicInput,
  DeleteTopicInput,
  GetTopicAttributesInput,
  ListTagsForResourceRequest,
  ListTopicsInput,
  SetTopicAttributesInput,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-sns';
import { Fault } from '../../wire/fault.ts';
import { compilePolicy } from '../iam/policy.ts';
import { pageAt } from '../paging.ts';
import type { Access, Call, Caller, Scope } from '../service.ts';
import { addTags, checkTags, type TagFaults, withoutTags } from '../tags.ts';
import { subscriptions, type TopicRecord, topics } from './state.ts';

export const invalid = (message: string) => new Fault('InvalidParameter', `Invalid parameter: ${message}`);
const settable = ['DisplayName', 'Policy', 'KmsMasterKeyId', 'SignatureVersion', 'TracingConfig'];

export function needTopic(scope: Scope, arn: string | undefined): TopicRecord {
  if (!arn || !/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(arn)) throw invalid('TopicArn');
  const topic = topics(scope).get(arn);
  if (!topic) throw new Fault('NotFound', 'Topic does not exist', { status: 404 });
  return topic;
}

export function policyOf(scope: Scope, { arn, attributes }: TopicRecord): string {
  return (
    attributes.Policy ??
    JSON.stringify({
      Version: '2008-10-17',
      Id: '__default_policy_ID',
      Statement: [
        {
          Sid: '__default_statement_ID',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: [
            'GetTopicAttributes',
            'SetTopicAttributes',
            'AddPermission',
            'RemovePermission',
            'DeleteTopic',
            'Subscribe',
            'ListSubscriptionsByTopic',
            'Publish',
          ].map((name) => `SNS:${name}`),
          Resource: arn,
          Condition: { StringEquals: { 'AWS:SourceOwner': scope.account } },
        },
      ],
    })
  );
}

export function topicAccess(
  input: { TopicArn?: string | undefined; ResourceArn?: string | undefined },
  call: Call,
): Access {
  const arn = input.TopicArn ?? input.ResourceArn ?? '*';
  const topic = topics(call).get(arn);
  return {
    action: `sns:${call.operation}`,
    resource: arn,
    ...(topic ? { resourcePolicy: policyOf(call, topic) } : {}),
    context: { 'aws:SourceOwner': sourceOwner(call.caller) },
  };
}

/**
 * Whom the topic's default policy lets publish: its own account, and alarms of it. Newer services such as Budgets do not
 * tell a source owner, and need a statement of their own.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#source-account-versus-source-owner
 */
function sourceOwner(caller: Caller): string | undefined {
  if ('account' in caller) return caller.account;
  return caller.kind === 'service' && caller.service === 'cloudwatch.amazonaws.com' ? caller.sourceAccount : undefined;
}

function checkAttribute(name: string, value: string): void {
  if (name === 'FifoTopic' && value === 'false') return;
  if (!settable.includes(name)) throw invalid(`AttributeName Reason: ${name} is not modelled by Orrery`);
  if (name === 'DisplayName' && value.length > 100)
    throw invalid('DisplayName must be less than or equal to 100 characters long');
  if (name === 'SignatureVersion' && value !== '1' && value !== '2') throw invalid('SignatureVersion');
  if (name === 'TracingConfig' && value !== 'PassThrough')
    throw invalid(`TracingConfig Reason: ${value} is not modelled by Orrery`);
  if (name !== 'Policy') return;
  try {
    compilePolicy(value);
  } catch (error) {
    throw invalid(`Policy Error: ${error instanceof Error ? error.message : 'null'}`);
  }
}

const tagFaults: TagFaults = {
  malformed: () => invalid('Tags'),
  duplicate: () => invalid('Duplicated keys are not allowed.'),
  tooMany: () => new Fault('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded'),
};

export function createTopic(input: CreateTopicInput, call: Call) {
  const { Name: name = '', Attributes: attributes = {} } = input;
  if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
  if (input.DataProtectionPolicy) throw invalid('DataProtectionPolicy Reason: not modelled by Orrery');
  for (const [key, value] of Object.entries(attributes)) checkAttribute(key, value);
  const tags = checkTags(input.Tags, tagFaults);
  const arn = `arn:aws:sns:${call.region}:${call.account}:${name}`;
  const before = topics(call).get(arn);
  if (before) {
    const differs = Object.entries(attributes).some(
      ([key, value]) => before.attributes[key] !== value && key !== 'FifoTopic',
    );
    if (differs) throw invalid('Attributes Reason: Topic already exists with different attributes');
    if (tags.some(({ Key, Value }) => before.tags.find((tag) => tag.Key === Key)?.Value !== Value))
      throw invalid('Tags Reason: Topic already exists with different tags');
    return { TopicArn: arn };
  }
  const { FifoTopic: _, ...kept } = attributes;
  topics(call).put(arn, { arn, name, attributes: kept, tags });
  return { TopicArn: arn };
}

export function deleteTopic(input: DeleteTopicInput, call: Call) {
  topics(call).delete(input.TopicArn ?? '');
  for (const { arn, topicArn } of [...subscriptions(call).values()]) {
    if (topicArn === input.TopicArn) subscriptions(call).delete(arn);
  }
  return {};
}

const pageSize = 100;

export function page<T>(all: readonly T[], token: string | undefined) {
  const { items, next: NextToken } = pageAt(all, token, pageSize, () => {
    throw invalid('NextToken');
  });
  return { items, ...(NextToken === undefined ? {} : { NextToken }) };
}

export function listTopics(input: ListTopicsInput, call: Call) {
  const { items, ...more } = page([...topics(call).values()], input.NextToken);
  return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), ...more };
}

export function getTopicAttributes(input: GetTopicAttributesInput, call: Call) {
  const topic = needTopic(call, input.TopicArn);
  const own = [...subscriptions(call).values()].filter(({ topicArn }) => topicArn === topic.arn);
  const confirmed = own.filter((one) => one.confirmed).length;
  return {
    Attributes: {
      DisplayName: '',
      ...topic.attributes,
      TopicArn: topic.arn,
      Owner: call.account,
      Policy: policyOf(call, topic),
      SubscriptionsConfirmed: String(confirmed),
      SubscriptionsPending: String(own.length - confirmed),
      SubscriptionsDeleted: '0',
    },
  };
}

/** An empty policy or key takes the attribute away. */
export function setTopicAttributes(input: SetTopicAttributesInput, call: Call) {
  const topic = needTopic(call, input.TopicArn);
  const { AttributeName: name = '', AttributeValue: value = '' } = input;
  if (value === '') {
    if (!settable.includes(name)) throw invalid('AttributeName');
    const { [name]: _, ...attributes } = topic.attributes;
    topics(call).put(topic.arn, { ...topic, attributes });
    return {};
  }
  checkAttribute(name, value);
  topics(call).put(topic.arn, { ...topic, attributes: { ...topic.attributes, [name]: value } });
  return {};
}

export function tagResource(input: TagResourceRequest, call: Call) {
  const topic = needTopic(call, input.ResourceArn);
  topics(call).put(topic.arn, { ...topic, tags: addTags(topic.tags, input.Tags, tagFaults) });
  return {};
}

export function untagResource(input: UntagResourceRequest, call: Call) {
  const topic = needTopic(call, input.ResourceArn);
  topics(call).put(topic.arn, { ...topic, tags: withoutTags(topic.tags, input.TagKeys) });
  return {};
}

export function listTagsForResource(input: ListTagsForResourceRequest, call: Call) {
  return { Tags: [...needTopic(call, input.ResourceArn).tags] };
}
