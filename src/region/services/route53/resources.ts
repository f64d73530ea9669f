/** Route 53 in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';

interface HostedZoneProperties {
  readonly Name: string;
  readonly HostedZoneConfig?: { readonly Comment?: string };
  readonly HostedZoneTags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly VPCs?: readonly { readonly VPCId: string; readonly VPCRegion: string }[];
}

export const hostedZone = resourceType<HostedZoneProperties>({
  honours: ['Name', 'HostedZoneConfig.Comment', 'HostedZoneTags', 'VPCs'],
  async create({ properties, name, stackTags, invoke, made }) {
    const [vpc] = properties.VPCs ?? [];
    const created = await invoke<{ HostedZone: { Id: string }; DelegationSet?: { NameServers: string[] } }>(
      'route53',
      'CreateHostedZone',
      {
        Name: properties.Name,
        CallerReference: name(),
        HostedZoneConfig: { ...properties.HostedZoneConfig, PrivateZone: vpc !== undefined },
        ...(vpc ? { VPC: vpc } : {}),
      },
    );
    const id = created.HostedZone.Id.replace('/hostedzone/', '');
    made?.(id);
    const tags = [...stackTags, ...(properties.HostedZoneTags ?? [])].filter(({ Key }) => !Key.startsWith('aws:'));
    if (tags.length > 0)
      await invoke('route53', 'ChangeTagsForResource', { ResourceType: 'hostedzone', ResourceId: id, AddTags: tags });
    return { physicalId: id, attributes: { Id: id, NameServers: created.DelegationSet?.NameServers ?? [] } };
  },
  async update({ physicalId, attributes, properties, previous, invoke }) {
    await invoke('route53', 'UpdateHostedZoneComment', {
      Id: physicalId,
      Comment: properties.HostedZoneConfig?.Comment,
    });
    const kept = new Set((properties.HostedZoneTags ?? []).map(({ Key }) => Key));
    const gone = (previous.HostedZoneTags ?? []).flatMap(({ Key }) => (kept.has(Key) ? [] : [Key]));
    await invoke('route53', 'ChangeTagsForResource', {
      ResourceType: 'hostedzone',
      ResourceId: physicalId,
      AddTags: properties.HostedZoneTags ?? [],
      RemoveTagKeys: gone,
    });
    return { physicalId, attributes };
  },
  async delete({ physicalId, invoke }) {
    await unlessGone(['NoSuchHostedZone'], () => invoke('route53', 'DeleteHostedZone', { Id: physicalId }));
  },
});

interface RecordSetProperties {
  readonly HostedZoneId?: string;
  readonly HostedZoneName?: string;
  readonly Name: string;
  readonly Type: string;
  readonly TTL?: string;
  readonly ResourceRecords?: readonly string[];
  readonly AliasTarget?: {
    readonly DNSName: string;
    readonly HostedZoneId: string;
    readonly EvaluateTargetHealth?: boolean;
  };
  readonly SetIdentifier?: string;
  readonly Weight?: number;
}

type Invoke = <O = Record<string, unknown>>(service: string, operation: string, input: object) => Promise<O>;

export const recordSet = resourceType<RecordSetProperties>({
  honours: [
    'HostedZoneId',
    'HostedZoneName',
    'Name',
    'Type',
    'TTL',
    'ResourceRecords',
    'AliasTarget',
    'SetIdentifier',
    'Weight',
  ],
  inert: { Comment: 'a comment on the change only' },
  async create({ properties, invoke }) {
    await change(invoke, 'CREATE', properties);
    return { physicalId: properties.Name };
  },
  async update({ properties, physicalId, invoke }) {
    await change(invoke, 'UPSERT', properties);
    return { physicalId };
  },
  async delete({ properties, invoke }) {
    await unlessGone(['NoSuchHostedZone', 'InvalidChangeBatch'], () => change(invoke, 'DELETE', properties));
  },
});

async function change(invoke: Invoke, Action: string, properties: RecordSetProperties): Promise<void> {
  const { HostedZoneId, HostedZoneName, ResourceRecords, TTL, AliasTarget, Weight, Name, Type, SetIdentifier } =
    properties;
  const zone = HostedZoneId ?? (await zoneNamed(invoke, HostedZoneName ?? ''));
  await invoke('route53', 'ChangeResourceRecordSets', {
    HostedZoneId: zone,
    ChangeBatch: {
      Changes: [
        {
          Action,
          ResourceRecordSet: {
            Name,
            Type,
            ...(SetIdentifier === undefined ? {} : { SetIdentifier }),
            ...(TTL === undefined ? {} : { TTL: Number(TTL) }),
            ...(Weight === undefined ? {} : { Weight: Number(Weight) }),
            ...(ResourceRecords ? { ResourceRecords: ResourceRecords.map((Value) => ({ Value })) } : {}),
            ...(AliasTarget
              ? {
                  AliasTarget: {
                    ...AliasTarget,
                    EvaluateTargetHealth: String(AliasTarget.EvaluateTargetHealth) === 'true',
                  },
                }
              : {}),
          },
        },
      ],
    },
  });
}

async function zoneNamed(invoke: Invoke, name: string): Promise<string> {
  const { HostedZones } = await invoke<{ HostedZones: { Id: string; Name: string }[] }>(
    'route53',
    'ListHostedZonesByName',
    { DNSName: name, MaxItems: 1 },
  );
  const [zone] = HostedZones;
  if (zone?.Name !== `${name.replace(/\.$/, '').toLowerCase()}.`)
    throw new Error(`No hosted zones named ${name} found`);
  return zone.Id;
}
