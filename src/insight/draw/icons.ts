/**
 * AWS's official icons (Architecture Icons of January 2026, from the package `aws-icons`), and the draw.io shapes of the
 * same meaning. https://aws.amazon.com/architecture/icons/
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Icon {
  /** Below the package's `icons`. */
  readonly file: string;
  /** draw.io's, of its library AWS4. Services are white on a square of their colour, resources are drawn in it. */
  readonly shape: string;
  readonly square?: true;
  readonly colour: string;
}

const networking = '#8C4FFF';
const compute = '#ED7100';
const storage = '#7AA116';
const security = '#DD344C';
const management = '#E7157B';
const database = '#C925D1';

const service = (file: string, shape: string, colour: string): Icon => ({
  file: `architecture-service/${file}`,
  shape,
  square: true,
  colour,
});
const resource = (file: string, shape: string, colour: string): Icon => ({ file: `resource/${file}`, shape, colour });

export const icons = {
  users: resource('Users', 'users', '#232F3E'),
  route53: service('AmazonRoute53', 'route_53', networking),
  cloudfront: service('AmazonCloudFront', 'cloudfront', networking),
  s3: service('AmazonSimpleStorageService', 's3', storage),
  bucket: resource('AmazonSimpleStorageServiceBucketWithObjects', 'bucket_with_objects', storage),
  internetGateway: resource('AmazonVPCInternetGateway', 'internet_gateway', networking),
  natGateway: resource('AmazonVPCNATGateway', 'nat_gateway', networking),
  endpoint: resource('AmazonVPCEndpoints', 'endpoints', networking),
  acl: resource('AmazonVPCNetworkAccessControlList', 'network_access_control_list', networking),
  router: resource('AmazonVPCRouter', 'router', networking),
  flowLogs: resource('AmazonVPCFlowLogs', 'flow_logs', networking),
  networkInterface: resource('AmazonVPCElasticNetworkInterface', 'elastic_network_interface', networking),
  applicationBalancer: resource('ElasticLoadBalancingApplicationLoadBalancer', 'application_load_balancer', networking),
  networkBalancer: resource('ElasticLoadBalancingNetworkLoadBalancer', 'network_load_balancer', networking),
  instance: resource('AmazonEC2Instance', 'instance2', compute),
  instances: resource('AmazonEC2Instances', 'instances', compute),
  autoScaling: service('AmazonEC2AutoScaling', 'auto_scaling2', compute),
  ec2: service('AmazonEC2', 'ec2', compute),
  lambda: service('AWSLambda', 'lambda', compute),
  role: resource('AWSIdentityAccessManagementRole', 'role', security),
  key: service('AWSKeyManagementService', 'key_management_service', security),
  certificate: service('AWSCertificateManager', 'certificate_manager_3', security),
  sts: service('AWSIdentityandAccessManagement', 'identity_and_access_management', security),
  cloudwatch: service('AmazonCloudWatch', 'cloudwatch_2', management),
  logs: resource('AmazonCloudWatchLogs', 'logs', management),
  alarm: resource('AmazonCloudWatchAlarm', 'alarm', management),
  cloudformation: service('AWSCloudFormation', 'cloudformation', management),
  systemsManager: service('AWSSystemsManager', 'systems_manager', management),
  topic: service('AmazonSimpleNotificationService', 'sns', management),
  email: resource('AmazonSimpleNotificationServiceEmailNotification', 'email_notification', management),
  dynamodb: service('AmazonDynamoDB', 'dynamodb', database),
  rds: service('AmazonRDS', 'rds', database),
  ecs: service('AmazonElasticContainerService', 'ecs', compute),
  ecr: service('AmazonElasticContainerRegistry', 'ecr', compute),
  sqs: service('AmazonSimpleQueueService', 'sqs', management),
  eventBridge: service('AmazonEventBridge', 'eventbridge', management),
  stepFunctions: service('AWSStepFunctions', 'step_functions', management),
  apiGateway: service('AmazonAPIGateway', 'api_gateway', networking),
  kinesis: service('AmazonKinesisDataStreams', 'kinesis_data_streams', networking),
  secretsManager: service('AWSSecretsManager', 'secrets_manager', security),
  budget: service('AWSBudgets', 'budgets_2', '#7AA116'),
} as const satisfies Readonly<Record<string, Icon>> & Record<string, Icon>;

/** `plain`: a box without an icon, for what the model has nothing of. */
export type IconName = keyof typeof icons | 'plain';

const groups = {
  cloud: 'AWSCloudlogo',
  region: 'Region',
  vpc: 'VirtualprivatecloudVPC',
  public: 'Publicsubnet',
  private: 'Privatesubnet',
  autoScaling: 'AutoScalinggroup',
} as const;

export type GroupIcon = keyof typeof groups;

export function iconOf(name: Exclude<IconName, 'plain'>): Icon {
  return icons[name];
}

export interface IconDrawing {
  readonly viewBox: string;
  /** SVG elements, with colours of their own. */
  readonly body: string;
}

export function iconDrawing(name: Exclude<IconName, 'plain'>): IconDrawing {
  return drawing(`${iconOf(name).file}.svg`);
}

export function groupDrawing(name: GroupIcon): IconDrawing {
  return drawing(`architecture-group/${groups[name]}.svg`);
}

let folder: string | undefined;
const read = new Map<string, IconDrawing>();

function drawing(file: string): IconDrawing {
  folder ??= join(dirname(createRequire(import.meta.url).resolve('aws-icons/package.json')), 'icons');
  let known = read.get(file);
  if (!known) {
    const text = readFileSync(join(folder, file), 'utf8');
    const [, viewBox = '0 0 48 48'] = /viewBox="([^"]+)"/.exec(text) ?? [];
    const body = text.replace(/^.*?<svg[^>]*>(<title>.*?<\/title>)?/s, '').replace(/<\/svg>\s*$/, '');
    known = { viewBox, body };
    read.set(file, known);
  }
  return known;
}
