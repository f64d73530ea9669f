/** Distributions. https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html */
import type {
  CreateDistributionCommandInput,
  CreateDistributionWithTagsCommandInput,
  DeleteDistributionCommandInput,
  GetDistributionCommandInput,
  ListDistributionsCommandInput,
  UpdateDistributionCommandInput,
} from '@aws-sdk/client-cloudfront';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { checkConfig } from './check-distribution.ts';
import {
  checkMatch,
  type DistributionRecord,
  distributions,
  found,
  invalid,
  invalidations,
  keyGroups,
  newId,
  pageOf,
  type Tag,
} from './state.ts';
import { checkTags } from './tags.ts';

/** AWS takes minutes; the edge here has a change at once, and clients that wait for `Deployed` see it come. */
const deployMs = 200;
const lowerAndDigits = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function distributionOf(call: Scope, id: string | undefined): DistributionRecord {
  return found(distributions(call), id, 'NoSuchDistribution', 'distribution');
}

export function createDistribution({ DistributionConfig }: CreateDistributionCommandInput, call: Call) {
  return create(DistributionConfig, [], call);
}

export function createDistributionWithTags(
  { DistributionConfigWithTags: given }: CreateDistributionWithTagsCommandInput,
  call: Call,
) {
  return create(given?.DistributionConfig, checkTags(given?.Tags), call);
}

function create(given: CreateDistributionCommandInput['DistributionConfig'], tags: readonly Tag[], call: Call) {
  for (const { config } of distributions(call).values()) {
    if (given && config.CallerReference === given.CallerReference) {
      throw new Fault(
        'DistributionAlreadyExists',
        'The caller reference you attempted to create the distribution with is associated with another distribution.',
        { status: 409 },
      );
    }
  }
  const config = checkConfig(given, call);
  const id = newId(call);
  const record: DistributionRecord = {
    id,
    arn: `arn:aws:cloudfront::${call.account}:distribution/${id}`,
    domainName: `d${call.random.text(13, lowerAndDigits)}.cloudfront.net`,
    etag: newId(call),
    modifiedMs: call.clock.now(),
    deployedMs: call.clock.now() + deployMs,
    tags,
    config,
  };
  distributions(call).put(id, record);
  return {
    Distribution: view(record, call),
    ETag: record.etag,
    Location: `https://cloudfront.amazonaws.com/2020-05-31/distribution/${id}`,
  };
}

export function getDistribution({ Id }: GetDistributionCommandInput, call: Call) {
  const record = distributionOf(call, Id);
  return { Distribution: view(record, call), ETag: record.etag };
}

export function getDistributionConfig({ Id }: GetDistributionCommandInput, call: Call) {
  const { config, etag } = distributionOf(call, Id);
  return { DistributionConfig: config, ETag: etag };
}

export function updateDistribution({ Id, IfMatch, DistributionConfig }: UpdateDistributionCommandInput, call: Call) {
  const before = distributionOf(call, Id);
  checkMatch(before.etag, IfMatch);
  const config = checkConfig(DistributionConfig, call, before.id);
  if (config.CallerReference !== before.config.CallerReference) {
    throw new Fault('IllegalUpdate', 'The update contains modifications that are not allowed: CallerReference.');
  }
  const nowMs = call.clock.now();
  const record = { ...before, config, etag: newId(call), modifiedMs: nowMs, deployedMs: nowMs + deployMs };
  distributions(call).put(record.id, record);
  return { Distribution: view(record, call), ETag: record.etag };
}

export function deleteDistribution({ Id, IfMatch }: DeleteDistributionCommandInput, call: Call) {
  const record = distributionOf(call, Id);
  checkMatch(record.etag, IfMatch);
  if (record.config.Enabled || statusOf(record, call) !== 'Deployed') {
    throw new Fault('DistributionNotDisabled', 'The distribution you are trying to delete has not been disabled.', {
      status: 409,
    });
  }
  distributions(call).delete(record.id);
  for (const [key, one] of invalidations(call).entries())
    if (one.distributionId === record.id) invalidations(call).delete(key);
  return {};
}

export function listDistributions(input: ListDistributionsCommandInput, call: Call) {
  const { items, shared } = pageOf([...distributions(call).values()], ({ id }) => id, {
    Marker: input.Marker,
    MaxItems: maxItems(input.MaxItems),
  });
  return {
    DistributionList: {
      ...shared,
      Marker: input.Marker ?? '',
      IsTruncated: shared.NextMarker !== undefined,
      ...(items.length > 0 ? { Items: items.map((record) => summary(record, call)) } : {}),
    },
  };
}

export function maxItems(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (!Number.isInteger(value)) throw invalid('MaxItems must be a whole number.');
  return value;
}

function statusOf({ deployedMs }: DistributionRecord, { clock }: Scope): 'InProgress' | 'Deployed' {
  return clock.now() >= deployedMs ? 'Deployed' : 'InProgress';
}

function view(record: DistributionRecord, call: Scope) {
  const open = [...invalidations(call).values()].filter((one) => one.distributionId === record.id && !one.done);
  return {
    Id: record.id,
    ARN: record.arn,
    Status: statusOf(record, call),
    LastModifiedTime: new Date(record.modifiedMs),
    InProgressInvalidationBatches: open.length,
    DomainName: record.domainName,
    ActiveTrustedSigners: { Enabled: false, Quantity: 0 },
    ActiveTrustedKeyGroups: activeGroups(record, call),
    DistributionConfig: record.config,
  };
}

function activeGroups({ config }: DistributionRecord, call: Scope) {
  const behaviours = [config.DefaultCacheBehavior, ...(config.CacheBehaviors?.Items ?? [])];
  const ids = [...new Set(behaviours.flatMap((behaviour) => behaviour?.TrustedKeyGroups?.Items ?? []))];
  const Items = ids.map((KeyGroupId) => {
    const keys = keyGroups(call).get(KeyGroupId)?.config.Items ?? [];
    return { KeyGroupId, KeyPairIds: { Quantity: keys.length, Items: keys } };
  });
  return { Enabled: Items.length > 0, Quantity: Items.length, ...(Items.length > 0 ? { Items } : {}) };
}

function summary(record: DistributionRecord, call: Scope) {
  const {
    CallerReference: _,
    DefaultRootObject: __,
    Logging: ___,
    ContinuousDeploymentPolicyId: ____,
    ...config
  } = record.config;
  return {
    Id: record.id,
    ARN: record.arn,
    ETag: record.etag,
    Status: statusOf(record, call),
    LastModifiedTime: new Date(record.modifiedMs),
    DomainName: record.domainName,
    ...config,
  };
}
