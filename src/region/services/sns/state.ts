/** SNS's records, of one region. Nothing is delivered to the outside: what would be is kept and listed. */
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface TopicRecord {
  readonly arn: string;
  readonly name: string;
  readonly displayName: string;
  /** JSON text. */
  readonly policy: string;
  readonly kmsKeyId?: string;
  readonly tags: readonly Tag[];
}

export interface SubscriptionRecord {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: 'email' | 'email-json' | 'http' | 'https';
  readonly endpoint: string;
  /** E-mail and web addresses are asked first whether they want it. */
  readonly confirmed: boolean;
  readonly token: string;
  readonly rawMessageDelivery: boolean;
}

/** What a subscriber would have been sent. */
export interface DeliveryRecord {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subscriptionArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly subject?: string;
  readonly message: string;
  readonly atMs: number;
}

export const topics = (scope: Scope) => scope.table<TopicRecord>('sns/topics');
export const subscriptions = (scope: Scope) => scope.table<SubscriptionRecord>('sns/subscriptions');
export const deliveries = (scope: Scope) => scope.table<DeliveryRecord>('sns/deliveries');

export function topicOf(call: Call, arn: string | undefined): TopicRecord {
  const found = topics(call).get(arn ?? '');
  if (!found) throw new Fault('NotFoundException', 'Topic does not exist', { status: 404 });
  return found;
}

export function subscriptionsOf(scope: Scope, topicArn: string): SubscriptionRecord[] {
  return [...subscriptions(scope).values()].filter((subscription) => subscription.topicArn === topicArn);
}

export function invalid(message: string): Fault {
  return new Fault('InvalidParameterException', `Invalid parameter: ${message}`);
}

const pageSize = 100;

/** One page: the token is the index to go on at. */
export function page<T>(all: readonly T[], token: string | undefined): { items: T[]; NextToken?: string } {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) throw invalid('NextToken');
  const items = all.slice(start, start + pageSize);
  return { items, ...(start + pageSize < all.length ? { NextToken: String(start + pageSize) } : {}) };
}
