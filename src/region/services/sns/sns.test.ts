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

/** A service that acts for a resource of an account: the topic's policy decides, as for anybody. */
const asService = (name: 'cloudwatch' | 'budgets', account = '123456789012'): Caller => ({
  kind: 'service',
  service: `${name}.amazonaws.com`,
  sourceArn:
    name === 'budgets' ? `arn:aws:budgets::${account}:budget/all` : `arn:aws:cloudwatch:us-east-1:${account}:alarm:cpu`,
  sourceAccount: account,
  trusted: false,
});
const alarm = asService('cloudwatch');
const foreignAlarm = asService('cloudwatch', '210987654321');
const budget = asService('budgets');
const foreignBudget = asService('budgets', '210987654321');
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

const toService = (service: string, Condition: object = {}) => [
  {
    Effect: 'Allow',
    Principal: { Service: `${service}.amazonaws.com` },
    Action: 'SNS:Publish',
    Resource: Topic,
    Condition,
  },
];
it.each<[string, object[] | undefined, Caller[], Caller[]]>([
  ['by default the account and its alarms', undefined, [alarm], [foreignAlarm, budget, foreignBudget]],
  ['a service by its name', toService('budgets'), [budget, foreignBudget], [alarm]],
  [
    'by aws:SourceAccount',
    toService('budgets', { StringEquals: { 'aws:SourceAccount': '123456789012' } }),
    [budget],
    [foreignBudget, alarm],
  ],
  [
    'by aws:SourceArn',
    toService('cloudwatch', { ArnLike: { 'AWS:SourceArn': 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:*' } }),
    [alarm],
    [foreignAlarm, budget],
  ],
  [
    'by both, of which one does not hold',
    toService('budgets', {
      StringEquals: { 'aws:SourceAccount': '123456789012' },
      ArnLike: { 'aws:SourceArn': 'arn:aws:budgets::123456789012:budget/other' },
    }),
    [],
    [budget, foreignBudget],
  ],
  [
    'not who is denied',
    [
      ...toService('cloudwatch'),
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'SNS:Publish',
        Resource: Topic,
        Condition: { StringNotEquals: { 'aws:SourceAccount': '123456789012' } },
      },
    ],
    [alarm],
    [foreignAlarm],
  ],
])('the policy of a topic lets services publish: %s', async (_, Statement, may, mayNot) => {
  await client.send(new CreateTopicCommand({ Name: 'alarms' }));
  if (Statement) {
    const AttributeValue = JSON.stringify({ Version: '2012-10-17', Statement });
    await client.send(new SetTopicAttributesCommand({ TopicArn: Topic, AttributeName: 'Policy', AttributeValue }));
  }
  const publish = (caller: Caller) => region.invoke('sns', 'Publish', { TopicArn: Topic, Message: 'm' }, caller);
  for (const caller of may) expect(await publish(caller)).toHaveProperty('MessageId');
  for (const caller of mayNot)
    expect(await faultOf(publish(caller))).toMatch(/^AuthorizationError: .* sns:Publish on/i);
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
