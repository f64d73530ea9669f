/** SNS's records, of one region. */
import type { Scope } from '../service.ts';
import type { Tag } from '../tags.ts';

export interface TopicRecord {
  readonly arn: string;
  readonly name: string;
  /** `DisplayName`, `Policy`, `KmsMasterKeyId`, … as SetTopicAttributes takes them. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

export interface SubscriptionRecord {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly token: string;
  readonly confirmed: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What was, or would have been, sent to somebody. */
export interface DeliveryRecord {
  readonly messageId: string;
  readonly kind: 'Notification' | 'SubscriptionConfirmation';
  readonly topicArn: string;
  readonly subscriptionArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly subject?: string;
  readonly message: string;
  /** False: the subscription is not confirmed, so that AWS would not send it. */
  readonly sent: boolean;
  readonly atMs: number;
}

/** By ARN. */
export const topics = (scope: Scope) => scope.table<TopicRecord>('sns/topics');
export const subscriptions = (scope: Scope) => scope.table<SubscriptionRecord>('sns/subscriptions');
/** By message and subscription, oldest first. */
export const deliveries = (scope: Scope) => scope.table<DeliveryRecord>('sns/deliveries');
