/** What roles are granted is told once for each action and kind of resource. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { iam } from './iam/index.ts';
import { s3 } from './s3/index.ts';
import type { Caller } from './service.ts';
import { type TestRegion, testRegion } from './testing.ts';

let tested: TestRegion;
const account = '123456789012';
const machine: Caller = {
  kind: 'role',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/machine/i-1`,
  principalId: 'AROA:i-1',
  accessKeyId: 'ASIA',
  roleName: 'machine',
};

beforeAll(async () => {
  tested = await testRegion({ services: [iam, s3] });
  await tested.invoke('s3', 'CreateBucket', { Bucket: 'pictures' });
  const service = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await tested.invoke('iam', 'CreateRole', {
    RoleName: 'machine',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [service] }),
  });
  const write = { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::pictures/*' };
  await tested.invoke('iam', 'PutRolePolicy', {
    RoleName: 'machine',
    PolicyName: 'write',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [write] }),
  });
});
afterAll(() => tested.close());

it('tells of a granted action once, of a refused one not at all, and not of what root does', async () => {
  const used = () => tested.events.filter(({ kind }) => kind === 'permission-used').map(({ data }) => data);
  expect(used()).toEqual([]);
  for (const Key of ['a', 'b', 'c/d'])
    await tested.invoke('s3', 'PutObject', { Bucket: 'pictures', Key, Body: Buffer.from(Key) }, machine);
  await expect(tested.invoke('s3', 'DeleteObject', { Bucket: 'pictures', Key: 'a' }, machine)).rejects.toThrow(
    /not authorized/,
  );
  expect(used()).toEqual([{ role: 'machine', action: 's3:PutObject', resource: 'arn:aws:s3:::pictures/*' }]);
});
