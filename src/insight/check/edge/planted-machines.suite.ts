/** Mistakes in roles, groups, machines and endpoints. */
import { type Loose, launch, part, type Row, roleStatements } from './edits.suite.ts';

export const roles: readonly Row[] = [
  {
    name: 'a role for everything',
    rule: 'role-wildcards',
    logicalId: 'MachineRole',
    says: /may do \* on every resource/,
    plant: (resources) => roleStatements(resources).push({ Effect: 'Allow', Action: '*', Resource: '*' }),
  },
  {
    name: 'a role for all of S3',
    rule: 'role-wildcards',
    logicalId: 'MachineRole',
    says: /may do s3:\*/,
    plant(resources) {
      roleStatements(resources)[0].Action = 's3:*';
    },
  },
  {
    name: 'a role for every bucket',
    rule: 'role-wildcards',
    logicalId: 'MachineRole',
    says: /s3:GetObject and s3:ListBucket on every resource/,
    mends: /DataBucket/,
    plant(resources) {
      roleStatements(resources)[0].Resource = '*';
    },
  },
  {
    name: "AWS's policy for everything of S3",
    rule: 'role-wildcards',
    logicalId: 'MachineRole',
    says: /AmazonS3FullAccess|AdministratorAccess/,
    plant(resources) {
      part(resources, 'MachineRole').ManagedPolicyArns = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    },
  },
  {
    name: 'a role that may write its own policy',
    rule: 'role-escalates',
    logicalId: 'MachineRole',
    plant(resources) {
      const Resource = { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*' };
      roleStatements(resources).push({ Effect: 'Allow', Action: 'iam:PutRolePolicy', Resource });
    },
  },
  {
    name: 'a role that reaches a bucket of long ago',
    rule: 'role-foreign-resource',
    logicalId: 'MachineRole',
    says: /legacy-pictures/,
    plant(resources) {
      const Resource = 'arn:aws:s3:::legacy-pictures/*';
      roleStatements(resources).push({ Effect: 'Allow', Action: 's3:GetObject', Resource });
    },
  },
];

export const trusts: readonly Row[] = [
  {
    name: 'a role for everybody',
    rule: 'role-open-trust',
    logicalId: 'MachineRole',
    says: /statement 2 of its trust policy/,
    plant(resources) {
      const Principal = { AWS: '*' };
      const trust = { Effect: 'Allow', Principal, Action: 'sts:AssumeRole' };
      part(resources, 'MachineRole').AssumeRolePolicyDocument.Statement.push(trust);
    },
  },
];

export const machines: readonly Row[] = [
  {
    name: 'machines with IMDSv1',
    rule: 'imds-v1',
    logicalId: 'ApiTemplate',
    plant(resources) {
      launch(resources).MetadataOptions.HttpTokens = 'optional';
    },
  },
  {
    name: 'metrics every five minutes',
    rule: 'group-detailed-monitoring',
    logicalId: 'ApiTemplate',
    says: /ScaleOnCpu and ScaleOnNetwork/,
    plant: (resources) => delete launch(resources).Monitoring,
  },
  {
    name: 'a metric that the group does not publish',
    rule: 'group-metrics',
    logicalId: 'ApiGroup',
    plant(resources) {
      delete part(resources, 'ApiGroup').MetricsCollection;
      resources.Few = {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/AutoScaling',
          MetricName: 'GroupInServiceInstances',
          Dimensions: [{ Name: 'AutoScalingGroupName', Value: { Ref: 'ApiGroup' } }],
          ComparisonOperator: 'LessThanThreshold',
          Statistic: 'Minimum',
          Threshold: 1,
          Period: 60,
          EvaluationPeriods: 1,
        },
      };
    },
  },
  {
    name: 'a number of machines that every update sets back',
    rule: 'group-desired-capacity',
    logicalId: 'ApiGroup',
    plant(resources) {
      part(resources, 'ApiGroup').DesiredCapacity = '2';
    },
  },
  {
    name: 'memory that keeps machines for ever',
    rule: 'memory-scale-in',
    logicalId: 'ScaleOnMemory',
    plant: (resources) => delete part(resources, 'ScaleOnMemory').TargetTrackingConfiguration.DisableScaleIn,
  },
  {
    name: 'a group that asks EC2 alone',
    rule: 'group-health-check',
    logicalId: 'ApiGroup',
    plant: (resources) => delete part(resources, 'ApiGroup').HealthCheckType,
  },
  {
    name: 'no time to start',
    rule: 'group-grace-period',
    logicalId: 'ApiGroup',
    plant: (resources) => delete part(resources, 'ApiGroup').HealthCheckGracePeriod,
  },
  {
    name: 'an update that waits for nobody',
    rule: 'update-signals',
    logicalId: 'ApiGroup',
    plant: (resources) => delete resources.ApiGroup?.UpdatePolicy.AutoScalingRollingUpdate.WaitOnResourceSignals,
  },
  {
    name: 'an S3 endpoint that packages do not come through',
    rule: 's3-endpoint-packages',
    logicalId: 'S3Endpoint',
    plant(resources) {
      const { PolicyDocument } = part(resources, 'S3Endpoint');
      PolicyDocument.Statement = PolicyDocument.Statement.filter(({ Sid }: Loose) => Sid !== 'ReadPackages');
    },
  },
  {
    name: 'an S3 endpoint to everywhere',
    rule: 's3-endpoint-open',
    logicalId: 'S3Endpoint',
    plant: (resources) => delete part(resources, 'S3Endpoint').PolicyDocument,
  },
  {
    name: 'an IPv6 name of an IPv4 balancer',
    rule: 'alias-ipv6',
    logicalId: 'ApiRecord6',
    plant(resources) {
      const { ApiRecord } = resources;
      if (ApiRecord) resources.ApiRecord6 = { ...ApiRecord, Properties: { ...ApiRecord.Properties, Type: 'AAAA' } };
    },
  },
  {
    name: 'logs for ever',
    rule: 'log-retention',
    logicalId: 'ApiLogs',
    plant: (resources) => delete part(resources, 'ApiLogs').RetentionInDays,
  },
];
