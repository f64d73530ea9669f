/**
 * What lifecycle rules mean for one object, and when. Pure; `lifecycle.ts` carries it out.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
import type { LifecycleRule } from '@aws-sdk/client-s3';
import type { BucketRecord, ObjectVersion, Upload } from './state.ts';

export const dayMs = 86_400_000;

/** Days are counted from the object's time and rounded up to the next midnight UTC. */
export const afterDays = (fromMs: number, days: number) => Math.ceil((fromMs + days * dayMs) / dayMs) * dayMs;

type Subject = Pick<ObjectVersion, 'key' | 'size' | 'tags'>;

export function ruleMatches(rule: LifecycleRule, { key, size, tags = [] }: Subject): boolean {
  if (rule.Status !== 'Enabled') return false;
  const { prefix, wantedTags, over, under } = ruleFilter(rule);
  if (!key.startsWith(prefix)) return false;
  if (over !== undefined && size <= over) return false;
  if (under !== undefined && size >= under) return false;
  return wantedTags.every(({ Key, Value }) => tags?.some((tag) => tag.Key === Key && tag.Value === Value));
}

/** The several ways to write a filter, as one. */
export function ruleFilter(rule: LifecycleRule) {
  const { Filter } = rule;
  const and = Filter?.And;
  return {
    prefix: and?.Prefix ?? Filter?.Prefix ?? rule.Prefix ?? '',
    wantedTags: and?.Tags ?? (Filter?.Tag ? [Filter.Tag] : []),
    over: and?.ObjectSizeGreaterThan ?? Filter?.ObjectSizeGreaterThan,
    under: and?.ObjectSizeLessThan ?? Filter?.ObjectSizeLessThan,
  };
}

export interface Expiry {
  readonly atMs: number;
  readonly ruleId: string;
}

/** When the newest version of an object expires, by the rule that comes first. */
export function expiryOf(rules: readonly LifecycleRule[] | undefined, object: ObjectVersion): Expiry | undefined {
  let soonest: Expiry | undefined;
  for (const rule of rules ?? []) {
    const { Days, Date: date } = rule.Expiration ?? {};
    if ((Days === undefined && date === undefined) || !ruleMatches(rule, object)) continue;
    const atMs = date ? date.getTime() : afterDays(object.modifiedMs, Days ?? 0);
    if (!soonest || atMs < soonest.atMs) soonest = { atMs, ruleId: rule.ID ?? '' };
  }
  return soonest;
}

/** Whether an older version is due, being the `position`-th newest of the older ones (from 0). */
export function noncurrentExpired(
  rules: readonly LifecycleRule[],
  version: ObjectVersion,
  position: number,
  nowMs: number,
): boolean {
  return rules.some((rule) => {
    const { NoncurrentDays, NewerNoncurrentVersions = 0 } = rule.NoncurrentVersionExpiration ?? {};
    if (NoncurrentDays === undefined || !ruleMatches(rule, version) || position < NewerNoncurrentVersions) return false;
    return nowMs >= afterDays(version.noncurrentSinceMs ?? version.modifiedMs, NoncurrentDays);
  });
}

/** Whether a delete marker with nothing below it is to go. */
export function markerExpired(rules: readonly LifecycleRule[], marker: ObjectVersion, nowMs: number): boolean {
  return rules.some((rule) => {
    if (!ruleMatches(rule, marker)) return false;
    const { ExpiredObjectDeleteMarker, Days } = rule.Expiration ?? {};
    return ExpiredObjectDeleteMarker === true || (Days !== undefined && nowMs >= afterDays(marker.modifiedMs, Days));
  });
}

const minTransitionBytes = 128 * 1024;
/** From the dearest to keep to the cheapest: objects move this way only. */
const waterfall = ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR'];

/** The storage class that a version should be in by now; undefined when it is there already. */
export function transitionOf(
  rules: readonly LifecycleRule[],
  version: ObjectVersion,
  position: number | undefined,
  nowMs: number,
): string | undefined {
  const current = waterfall.indexOf(version.storageClass ?? 'STANDARD');
  let target = current;
  for (const rule of rules) {
    if (!ruleMatches(rule, version)) continue;
    // Small objects stay, unless the rule speaks of sizes itself.
    const { over, under } = ruleFilter(rule);
    if (version.size < minTransitionBytes && over === undefined && under === undefined) continue;
    for (const step of position === undefined ? (rule.Transitions ?? []) : (rule.NoncurrentVersionTransitions ?? [])) {
      const kept = 'NewerNoncurrentVersions' in step && (step.NewerNoncurrentVersions ?? 0) > (position ?? 0);
      if (!kept && nowMs >= transitionAt(step, version))
        target = Math.max(target, waterfall.indexOf(step.StorageClass ?? ''));
    }
  }
  return target > current ? waterfall[target] : undefined;
}

function transitionAt(
  step: { Days?: number | undefined; Date?: Date | undefined; NoncurrentDays?: number | undefined },
  version: ObjectVersion,
): number {
  if (step.NoncurrentDays !== undefined)
    return afterDays(version.noncurrentSinceMs ?? version.modifiedMs, step.NoncurrentDays);
  return step.Date ? step.Date.getTime() : afterDays(version.modifiedMs, step.Days ?? 0);
}

export function abortAt(rules: readonly LifecycleRule[] | undefined, upload: Upload): Expiry | undefined {
  let soonest: Expiry | undefined;
  for (const rule of rules ?? []) {
    const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
    if (days === undefined || !ruleMatches(rule, { key: upload.key, size: 0, tags: [] })) continue;
    const atMs = afterDays(upload.initiatedMs, days);
    if (!soonest || atMs < soonest.atMs) soonest = { atMs, ruleId: rule.ID ?? '' };
  }
  return soonest;
}

/** The `x-amz-expiration` header. */
export function expirationHeader({ lifecycle }: BucketRecord, object: ObjectVersion): string | undefined {
  if (!lifecycle || object.noncurrentSinceMs !== undefined) return undefined;
  const expiry = expiryOf(lifecycle, object);
  return (
    expiry && `expiry-date="${new Date(expiry.atMs).toUTCString()}", rule-id="${encodeURIComponent(expiry.ruleId)}"`
  );
}

export function abortDate({ lifecycle }: BucketRecord, upload: Upload): { AbortDate?: Date; AbortRuleId?: string } {
  const abort = abortAt(lifecycle, upload);
  return abort ? { AbortDate: new Date(abort.atMs), AbortRuleId: abort.ruleId } : {};
}
