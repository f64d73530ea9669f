import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts, Region } from '../../region.ts';
import { sns } from './index.ts';
import { deliveries, subscriptions } from './state.ts';

let region: Region;
let client: SNSClient;
beforeAll(async () => {
  region = await Region.start({ ports: freePorts, services: [sns] });
  client = new SNSClient({
    endpoint: region.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(() => region.close());

test('a subscriber gets messages once it has confirmed', async () => {
  const { TopicArn } = await client.send(
    new CreateTopicCommand({ Name: 'alarms', Attributes: { DisplayName: 'Alarms' } }),
  );
  expect(TopicArn).toBe('arn:aws:sns:us-east-1:123456789012:alarms');
  expect(await client.send(new CreateTopicCommand({ Name: 'alarms' }))).toMatchObject({ TopicArn });
  expect(
    await client.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' })),
  ).toMatchObject({ SubscriptionArn: 'pending confirmation' });
  await client.send(new PublishCommand({ TopicArn, Message: 'too early' }));
  const [pending] = subscriptions(region.scope).values();
  await client.send(new ConfirmSubscriptionCommand({ TopicArn, Token: pending?.token }));
  const { MessageId } = await client.send(new PublishCommand({ TopicArn, Subject: 'ALARM', Message: 'five hundreds' }));
  expect([...deliveries(region.scope).values()]).toMatchObject([
    { messageId: MessageId, endpoint: 'ops@example.com', subject: 'ALARM', message: 'five hundreds' },
  ]);
  expect((await client.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes).toMatchObject({
    DisplayName: 'Alarms',
    SubscriptionsConfirmed: '1',
  });
  expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toMatchObject([
    { Protocol: 'email', Endpoint: 'ops@example.com' },
  ]);
});

test.each([
  [new CreateTopicCommand({ Name: 'no spaces' }), 'InvalidParameter', 'Invalid parameter: Topic Name'],
  [
    new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:123456789012:none', Message: 'x' }),
    'NotFound',
    'Topic does not exist',
  ],
  [new PublishCommand({ PhoneNumber: '+1', Message: 'x' }), 'InvalidParameter', 'not modelled'],
])('a refusal has the code and the words of SNS', async (command, name, message) => {
  const error = await client.send(command as PublishCommand).catch((caught: Error) => caught);
  expect(error).toMatchObject({ name: expect.stringContaining(name), message: expect.stringContaining(message) });
});
