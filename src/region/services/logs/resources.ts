/** CloudWatch Logs in CloudFormation. */
import { type ExistingResource, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';
import { resourceTags, type Tag } from '../tags.ts';

interface GroupProperties {
  readonly LogGroupName?: string;
  readonly RetentionInDays?: number | string;
  readonly KmsKeyId?: string;
  readonly LogGroupClass?: string;
  readonly DeletionProtectionEnabled?: boolean | string;
  readonly Tags?: readonly Tag[];
}

const isTrue = (value: boolean | string | undefined) => value === true || value === 'true';
const tagMap = (tags: readonly Tag[]) => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

export const logGroupType = resourceType<GroupProperties>({
  honours: ['LogGroupName', 'RetentionInDays', 'KmsKeyId', 'LogGroupClass', 'DeletionProtectionEnabled', 'Tags'],
  async create(request) {
    const { properties, stack, invoke } = request;
    const logGroupName = properties.LogGroupName ?? request.name(512);
    const tags = tagMap(resourceTags(request, properties.Tags));
    await createNamed(properties.LogGroupName, () =>
      invoke('logs', 'CreateLogGroup', {
        logGroupName,
        ...(properties.KmsKeyId === undefined ? {} : { kmsKeyId: properties.KmsKeyId }),
        ...(properties.LogGroupClass === undefined ? {} : { logGroupClass: properties.LogGroupClass }),
        ...(Object.keys(tags).length > 0 ? { tags } : {}),
      }),
    );
    const attributes = { Arn: `arn:aws:logs:${stack.region}:${stack.account}:log-group:${logGroupName}:*` };
    request.made?.(logGroupName, attributes);
    if (properties.RetentionInDays !== undefined) {
      const retentionInDays = Number(properties.RetentionInDays);
      await invoke('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays });
    }
    // Last, so that what fails before can be deleted.
    if (isTrue(properties.DeletionProtectionEnabled)) await protect(request, logGroupName, true);
    return { physicalId: logGroupName, attributes };
  },
  async update(request) {
    const { properties, previous, physicalId: logGroupName, attributes, invoke } = request;
    const { RetentionInDays, KmsKeyId } = properties;
    if (RetentionInDays === undefined) {
      if (previous.RetentionInDays !== undefined) await invoke('logs', 'DeleteRetentionPolicy', { logGroupName });
    } else if (Number(RetentionInDays) !== Number(previous.RetentionInDays)) {
      await invoke('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: Number(RetentionInDays) });
    }
    if (KmsKeyId === undefined) {
      if (previous.KmsKeyId !== undefined) await invoke('logs', 'DisassociateKmsKey', { logGroupName });
    } else if (KmsKeyId !== previous.KmsKeyId) {
      await invoke('logs', 'AssociateKmsKey', { logGroupName, kmsKeyId: KmsKeyId });
    }
    const isProtected = isTrue(properties.DeletionProtectionEnabled);
    if (isProtected !== isTrue(previous.DeletionProtectionEnabled)) await protect(request, logGroupName, isProtected);
    await retag(request, previous.Tags);
    return { physicalId: logGroupName, attributes };
  },
  // A group's class cannot be changed.
  replaces: (before, after) => (before.LogGroupClass ?? 'STANDARD') !== (after.LogGroupClass ?? 'STANDARD'),
  async delete({ physicalId: logGroupName, invoke }) {
    await unlessGone(['ResourceNotFoundException'], () => invoke('logs', 'DeleteLogGroup', { logGroupName }));
  },
});

/** A name that CloudFormation made up is the resource's alone: what bears it was made by an attempt that a crash cut short. */
async function createNamed(given: string | undefined, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const taken = error instanceof Fault && error.code === 'ResourceAlreadyExistsException';
    if (!taken || given !== undefined) throw error;
  }
}

type Invoker = Pick<ExistingResource<GroupProperties>, 'invoke'>;

async function protect({ invoke }: Invoker, logGroupName: string, deletionProtectionEnabled: boolean): Promise<void> {
  await invoke('logs', 'PutLogGroupDeletionProtection', {
    logGroupIdentifier: logGroupName,
    deletionProtectionEnabled,
  });
}

async function retag(request: ExistingResource<GroupProperties>, before: readonly Tag[] = []): Promise<void> {
  const { properties, stack, physicalId, invoke } = request;
  const resourceArn = `arn:aws:logs:${stack.region}:${stack.account}:log-group:${physicalId}`;
  const tags = tagMap(resourceTags(request, properties.Tags));
  const tagKeys = before.flatMap(({ Key }) => (Key in tags ? [] : [Key]));
  if (tagKeys.length > 0) await invoke('logs', 'UntagResource', { resourceArn, tagKeys });
  if (Object.keys(tags).length > 0) await invoke('logs', 'TagResource', { resourceArn, tags });
}

interface StreamProperties {
  readonly LogGroupName: string;
  readonly LogStreamName?: string;
}

export const logStreamType = resourceType<StreamProperties>({
  honours: ['LogGroupName', 'LogStreamName'],
  async create(request) {
    const { properties, invoke } = request;
    const logStreamName = properties.LogStreamName ?? request.name(512);
    await createNamed(properties.LogStreamName, () =>
      invoke('logs', 'CreateLogStream', { logGroupName: properties.LogGroupName, logStreamName }),
    );
    return { physicalId: logStreamName };
  },
  async delete({ physicalId: logStreamName, properties, invoke }) {
    await unlessGone(['ResourceNotFoundException'], () =>
      invoke('logs', 'DeleteLogStream', { logGroupName: properties.LogGroupName, logStreamName }),
    );
  },
});

interface MetricFilterProperties {
  readonly LogGroupName: string;
  readonly FilterName?: string;
  readonly FilterPattern: string;
  readonly MetricTransformations: readonly {
    readonly MetricName: string;
    readonly MetricNamespace: string;
    readonly MetricValue: string | number;
    readonly DefaultValue?: number | string;
    readonly Unit?: string;
    readonly Dimensions?: readonly Tag[];
  }[];
}

const transformation = 'MetricTransformations[]';

export const metricFilterType = resourceType<MetricFilterProperties>({
  honours: [
    'LogGroupName',
    'FilterName',
    'FilterPattern',
    `${transformation}.MetricName`,
    `${transformation}.MetricNamespace`,
    `${transformation}.MetricValue`,
    `${transformation}.DefaultValue`,
    `${transformation}.Unit`,
    `${transformation}.Dimensions`,
  ],
  async create(request) {
    const filterName = request.properties.FilterName ?? request.name(512);
    await putFilter(request, filterName);
    return { physicalId: filterName };
  },
  async update(request) {
    await putFilter(request, request.physicalId);
    return { physicalId: request.physicalId };
  },
  async delete({ physicalId: filterName, properties: { LogGroupName: logGroupName }, invoke }) {
    await unlessGone(['ResourceNotFoundException'], () =>
      invoke('logs', 'DeleteMetricFilter', { logGroupName, filterName }),
    );
  },
});

async function putFilter(
  { properties, invoke }: Pick<ExistingResource<MetricFilterProperties>, 'properties' | 'invoke'>,
  filterName: string,
): Promise<void> {
  await invoke('logs', 'PutMetricFilter', {
    logGroupName: properties.LogGroupName,
    filterName,
    filterPattern: properties.FilterPattern,
    metricTransformations: properties.MetricTransformations.map((one) => ({
      metricName: one.MetricName,
      metricNamespace: one.MetricNamespace,
      metricValue: String(one.MetricValue),
      ...(one.DefaultValue === undefined ? {} : { defaultValue: Number(one.DefaultValue) }),
      ...(one.Unit === undefined ? {} : { unit: one.Unit }),
      ...(one.Dimensions === undefined ? {} : { dimensions: tagMap(one.Dimensions) }),
    })),
  });
}
