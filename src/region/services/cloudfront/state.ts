/** CloudFront's records, of the whole account, and what its resources have in common: ids, entity tags, pages of lists. */
import type {
  CachePolicyConfig,
  CloudFrontOriginAccessIdentityConfig,
  DistributionConfig,
  FunctionConfig,
  KeyGroupConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  PublicKeyConfig,
  ResponseHeadersPolicyConfig,
} from '@aws-sdk/client-cloudfront';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';

/** What is made of one configuration, and changed only by who has read it last. */
export interface Configured<C> {
  readonly id: string;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly config: C;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface DistributionRecord extends Configured<DistributionConfig> {
  readonly arn: string;
  readonly domainName: string;
  /** When the last change is everywhere: `InProgress` until then. */
  readonly deployedMs: number;
  readonly tags: readonly Tag[];
}

export interface FunctionRecord {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  readonly tags: readonly Tag[];
  readonly development: FunctionVersion;
  readonly live?: FunctionVersion;
}

export interface FunctionVersion {
  readonly etag: string;
  readonly modifiedMs: number;
  readonly config: FunctionConfig;
  /** JavaScript. */
  readonly code: string;
}

export interface InvalidationRecord {
  readonly id: string;
  readonly distributionId: string;
  readonly callerReference: string;
  readonly paths: readonly string[];
  readonly createdMs: number;
  readonly done: boolean;
}

export const distributions = (scope: Scope) => scope.globalTable<DistributionRecord>('cloudfront/distributions');
export const functions = (scope: Scope) => scope.globalTable<FunctionRecord>('cloudfront/functions');
export const invalidations = (scope: Scope) => scope.globalTable<InvalidationRecord>('cloudfront/invalidations');
export const accessControls = (scope: Scope) =>
  scope.globalTable<Configured<OriginAccessControlConfig>>('cloudfront/originAccessControls');
export const accessIdentities = (scope: Scope) =>
  scope.globalTable<Configured<CloudFrontOriginAccessIdentityConfig>>('cloudfront/originAccessIdentities');
export const cachePolicies = (scope: Scope) =>
  scope.globalTable<Configured<CachePolicyConfig>>('cloudfront/cachePolicies');
export const requestPolicies = (scope: Scope) =>
  scope.globalTable<Configured<OriginRequestPolicyConfig>>('cloudfront/originRequestPolicies');
export const headersPolicies = (scope: Scope) =>
  scope.globalTable<Configured<ResponseHeadersPolicyConfig>>('cloudfront/responseHeadersPolicies');
export const publicKeys = (scope: Scope) => scope.globalTable<Configured<PublicKeyConfig>>('cloudfront/publicKeys');
export const keyGroups = (scope: Scope) => scope.globalTable<Configured<KeyGroupConfig>>('cloudfront/keyGroups');

/** `E` and 13 characters. */
export function newId(scope: Scope): string {
  return `E${scope.random.text(13)}`;
}

export function configured<C>(scope: Scope, id: string, config: C): Configured<C> {
  return { id, etag: newId(scope), modifiedMs: scope.clock.now(), config };
}

/** Throws unless the caller has read the present version. */
export function checkMatch(etag: string, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '') {
    throw new Fault('InvalidIfMatchVersion', 'The If-Match version is missing or not valid for the resource.');
  }
  if (ifMatch !== etag) {
    throw new Fault(
      'PreconditionFailed',
      "The request failed because it didn't meet the preconditions in one or more request-header fields.",
      { status: 412 },
    );
  }
}

export function found<T>(table: Table<T>, id: string | undefined, code: string, what: string): T {
  const record = table.get(id ?? '');
  if (!record) throw new Fault(code, `The specified ${what} does not exist.`, { status: 404 });
  return record;
}

export function invalid(message: string): Fault {
  return new Fault('InvalidArgument', message);
}

export function notModelled(what: string): Fault {
  return invalid(`${what} is not modelled by Orrery.`);
}

export interface Page<T> {
  readonly items: T[];
  readonly shared: { Quantity: number; MaxItems: number; NextMarker?: string };
}

/** A page of a list, after the marker. */
export function pageOf<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  { Marker, MaxItems }: { Marker?: string | undefined; MaxItems?: number | undefined },
): Page<T> {
  const limit = MaxItems ?? 100;
  if (!(limit >= 1 && limit <= 1_000)) throw invalid('MaxItems must be a number from 1 to 1000.');
  const sorted = [...all].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const from = Marker ? sorted.findIndex((item) => idOf(item) > Marker) : 0;
  const items = from < 0 ? [] : sorted.slice(from, from + limit);
  const last = items.at(-1);
  const more = last !== undefined && from + limit < sorted.length;
  return {
    items,
    shared: { Quantity: items.length, MaxItems: limit, ...(more ? { NextMarker: idOf(last) } : {}) },
  };
}

/** `Quantity` must say how many items there are. */
export function counted<T>(list: { Quantity?: number | undefined; Items?: T[] | undefined } | undefined): T[] {
  const items = list?.Items ?? [];
  if (list?.Quantity !== undefined && list.Quantity !== items.length) {
    throw new Fault('InconsistentQuantities', "The value of Quantity and the size of Items don't match.");
  }
  return items;
}
