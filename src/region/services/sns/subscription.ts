/** Subscriptions, and what is published to them: nothing leaves the machine, deliveries are kept and told as events. */
import type {
  ConfirmSubscriptionInput,
  GetSubscriptionAttributesInput,
  ListSubscriptionsByTopicInput,
  ListSubscriptionsInput,
  PublishInput,
  SetSubscriptionAttributesInput,
  SubscribeInput,
  UnsubscribeInput,
} from '@aws-sdk/client-sns';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type DeliveryRecord, deliveries, type SubscriptionRecord, subscriptions } from './state.ts';
import { invalid, needTopic, page } from './topic.ts';

const endpointForms: Readonly<Record<string, RegExp>> = {
  email: /^[^@\s]+@[^@\s]+\.[^@\s]+$/,
  'email-json': /^[^@\s]+@[^@\s]+\.[^@\s]+$/,
  http: /^http:\/\/\S+$/,
  https: /^https:\/\/\S+$/,
  sms: /^\+?[\d -]{5,20}$/,
};
const mostBytes = 262_144;
const remembered = 1_000;

export function subscribe(input: SubscribeInput, call: Call) {
  const topic = needTopic(call, input.TopicArn);
  const { Protocol: protocol = '', Endpoint: endpoint = '', Attributes: attributes = {} } = input;
  const form = Object.hasOwn(endpointForms, protocol) ? endpointForms[protocol] : undefined;
  if (!form) throw invalid(`Protocol Reason: ${protocol} is not modelled by Orrery`);
  if (!form.test(endpoint)) throw invalid(`Endpoint Reason: ${protocol} endpoint ${endpoint} is not valid`);
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
  const same = [...subscriptions(call).values()].find(
    (one) => one.topicArn === topic.arn && one.protocol === protocol && one.endpoint === endpoint,
  );
  const record: SubscriptionRecord = same ?? {
    arn: `${topic.arn}:${call.random.uuid()}`,
    topicArn: topic.arn,
    protocol,
    endpoint,
    token: call.random.hex(64),
    confirmed: protocol === 'sms',
    attributes,
  };
  if (!same) {
    subscriptions(call).put(record.arn, record);
    if (!record.confirmed) {
      const message = `You have chosen to subscribe to the topic ${topic.arn}. To confirm the subscription, call ConfirmSubscription with the token ${record.token}.`;
      deliver(call, record, { kind: 'SubscriptionConfirmation', messageId: call.random.uuid(), message, sent: true });
    }
  }
  return { SubscriptionArn: record.confirmed || input.ReturnSubscriptionArn ? record.arn : 'pending confirmation' };
}

function checkAttribute(name: string, value: string): void {
  if (name !== 'RawMessageDelivery') throw invalid(`Attributes Reason: ${name} is not modelled by Orrery`);
  if (value !== 'true' && value !== 'false') throw invalid(`Attributes Reason: RawMessageDelivery: ${value}`);
}

type Delivery = Pick<DeliveryRecord, 'kind' | 'messageId' | 'message' | 'sent' | 'subject'>;

function deliver(scope: Scope, { arn, topicArn, protocol, endpoint }: SubscriptionRecord, what: Delivery): void {
  const table = deliveries(scope);
  const record = { ...what, topicArn, subscriptionArn: arn, protocol, endpoint, atMs: scope.clock.now() };
  table.put(`${what.messageId} ${arn}`, record);
  for (const key of [...table.keys()].slice(0, Math.max(0, table.size - remembered))) table.delete(key);
  const about = what.subject ?? what.message.slice(0, 100);
  scope.note({
    source: 'sns',
    kind: what.sent ? 'delivered' : 'not-delivered',
    text: what.sent
      ? `${protocol} to ${endpoint}: ${about}`
      : `not sent to ${endpoint}, whose subscription is not confirmed: ${about}`,
    data: { ...record },
  });
}

export function confirmSubscription(input: ConfirmSubscriptionInput, call: Call) {
  const { arn: topicArn } = needTopic(call, input.TopicArn);
  if (input.AuthenticateOnUnsubscribe) throw invalid('AuthenticateOnUnsubscribe Reason: not modelled by Orrery');
  const found = [...subscriptions(call).values()].find((one) => one.topicArn === topicArn && one.token === input.Token);
  if (!found) throw invalid('Token');
  subscriptions(call).put(found.arn, { ...found, confirmed: true });
  return { SubscriptionArn: found.arn };
}

function needSubscription(scope: Scope, arn: string | undefined): SubscriptionRecord {
  if (!arn?.startsWith('arn:')) throw invalid('SubscriptionArn Reason: An ARN must have at least 6 elements, not 1');
  const found = subscriptions(scope).get(arn);
  if (!found) throw new Fault('NotFound', 'Subscription does not exist', { status: 404 });
  return found;
}

export function unsubscribe(input: UnsubscribeInput, call: Call) {
  if (!input.SubscriptionArn?.startsWith('arn:')) needSubscription(call, input.SubscriptionArn);
  subscriptions(call).delete(input.SubscriptionArn ?? '');
  return {};
}

const view = (call: Call) => (one: SubscriptionRecord) => ({
  SubscriptionArn: one.confirmed ? one.arn : 'PendingConfirmation',
  Owner: call.account,
  Protocol: one.protocol,
  Endpoint: one.endpoint,
  TopicArn: one.topicArn,
});

export function listSubscriptions(input: ListSubscriptionsInput, call: Call) {
  const { items, ...more } = page([...subscriptions(call).values()], input.NextToken);
  return { Subscriptions: items.map(view(call)), ...more };
}

export function listSubscriptionsByTopic(input: ListSubscriptionsByTopicInput, call: Call) {
  const { arn } = needTopic(call, input.TopicArn);
  const own = [...subscriptions(call).values()].filter(({ topicArn }) => topicArn === arn);
  const { items, ...more } = page(own, input.NextToken);
  return { Subscriptions: items.map(view(call)), ...more };
}

export function getSubscriptionAttributes(input: GetSubscriptionAttributesInput, call: Call) {
  const one = needSubscription(call, input.SubscriptionArn);
  return {
    Attributes: {
      RawMessageDelivery: 'false',
      ...one.attributes,
      SubscriptionArn: one.arn,
      TopicArn: one.topicArn,
      Owner: call.account,
      Protocol: one.protocol,
      Endpoint: one.endpoint,
      PendingConfirmation: String(!one.confirmed),
      ConfirmationWasAuthenticated: 'false',
    },
  };
}

export function setSubscriptionAttributes(input: SetSubscriptionAttributesInput, call: Call) {
  const one = needSubscription(call, input.SubscriptionArn);
  const { AttributeName: name = '', AttributeValue: value = '' } = input;
  checkAttribute(name, value);
  subscriptions(call).put(one.arn, { ...one, attributes: { ...one.attributes, [name]: value } });
  return {};
}

export async function publish(input: PublishInput, call: Call) {
  const topic = needTopic(call, input.TopicArn ?? input.TargetArn);
  const { Message: message = '', Subject: subject } = input;
  if (message === '') throw invalid('Empty message');
  if (Buffer.byteLength(message) > mostBytes) throw invalid('Message too long');
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,98}$/.test(subject)) throw invalid('Subject');
  if (input.MessageGroupId !== undefined || input.MessageDeduplicationId !== undefined) {
    throw invalid('MessageGroupId Reason: FIFO topics are not modelled by Orrery');
  }
  if (input.MessageStructure !== undefined && input.MessageStructure !== 'json') throw invalid('MessageStructure');
  const messageFor = input.MessageStructure === 'json' ? byProtocol(message) : () => message;
  const { KmsMasterKeyId: KeyId } = topic.attributes;
  if (KeyId !== undefined) {
    const EncryptionContext = { 'aws:sns:topicArn': topic.arn };
    await call.invoke(call.caller, 'kms', 'GenerateDataKey', { KeyId, KeySpec: 'AES_256', EncryptionContext });
  }
  const messageId = call.random.uuid();
  for (const one of [...subscriptions(call).values()]) {
    if (one.topicArn !== topic.arn) continue;
    const about = subject === undefined ? {} : { subject };
    const text = messageFor(one.protocol);
    deliver(call, one, { kind: 'Notification', messageId, message: text, sent: one.confirmed, ...about });
  }
  return { MessageId: messageId };
}

/** A message in JSON has a text for each protocol, and `default` for the others. */
function byProtocol(message: string): (protocol: string) => string {
  let texts: unknown;
  try {
    texts = JSON.parse(message);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  const found = new Map(Object.entries((texts ?? {}) as Record<string, unknown>));
  const otherwise = found.get('default');
  if (typeof otherwise !== 'string') throw invalid('Message Structure - No default entry in JSON message body');
  return (protocol) => {
    const own = found.get(protocol);
    return typeof own === 'string' ? own : otherwise;
  };
}
