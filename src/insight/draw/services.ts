/** AWS's services behind endpoints: names of endpoint services, and the service that a picture shows for each. */
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
