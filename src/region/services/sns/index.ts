/**
 * SNS: topics, subscriptions, and a record of what would have been delivered.
 *
 * Not modelled: FIFO topics, filter and delivery policies, queues and functions as subscribers, platform applications.
 */
import { type AnyHandler, type Call, type Operation, service } from '../service.ts';
import { subscriptionType, topicPolicyType, topicType } from './resources.ts';
import * as subscription from './subscription.ts';
import * as topic from './topic.ts';

const onTopic = (handle: AnyHandler): Operation => ({ handle, access: topic.topicAccess });
const onSubscription = (handle: AnyHandler): Operation => ({
  handle,
  access: (input: { SubscriptionArn?: string }, call: Call) => ({
    action: `sns:${call.operation}`,
    resource: input.SubscriptionArn?.replace(/:[0-9a-f-]{36}$/, '') ?? '*',
  }),
});

export const sns = service('@aws-sdk/client-sns', 'sns', {
  deniedCode: 'AuthorizationError',
  operations: {
    createTopic: {
      handle: topic.createTopic,
      access: ({ Name = '' }: { Name?: string }, call: Call) => ({
        action: 'sns:CreateTopic',
        resource: `arn:aws:sns:${call.region}:${call.account}:${Name}`,
      }),
    },
    listTopics: topic.listTopics,
    deleteTopic: onTopic(topic.deleteTopic),
    getTopicAttributes: onTopic(topic.getTopicAttributes),
    setTopicAttributes: onTopic(topic.setTopicAttributes),
    tagResource: onTopic(topic.tagResource),
    untagResource: onTopic(topic.untagResource),
    listTagsForResource: onTopic(topic.listTagsForResource),

    subscribe: onTopic(subscription.subscribe),
    confirmSubscription: onTopic(subscription.confirmSubscription),
    unsubscribe: onSubscription(subscription.unsubscribe),
    listSubscriptions: subscription.listSubscriptions,
    listSubscriptionsByTopic: onTopic(subscription.listSubscriptionsByTopic),
    getSubscriptionAttributes: onSubscription(subscription.getSubscriptionAttributes),
    setSubscriptionAttributes: onSubscription(subscription.setSubscriptionAttributes),
    publish: {
      handle: subscription.publish,
      access: ({ TopicArn, TargetArn }: { TopicArn?: string; TargetArn?: string }, call: Call) =>
        topic.topicAccess({ TopicArn: TopicArn ?? TargetArn }, call),
    },
  },
  resources: {
    'AWS::SNS::Topic': topicType,
    'AWS::SNS::Subscription': subscriptionType,
    'AWS::SNS::TopicPolicy': topicPolicyType,
  },
});
