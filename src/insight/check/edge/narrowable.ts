/**
 * Actions that know the resource they are done to, so that a policy can name it; of others (`ec2:DescribeTags`,
 * `cloudwatch:PutMetricData`) only `*` is possible. By service, those that matter to a web architecture.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
interface Narrowable {
  /** Names of actions, without their service. */
  readonly actions: RegExp;
  /** The type of what they are done to, and how its ARN is written in a template. */
  readonly type?: string;
  readonly arns?: (logicalId: string) => readonly unknown[];
}

const byArn = (logicalId: string) => [{ 'Fn::GetAtt': [logicalId, 'Arn'] }];
const byRef = (logicalId: string) => [{ Ref: logicalId }];

const services: Readonly<Record<string, Narrowable>> = {
  s3: {
    actions: /^(?!ListAllMyBuckets|GetAccount|PutAccount|ListAccessPoints|ListJobs|CreateJob)/,
    type: 'AWS::S3::Bucket',
    arns: (id) => [...byArn(id), { 'Fn::Sub': `\${${id}.Arn}/*` }],
  },
  dynamodb: {
    actions: /^(?!ListTables|ListStreams|ListBackups|ListGlobalTables|DescribeLimits|DescribeReserved)/,
    type: 'AWS::DynamoDB::Table',
    arns: byArn,
  },
  sqs: { actions: /^(?!ListQueues)/, type: 'AWS::SQS::Queue', arns: byArn },
  sns: { actions: /^(Publish|Subscribe|SetTopic|DeleteTopic|AddPermission)/, type: 'AWS::SNS::Topic', arns: byRef },
  kms: {
    actions: /^(Decrypt|Encrypt|ReEncrypt|GenerateDataKey|Sign|Verify|CreateGrant|DescribeKey|ScheduleKeyDeletion)/,
    type: 'AWS::KMS::Key',
    arns: byArn,
  },
  secretsmanager: {
    actions: /^(GetSecretValue|DescribeSecret|PutSecretValue|UpdateSecret|DeleteSecret)/,
    type: 'AWS::SecretsManager::Secret',
    arns: byRef,
  },
  ssm: { actions: /^(GetParameter|PutParameter|DeleteParameter|SendCommand|StartSession)/ },
  logs: {
    actions: /^(PutLogEvents|CreateLogStream|DescribeLogStreams|FilterLogEvents|GetLogEvents|Delete|PutRetention)/,
    type: 'AWS::Logs::LogGroup',
    arns: byArn,
  },
  lambda: { actions: /^(Invoke|Update|Delete|GetFunction)/, type: 'AWS::Lambda::Function', arns: byArn },
  iam: { actions: /^(?!List|GetAccount|GetCredential|Generate)/ },
  sts: { actions: /^AssumeRole$/ },
  ec2: {
    actions:
      /^(Run|Start|Stop|Terminate|Reboot|Modify|Delete|Attach|Detach|Associate|Disassociate|Authorize|Revoke|CreateTags)/,
  },
  autoscaling: {
    actions: /^(Set|Terminate|Update|Delete|Attach|Detach|Complete|RecordLifecycle|Suspend|Resume|Enter|Exit|Execute)/,
  },
  elasticloadbalancing: { actions: /^(Register|Deregister|Modify|Delete|Set|Add|Remove)/ },
  cloudfront: { actions: /^(CreateInvalidation|Update|Delete)/ },
  route53: { actions: /^ChangeResourceRecordSets/ },
  cloudformation: { actions: /^(Signal|DescribeStackResource$|Update|Delete)/ },
  events: { actions: /^PutEvents/ },
  kinesis: { actions: /^(Put|Get)/ },
  states: { actions: /^StartExecution/ },
};

/** What could be named in place of `*`; undefined for actions that know no resource. */
export function narrowable(action: string): Narrowable | undefined {
  const [service = '', name = ''] = action.split(':');
  const known = services[service.toLowerCase()];
  return known?.actions.test(name.replace(/[*?].*$/, '')) ? known : undefined;
}
