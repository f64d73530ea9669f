/**
 * Writes `src/region/stacks/resource-spec.generated.json`: which properties the product's resource types have, which are
 * required, which replace the resource when they change, and which attributes `Fn::GetAtt` may ask.
 * Source: AWS's resource schemas as published in `@aws-cdk/aws-service-spec`. Run: `npx jiti scripts/resource-spec.ts`.
 *
 * The format is compact, because the region reads it at start-up. A property is one word: its type (`s` string, `i` integer,
 * `n` number, `b` boolean, `j` any JSON, `t` date and time, `@Name` definition, `[x]` list, `{x}` map, `x|y` either), then
 * `!` when required, then `~` when a change replaces the resource, or `?` when it may.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

const modelled: Readonly<Record<string, string>> = {
  'AWS::EC2':
    'VPC VPCCidrBlock InternetGateway VPCGatewayAttachment EgressOnlyInternetGateway Subnet SubnetCidrBlock RouteTable Route SubnetRouteTableAssociation EIP NatGateway NetworkAcl NetworkAclEntry SubnetNetworkAclAssociation SecurityGroup SecurityGroupIngress SecurityGroupEgress VPCEndpoint FlowLog LaunchTemplate Instance',
  'AWS::ElasticLoadBalancingV2': 'LoadBalancer Listener ListenerRule ListenerCertificate TargetGroup',
  'AWS::AutoScaling': 'AutoScalingGroup ScalingPolicy ScheduledAction LifecycleHook WarmPool',
  'AWS::S3': 'Bucket BucketPolicy',
  'AWS::CloudFront':
    'Distribution OriginAccessControl CloudFrontOriginAccessIdentity Function CachePolicy OriginRequestPolicy ResponseHeadersPolicy PublicKey KeyGroup',
  'AWS::Route53': 'HostedZone RecordSet RecordSetGroup',
  'AWS::CertificateManager': 'Certificate',
  'AWS::IAM': 'Role InstanceProfile Policy ManagedPolicy User',
  'AWS::KMS': 'Key Alias',
  'AWS::SSM': 'Parameter',
  'AWS::SNS': 'Topic Subscription TopicPolicy',
  'AWS::CloudWatch': 'Alarm Dashboard CompositeAlarm',
  'AWS::Logs': 'LogGroup LogStream MetricFilter',
  'AWS::Budgets': 'Budget',
  'AWS::CloudFormation': 'WaitCondition WaitConditionHandle',
};

const database = loadAwsServiceSpecSync();
type Definition = ReturnType<(typeof database)['all']>[number] & object;
type Resource = Extract<Definition, { cloudFormationType: string }>;
type Properties = Resource['properties'];
type Property = Properties[string];
type PropertyType = Property['type'];

/** The compact form of one resource type. */
interface Compact {
  /** Properties. */
  p: Record<string, string>;
  /** Attributes. */
  a: string[];
  /** Definitions of nested objects. */
  d: Record<string, Record<string, string>>;
}

function compactType(type: PropertyType, definitions: Compact['d']): string {
  switch (type.type) {
    case 'string':
      return 's';
    case 'integer':
      return 'i';
    case 'number':
      return 'n';
    case 'boolean':
      return 'b';
    case 'date-time':
      return 't';
    case 'array':
      return `[${compactType(type.element, definitions)}]`;
    case 'map':
      return `{${compactType(type.element, definitions)}}`;
    case 'union':
      return [...new Set(type.types.map((member) => compactType(member, definitions)))].join('|');
    case 'ref': {
      const definition = database.get('typeDefinition', type.reference);
      if (!definitions[definition.name]) {
        // Entered before its properties are walked: definitions may contain themselves.
        const properties: Record<string, string> = {};
        definitions[definition.name] = properties;
        Object.assign(properties, compactProperties(definition.properties, definitions));
      }
      return `@${definition.name}`;
    }
    case 'tag': {
      definitions.Tag ??= { Key: 's!', Value: 's!' };
      return '@Tag';
    }
    default:
      return 'j';
  }
}

function compactProperties(properties: Properties, definitions: Compact['d']): Record<string, string> {
  const compact: Record<string, string> = {};
  for (const [name, property] of Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Earlier forms of a property stay valid: a legacy JSON property that became an object, for example.
    const types = [property.type, ...(property.previousTypes ?? [])].flatMap((type) =>
      compactType(type, definitions).split('|'),
    );
    const replacement = { yes: '~', maybe: '?', no: '' }[property.causesReplacement ?? 'no'];
    compact[name] = [...new Set(types)].join('|') + (property.required ? '!' : '') + replacement;
  }
  return compact;
}

const types: Record<string, Compact> = {};
for (const [namespace, names] of Object.entries(modelled)) {
  for (const name of names.split(' ')) {
    const typeName = `${namespace}::${name}`;
    const resource = database.lookup('resource', 'cloudFormationType', 'equals', typeName).only();
    const definitions: Compact['d'] = {};
    const properties = compactProperties(resource.properties, definitions);
    types[typeName] = { p: properties, a: Object.keys(resource.attributes).sort(), d: definitions };
  }
}

const known = database
  .all('resource')
  .map(({ cloudFormationType }) => cloudFormationType)
  .sort();
/** Names of all types by service, so that a misspelt type can be told from one that is not modelled: `{ 'AWS::EC2': 'VPC …' }`. */
const names: Record<string, string> = {};
for (const type of known) {
  const namespace = type.split('::').slice(0, 2).join('::');
  const name = type.slice(namespace.length + 2);
  names[namespace] = names[namespace] ? `${names[namespace]} ${name}` : name;
}

const manifest = createRequire(import.meta.url).resolve('@aws-cdk/aws-service-spec/package.json');
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
const target = new URL('../src/region/stacks/resource-spec.generated.json', import.meta.url);
// One type a line, so that a change of the schemas can be read in the history.
const lines = Object.entries(types).map(([name, type]) => `${JSON.stringify(name)}:${JSON.stringify(type)}`);
writeFileSync(
  target,
  `{"source":"@aws-cdk/aws-service-spec ${version}",\n"types":{\n${lines.join(',\n')}\n},\n"names":${JSON.stringify(names)}}\n`,
);
