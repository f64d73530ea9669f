/** SNS: topics and their subscribers. Deliveries are kept and told rather than sent. */
import { service } from '../service.ts';
import { subscription, topicPolicy, topic as topicType } from './resources.ts';
import * as subscribing from './subscription.ts';
import * as topic from './topic.ts';

export const sns = service('@aws-sdk/client-sns', 'sns', {
  deniedCode: 'AuthorizationError',
  operations: {
    createTopic: topic.createTopic,
    listTopics: topic.listTopics,
    deleteTopic: topic.onTopic('DeleteTopic', topic.deleteTopic),
    getTopicAttributes: topic.onTopic('GetTopicAttributes', topic.getTopicAttributes),
    setTopicAttributes: topic.onTopic('SetTopicAttributes', topic.setTopicAttributes),
    tagResource: topic.tagResource,
    untagResource: topic.untagResource,
    listTagsForResource: topic.listTagsForResource,
    subscribe: topic.onTopic('Subscribe', subscribing.subscribe),
    confirmSubscription: topic.onTopic('ConfirmSubscription', subscribing.confirmSubscription),
    unsubscribe: subscribing.unsubscribe,
    listSubscriptions: subscribing.listSubscriptions,
    listSubscriptionsByTopic: topic.onTopic('ListSubscriptionsByTopic', subscribing.listSubscriptionsByTopic),
    getSubscriptionAttributes: subscribing.getSubscriptionAttributes,
    publish: topic.onTopic('Publish', subscribing.publish),
  },
  resources: {
    'AWS::SNS::Topic': topicType,
    'AWS::SNS::TopicPolicy': topicPolicy,
    'AWS::SNS::Subscription': subscription,
  },
});
