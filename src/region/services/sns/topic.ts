/** Topics, their attributes and tags. */
import type {
  CreateTopicCommandInput,
  DeleteTopicCommandInput,
  GetTopicAttributesCommandInput,
  ListTagsForResourceCommandInput,
  ListTopicsCommandInput,
  SetTopicAttributesCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from '@aws-sdk/client-sns';
import { Fault } from '../../wire/fault.ts';
import { compilePolicy } from '../iam/policy.ts';
import type { Access, Call } from '../service.ts';
import { invalid, page, subscriptions, subscriptionsOf, type Tag, type TopicRecord, topicOf, topics } from './state.ts';

/** Every operation on a topic asks its policy, too. */
export function onTopic<I extends { TopicArn?: string | undefined }, O>(
  name: string,
  handle: (input: I, call: Call) => O,
) {
  return {
    handle,
    access: (input: I, call: Call): Access => {
      const resourcePolicy = topics(call).get(input.TopicArn ?? '')?.policy;
      return { action: `sns:${name}`, resource: input.TopicArn ?? '*', ...(resourcePolicy ? { resourcePolicy } : {}) };
    },
  };
}

const settable = ['DisplayName', 'Policy', 'KmsMasterKeyId'] as const;

export function createTopic(input: CreateTopicCommandInput, call: Call) {
  const name = input.Name ?? '';
  if (name.endsWith('.fifo') || input.Attributes?.FifoTopic === 'true')
    throw invalid('FIFO topics are not modelled by Orrery');
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalid('Topic Name');
  const arn = `arn:aws:sns:${call.region}:${call.account}:${name}`;
  if (!topics(call).has(arn)) {
    const fresh: TopicRecord = {
      arn,
      name,
      displayName: '',
      policy: ownersPolicy(arn, call.account),
      tags: checkTags(input.Tags),
    };
    topics(call).put(
      arn,
      Object.entries(input.Attributes ?? {}).reduce((topic, [key, value]) => withAttribute(topic, key, value), fresh),
    );
  }
  return { TopicArn: arn };
}

/** The policy that AWS gives a new topic: the account that owns it. */
function ownersPolicy(arn: string, account: string): string {
  const Action = [
    'GetTopicAttributes',
    'SetTopicAttributes',
    'AddPermission',
    'RemovePermission',
    'DeleteTopic',
    'Subscribe',
    'ListSubscriptionsByTopic',
    'Publish',
  ];
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: Action.map((name) => `SNS:${name}`),
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });
}

function withAttribute(topic: TopicRecord, key: string, value: string | undefined): TopicRecord {
  switch (key) {
    case 'DisplayName':
      if ((value ?? '').length > 100) throw invalid('DisplayName');
      return { ...topic, displayName: value ?? '' };
    case 'Policy':
      checkPolicy(value ?? '');
      return { ...topic, policy: value ?? '' };
    case 'KmsMasterKeyId': {
      const { kmsKeyId: _, ...rest } = topic;
      return value ? { ...rest, kmsKeyId: value } : rest;
    }
    default:
      throw invalid(`AttributeName: ${key} is not one of ${settable.join(', ')}, or is not modelled by Orrery`);
  }
}

function checkPolicy(text: string): void {
  try {
    compilePolicy(text);
  } catch (error) {
    throw invalid(`Policy Error: ${error instanceof Fault ? error.message : 'null'}`);
  }
}

export function setTopicAttributes(
  { TopicArn, AttributeName, AttributeValue }: SetTopicAttributesCommandInput,
  call: Call,
) {
  const topic = topicOf(call, TopicArn);
  topics(call).put(topic.arn, withAttribute(topic, AttributeName ?? '', AttributeValue));
  return {};
}

export function getTopicAttributes({ TopicArn }: GetTopicAttributesCommandInput, call: Call) {
  const topic = topicOf(call, TopicArn);
  const subscribed = subscriptionsOf(call, topic.arn);
  const confirmed = subscribed.filter((subscription) => subscription.confirmed).length;
  const Attributes: Record<string, string> = {
    TopicArn: topic.arn,
    Owner: call.account,
    DisplayName: topic.displayName,
    Policy: topic.policy,
    SubscriptionsConfirmed: String(confirmed),
    SubscriptionsPending: String(subscribed.length - confirmed),
    SubscriptionsDeleted: '0',
    ...(topic.kmsKeyId === undefined ? {} : { KmsMasterKeyId: topic.kmsKeyId }),
  };
  return { Attributes };
}

export function listTopics({ NextToken }: ListTopicsCommandInput, call: Call) {
  const { items, ...next } = page([...topics(call).keys()], NextToken);
  return { Topics: items.map((TopicArn) => ({ TopicArn })), ...next };
}

/** Deleting what is not there succeeds; the subscriptions go with the topic. */
export function deleteTopic({ TopicArn = '' }: DeleteTopicCommandInput, call: Call) {
  for (const { arn } of subscriptionsOf(call, TopicArn)) subscriptions(call).delete(arn);
  topics(call).delete(TopicArn);
  return {};
}

function checkTags(given: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (tags.length > 50)
    throw new Fault('TagLimitExceededException', 'Could not complete request: tag quota of per resource exceeded');
  if (tags.some(({ Key, Value }) => Key === '' || Key.length > 128 || Value.length > 256)) throw invalid('Tags');
  return tags;
}

function tagged(call: Call, arn: string | undefined): TopicRecord {
  const topic = topics(call).get(arn ?? '');
  if (!topic) throw new Fault('ResourceNotFoundException', 'Resource does not exist', { status: 404 });
  return topic;
}

export function tagResource({ ResourceArn, Tags }: TagResourceCommandInput, call: Call) {
  const topic = tagged(call, ResourceArn);
  const added = checkTags(Tags);
  const kept = topic.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key));
  topics(call).put(topic.arn, { ...topic, tags: checkTags([...kept, ...added]) });
  return {};
}

export function untagResource({ ResourceArn, TagKeys = [] }: UntagResourceCommandInput, call: Call) {
  const topic = tagged(call, ResourceArn);
  topics(call).put(topic.arn, { ...topic, tags: topic.tags.filter(({ Key }) => !TagKeys.includes(Key)) });
  return {};
}

export function listTagsForResource({ ResourceArn }: ListTagsForResourceCommandInput, call: Call) {
  return { Tags: [...tagged(call, ResourceArn).tags] };
}
