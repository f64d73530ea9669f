/** What tells a person: alarms and the topic they go to, a dashboard, a budget, and the network's flow logs. */
import { Aws, Fn } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { CfnAlarm, CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFlowLog } from 'aws-cdk-lib/aws-ec2';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSubscription, CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Balancer } from './balancer.ts';
import type { Config } from './config.ts';
import type { Network } from './network.ts';
import type { Parameters } from './parameters.ts';

interface Watched {
  readonly network: Network;
  readonly parameters: Parameters;
  readonly balancer: Balancer;
  readonly distribution: CfnDistribution;
}

export function makeLogGroup(scope: Construct, id: string, { monitoring }: Config): CfnLogGroup {
  return new CfnLogGroup(scope, id, { retentionInDays: monitoring.logDays });
}

export function makeMonitoring(scope: Construct, config: Config, watched: Watched): void {
  const topic = makeTopic(scope, config, watched.parameters);
  makeAlarms(scope, config, watched, topic);
  makeDashboard(scope, watched);
  if (config.monitoring.budgetUsd !== false) makeBudget(scope, config.monitoring.budgetUsd, topic);
  if (config.network.flowLogs) makeFlowLogs(scope, config, watched.network);
}

function makeTopic(scope: Construct, { monitoring }: Config, { email, webhook, conditions }: Parameters): CfnTopic {
  const topic = new CfnTopic(scope, 'AlarmTopic');
  new CfnTopicPolicy(scope, 'AlarmTopicPolicy', {
    topics: [topic.ref],
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: {
            Service: ['cloudwatch.amazonaws.com', ...(monitoring.budgetUsd === false ? [] : ['budgets.amazonaws.com'])],
          },
          Action: 'sns:Publish',
          Resource: topic.ref,
          Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sns:Publish',
          Resource: topic.ref,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  });
  const subscribe = (id: string, protocol: string, endpoint: string) =>
    new CfnSubscription(scope, id, { topicArn: topic.ref, protocol, endpoint });
  subscribe('EmailSubscription', 'email', email.valueAsString).cfnOptions.condition = conditions.hasEmail;
  subscribe('WebhookSubscription', 'https', webhook.valueAsString).cfnOptions.condition = conditions.hasWebhook;
  return topic;
}

interface AlarmOf {
  readonly description?: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  readonly above: number;
  readonly minutes?: number;
  /** How many of them in a row. */
  readonly periods?: number;
}

function makeAlarms(
  scope: Construct,
  config: Config,
  { balancer, network, distribution, parameters }: Watched,
  topic: CfnTopic,
) {
  const alarm = (id: string, of: AlarmOf): CfnAlarm =>
    new CfnAlarm(scope, id, {
      ...(of.description === undefined ? {} : { alarmDescription: of.description }),
      namespace: of.namespace,
      metricName: of.metric,
      dimensions: Object.entries(of.dimensions).map(([name, value]) => ({ name, value })),
      ...(of.statistic.startsWith('p') ? { extendedStatistic: of.statistic } : { statistic: of.statistic }),
      comparisonOperator: 'GreaterThanThreshold',
      threshold: of.above,
      period: 60 * (of.minutes ?? 1),
      evaluationPeriods: of.periods ?? 3,
      // No requests is no failure; a NAT gateway always counts.
      ...(of.periods === 1 ? {} : { treatMissingData: 'notBreaching' }),
      alarmActions: [topic.ref],
      ...(of.periods === 1 ? {} : { okActions: [topic.ref] }),
    });
  const balancerName = { LoadBalancer: balancer.loadBalancer.attrLoadBalancerFullName };
  const elb = { namespace: 'AWS/ApplicationELB', dimensions: balancerName };
  const targets = {
    namespace: elb.namespace,
    dimensions: { ...balancerName, TargetGroup: balancer.targetGroup.attrTargetGroupFullName },
  };
  const { latencySeconds, natGiBPerHour } = config.monitoring;
  alarm('BalancerErrors', {
    description: 'The balancer answers 5xx: no machine is healthy or in time',
    ...elb,
    metric: 'HTTPCode_ELB_5XX_Count',
    statistic: 'Sum',
    above: 5,
  });
  alarm('ApiErrors', {
    description: 'The API answers 5xx',
    ...targets,
    metric: 'HTTPCode_Target_5XX_Count',
    statistic: 'Sum',
    above: 5,
  });
  alarm('UnhealthyMachines', {
    description: 'Machines fail their health check',
    ...targets,
    metric: 'UnHealthyHostCount',
    statistic: 'Maximum',
    above: 0,
  });
  alarm('SlowApi', {
    description: `5 of 100 answers take over ${latencySeconds} s`,
    ...targets,
    metric: 'TargetResponseTime',
    statistic: 'p95',
    above: latencySeconds,
    periods: 5,
  });
  for (const { letter, nat } of ownNats(network)) {
    alarm(`NatTraffic${letter}`, {
      namespace: 'AWS/NATGateway',
      metric: 'BytesOutToDestination',
      dimensions: { NatGatewayId: nat.ref },
      statistic: 'Sum',
      above: Math.round(natGiBPerHour * 2 ** 30),
      minutes: 60,
      periods: 1,
    });
  }
  // CloudFront keeps its metrics in us-east-1, and alarms watch their own region only.
  alarm('SiteErrors', {
    description: '5 of 100 answers of the distribution are 5xx',
    namespace: 'AWS/CloudFront',
    metric: '5xxErrorRate',
    dimensions: { DistributionId: distribution.ref, Region: 'Global' },
    statistic: 'Average',
    above: 5,
  }).cfnOptions.condition = parameters.conditions.inUsEast1;
}

/** The zones whose NAT gateway is their own. */
function ownNats({ zones }: Network) {
  return zones.flatMap(({ letter, nat }) => (nat?.node.id === `NatGateway${letter}` ? [{ letter, nat }] : []));
}

function makeBudget(scope: Construct, amount: number, topic: CfnTopic): void {
  const tell = (
    notificationType: 'ACTUAL' | 'FORECASTED',
    threshold: number,
  ): CfnBudget.NotificationWithSubscribersProperty => ({
    notification: { notificationType, threshold, comparisonOperator: 'GREATER_THAN' },
    subscribers: [{ subscriptionType: 'SNS', address: topic.ref }],
  });
  new CfnBudget(scope, 'Budget', {
    budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount, unit: 'USD' } },
    notificationsWithSubscribers: [tell('ACTUAL', 80), tell('FORECASTED', 100)],
  });
}

function makeFlowLogs(scope: Construct, config: Config, { vpc }: Network): void {
  const logs = makeLogGroup(scope, 'FlowLogGroup', config);
  const role = new CfnRole(scope, 'FlowLogRole', {
    assumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'vpc-flow-logs.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      ],
    },
    policies: [
      {
        policyName: 'flow-logs',
        policyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
              Resource: logs.attrArn,
            },
          ],
        },
      },
    ],
  });
  new CfnFlowLog(scope, 'FlowLog', {
    resourceType: 'VPC',
    resourceId: vpc.ref,
    trafficType: 'ALL',
    logGroupName: logs.ref,
    deliverLogsPermissionArn: role.attrArn,
  });
}

type Metric = readonly [namespace: string, name: string, ...dimensions: string[]];

/** Graphs in the order in which a request meets what they show. */
function makeDashboard(scope: Construct, { network }: Watched): void {
  const lb = ['LoadBalancer', '${ApiBalancer.LoadBalancerFullName}'] as const;
  const tg = ['TargetGroup', '${ApiTargets.TargetGroupFullName}', ...lb] as const;
  const asg = ['AutoScalingGroupName', '${ApiGroup}'] as const;
  const elb = (name: string, ...of: readonly string[]): Metric => ['AWS/ApplicationELB', name, ...of];
  const site: Metric = ['AWS/CloudFront', 'Requests', 'DistributionId', '${Distribution}', 'Region', 'Global'];
  const nats = ownNats(network).map(
    ({ letter }): Metric => ['AWS/NATGateway', 'BytesOutToDestination', 'NatGatewayId', `\${NatGateway${letter}}`],
  );
  const graphs: readonly (readonly [title: string, stat: string, metrics: readonly Metric[], region?: string])[] = [
    ['Site', 'Sum', [site], 'us-east-1'],
    [
      'API',
      'Sum',
      [
        elb('RequestCount', ...lb),
        elb('HTTPCode_ELB_5XX_Count', ...lb),
        elb('HTTPCode_Target_5XX_Count', ...tg), // biome-ignore format: one a line
      ],
    ],
    ['Latency', 'p95', [elb('TargetResponseTime', ...tg)]],
    ['Machines', 'Maximum', [elb('HealthyHostCount', ...tg), elb('UnHealthyHostCount', ...tg)]],
    [
      'CPU and memory',
      'Average',
      [
        ['AWS/EC2', 'CPUUtilization', ...asg],
        ['CWAgent', 'mem_used_percent', ...asg],
      ],
    ],
    ['Network', 'Sum', [['AWS/EC2', 'NetworkOut', ...asg], ...nats]],
  ];
  const widgets = graphs.map(([title, stat, metrics, region = '${AWS::Region}']) => ({
    type: 'metric',
    properties: { title, stat, region, metrics: abbreviated(metrics) },
  }));
  new CfnDashboard(scope, 'Dashboard', { dashboardBody: Fn.sub(JSON.stringify({ widgets })) });
}

/** `.` stands for what the row above has there. */
function abbreviated(metrics: readonly Metric[]): readonly (readonly string[])[] {
  return metrics.map((row, index) =>
    row.map((text, at) => (index > 0 && metrics[index - 1]?.[at] === text ? '.' : text)),
  );
}
