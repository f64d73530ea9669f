/** VPC endpoints: S3 by its gateway, CloudWatch and whatever a boot without NAT needs by interfaces in the zones. */
import { type CfnResource, Fn } from 'aws-cdk-lib';
import { CfnSecurityGroup, CfnVPCEndpoint } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { type Data, useOf } from './data.ts';
import type { Network } from './network.ts';
import { onlyIf, type Parameters } from './parameters.ts';

/** Logical ids by service. */
const ids = {
  monitoring: 'MonitoringEndpoint',
  logs: 'LogsEndpoint',
  cloudformation: 'CloudFormationEndpoint',
  ec2: 'Ec2Endpoint',
  ssm: 'SsmEndpoint',
  ssmmessages: 'SsmMessagesEndpoint',
} as const;

/** The interface endpoints of a configuration: logical ids by service. */
export function interfaceEndpoints({ network, api }: Pick<Config, 'network' | 'api'>): ReadonlyMap<string, string> {
  const services: (keyof typeof ids)[] = ['monitoring', 'logs'];
  // cfn-init and cfn-signal call CloudFormation, the agent asks EC2 for the name of its group, a shell needs SSM.
  if (network.nat === 'none') services.push('cloudformation', 'ec2');
  if (network.nat === 'none' && api.shell) services.push('ssm', 'ssmmessages');
  return new Map(services.map((service) => [service, ids[service]]));
}

interface EndpointParts {
  readonly network: Network;
  readonly parameters: Parameters;
  readonly data: Data;
  /** The security group of the machines. */
  readonly machines: CfnSecurityGroup;
}

/** Returns what must be there before a machine boots. */
export function makeEndpoints(
  scope: Construct,
  config: Config,
  { network, parameters, data, machines }: EndpointParts,
): readonly CfnResource[] {
  const { vpc, zones } = network;
  const s3 = new CfnVPCEndpoint(scope, 'S3Endpoint', {
    vpcId: vpc.ref,
    serviceName: serviceName('s3'),
    routeTableIds: network.privateRoutes.map((table) => table.ref),
    policyDocument: { Version: '2012-10-17', Statement: s3Statements(config, parameters, data) },
  });
  const securityGroup = new CfnSecurityGroup(scope, 'EndpointSecurityGroup', {
    vpcId: vpc.ref,
    groupDescription: 'Interface endpoints',
    securityGroupIngress: [{ ipProtocol: 'tcp', fromPort: 443, toPort: 443, sourceSecurityGroupId: machines.ref }],
    // Nowhere: without a rule here, all would be allowed.
    securityGroupEgress: [
      {
        ipProtocol: '-1',
        cidrIp: '127.0.0.1/32',
      },
    ],
  });
  const interfaces = [...interfaceEndpoints(config)].map(
    ([service, id]) =>
      new CfnVPCEndpoint(scope, id, {
        vpcId: vpc.ref,
        vpcEndpointType: 'Interface',
        serviceName: serviceName(service),
        privateDnsEnabled: true,
        subnetIds: zones.map((zone) => zone.private.ref),
        securityGroupIds: [securityGroup.ref],
      }),
  );
  return [s3, ...interfaces];
}

function serviceName(service: string): string {
  return Fn.sub(`com.amazonaws.\${AWS::Region}.${service}`);
}

function s3Statements(config: Config, { releaseBucket, releaseKey, conditions }: Parameters, { bucket }: Data) {
  const read = (sid: string, arn: string) => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: Fn.sub(arn),
  });
  const release = `arn:\${AWS::Partition}:s3:::\${${releaseBucket.node.id}}/\${${releaseKey.node.id}}`;
  return [
    { ...useOf(bucket, config.data.access), Principal: '*' },
    onlyIf(conditions.hasRelease, read('ReadRelease', release)),
    // Packages of Amazon Linux come from a bucket of the region: 403 for dnf without this, even where there is a NAT.
    // https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
    read('ReadPackages', 'arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*'),
  ];
}
