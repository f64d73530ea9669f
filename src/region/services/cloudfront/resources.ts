/** CloudFront in CloudFormation. */
import { type ExistingResource, type ResourceType, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { distributionFromTemplate, toApi } from './from-template.ts';

type Properties = Readonly<Record<string, unknown>>;
type Invoke = <O = Record<string, unknown>>(service: string, operation: string, input: object) => Promise<O>;

/** A resource that is one configuration: created, changed with the tag just read, deleted. */
function configResource(
  noun: string,
  options: { attributes?: (view: Record<string, unknown>) => Properties } = {},
): ResourceType {
  const member = `${noun}Config`;
  const attributesOf = (id: string, view: Record<string, unknown>) => ({
    Id: id,
    ...('LastModifiedTime' in view ? { LastModifiedTime: String(view.LastModifiedTime) } : {}),
    ...options.attributes?.(view),
  });
  const configOf = (properties: Properties) => {
    const given = properties[member] as Properties;
    // A key group's list of keys is a plain list in the API too.
    return noun === 'KeyGroup' ? given : toApi(given);
  };
  return resourceType<Properties>({
    honours: [member],
    async create({ properties, invoke }) {
      const made = await invoke('cloudfront', `Create${noun}`, { [member]: configOf(properties) });
      const view = made[noun] as Record<string, unknown>;
      return { physicalId: String(view.Id), attributes: attributesOf(String(view.Id), view) };
    },
    async update({ physicalId, properties, invoke }) {
      const { ETag } = await invoke('cloudfront', `Get${noun}`, { Id: physicalId });
      const changed = await invoke('cloudfront', `Update${noun}`, {
        Id: physicalId,
        IfMatch: ETag,
        [member]: configOf(properties),
      });
      return { physicalId, attributes: attributesOf(physicalId, changed[noun] as Record<string, unknown>) };
    },
    async delete({ physicalId, invoke }) {
      await unlessGone(/^NoSuch/, async () => {
        const { ETag } = await invoke('cloudfront', `Get${noun}`, { Id: physicalId });
        await invoke('cloudfront', `Delete${noun}`, { Id: physicalId, IfMatch: ETag });
      });
    },
  });
}

interface AccessIdentityView {
  readonly CloudFrontOriginAccessIdentity: { readonly Id: string; readonly S3CanonicalUserId: string };
  readonly ETag: string;
}

interface AccessIdentityProperties {
  readonly CloudFrontOriginAccessIdentityConfig: { readonly Comment: string };
}

/** A template gives its comment; the reference that the API asks for is CloudFormation's own. */
const accessIdentity = resourceType<AccessIdentityProperties>({
  honours: ['CloudFrontOriginAccessIdentityConfig.Comment'],
  async create({ properties, name, invoke }) {
    const { CloudFrontOriginAccessIdentity: made } = await invoke<AccessIdentityView>(
      'cloudfront',
      'CreateCloudFrontOriginAccessIdentity',
      {
        CloudFrontOriginAccessIdentityConfig: {
          CallerReference: name(),
          ...properties.CloudFrontOriginAccessIdentityConfig,
        },
      },
    );
    const { Id, S3CanonicalUserId } = made;
    return { physicalId: Id, attributes: { Id, S3CanonicalUserId } };
  },
  async update({ physicalId, attributes, properties, invoke }) {
    const Id = physicalId;
    const { ETag, ...before } = await invoke<
      Pick<AccessIdentityView, 'ETag'> & { CloudFrontOriginAccessIdentityConfig: object }
    >('cloudfront', 'GetCloudFrontOriginAccessIdentityConfig', { Id });
    await invoke('cloudfront', 'UpdateCloudFrontOriginAccessIdentity', {
      Id,
      IfMatch: ETag,
      CloudFrontOriginAccessIdentityConfig: {
        ...before.CloudFrontOriginAccessIdentityConfig,
        ...properties.CloudFrontOriginAccessIdentityConfig,
      },
    });
    return { physicalId, attributes };
  },
  async delete({ physicalId: Id, invoke }) {
    await unlessGone(/^NoSuch/, async () => {
      const { ETag } = await invoke<AccessIdentityView>('cloudfront', 'GetCloudFrontOriginAccessIdentity', { Id });
      await invoke('cloudfront', 'DeleteCloudFrontOriginAccessIdentity', { Id, IfMatch: ETag });
    });
  },
});

interface DistributionView {
  readonly Distribution: {
    readonly Id: string;
    readonly DomainName: string;
    readonly Status: string;
    readonly DistributionConfig: Record<string, unknown>;
  };
  readonly ETag: string;
}

interface DistributionProperties {
  readonly DistributionConfig: Properties;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

const distribution = resourceType<DistributionProperties>({
  honours: ['DistributionConfig', 'Tags'],
  async create(request) {
    const { properties, name, invoke, stackTags } = request;
    const tags = [...stackTags, ...(properties.Tags ?? [])];
    const made = await invoke<DistributionView>('cloudfront', 'CreateDistributionWithTags', {
      DistributionConfigWithTags: {
        DistributionConfig: distributionFromTemplate(properties.DistributionConfig, name()),
        Tags: { Items: tags },
      },
    });
    const { Id, DomainName } = made.Distribution;
    request.made?.(Id, { Id, DomainName });
    await deployed(request, Id);
    return { physicalId: Id, attributes: { Id, DomainName } };
  },
  async update(request) {
    const { physicalId, attributes, properties, previous, invoke } = request;
    const { Distribution, ETag } = await get(invoke, physicalId);
    const config = distributionFromTemplate(
      properties.DistributionConfig,
      String(Distribution.DistributionConfig.CallerReference),
    );
    await invoke('cloudfront', 'UpdateDistribution', { Id: physicalId, IfMatch: ETag, DistributionConfig: config });
    const { ARN } = Distribution as unknown as { ARN: string };
    const kept = new Set((properties.Tags ?? []).map(({ Key }) => Key));
    const gone = (previous.Tags ?? []).flatMap(({ Key }) => (kept.has(Key) ? [] : [Key]));
    if (gone.length > 0) await invoke('cloudfront', 'UntagResource', { Resource: ARN, TagKeys: { Items: gone } });
    if (properties.Tags?.length)
      await invoke('cloudfront', 'TagResource', { Resource: ARN, Tags: { Items: properties.Tags } });
    await deployed(request, physicalId);
    return { physicalId, attributes };
  },
  async delete(request) {
    const { physicalId, invoke } = request;
    await unlessGone(/^NoSuch/, async () => {
      const { Distribution, ETag } = await get(invoke, physicalId);
      if (Distribution.DistributionConfig.Enabled) {
        const config = { ...Distribution.DistributionConfig, Enabled: false };
        await invoke('cloudfront', 'UpdateDistribution', { Id: physicalId, IfMatch: ETag, DistributionConfig: config });
      }
      await deployed(request, physicalId);
      const last = await get(invoke, physicalId);
      await invoke('cloudfront', 'DeleteDistribution', { Id: physicalId, IfMatch: last.ETag });
    });
  },
});

const get = (invoke: Invoke, Id: string) => invoke<DistributionView>('cloudfront', 'GetDistribution', { Id });

async function deployed(
  { until, invoke }: Pick<ExistingResource<unknown>, 'until' | 'invoke'>,
  id: string,
): Promise<void> {
  await until(`distribution ${id} is deployed`, async () => (await get(invoke, id)).Distribution.Status === 'Deployed');
}

interface FunctionProperties {
  readonly Name: string;
  readonly FunctionCode: string;
  readonly FunctionConfig: { readonly Comment: string; readonly Runtime: string };
  readonly AutoPublish?: boolean | string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

interface FunctionView {
  readonly FunctionSummary: { readonly Name: string; readonly FunctionMetadata: { readonly FunctionARN: string } };
  readonly ETag: string;
}

const viewerFunction = resourceType<FunctionProperties>({
  honours: ['Name', 'FunctionCode', 'FunctionConfig.Comment', 'FunctionConfig.Runtime', 'AutoPublish', 'Tags'],
  async create({ properties, invoke, made }) {
    const { Name, FunctionCode, FunctionConfig, Tags } = properties;
    const created = await invoke<FunctionView>('cloudfront', 'CreateFunction', {
      Name,
      FunctionConfig,
      FunctionCode: Buffer.from(FunctionCode),
      ...(Tags ? { Tags: { Items: Tags } } : {}),
    });
    const { FunctionARN } = created.FunctionSummary.FunctionMetadata;
    made?.(FunctionARN, functionAttributes(FunctionARN));
    await publish(invoke, properties, created.ETag);
    return { physicalId: FunctionARN, attributes: functionAttributes(FunctionARN) };
  },
  async update({ physicalId, properties, invoke }) {
    const { Name, FunctionCode, FunctionConfig } = properties;
    const { ETag } = await invoke<FunctionView>('cloudfront', 'DescribeFunction', { Name });
    const changed = await invoke<FunctionView>('cloudfront', 'UpdateFunction', {
      Name,
      IfMatch: ETag,
      FunctionConfig,
      FunctionCode: Buffer.from(FunctionCode),
    });
    await publish(invoke, properties, changed.ETag);
    return { physicalId, attributes: functionAttributes(physicalId) };
  },
  async delete({ physicalId, invoke }) {
    const Name = physicalId.split('/').at(-1);
    await unlessGone(/^NoSuch/, async () => {
      const { ETag } = await invoke<FunctionView>('cloudfront', 'DescribeFunction', { Name });
      await invoke('cloudfront', 'DeleteFunction', { Name, IfMatch: ETag });
    });
  },
});

function functionAttributes(FunctionARN: string) {
  return { FunctionARN, 'FunctionMetadata.FunctionARN': FunctionARN, Stage: 'LIVE' };
}

async function publish(invoke: Invoke, { Name, AutoPublish }: FunctionProperties, IfMatch: string): Promise<void> {
  if (String(AutoPublish) === 'true') await invoke('cloudfront', 'PublishFunction', { Name, IfMatch });
}

export const resources = {
  'AWS::CloudFront::Distribution': distribution,
  'AWS::CloudFront::Function': viewerFunction,
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': accessIdentity,
  'AWS::CloudFront::OriginAccessControl': configResource('OriginAccessControl'),
  'AWS::CloudFront::CachePolicy': configResource('CachePolicy'),
  'AWS::CloudFront::OriginRequestPolicy': configResource('OriginRequestPolicy'),
  'AWS::CloudFront::ResponseHeadersPolicy': configResource('ResponseHeadersPolicy'),
  'AWS::CloudFront::PublicKey': configResource('PublicKey'),
  'AWS::CloudFront::KeyGroup': configResource('KeyGroup'),
};
