/** SNS in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { resourceTags } from '../tags.ts';

interface TopicProperties {
  readonly TopicName?: string;
  readonly DisplayName?: string;
  readonly KmsMasterKeyId?: string;
  readonly Subscription?: readonly { readonly Protocol: string; readonly Endpoint: string }[];
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

type Invoke = <O>(service: string, operation: string, input: object) => Promise<O>;
const attributeNames = ['DisplayName', 'KmsMasterKeyId'] as const;

export const topicType = resourceType<TopicProperties>({
  honours: ['TopicName', 'DisplayName', 'KmsMasterKeyId', 'Subscription[].Protocol', 'Subscription[].Endpoint', 'Tags'],
  async create(request) {
    const { properties, invoke } = request;
    const Name = properties.TopicName ?? request.name(256);
    const Attributes = Object.fromEntries(
      attributeNames.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])),
    );
    const { TopicArn } = await invoke<{ TopicArn: string }>('sns', 'CreateTopic', {
      Name,
      Attributes,
      Tags: resourceTags(request, properties.Tags),
    });
    request.made?.(TopicArn);
    for (const one of properties.Subscription ?? []) {
      await invoke('sns', 'Subscribe', { TopicArn, Protocol: one.Protocol, Endpoint: one.Endpoint });
    }
    return { physicalId: TopicArn, attributes: { TopicArn, TopicName: Name } };
  },
  async update({ properties, previous, physicalId: TopicArn, attributes, invoke }) {
    for (const AttributeName of attributeNames) {
      if (properties[AttributeName] === previous[AttributeName]) continue;
      const AttributeValue = properties[AttributeName] ?? '';
      await invoke('sns', 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
    }
    for (const one of properties.Subscription ?? []) {
      await invoke('sns', 'Subscribe', { TopicArn, Protocol: one.Protocol, Endpoint: one.Endpoint });
    }
    const TagKeys = (previous.Tags ?? []).flatMap(({ Key }) =>
      properties.Tags?.some((tag) => tag.Key === Key) ? [] : [Key],
    );
    if (TagKeys.length > 0) await invoke('sns', 'UntagResource', { ResourceArn: TopicArn, TagKeys });
    if (properties.Tags?.length) await invoke('sns', 'TagResource', { ResourceArn: TopicArn, Tags: properties.Tags });
    return { physicalId: TopicArn, attributes };
  },
  // Subscriptions cannot be taken away in place: the topic is made anew with those that are left.
  replaces: (before, after) =>
    (before.Subscription ?? []).some(
      ({ Protocol, Endpoint }) =>
        !after.Subscription?.some((one) => one.Protocol === Protocol && one.Endpoint === Endpoint),
    ),
  async delete({ physicalId, invoke }) {
    await invoke('sns', 'DeleteTopic', { TopicArn: physicalId });
  },
});

interface SubscriptionProperties {
  readonly TopicArn: string;
  readonly Protocol: string;
  readonly Endpoint: string;
  readonly RawMessageDelivery?: boolean | string;
}

export const subscriptionType = resourceType<SubscriptionProperties>({
  honours: ['TopicArn', 'Protocol', 'Endpoint', 'RawMessageDelivery'],
  async create({ properties, invoke }) {
    const { TopicArn, Protocol, Endpoint, RawMessageDelivery } = properties;
    const { SubscriptionArn } = await invoke<{ SubscriptionArn: string }>('sns', 'Subscribe', {
      TopicArn,
      Protocol,
      Endpoint,
      Attributes: RawMessageDelivery === undefined ? {} : { RawMessageDelivery: String(RawMessageDelivery) },
      ReturnSubscriptionArn: true,
    });
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  async update({ properties, physicalId, attributes, invoke }) {
    await invoke('sns', 'SetSubscriptionAttributes', {
      SubscriptionArn: physicalId,
      AttributeName: 'RawMessageDelivery',
      AttributeValue: String(properties.RawMessageDelivery ?? false),
    });
    return { physicalId, attributes };
  },
  async delete({ physicalId, invoke }) {
    await invoke('sns', 'Unsubscribe', { SubscriptionArn: physicalId });
  },
});

interface TopicPolicyProperties {
  readonly PolicyDocument: object | string;
  readonly Topics: readonly string[];
}

export const topicPolicyType = resourceType<TopicPolicyProperties>({
  honours: ['PolicyDocument', 'Topics'],
  async create(request) {
    const physicalId = request.name();
    await putPolicy(request.invoke, request.properties);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update({ properties, previous, physicalId, attributes, invoke }) {
    await putPolicy(invoke, properties);
    await dropPolicy(
      invoke,
      previous.Topics.filter((topic) => !properties.Topics.includes(topic)),
    );
    return { physicalId, attributes };
  },
  async delete({ properties, invoke }) {
    await dropPolicy(invoke, properties.Topics);
  },
});

async function putPolicy(invoke: Invoke, { PolicyDocument, Topics }: TopicPolicyProperties): Promise<void> {
  const AttributeValue = typeof PolicyDocument === 'string' ? PolicyDocument : JSON.stringify(PolicyDocument);
  for (const TopicArn of Topics) {
    await invoke('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
  }
}

/** Back to the default policy; a topic that is gone has none. */
async function dropPolicy(invoke: Invoke, topics: readonly string[]): Promise<void> {
  for (const TopicArn of topics) {
    await unlessGone(['NotFound'], () =>
      invoke('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue: '' }),
    );
  }
}
