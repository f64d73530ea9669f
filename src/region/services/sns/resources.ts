/** SNS in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import type { Tag } from './state.ts';

interface TopicProperties {
  readonly TopicName?: string;
  readonly DisplayName?: string;
  readonly KmsMasterKeyId?: string;
  readonly Subscription?: readonly { readonly Protocol: string; readonly Endpoint: string }[];
  readonly Tags?: readonly Tag[];
}

export const topic = resourceType<TopicProperties>({
  honours: ['TopicName', 'DisplayName', 'KmsMasterKeyId', 'Subscription[].Protocol', 'Subscription[].Endpoint', 'Tags'],
  async create(request) {
    const { properties, invoke, stackTags } = request;
    const name = properties.TopicName ?? request.name(256);
    const Attributes = {
      DisplayName: properties.DisplayName ?? '',
      ...(properties.KmsMasterKeyId ? { KmsMasterKeyId: properties.KmsMasterKeyId } : {}),
    };
    const { TopicArn } = await invoke<{ TopicArn: string }>('sns', 'CreateTopic', {
      Name: name,
      Attributes,
      Tags: [...(properties.Tags ?? []), ...stackTags],
    });
    request.made?.(TopicArn);
    for (const subscription of properties.Subscription ?? [])
      await invoke('sns', 'Subscribe', { TopicArn, ...subscription });
    return { physicalId: TopicArn, attributes: { TopicArn, TopicName: name } };
  },
  async update({ properties, physicalId, attributes, invoke }) {
    const set = (AttributeName: string, AttributeValue: string) =>
      invoke('sns', 'SetTopicAttributes', { TopicArn: physicalId, AttributeName, AttributeValue });
    await set('DisplayName', properties.DisplayName ?? '');
    await set('KmsMasterKeyId', properties.KmsMasterKeyId ?? '');
    for (const subscription of properties.Subscription ?? [])
      await invoke('sns', 'Subscribe', { TopicArn: physicalId, ...subscription });
    return { physicalId, attributes };
  },
  async delete({ physicalId, invoke }) {
    await invoke('sns', 'DeleteTopic', { TopicArn: physicalId });
  },
});

interface TopicPolicyProperties {
  readonly PolicyDocument: object;
  readonly Topics: readonly string[];
}

export const topicPolicy = resourceType<TopicPolicyProperties>({
  honours: ['PolicyDocument', 'Topics'],
  async create(request) {
    await putPolicy(request);
    const id = request.name(256);
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request) {
    await putPolicy(request);
    return { physicalId: request.physicalId, attributes: request.attributes };
  },
  // As on AWS, the policy stays on the topic.
  async delete() {},
});

async function putPolicy({
  properties,
  invoke,
}: {
  properties: TopicPolicyProperties;
  invoke: (service: string, operation: string, input: object) => Promise<unknown>;
}): Promise<void> {
  for (const TopicArn of properties.Topics) {
    await invoke('sns', 'SetTopicAttributes', {
      TopicArn,
      AttributeName: 'Policy',
      AttributeValue: JSON.stringify(properties.PolicyDocument),
    });
  }
}

interface SubscriptionProperties {
  readonly TopicArn: string;
  readonly Protocol: string;
  readonly Endpoint: string;
  readonly RawMessageDelivery?: boolean;
}

export const subscription = resourceType<SubscriptionProperties>({
  honours: ['TopicArn', 'Protocol', 'Endpoint', 'RawMessageDelivery'],
  async create({ properties, invoke }) {
    const { TopicArn, Protocol, Endpoint, RawMessageDelivery } = properties;
    const { SubscriptionArn } = await invoke<{ SubscriptionArn: string }>('sns', 'Subscribe', {
      TopicArn,
      Protocol,
      Endpoint,
      ReturnSubscriptionArn: true,
      ...(RawMessageDelivery === undefined ? {} : { Attributes: { RawMessageDelivery: String(RawMessageDelivery) } }),
    });
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  replaces: (before, after) => String(before.RawMessageDelivery) !== String(after.RawMessageDelivery),
  async delete({ physicalId, invoke }) {
    await invoke('sns', 'Unsubscribe', { SubscriptionArn: physicalId });
  },
});
