/** Subscriptions and messages. */
import type {
  ConfirmSubscriptionCommandInput,
  GetSubscriptionAttributesCommandInput,
  ListSubscriptionsByTopicCommandInput,
  ListSubscriptionsCommandInput,
  PublishCommandInput,
  SubscribeCommandInput,
  UnsubscribeCommandInput,
} from '@aws-sdk/client-sns';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import {
  deliveries,
  invalid,
  page,
  type SubscriptionRecord,
  subscriptions,
  subscriptionsOf,
  topicOf,
} from './state.ts';

const protocols = ['email', 'email-json', 'http', 'https'] as const;
const longestMessage = 262_144;
const rememberedDeliveries = 1_000;

export function subscribe(input: SubscribeCommandInput, call: Call) {
  const topic = topicOf(call, input.TopicArn);
  const protocol = protocols.find((one) => one === input.Protocol);
  if (!protocol) throw invalid(`Protocol: ${input.Protocol} is not modelled by Orrery (${protocols.join(', ')} are)`);
  const endpoint = input.Endpoint ?? '';
  const fits = protocol.startsWith('email')
    ? /^[^@\s]+@[^@\s]+$/.test(endpoint)
    : endpoint.startsWith(`${protocol}://`);
  if (!fits)
    throw invalid(`${protocol.startsWith('email') ? 'Email address' : 'Endpoint must match the specified protocol'}`);
  const unknown = Object.keys(input.Attributes ?? {}).find((name) => name !== 'RawMessageDelivery');
  if (unknown) throw invalid(`Attributes: ${unknown} is not modelled by Orrery`);
  const existing = subscriptionsOf(call, topic.arn).find(
    (one) => one.protocol === protocol && one.endpoint === endpoint,
  );
  const record: SubscriptionRecord = existing ?? {
    arn: `${topic.arn}:${call.random.uuid()}`,
    topicArn: topic.arn,
    protocol,
    endpoint,
    confirmed: false,
    token: call.random.hex(64),
    rawMessageDelivery: input.Attributes?.RawMessageDelivery === 'true',
  };
  if (!existing) {
    subscriptions(call).put(record.arn, record);
    call.note({
      source: 'sns',
      kind: 'confirmation-asked',
      text: `${endpoint} would be asked to confirm its subscription to ${topic.name} (token ${record.token})`,
    });
  }
  const shown = record.confirmed || input.ReturnSubscriptionArn ? record.arn : 'pending confirmation';
  return { SubscriptionArn: shown };
}

export function confirmSubscription({ TopicArn, Token }: ConfirmSubscriptionCommandInput, call: Call) {
  const topic = topicOf(call, TopicArn);
  const record = subscriptionsOf(call, topic.arn).find(({ token }) => token === Token);
  if (!record) throw invalid('Token');
  subscriptions(call).put(record.arn, { ...record, confirmed: true });
  return { SubscriptionArn: record.arn };
}

export function unsubscribe({ SubscriptionArn = '' }: UnsubscribeCommandInput, call: Call) {
  if (!/^arn:aws:sns:[^:]+:\d+:[^:]+:[0-9a-f-]+$/.test(SubscriptionArn))
    throw invalid('SubscriptionArn Reason: An ARN must have at least 6 elements');
  subscriptions(call).delete(SubscriptionArn);
  return {};
}

function view(call: Call, { arn, topicArn, protocol, endpoint, confirmed }: SubscriptionRecord) {
  return {
    SubscriptionArn: confirmed ? arn : 'PendingConfirmation',
    Owner: call.account,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: topicArn,
  };
}

export function listSubscriptions({ NextToken }: ListSubscriptionsCommandInput, call: Call) {
  const { items, ...next } = page([...subscriptions(call).values()], NextToken);
  return { Subscriptions: items.map((one) => view(call, one)), ...next };
}

export function listSubscriptionsByTopic({ TopicArn, NextToken }: ListSubscriptionsByTopicCommandInput, call: Call) {
  const { items, ...next } = page(subscriptionsOf(call, topicOf(call, TopicArn).arn), NextToken);
  return { Subscriptions: items.map((one) => view(call, one)), ...next };
}

export function getSubscriptionAttributes({ SubscriptionArn }: GetSubscriptionAttributesCommandInput, call: Call) {
  const record = subscriptions(call).get(SubscriptionArn ?? '');
  if (!record) throw new Fault('NotFoundException', 'Subscription does not exist', { status: 404 });
  const Attributes: Record<string, string> = {
    SubscriptionArn: record.arn,
    TopicArn: record.topicArn,
    Owner: call.account,
    Protocol: record.protocol,
    Endpoint: record.endpoint,
    PendingConfirmation: String(!record.confirmed),
    RawMessageDelivery: String(record.rawMessageDelivery),
  };
  return { Attributes };
}

/** Nothing leaves this machine: what each confirmed subscriber would get is kept, and told. */
export function publish(
  { TopicArn, TargetArn, Message = '', Subject, PhoneNumber, MessageStructure }: PublishCommandInput,
  call: Call,
) {
  if (PhoneNumber !== undefined) throw invalid('PhoneNumber: messages to phones are not modelled by Orrery');
  if (MessageStructure !== undefined)
    throw invalid('MessageStructure: one message for each protocol is not modelled by Orrery');
  const topic = topicOf(call, TopicArn ?? TargetArn);
  if (Message === '') throw invalid('Empty message');
  if (Buffer.byteLength(Message) > longestMessage) throw invalid('Message too long');
  if (Subject !== undefined && (Subject.length > 100 || Subject === '')) throw invalid('Subject');
  const messageId = call.random.uuid();
  for (const { arn, protocol, endpoint, confirmed } of subscriptionsOf(call, topic.arn)) {
    if (!confirmed) continue;
    const table = deliveries(call);
    const [oldest] = table.keys();
    if (table.size >= rememberedDeliveries && oldest !== undefined) table.delete(oldest);
    table.put(`${messageId} ${arn}`, {
      messageId,
      topicArn: topic.arn,
      subscriptionArn: arn,
      protocol,
      endpoint,
      ...(Subject === undefined ? {} : { subject: Subject }),
      message: Message,
      atMs: call.clock.now(),
    });
  }
  call.note({
    source: 'sns',
    kind: 'published',
    text: `${topic.name}: ${Subject ?? Message.slice(0, 200)}`,
    data: { topicArn: topic.arn, message: Message.slice(0, 4096) },
  });
  return { MessageId: messageId };
}
