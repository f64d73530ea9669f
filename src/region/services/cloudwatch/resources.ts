/** CloudWatch in CloudFormation. */
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { resourceTags, type Tag } from '../tags.ts';

interface AlarmProperties {
  readonly AlarmName?: string;
  readonly Metrics?: readonly MetricDataQuery[];
  readonly Tags?: readonly Tag[];
}

const alarmHonours = [
  'ActionsEnabled',
  'AlarmActions',
  'AlarmDescription',
  'AlarmName',
  'ComparisonOperator',
  'DatapointsToAlarm',
  'Dimensions[].Name',
  'Dimensions[].Value',
  'EvaluateLowSampleCountPercentile',
  'EvaluationPeriods',
  'ExtendedStatistic',
  'InsufficientDataActions',
  'MetricName',
  'Metrics[].AccountId',
  'Metrics[].Expression',
  'Metrics[].Id',
  'Metrics[].Label',
  'Metrics[].MetricStat',
  'Metrics[].Period',
  'Metrics[].ReturnData',
  'Namespace',
  'OKActions',
  'Period',
  'Statistic',
  'Tags',
  'Threshold',
  'TreatMissingData',
  'Unit',
];

type Request<P> = ResourceRequest<P>;

const tagsOf = <P extends { readonly Tags?: readonly Tag[] }>(request: Request<P>): Tag[] =>
  resourceTags(request, request.properties.Tags);

/** Of what is there already the tags are not changed by putting it again. */
async function changeTags<P extends { readonly Tags?: readonly Tag[] }>(
  request: Request<P>,
  ResourceARN: string,
  before: readonly Tag[] = [],
): Promise<void> {
  const Tags = tagsOf(request);
  const TagKeys = before.flatMap(({ Key }) => (Tags.some((tag) => tag.Key === Key) ? [] : [Key]));
  if (TagKeys.length > 0) await request.invoke('cloudwatch', 'UntagResource', { ResourceARN, TagKeys });
  if (Tags.length > 0) await request.invoke('cloudwatch', 'TagResource', { ResourceARN, Tags });
}

const arnOf = ({ stack }: Pick<Request<unknown>, 'stack'>, name: string) =>
  `arn:aws:cloudwatch:${stack.region}:${stack.account}:alarm:${name}`;

async function putAlarm(request: Request<AlarmProperties>, AlarmName: string) {
  await request.invoke('cloudwatch', 'PutMetricAlarm', { ...request.properties, AlarmName, Tags: tagsOf(request) });
  return { physicalId: AlarmName, attributes: { Arn: arnOf(request, AlarmName) } };
}

async function deleteAlarm({ physicalId, invoke }: Pick<Request<unknown>, 'invoke'> & { physicalId: string }) {
  await invoke('cloudwatch', 'DeleteAlarms', { AlarmNames: [physicalId] });
}

export const alarmType = resourceType<AlarmProperties>({
  honours: alarmHonours,
  create: (request) => putAlarm(request, request.properties.AlarmName ?? request.name(255)),
  async update(request) {
    const made = await putAlarm(request, request.physicalId);
    await changeTags(request, made.attributes.Arn, request.previous.Tags);
    return made;
  },
  delete: deleteAlarm,
});

interface CompositeProperties {
  readonly AlarmName?: string;
  readonly AlarmRule: string;
  readonly Tags?: readonly Tag[];
}

async function putComposite(request: Request<CompositeProperties>, AlarmName: string) {
  await request.invoke('cloudwatch', 'PutCompositeAlarm', { ...request.properties, AlarmName, Tags: tagsOf(request) });
  return { physicalId: AlarmName, attributes: { Arn: arnOf(request, AlarmName) } };
}

export const compositeAlarmType = resourceType<CompositeProperties>({
  honours: [
    'ActionsEnabled',
    'ActionsSuppressor',
    'ActionsSuppressorExtensionPeriod',
    'ActionsSuppressorWaitPeriod',
    'AlarmActions',
    'AlarmDescription',
    'AlarmName',
    'AlarmRule',
    'InsufficientDataActions',
    'OKActions',
    'Tags',
  ],
  create: (request) => putComposite(request, request.properties.AlarmName ?? request.name(255)),
  async update(request) {
    const made = await putComposite(request, request.physicalId);
    await changeTags(request, made.attributes.Arn, request.previous.Tags);
    return made;
  },
  delete: deleteAlarm,
});

interface DashboardProperties {
  readonly DashboardName?: string;
  readonly DashboardBody: string;
  readonly Tags?: readonly Tag[];
}

async function putDashboard(request: Request<DashboardProperties>, DashboardName: string) {
  const { DashboardBody } = request.properties;
  await request.invoke('cloudwatch', 'PutDashboard', { DashboardName, DashboardBody, Tags: tagsOf(request) });
  return { physicalId: DashboardName, attributes: {} };
}

export const dashboardType = resourceType<DashboardProperties>({
  honours: ['DashboardName', 'DashboardBody', 'Tags'],
  create: (request) => putDashboard(request, request.properties.DashboardName ?? request.name(255)),
  update: (request) => putDashboard(request, request.physicalId),
  async delete({ physicalId, invoke }) {
    const { DashboardEntries } = await invoke<{ DashboardEntries: { DashboardName: string }[] }>(
      'cloudwatch',
      'ListDashboards',
      { DashboardNamePrefix: physicalId },
    );
    if (!DashboardEntries.some(({ DashboardName }) => DashboardName === physicalId)) return;
    await invoke('cloudwatch', 'DeleteDashboards', { DashboardNames: [physicalId] });
  },
});
