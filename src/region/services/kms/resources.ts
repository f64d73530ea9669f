/** KMS in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { resourceTags } from '../tags.ts';

interface KeyProperties {
  readonly Description?: string;
  readonly Enabled?: boolean | string;
  readonly EnableKeyRotation?: boolean | string;
  readonly RotationPeriodInDays?: number | string;
  readonly KeyPolicy?: object | string;
  readonly KeyUsage?: string;
  readonly KeySpec?: string;
  readonly Origin?: string;
  readonly MultiRegion?: boolean | string;
  readonly BypassPolicyLockoutSafetyCheck?: boolean | string;
  readonly PendingWindowInDays?: number | string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

const isTrue = (value: boolean | string | undefined) => String(value) === 'true';
const text = (policy: object | string) => (typeof policy === 'string' ? policy : JSON.stringify(policy));

export const keyType = resourceType<KeyProperties>({
  honours: [
    'Description',
    'Enabled',
    'EnableKeyRotation',
    'RotationPeriodInDays',
    'KeyPolicy',
    'KeyUsage',
    'KeySpec',
    'Origin',
    'MultiRegion',
    'BypassPolicyLockoutSafetyCheck',
    'PendingWindowInDays',
    'Tags',
  ],
  async create(request) {
    const { properties, invoke } = request;
    const { KeyMetadata } = await invoke<{ KeyMetadata: { KeyId: string; Arn: string } }>('kms', 'CreateKey', {
      Description: properties.Description,
      Policy: properties.KeyPolicy === undefined ? undefined : text(properties.KeyPolicy),
      KeyUsage: properties.KeyUsage,
      KeySpec: properties.KeySpec,
      Origin: properties.Origin,
      MultiRegion: isTrue(properties.MultiRegion),
      BypassPolicyLockoutSafetyCheck: isTrue(properties.BypassPolicyLockoutSafetyCheck),
      Tags: resourceTags(request, properties.Tags).map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
    });
    const { KeyId, Arn } = KeyMetadata;
    const attributes = { Arn, KeyId };
    request.made?.(KeyId, attributes);
    await setRotation(invoke, KeyId, properties, {});
    if (properties.Enabled !== undefined && !isTrue(properties.Enabled)) await invoke('kms', 'DisableKey', { KeyId });
    return { physicalId: KeyId, attributes };
  },
  async update({ properties, previous, physicalId: KeyId, attributes, invoke }) {
    await invoke('kms', 'UpdateKeyDescription', { KeyId, Description: properties.Description ?? '' });
    if (properties.KeyPolicy !== undefined) {
      await invoke('kms', 'PutKeyPolicy', {
        KeyId,
        PolicyName: 'default',
        Policy: text(properties.KeyPolicy),
        BypassPolicyLockoutSafetyCheck: isTrue(properties.BypassPolicyLockoutSafetyCheck),
      });
    }
    const enabled = properties.Enabled === undefined || isTrue(properties.Enabled);
    await invoke('kms', enabled ? 'EnableKey' : 'DisableKey', { KeyId });
    await setRotation(invoke, KeyId, properties, previous);
    const gone = (previous.Tags ?? []).filter(({ Key }) => !properties.Tags?.some((tag) => tag.Key === Key));
    if (gone.length > 0) await invoke('kms', 'UntagResource', { KeyId, TagKeys: gone.map(({ Key }) => Key) });
    if (properties.Tags?.length) {
      const Tags = properties.Tags.map(({ Key, Value }) => ({ TagKey: Key, TagValue: String(Value) }));
      await invoke('kms', 'TagResource', { KeyId, Tags });
    }
    return { physicalId: KeyId, attributes };
  },
  async delete({ physicalId: KeyId, properties, invoke }) {
    const PendingWindowInDays = Number(properties.PendingWindowInDays ?? 30);
    await unlessGone(gone, () => invoke('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays }));
  },
});

type Invoke = (service: string, operation: string, input: object) => Promise<unknown>;

async function setRotation(invoke: Invoke, KeyId: string, wanted: KeyProperties, before: KeyProperties): Promise<void> {
  const on = isTrue(wanted.EnableKeyRotation);
  const days = wanted.RotationPeriodInDays === undefined ? undefined : Number(wanted.RotationPeriodInDays);
  const was = before.RotationPeriodInDays === undefined ? undefined : Number(before.RotationPeriodInDays);
  if (on && !(isTrue(before.EnableKeyRotation) && days === was)) {
    await invoke('kms', 'EnableKeyRotation', { KeyId, RotationPeriodInDays: days });
  } else if (!on && isTrue(before.EnableKeyRotation)) {
    await invoke('kms', 'DisableKeyRotation', { KeyId });
  }
}

/** Gone, or going already. */
const gone = ['NotFoundException', 'KMSInvalidStateException'];

interface AliasProperties {
  readonly AliasName: string;
  readonly TargetKeyId: string;
}

export const aliasType = resourceType<AliasProperties>({
  honours: ['AliasName', 'TargetKeyId'],
  async create({ properties: { AliasName, TargetKeyId }, invoke }) {
    await invoke('kms', 'CreateAlias', { AliasName, TargetKeyId });
    return { physicalId: AliasName, attributes: {} };
  },
  async update({ properties: { TargetKeyId }, physicalId, invoke }) {
    await invoke('kms', 'UpdateAlias', { AliasName: physicalId, TargetKeyId });
    return { physicalId, attributes: {} };
  },
  async delete({ physicalId, invoke }) {
    await unlessGone(gone, () => invoke('kms', 'DeleteAlias', { AliasName: physicalId }));
  },
});
