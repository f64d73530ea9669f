/** Lifecycle rules: accepted, and carried out each midnight UTC of the clock, as S3 does once a day. */
import type {
  GetBucketLifecycleConfigurationCommandOutput,
  LifecycleRule,
  PutBucketLifecycleConfigurationCommandInput,
  PutBucketLifecycleConfigurationCommandOutput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { onBucket } from './access.ts';
import { change } from './bucket-policy.ts';
import { invalidArgument, invalidRequest, malformedXml, notModelled } from './faults.ts';
import {
  abortAt,
  dayMs,
  expiryOf,
  markerExpired,
  noncurrentExpired,
  ruleFilter,
  transitionOf,
} from './lifecycle-rules.ts';
import { objectsOf } from './objects.ts';
import { type BucketRecord, buckets, type ObjectVersion } from './state.ts';

const smallObjects = 'all_storage_classes_128K' as const;

export const putBucketLifecycleConfiguration = onBucket(
  'PutLifecycleConfiguration',
  (
    input: PutBucketLifecycleConfigurationCommandInput,
    call,
    bucket,
  ): Omit<PutBucketLifecycleConfigurationCommandOutput, '$metadata'> => {
    const rules = input.LifecycleConfiguration?.Rules ?? [];
    if (rules.length === 0 || rules.length > 1000) throw malformedXml();
    if (input.TransitionDefaultMinimumObjectSize === 'varies_by_storage_class')
      throw notModelled('TransitionDefaultMinimumObjectSize varies_by_storage_class');
    const named = rules.map((rule) => ({
      ...rule,
      ID: rule.ID || call.random.text(48, 'abcdefghijklmnopqrstuvwxyz0123456789'),
    }));
    const ids = new Set<string>();
    for (const rule of named) {
      checkRule(rule);
      if (ids.has(rule.ID))
        throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', rule.ID);
      ids.add(rule.ID);
    }
    change(call, bucket, { lifecycle: named });
    return { TransitionDefaultMinimumObjectSize: smallObjects };
  },
);

export const getBucketLifecycleConfiguration = onBucket(
  'GetLifecycleConfiguration',
  (_input, _call, bucket): Omit<GetBucketLifecycleConfigurationCommandOutput, '$metadata'> => {
    if (!bucket.lifecycle) {
      throw new Fault('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', {
        status: 404,
        members: { BucketName: bucket.name },
      });
    }
    return { Rules: [...bucket.lifecycle], TransitionDefaultMinimumObjectSize: smallObjects };
  },
);

export const deleteBucketLifecycle = onBucket('PutLifecycleConfiguration', (_input, call, bucket) => {
  change(call, bucket, { lifecycle: undefined });
  return {};
});

function checkRule(rule: LifecycleRule): void {
  const {
    Expiration,
    Transitions = [],
    NoncurrentVersionTransitions = [],
    NoncurrentVersionExpiration,
    AbortIncompleteMultipartUpload,
  } = rule;
  if (rule.Status !== 'Enabled' && rule.Status !== 'Disabled') throw malformedXml();
  if ((rule.ID?.length ?? 0) > 255)
    throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', rule.ID);
  if (rule.Filter !== undefined && rule.Prefix !== undefined) throw malformedXml();
  const actions = [
    Expiration,
    Transitions[0],
    NoncurrentVersionTransitions[0],
    NoncurrentVersionExpiration,
    AbortIncompleteMultipartUpload,
  ];
  if (actions.every((action) => action === undefined))
    throw invalidRequest('At least one action needs to be specified in a rule');
  if (ruleFilter(rule).wantedTags.length > 0) {
    if (AbortIncompleteMultipartUpload)
      throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Tags.');
    if (Expiration?.ExpiredObjectDeleteMarker)
      throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with Tags.');
  }
  if (Expiration) {
    const said = [Expiration.Days, Expiration.Date, Expiration.ExpiredObjectDeleteMarker].filter(
      (member) => member !== undefined,
    );
    if (said.length !== 1) throw malformedXml();
    checkDays(Expiration.Days, 1, "'Days' for Expiration action must be a positive integer");
    checkMidnight(Expiration.Date);
  }
  checkDays(
    NoncurrentVersionExpiration?.NoncurrentDays,
    1,
    "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
  );
  if (NoncurrentVersionExpiration && NoncurrentVersionExpiration.NoncurrentDays === undefined) throw malformedXml();
  checkDays(
    AbortIncompleteMultipartUpload?.DaysAfterInitiation,
    1,
    "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
  );
  for (const transition of Transitions) {
    checkDays(transition.Days, 0, "'Days' for Transition action must be nonnegative");
    checkMidnight(transition.Date);
    checkTarget(transition.StorageClass);
  }
  for (const transition of NoncurrentVersionTransitions) {
    checkDays(
      transition.NoncurrentDays,
      0,
      "'NoncurrentDays' for NoncurrentVersionTransition action must be nonnegative",
    );
    checkTarget(transition.StorageClass);
  }
}

function checkDays(days: number | undefined, least: number, message: string): void {
  if (days !== undefined && (!Number.isInteger(days) || days < least)) throw invalidArgument(message, 'Days', days);
}

function checkMidnight(date: Date | undefined): void {
  if (date && date.getTime() % dayMs !== 0)
    throw invalidArgument("'Date' must be at midnight GMT", 'Date', date.toISOString());
}

function checkTarget(storageClass: string | undefined): void {
  if (storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE') {
    throw notModelled(`A transition to ${storageClass}, whose objects must be restored before they are read,`);
  }
  if (!['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'].includes(storageClass ?? ''))
    throw malformedXml();
}

/** Carries the rules out at every midnight, for the buckets of one region. */
export function startLifecycle(scope: Scope): void {
  const { clock } = scope;
  const run = () => {
    applyLifecycle(scope).catch((error: unknown) => {
      scope.note({
        source: 's3',
        kind: 'lifecycle-failed',
        text: `Lifecycle rules could not be carried out: ${String(error)}`,
      });
    });
    clock.after(dayMs - (clock.now() % dayMs), run);
  };
  run();
}

/** Does what is due now. Resolves with how many versions, markers and uploads went or moved. */
export async function applyLifecycle(scope: Scope): Promise<number> {
  let changed = 0;
  for (const bucket of [...buckets(scope).values()]) {
    if (bucket.region !== scope.region || !bucket.lifecycle) continue;
    changed += await applyTo(scope, bucket, bucket.lifecycle);
  }
  return changed;
}

class Superseded extends Error {}

async function applyTo(scope: Scope, bucket: BucketRecord, rules: readonly LifecycleRule[]): Promise<number> {
  const { index, files } = objectsOf(scope);
  const now = scope.clock.now();
  let changed = 0;
  let key: string | undefined;
  let position = 0;
  let previous: { version: ObjectVersion; alone: boolean } | undefined;
  const tasks: (() => Promise<unknown>)[] = [];
  const plan = (task: () => Promise<{ freed: readonly string[] } | boolean>) =>
    tasks.push(async () => {
      try {
        const done = await task();
        if (typeof done === 'object') files.remove(done.freed);
        changed++;
      } catch (error) {
        // Somebody was there first: a new version, or the bucket is gone.
        if (!(error instanceof Superseded || error instanceof Fault)) throw error;
      }
    });
  const still = (order: number) => (found: ObjectVersion | undefined) => {
    if (found?.order !== order) throw new Superseded();
  };
  const endOfKey = () => {
    const { version, alone } = previous ?? {};
    if (version?.deleteMarker && alone && markerExpired(rules, version, now)) {
      plan(() => index.deleteVersion(bucket.name, version.key, version.versionId, still(version.order)));
    }
  };
  let seen = 0;
  for (const { version, isLatest } of index.versions(bucket.name, '')) {
    if (version.key !== key) {
      endOfKey();
      previous = { version, alone: true };
      key = version.key;
      position = 0;
    } else previous = previous && { ...previous, alone: false };
    if (isLatest && !version.deleteMarker) {
      const expiry = expiryOf(rules, version);
      if (expiry && now >= expiry.atMs)
        plan(() => index.deleteLatest(bucket.name, version.key, now, still(version.order)));
      else planTransition(version, undefined);
    } else if (!isLatest) {
      if (noncurrentExpired(rules, version, position, now))
        plan(() => index.deleteVersion(bucket.name, version.key, version.versionId, still(version.order)));
      else if (!version.deleteMarker) planTransition(version, position);
      position++;
    }
    if (++seen % 500 === 0) await breathe();
  }
  endOfKey();
  for (const upload of index.uploads(bucket.name, '')) {
    const abort = abortAt(rules, upload);
    if (abort && now >= abort.atMs)
      plan(async () => ({ freed: (await index.abort(bucket.name, upload.key, upload.uploadId)) ?? [] }));
  }
  for (let at = 0; at < tasks.length; at += 100) await Promise.all(tasks.slice(at, at + 100).map((task) => task()));
  return changed;

  function planTransition(version: ObjectVersion, older: number | undefined): void {
    const storageClass = transitionOf(rules, version, older, now);
    if (storageClass) plan(() => index.amend(bucket.name, version, { storageClass }));
  }
}

/** Lets requests go first. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));
