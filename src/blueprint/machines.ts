/** The machines: launch template, Auto Scaling group across the private subnets, and their security group. */
import { type CfnResource, Token } from 'aws-cdk-lib';
import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnLaunchTemplate, CfnSecurityGroup, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import type { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Balancer, connectGroups } from './balancer.ts';
import { makeBoot } from './boot.ts';
import type { Config } from './config.ts';
import type { Data } from './data.ts';
import type { Endpoints } from './endpoints.ts';
import { makeMachineRole } from './machine-role.ts';
import type { Network } from './network.ts';
import type { Parameters } from './parameters.ts';

interface MachineParts {
  readonly network: Network;
  readonly parameters: Parameters;
  readonly balancer: Balancer;
  readonly endpoints: Endpoints;
  readonly data: Data;
  readonly logGroup: CfnLogGroup;
  /** What must be there before a machine boots. */
  readonly ready: readonly CfnResource[];
}

const bootPatience = 'PT15M';

export function makeMachines(scope: Construct, config: Config, parts: MachineParts): CfnAutoScalingGroup {
  const { network, parameters, balancer, data, logGroup } = parts;
  const securityGroup = makeSecurityGroup(scope, config, network);
  const rules = [
    ...connectGroups(scope, {
      id: 'BalancerToApi',
      from: balancer.securityGroup,
      to: securityGroup,
      port: config.api.port,
      why: 'Requests and health checks',
    }),
    new CfnSecurityGroupIngress(scope, 'ApiToEndpointsIn', {
      groupId: parts.endpoints.securityGroup.attrGroupId,
      sourceSecurityGroupId: securityGroup.attrGroupId,
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      description: 'AWS by interface endpoints',
    }),
  ];
  const { role, profile } = makeMachineRole(scope, config, parameters, data, logGroup);
  const boot = makeBoot(scope, config, parameters, {
    role,
    data,
    logGroup,
    templateId: 'ApiTemplate',
    groupId: 'ApiGroup',
  });
  const template = new CfnLaunchTemplate(scope, 'ApiTemplate', {
    launchTemplateData: {
      imageId: parameters.imageId,
      instanceType: parameters.instanceType.valueAsString,
      iamInstanceProfile: { arn: profile.attrArn },
      securityGroupIds: [securityGroup.ref],
      // Only a session token reads the metadata service, and only from the machine itself.
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled' },
      // A metric a minute: target tracking on one in five minutes is late.
      monitoring: { enabled: true },
      blockDeviceMappings: [
        { deviceName: '/dev/xvda', ebs: { volumeType: 'gp3', volumeSize: config.api.diskGiB, encrypted: true } },
      ],
      userData: boot.userData,
    },
  });
  boot.addMetadata(template);

  const group = new CfnAutoScalingGroup(scope, 'ApiGroup', {
    // No desired capacity: every update would set it back.
    minSize: parameters.minMachines.valueAsString,
    maxSize: parameters.maxMachines.valueAsString,
    vpcZoneIdentifier: network.zones.map((zone) => zone.private.ref),
    launchTemplate: { launchTemplateId: template.ref, version: template.attrLatestVersionNumber },
    targetGroupArns: [balancer.targetGroup.ref],
    healthCheckType: 'ELB',
    healthCheckGracePeriod: 180,
    defaultInstanceWarmup: 120,
    metricsCollection: [{ granularity: '1Minute' }],
    tags: [{ key: 'Name', value: `${config.name} api`, propagateAtLaunch: true }],
  });
  group.cfnOptions.creationPolicy = {
    resourceSignal: { count: Token.asNumber(parameters.minMachines.valueAsNumber), timeout: bootPatience },
  };
  group.cfnOptions.updatePolicy = {
    autoScalingRollingUpdate: {
      minInstancesInService: Token.asNumber(parameters.minMachines.valueAsNumber),
      maxBatchSize: 1,
      minSuccessfulInstancesPercent: 100,
      waitOnResourceSignals: true,
      pauseTime: bootPatience,
      // Scaling while machines are replaced would take the wrong ones.
      suspendProcesses: ['HealthCheck', 'ReplaceUnhealthy', 'AZRebalance', 'AlarmNotification', 'ScheduledActions'],
    },
  };
  for (const one of [...parts.ready, ...balancer.listening, ...rules]) group.addDependency(one);
  return group;
}

function makeSecurityGroup(scope: Construct, { network: { nat, ipv6 } }: Config, { vpc }: Network): CfnSecurityGroup {
  const out = (range: Readonly<Record<string, string>>, description: string) => ({
    ipProtocol: 'tcp',
    fromPort: 443,
    toPort: 443,
    description,
    ...range,
  });
  return new CfnSecurityGroup(scope, 'ApiSecurityGroup', {
    vpcId: vpc.ref,
    groupDescription: 'Machines of the API',
    // S3 keeps its public addresses behind the gateway endpoint, and CloudFormation cannot look up its prefix list.
    securityGroupEgress: [
      out({ cidrIp: '0.0.0.0/0' }, nat === 'none' ? 'HTTPS to S3 and endpoints' : 'HTTPS to AWS and out through NAT'),
      ...(ipv6 && nat !== 'none' ? [out({ cidrIpv6: '::/0' }, 'HTTPS out over IPv6')] : []),
    ],
  });
}
