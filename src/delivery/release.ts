/** The API's release: its folder as one zip that needs nothing more to run, named by its content. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  HeadObjectCommand,
  NotFound,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import { rolldown } from 'rolldown';
import type { Target } from './target.ts';
import { UserError } from './user-error.ts';

export interface Release {
  /** `api/3f2a….zip`: equal contents have equal keys. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Zip entries carry a time; this one makes equal contents equal bytes (the earliest that the format knows is 1980). */
const zipTime = new Date(1980, 0, 2);
const ownModules = join(dirname(fileURLToPath(import.meta.resolve('orrery/package.json'))), 'node_modules');

/**
 * Bundles `start` of the folder with everything it imports into one file of the same name.
 * Throws a `UserError` when the folder or the file is missing, or does not build.
 */
export async function buildRelease(apiDir: string, start: string): Promise<Release> {
  const entry = join(apiDir, start);
  const found = await stat(entry).catch(() => undefined);
  if (!found?.isFile())
    throw new UserError(
      `There is no file ${entry}.`,
      'api.dir and api.start in orrery.config.ts say what the API is: a folder, and the file in it that Node runs.',
    );
  const code = await bundle(entry);
  const files = {
    [start]: new TextEncoder().encode(code),
    'package.json': new TextEncoder().encode('{"type":"module"}\n'),
  };
  const bytes = zipSync(files, { level: 6, mtime: zipTime });
  const hash = createHash('sha256').update(start).update(code).digest('hex').slice(0, 32);
  return { key: `api/${hash}.zip`, bytes };
}

async function bundle(entry: string): Promise<string> {
  try {
    const build = await rolldown({
      input: entry,
      platform: 'node',
      logLevel: 'silent',
      // An app made by `orrery init` has no modules of its own yet: the SDK is found here.
      resolve: { modules: ['node_modules', ownModules] },
    });
    const { output } = await build.generate({ format: 'esm', codeSplitting: false });
    await build.close();
    return output[0].code;
  } catch (error) {
    throw new UserError(
      `The API does not build: ${error instanceof Error ? error.message : String(error)}`,
      `Run "node ${entry}" to see whether it starts, and install its dependencies.`,
    );
  }
}

/** Makes the release bucket where it is missing. Gives its name. */
export async function ensureReleaseBucket(target: Target, app: string): Promise<string> {
  const { Account } = await target.sts.send(new GetCallerIdentityCommand({}));
  const Bucket = `${app}-releases-${Account}-${target.region}`;
  try {
    const location =
      target.region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: target.region as 'eu-west-1' } };
    await target.s3.send(new CreateBucketCommand({ Bucket, ...location }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
  await target.s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  );
  await target.s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    }),
  );
  return Bucket;
}

/** Uploads what is not there yet. */
export async function uploadOnce(
  target: Target,
  Bucket: string,
  Key: string,
  Body: Uint8Array | string,
): Promise<void> {
  try {
    await target.s3.send(new HeadObjectCommand({ Bucket, Key }));
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    await target.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  }
}
