import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../service.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { sns } from './index.ts';
import { deliveries } from './state.ts';

const cloudWatch: Caller = {
  kind: 'service',
  service: 'cloudwatch.amazonaws.com',
  sourceAccount: '123456789012',
  trusted: false,
};
const Topic = 'arn:aws:sns:us-east-1:123456789012:alarms';

let region: TestRegion;
let client: SNSClient;
beforeEach(async () => {
  region = await testRegion({ services: [sns] });
  client = region.client(SNSClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const sent = () =>
  [...deliveries(region.scope).values()].map(({ kind, endpoint, sent, message }) => ({
    kind,
    endpoint,
    sent,
    message,
  }));

it('a confirmed subscriber is sent what is published, one that is not is told of', async () => {
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: 'alarms' }));
  expect(TopicArn).toBe(Topic);
  const subscription = { TopicArn, Protocol: 'email', Endpoint: 'ann@example.com' };
  expect((await client.send(new SubscribeCommand(subscription))).SubscriptionArn).toBe('pending confirmation');
  const listed = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  expect(listed.Subscriptions).toMatchObject([{ SubscriptionArn: 'PendingConfirmation', Endpoint: 'ann@example.com' }]);
  await client.send(new PublishCommand({ TopicArn, Message: 'one', Subject: 'Alarm' }));
  const Token = sent()[0]?.message.match(/token ([0-9a-f]{64})/)?.[1];
  await client.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
  const Message = JSON.stringify({ default: 'two', email: 'two by mail' });
  await client.send(new PublishCommand({ TopicArn, Message, MessageStructure: 'json' }));
  expect(sent().slice(1)).toEqual([
    { kind: 'Notification', endpoint: 'ann@example.com', sent: false, message: 'one' },
    { kind: 'Notification', endpoint: 'ann@example.com', sent: true, message: 'two by mail' },
  ]);
  expect(region.events.map(({ kind }) => kind)).toEqual(['delivered', 'not-delivered', 'delivered']);
});

it('the policy of a topic lets services publish, or not', async () => {
  await client.send(new CreateTopicCommand({ Name: 'alarms' }));
  const publish = () => region.invoke('sns', 'Publish', { TopicArn: Topic, Message: 'm' }, cloudWatch);
  expect(await faultOf(publish())).toMatch(/^AuthorizationError/);
  const AttributeValue = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: Topic,
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      },
    ],
  });
  await client.send(new SetTopicAttributesCommand({ TopicArn: Topic, AttributeName: 'Policy', AttributeValue }));
  await publish();
});

describe('is refused', () => {
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    [
      'a topic with a space',
      () => client.send(new CreateTopicCommand({ Name: 'a b' })),
      /InvalidParameterException: Invalid parameter: Topic Name/,
    ],
    [
      'an unknown topic',
      () => client.send(new GetTopicAttributesCommand({ TopicArn: `${Topic}x` })),
      /NotFoundException: Topic does not exist/,
    ],
    [
      'an address that is none',
      () => client.send(new SubscribeCommand({ TopicArn: Topic, Protocol: 'email', Endpoint: 'x' })),
      /Invalid parameter: Endpoint/,
    ],
    [
      'a queue',
      () => client.send(new SubscribeCommand({ TopicArn: Topic, Protocol: 'sqs', Endpoint: 'x' })),
      /sqs is not modelled by Orrery/,
    ],
    [
      'a FIFO topic',
      () => client.send(new CreateTopicCommand({ Name: 'f', Attributes: { FifoTopic: 'true' } })),
      /FifoTopic is not modelled/,
    ],
    [
      'an empty message',
      () => client.send(new PublishCommand({ TopicArn: Topic, Message: '' })),
      /Invalid parameter: Empty message/,
    ],
    [
      'a malformed policy',
      () =>
        client.send(new SetTopicAttributesCommand({ TopicArn: Topic, AttributeName: 'Policy', AttributeValue: '{' })),
      /Invalid parameter: Policy Error/,
    ],
  ];
  it.each(cases)('%s', async (_, call, expected) => {
    await client.send(new CreateTopicCommand({ Name: 'alarms' }));
    expect(await faultOf(call())).toMatch(expected);
  });
});

it('CloudFormation makes, changes and deletes topics', async () => {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sns:Publish', Resource: '*' }],
  };
  const template = (DisplayName: string) => ({
    Resources: {
      Topic: {
        Type: 'AWS::SNS::Topic',
        Properties: {
          DisplayName,
          Subscription: [{ Protocol: 'email', Endpoint: 'a@example.com' }],
          Tags: [{ Key: 'a', Value: DisplayName }],
        },
      },
      Hook: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Topic' },
          Protocol: 'https',
          Endpoint: 'https://example.com/x',
          RawMessageDelivery: true,
        },
      },
      Policy: { Type: 'AWS::SNS::TopicPolicy', Properties: { PolicyDocument: policy, Topics: [{ Ref: 'Topic' }] } },
    },
    Outputs: { Arn: { Value: { Ref: 'Topic' } } },
  });
  const stacks = region.stacks();
  stacks.create('app', template('one'));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
  const TopicArn = stacks.stack('app').outputs[0]?.value;
  stacks.update('app', template('two'));
  await stacks.settle();
  const { Attributes } = await client.send(new GetTopicAttributesCommand({ TopicArn }));
  expect(Attributes).toMatchObject({ DisplayName: 'two', SubscriptionsPending: '2', Policy: JSON.stringify(policy) });
  stacks.delete('app');
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('DELETE_COMPLETE');
  expect((await client.send(new ListTopicsCommand({}))).Topics).toEqual([]);
});
