/** AWS's services: what a picture shows for an endpoint of one, and for a resource type that has no icon of its own. */
import type { IconName } from './icons.ts';

interface EndpointService {
  /** Several endpoint services may lead to one: `ssm`, `ssmmessages`. */
  readonly key: string;
  readonly title: string;
  /** At the endpoint itself. */
  readonly short: string;
  readonly icon: IconName;
}

/** https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html */
const known: Readonly<Record<string, readonly [title: string, icon: IconName]>> = {
  s3: ['Amazon S3', 's3'],
  monitoring: ['Amazon CloudWatch', 'cloudwatch'],
  logs: ['CloudWatch Logs', 'logs'],
  kms: ['AWS KMS', 'key'],
  sts: ['AWS STS', 'sts'],
  sns: ['Amazon SNS', 'topic'],
  ssm: ['Systems Manager', 'systemsManager'],
  ssmmessages: ['Session Manager', 'systemsManager'],
  ec2messages: ['Systems Manager', 'systemsManager'],
  ec2: ['Amazon EC2 API', 'ec2'],
  autoscaling: ['EC2 Auto Scaling', 'autoScaling'],
  cloudformation: ['CloudFormation', 'cloudformation'],
  dynamodb: ['Amazon DynamoDB', 'dynamodb'],
  ecs: ['Amazon ECS', 'ecs'],
  'ecs-agent': ['Amazon ECS', 'ecs'],
  'ecs-telemetry': ['Amazon ECS', 'ecs'],
  'ecr.api': ['Amazon ECR', 'ecr'],
  'ecr.dkr': ['Amazon ECR', 'ecr'],
  sqs: ['Amazon SQS', 'sqs'],
  secretsmanager: ['Secrets Manager', 'secretsManager'],
  lambda: ['AWS Lambda', 'lambda'],
  'execute-api': ['API Gateway', 'apiGateway'],
  events: ['EventBridge', 'eventBridge'],
  'kinesis-streams': ['Kinesis Data Streams', 'kinesis'],
  rds: ['Amazon RDS API', 'rds'],
  states: ['Step Functions', 'stepFunctions'],
};

/** `com.amazonaws.us-east-1.monitoring` */
export function serviceOf(serviceName: string): EndpointService {
  const short = serviceName.split('.').slice(3).join('.') || serviceName;
  const [title, icon] = known[short] ?? [short, 'plain'];
  return { key: `service ${short}`, title, short, icon };
}

/** By the second part of a resource type. */
const iconOfService: Readonly<Record<string, IconName>> = {
  ApiGateway: 'apiGateway',
  ApiGatewayV2: 'apiGateway',
  AutoScaling: 'autoScaling',
  CertificateManager: 'certificate',
  CloudFormation: 'cloudformation',
  CloudFront: 'cloudfront',
  CloudWatch: 'cloudwatch',
  DynamoDB: 'dynamodb',
  EC2: 'ec2',
  ECR: 'ecr',
  ECS: 'ecs',
  ElasticLoadBalancing: 'applicationBalancer',
  ElasticLoadBalancingV2: 'applicationBalancer',
  Events: 'eventBridge',
  IAM: 'role',
  Kinesis: 'kinesis',
  KMS: 'key',
  Lambda: 'lambda',
  Logs: 'logs',
  RDS: 'rds',
  Route53: 'route53',
  S3: 's3',
  SNS: 'topic',
  SQS: 'sqs',
  SSM: 'systemsManager',
  SecretsManager: 'secretsManager',
  StepFunctions: 'stepFunctions',
};

/** Of EC2's types that are no machines, by how their names begin. */
const ofNetworks: readonly (readonly [RegExp, IconName])[] = [
  [/^VPCEndpoint/, 'endpoint'],
  [/^(Route|SubnetRouteTable|VPC|Subnet$|TransitGateway|DHCP)/, 'router'],
  [/^(NetworkAcl|SubnetNetworkAcl)/, 'acl'],
  [/^NetworkInterface/, 'networkInterface'],
  [/^(InternetGateway|EgressOnly)/, 'internetGateway'],
  [/^NatGateway/, 'natGateway'],
  [/^FlowLog/, 'flowLogs'],
];

export function iconOfType(type: string): IconName {
  const [owner, service = '', resource = ''] = type.split('::');
  const ofNetwork = service === 'EC2' ? ofNetworks.find(([begin]) => begin.test(resource)) : undefined;
  if (ofNetwork) return ofNetwork[1];
  return owner === 'AWS' && Object.hasOwn(iconOfService, service) ? (iconOfService[service] ?? 'plain') : 'plain';
}
