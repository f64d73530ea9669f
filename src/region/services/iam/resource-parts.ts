/** What IAM's CloudFormation types share: documents, tags, the policies of a holder, and ends of what is gone already. */
import type { ResourceRequest } from '../../stacks/resource-type.ts';
import { unlessGone as unlessGoneBy } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';

export type Document = object | string;
export type Invoke = ResourceRequest<unknown>['invoke'];

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface HolderPolicies {
  readonly Policies?: readonly { readonly PolicyName: string; readonly PolicyDocument: Document }[];
  readonly ManagedPolicyArns?: readonly string[];
}

export const text = (document: Document) => (typeof document === 'string' ? document : JSON.stringify(document));

export const unlessGone = (run: () => Promise<unknown>) => unlessGoneBy(['NoSuchEntity'], run);

/**
 * Creates what is named. A name that CloudFormation made up is the resource's alone, so what bears it already was made
 * by an attempt that a crash cut short, and is taken up.
 */
export async function createNamed(given: string | undefined, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const taken = error instanceof Fault && error.code === 'EntityAlreadyExists';
    if (!taken || given !== undefined) throw error;
  }
}

type HolderKind = 'Role' | 'User' | 'Group';

/** Brings inline and attached policies from what they were to what they are to be. */
export async function setPolicies(
  invoke: Invoke,
  kind: HolderKind,
  name: string,
  wanted: HolderPolicies,
  before: HolderPolicies = {},
): Promise<void> {
  const holder = { [`${kind}Name`]: name };
  const { Policies = [], ManagedPolicyArns = [] } = wanted;
  for (const { PolicyName, PolicyDocument } of Policies) {
    await invoke('iam', `Put${kind}Policy`, { ...holder, PolicyName, PolicyDocument: text(PolicyDocument) });
  }
  for (const PolicyArn of ManagedPolicyArns) await invoke('iam', `Attach${kind}Policy`, { ...holder, PolicyArn });
  for (const { PolicyName } of before.Policies ?? []) {
    if (Policies.some((policy) => policy.PolicyName === PolicyName)) continue;
    await unlessGone(() => invoke('iam', `Delete${kind}Policy`, { ...holder, PolicyName }));
  }
  for (const PolicyArn of before.ManagedPolicyArns ?? []) {
    if (ManagedPolicyArns.includes(PolicyArn)) continue;
    await unlessGone(() => invoke('iam', `Detach${kind}Policy`, { ...holder, PolicyArn }));
  }
}

export async function setTags(
  invoke: Invoke,
  kind: 'Role' | 'User',
  name: string,
  wanted: readonly Tag[],
  before: readonly Tag[] = [],
): Promise<void> {
  const gone = before.flatMap(({ Key }) => (wanted.some((tag) => tag.Key === Key) ? [] : [Key]));
  if (wanted.length > 0) await invoke('iam', `Tag${kind}`, { [`${kind}Name`]: name, Tags: wanted });
  if (gone.length > 0) await invoke('iam', `Untag${kind}`, { [`${kind}Name`]: name, TagKeys: gone });
}

export async function setBoundary(
  invoke: Invoke,
  kind: 'Role' | 'User',
  name: string,
  wanted: string | undefined,
): Promise<void> {
  const holder = { [`${kind}Name`]: name };
  if (wanted === undefined) await invoke('iam', `Delete${kind}PermissionsBoundary`, holder);
  else await invoke('iam', `Put${kind}PermissionsBoundary`, { ...holder, PermissionsBoundary: wanted });
}

export interface Holders {
  readonly Roles?: readonly string[];
  readonly Users?: readonly string[];
  readonly Groups?: readonly string[];
}

/** Runs `on` for each holder that is wanted and `off` for each that is not any more. */
export async function eachHolder(
  wanted: Holders,
  before: Holders,
  on: (kind: HolderKind, holder: Record<string, string>) => Promise<unknown>,
  off: (kind: HolderKind, holder: Record<string, string>) => Promise<unknown>,
): Promise<void> {
  for (const [kind, now, then] of [
    ['Role', wanted.Roles ?? [], before.Roles ?? []],
    ['User', wanted.Users ?? [], before.Users ?? []],
    ['Group', wanted.Groups ?? [], before.Groups ?? []],
  ] as const) {
    for (const name of now) await on(kind, { [`${kind}Name`]: name });
    for (const name of then) {
      if (!now.includes(name)) await unlessGone(() => off(kind, { [`${kind}Name`]: name }));
    }
  }
}
