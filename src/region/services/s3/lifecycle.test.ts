import type { LifecycleRule, ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { afterDays, dayMs } from './lifecycle-rules.ts';
import { objectsOf } from './objects.ts';
import { s3Region } from './region.fixture.ts';

const Bucket = 'bucket';
let clock: VirtualClock;
let store: Store;
let region: ReturnType<typeof s3Region>;

beforeEach(async () => {
  // Half past ten in the morning: days are rounded up to midnight.
  clock = new VirtualClock(Date.UTC(2026, 0, 15, 10, 30));
  store = memoryStore();
  region = s3Region({ store, clock, seed: 7 });
  await region.call('CreateBucket', { Bucket });
});
afterEach(async () => {
  clock.stop();
  await store.close();
});

const rules = (...Rules: Partial<LifecycleRule>[]) =>
  region.call('PutBucketLifecycleConfiguration', {
    Bucket,
    LifecycleConfiguration: { Rules: Rules.map((rule) => ({ Status: 'Enabled', Filter: {}, ...rule })) },
  });
const put = (Key: string, more: object = {}) =>
  region.call<{ Expiration?: string; VersionId?: string }>('PutObject', { Bucket, Key, Body: Key, ...more });
const keys = async () => {
  const { Contents = [] } = await region.call<{ Contents?: { Key: string }[] }>('ListObjectsV2', { Bucket });
  return Contents.map(({ Key }) => Key);
};
const versions = () => region.call<ListObjectVersionsCommandOutput>('ListObjectVersions', { Bucket });
const versioned = () => region.call('PutBucketVersioning', { Bucket, VersioningConfiguration: { Status: 'Enabled' } });
/** To the next midnight and through what happens then. */
async function midnights(count: number) {
  for (let i = 0; i < count; i++) {
    await clock.advance(dayMs - (clock.now() % dayMs));
    // The work of that midnight goes on for some turns of the loop.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

// The example of AWS's own page.
test('days are rounded up to the next midnight', () => {
  expect(new Date(afterDays(Date.UTC(2014, 0, 15, 10, 30), 3)).toISOString()).toBe('2014-01-19T00:00:00.000Z');
  expect(new Date(afterDays(Date.UTC(2014, 0, 15), 3)).toISOString()).toBe('2014-01-18T00:00:00.000Z');
});

test('objects expire when they should, by prefix, tag and size; the header says when', async () => {
  await rules(
    { ID: 'tmp', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } },
    {
      ID: 'tagged',
      Filter: { And: { Prefix: '', Tags: [{ Key: 'keep', Value: 'no' }], ObjectSizeGreaterThan: 3 } },
      Expiration: { Days: 1 },
    },
    { ID: 'off', Status: 'Disabled', Expiration: { Days: 1 } },
  );
  const { Expiration } = await put('tmp/a');
  expect(Expiration).toBe('expiry-date="Sun, 18 Jan 2026 00:00:00 GMT", rule-id="tmp"');
  expect((await put('kept')).Expiration).toBeUndefined();
  await put('tagged', { Tagging: 'keep=no' });
  await put('abc', { Tagging: 'keep=no' });
  await midnights(1);
  expect(await keys()).toEqual(['abc', 'kept', 'tagged', 'tmp/a']);
  await midnights(1);
  expect(await keys()).toEqual(['abc', 'kept', 'tmp/a']);
  await midnights(1);
  expect(await keys()).toEqual(['abc', 'kept']);
});

test('in a versioned bucket expiry leaves a marker; old versions and lone markers go by their own rules', async () => {
  await versioned();
  await rules(
    { ID: 'all', Expiration: { Days: 1 } },
    { ID: 'old', NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 } },
    { ID: 'markers', Filter: { Prefix: 'gone' }, Expiration: { ExpiredObjectDeleteMarker: true } },
  );
  await put('a');
  await put('a');
  await put('a');
  await midnights(2);
  const first = await versions();
  expect(first.DeleteMarkers?.map(({ IsLatest }) => IsLatest)).toEqual([true]);
  // Two versions were old already; of those the newer one is kept, as is the one that has just become old.
  expect(first.Versions).toHaveLength(2);
  await midnights(3);
  // The marker is the newest version: one noncurrent version is kept.
  expect((await versions()).Versions).toHaveLength(1);
  await region.call('DeleteObject', { Bucket, Key: 'gone' });
  await midnights(1);
  expect((await versions()).DeleteMarkers?.map(({ Key }) => Key)).toEqual(['a']);
});

test('uploads that nobody completes are aborted, and their files go', async () => {
  await rules({ ID: 'parts', Filter: { Prefix: 'up' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
  const { UploadId, AbortDate, AbortRuleId } = await region.call<{
    UploadId: string;
    AbortDate: Date;
    AbortRuleId: string;
  }>('CreateMultipartUpload', { Bucket, Key: 'up' });
  expect(AbortDate.toISOString()).toBe('2026-01-17T00:00:00.000Z');
  expect(AbortRuleId).toBe('parts');
  await region.call('UploadPart', { Bucket, Key: 'up', UploadId, PartNumber: 1, Body: 'part' });
  await midnights(1);
  expect(await region.call('ListParts', { Bucket, Key: 'up', UploadId })).toMatchObject({ Parts: [{ Size: 4 }] });
  await midnights(1);
  await expect(region.call('ListParts', { Bucket, Key: 'up', UploadId })).rejects.toMatchObject({
    code: 'NoSuchUpload',
  });
  expect([...objectsOf(region.scope).index.files(Bucket)]).toEqual([]);
});

test('transitions move large objects down, never up', async () => {
  await rules({
    ID: 'cool',
    Transitions: [
      { Days: 1, StorageClass: 'STANDARD_IA' },
      { Days: 2, StorageClass: 'GLACIER_IR' },
    ],
  });
  await put('large', { Body: Buffer.alloc(200_000) });
  await put('small');
  await put('cold', { Body: Buffer.alloc(200_000), StorageClass: 'GLACIER_IR' });
  const classes = async () => {
    const { Contents = [] } = await region.call<{ Contents: { StorageClass: string }[] }>('ListObjectsV2', { Bucket });
    return Contents.map(({ StorageClass }) => StorageClass);
  };
  await midnights(2);
  expect(await classes()).toEqual(['GLACIER_IR', 'STANDARD_IA', 'STANDARD']);
  await midnights(1);
  expect(await classes()).toEqual(['GLACIER_IR', 'GLACIER_IR', 'STANDARD']);
});

test.each<[string, Partial<LifecycleRule>, string]>([
  ['no action', {}, 'InvalidRequest'],
  ['zero days', { Expiration: { Days: 0 } }, 'InvalidArgument'],
  ['not at midnight', { Expiration: { Date: new Date('2026-02-01T12:00:00Z') } }, 'InvalidArgument'],
  ['two expirations', { Expiration: { Days: 1, ExpiredObjectDeleteMarker: true } }, 'MalformedXML'],
  [
    'tags with abort',
    { Filter: { Tag: { Key: 'a', Value: 'b' } }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    'InvalidRequest',
  ],
  ['what the model cannot do', { Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] }, 'NotImplemented'],
])('refused: %s', async (_, rule, code) => {
  await expect(rules({ ID: 'r', ...rule })).rejects.toMatchObject({ code });
});
