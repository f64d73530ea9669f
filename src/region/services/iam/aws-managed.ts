/** Policies that AWS itself manages, as far as machines of this architecture are given them. */

export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly document: string;
}

function managed(name: string, path: string, ...statements: object[]): AwsManagedPolicy {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return { arn: `arn:aws:iam::aws:policy${path}${name}`, name, path, document };
}

const allow = (Action: string | readonly string[], Resource: string | readonly string[] = '*') => ({
  Effect: 'Allow',
  Action,
  Resource,
});

const policies = new Map(
  [
    managed('AdministratorAccess', '/', allow('*')),
    managed(
      'ReadOnlyAccess',
      '/',
      allow(['*:Describe*', '*:Get*', '*:List*', '*:BatchGet*', '*:Search*', '*:Query*', '*:Lookup*']),
    ),
    managed(
      'AmazonS3ReadOnlyAccess',
      '/',
      allow(['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*']),
    ),
    managed('AmazonS3FullAccess', '/', allow(['s3:*', 's3-object-lambda:*'])),
    managed(
      'CloudWatchAgentServerPolicy',
      '/',
      allow([
        'cloudwatch:PutMetricData',
        'ec2:DescribeVolumes',
        'ec2:DescribeTags',
        'logs:PutLogEvents',
        'logs:PutRetentionPolicy',
        'logs:DescribeLogStreams',
        'logs:DescribeLogGroups',
        'logs:CreateLogStream',
        'logs:CreateLogGroup',
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
        'xray:GetSamplingStatisticSummaries',
      ]),
      allow('ssm:GetParameter', 'arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*'),
    ),
    managed(
      'AmazonSSMManagedInstanceCore',
      '/',
      allow([
        'ssm:DescribeAssociation',
        'ssm:GetDeployablePatchSnapshotForInstance',
        'ssm:GetDocument',
        'ssm:DescribeDocument',
        'ssm:GetManifest',
        'ssm:GetParameter',
        'ssm:GetParameters',
        'ssm:ListAssociations',
        'ssm:ListInstanceAssociations',
        'ssm:PutInventory',
        'ssm:PutComplianceItems',
        'ssm:PutConfigurePackageResult',
        'ssm:UpdateAssociationStatus',
        'ssm:UpdateInstanceAssociationStatus',
        'ssm:UpdateInstanceInformation',
      ]),
      allow([
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ]),
      allow([
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
      ]),
    ),
  ].map((policy): [string, AwsManagedPolicy] => [policy.arn, policy]),
);

export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  return policies.get(arn);
}

export function awsManagedPolicies(): IterableIterator<AwsManagedPolicy> {
  return policies.values();
}
