/**
 * An app onto a region, AWS's or the local one: release bucket, the API's release, the stack by a change set, the
 * single-page app with its configuration, and the invalidation of what changed. A second time delivers the difference.
 */
import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import type { Change, Stack, StackEvent } from '@aws-sdk/client-cloudformation';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { parse } from 'yaml';
import type { Config } from '../blueprint/config.ts';
import { buildRelease, ensureReleaseBucket, type Release, uploadOnce } from './release.ts';
import { invalidate, readSite, syncSite } from './site.ts';
import { executeStack, outputsOf, planStack, settledStack } from './stack.ts';
import type { Target } from './target.ts';
import { UserError } from './user-error.ts';

export interface Delivery {
  readonly app: DeliveredApp;
  /** `build.yml` */
  readonly template: string;
  readonly target: Target;
  /** The domain there; empty for none. Locally `myapp.localhost`. */
  readonly domain: string;
  /** Of the template, beyond those that delivery sets itself: `UploadPublicKey`, `NotificationEmail`, … */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Where browsers find the two, when it is not `https://<domain>` and `https://api.<domain>`: the front door's port. */
  readonly origins?: { readonly site: string; readonly api: string };
  /** Distinguishes this delivery from others: change sets and invalidations are named by it. */
  readonly reference: string;
  /** Of the stack, and by it of what is in it. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Asked before anything is changed. */
  confirm?(changes: readonly Change[]): Promise<boolean>;
  readonly onStep?: (text: string) => void;
  readonly onEvent?: (event: StackEvent) => void;
}

interface DeliveredApp {
  readonly dir: string;
  readonly config: Config;
  /** As `releaseOf` makes it, where that was begun before. */
  readonly release?: Promise<Release>;
}

export interface Delivered {
  readonly outputs: Readonly<Record<string, string>>;
  readonly changed: boolean;
  readonly uploaded: readonly string[];
}

/** The template's parameters. */
type Declared = Readonly<Record<string, { readonly Default?: string }>>;

/** CloudFormation takes larger templates from a bucket only. */
const longestInline = 51_200;

/** Throws `UserError` and `StackFailed`. Undefined: not confirmed. */
export async function deliver(delivery: Delivery): Promise<Delivered | undefined> {
  const { app, target, template, onStep = () => {}, onEvent = () => {}, reference } = delivery;
  const { config } = app;
  onStep('Building the release');
  const release = await (app.release ?? releaseOf(app));
  // Read before anything is made: a missing folder should cost no minutes.
  const site = (apiUrl: string) => readSite(within(app, config.web.dir), config.web.assets, { apiUrl });
  await site('');
  const bucket = await ensureReleaseBucket(target, config.name);
  await uploadOnce(target, bucket, release.key, release.bytes);
  const existing = await settledStack(target, config.name, onStep, onEvent);
  const { Parameters: declared = {} } = parse(template, { logLevel: 'error' }) as { Parameters?: Declared };
  const parameters = {
    ...keptParameters(declared, existing),
    ...delivery.parameters,
    DomainName: delivery.domain,
    ReleaseBucket: bucket,
    ReleaseKey: release.key,
    ImageId: await pinnedImage(
      target,
      declared,
      existing?.Parameters?.find(({ ParameterKey }) => ParameterKey === 'ImageId')?.ParameterValue,
    ),
    ...(delivery.origins ? { SpaOrigin: delivery.origins.site, ApiOrigin: delivery.origins.api } : {}),
  };
  onStep('Comparing with what is there');
  const plan = await planStack(target, {
    name: config.name,
    template: await templateOf(target, bucket, template),
    parameters,
    ...(delivery.tags ? { tags: delivery.tags } : {}),
    changeSetName: `orrery-${reference}`,
  });
  if (plan && delivery.confirm && !(await delivery.confirm(plan.changes))) return undefined;
  if (plan) onStep(plan.isNew ? 'Creating the stack' : 'Updating the stack');
  const stack = plan ? await executeStack(target, config.name, plan.id, onEvent) : existing;
  if (!stack) throw new UserError(`The stack ${config.name} is neither there nor to be made.`);
  const outputs = outputsOf(stack);
  onStep('Uploading the site');
  const files = await site(delivery.origins?.api ?? outputs.ApiUrl ?? '');
  const synced = await syncSite(target, needed(outputs, 'SpaBucketName'), files);
  await invalidate(target, needed(outputs, 'DistributionId'), synced, reference);
  return { outputs, changed: plan !== undefined, uploaded: synced.uploaded };
}

/** Bundles the API. May be begun early: it is work for another core than this process has. */
export function releaseOf(app: Pick<DeliveredApp, 'dir' | 'config'>): Promise<Release> {
  const { api } = app.config;
  return buildRelease(within(app, api.dir), api.start);
}

function within(app: Pick<DeliveredApp, 'dir'>, dir: string): string {
  return isAbsolute(dir) ? dir : join(app.dir, dir);
}

/**
 * What was once given goes on: without this an update would set it back. Only parameters that are empty by default;
 * the others' defaults are the configuration, which may have changed.
 */
function keptParameters(declared: Declared, existing: Stack | undefined): Record<string, string> {
  return Object.fromEntries(
    (existing?.Parameters ?? []).flatMap(({ ParameterKey = '', ParameterValue }) =>
      ParameterValue && declared[ParameterKey]?.Default === '' ? [[ParameterKey, ParameterValue]] : [],
    ),
  );
}

function needed(outputs: Readonly<Record<string, string>>, name: string): string {
  const value = outputs[name];
  if (value === undefined)
    throw new UserError(
      `The stack has no output ${name}.`,
      'The template is not one of this tool, or was changed by hand.',
    );
  return value;
}

/** The image stays what it was until somebody changes it: "latest" would roll the machines on unrelated updates. */
async function pinnedImage(target: Target, declared: Declared, pinned: string | undefined): Promise<string> {
  if (pinned) return pinned;
  const Name = declared.LatestImage?.Default;
  if (Name === undefined) return '';
  const { Parameter } = await target.ssm.send(new GetParameterCommand({ Name }));
  return Parameter?.Value ?? '';
}

async function templateOf(
  target: Target,
  bucket: string,
  text: string,
): Promise<{ TemplateBody: string } | { TemplateURL: string }> {
  if (Buffer.byteLength(text) <= longestInline) return { TemplateBody: text };
  const key = `templates/${createHash('sha256').update(text).digest('hex').slice(0, 32)}.yml`;
  await uploadOnce(target, bucket, key, text);
  return { TemplateURL: `https://${bucket}.s3.${target.region}.amazonaws.com/${key}` };
}
