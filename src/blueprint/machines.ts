/** The machines: launch template, Auto Scaling group across the private subnets, and their security group. */
import { type CfnResource, Token } from 'aws-cdk-lib';
import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnLaunchTemplate, CfnSecurityGroup, CfnSecurityGroupEgress, type CfnVPC } from 'aws-cdk-lib/aws-ec2';
import type { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Balancer } from './balancer.ts';
import { makeBoot } from './boot.ts';
import type { Config } from './config.ts';
import type { Data } from './data.ts';
import { makeMachineRole } from './machine-role.ts';
import type { Network } from './network.ts';
import type { Parameters } from './parameters.ts';

interface MachineParts {
  readonly network: Network;
  readonly parameters: Parameters;
  readonly balancer: Balancer;
  readonly securityGroup: CfnSecurityGroup;
  readonly data: Data;
  readonly logGroup: CfnLogGroup;
  /** What must be there before a machine boots. */
  readonly ready: readonly CfnResource[];
}

const bootPatience = 'PT15M';

export function makeMachines(scope: Construct, config: Config, parts: MachineParts): CfnAutoScalingGroup {
  const { network, parameters, balancer, data, logGroup, securityGroup } = parts;
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
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
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
    tags: [
      { key: 'Name', value: `${config.name} api`, propagateAtLaunch: true },
      // Makes the group wait for it: a target group that nothing forwards to is not in use. `DependsOn` knows no condition.
      { key: 'Listener', value: balancer.forwarder, propagateAtLaunch: false },
    ],
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
  for (const one of parts.ready) group.addResourceDependency(one);
  return group;
}

/**
 * The machines' security group, and the rule that lets the balancer reach it. That one stands alone: the two groups name
 * each other, and inside them it would be a cycle.
 */
export function makeMachineGroup(
  scope: Construct,
  { api, network: { nat, ipv6 } }: Config,
  vpc: CfnVPC,
  balancer: CfnSecurityGroup,
) {
  const tcp = (port: number) => ({ ipProtocol: 'tcp', fromPort: port, toPort: port });
  const securityGroup = new CfnSecurityGroup(scope, 'ApiSecurityGroup', {
    vpcId: vpc.ref,
    groupDescription: 'Machines of the API',
    securityGroupIngress: [{ ...tcp(api.port), sourceSecurityGroupId: balancer.ref }],
    // S3 keeps its public addresses behind the gateway endpoint, and CloudFormation cannot look up its prefix list.
    securityGroupEgress: [
      {
        ...tcp(443),
        cidrIp: '0.0.0.0/0',
      },
      ...(ipv6 && nat !== 'none' ? [{ ...tcp(443), cidrIpv6: '::/0' }] : []),
    ],
  });
  const rule = new CfnSecurityGroupEgress(scope, 'BalancerToApi', {
    groupId: balancer.ref,
    destinationSecurityGroupId: securityGroup.ref,
    ...tcp(api.port),
  });
  return { securityGroup, rule };
}
