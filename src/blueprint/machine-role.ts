/** What a machine may do on AWS: its role, with a statement for each thing that its boot, its agent and the API need. */
import { Fn } from 'aws-cdk-lib';
import { CfnInstanceProfile, CfnRole } from 'aws-cdk-lib/aws-iam';
import type { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Data } from './data.ts';
import { onlyIf, type Parameters } from './parameters.ts';

export interface MachineRole {
  readonly role: CfnRole;
  readonly profile: CfnInstanceProfile;
}

export function makeMachineRole(
  scope: Construct,
  { api }: Config,
  { releaseBucket, releaseKey, conditions }: Parameters,
  data: Data,
  logGroup: CfnLogGroup,
): MachineRole {
  const readRelease = {
    Sid: 'ReadRelease',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: Fn.sub(`arn:\${AWS::Partition}:s3:::\${${releaseBucket.node.id}}/\${${releaseKey.node.id}}`),
  };
  const shell = {
    Sid: 'Shell',
    Effect: 'Allow',
    Action: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    Resource: '*',
  };
  const role = new CfnRole(scope, 'MachineRole', {
    assumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    policies: [
      {
        policyName: 'machine',
        policyDocument: {
          Version: '2012-10-17',
          Statement: [
            ...data.statements,
            onlyIf(conditions.hasRelease, readRelease),
            {
              Sid: 'WriteLogs',
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
              Resource: logGroup.attrArn,
            },
            {
              Sid: 'PutAgentMetrics',
              Effect: 'Allow',
              Action: 'cloudwatch:PutMetricData',
              Resource: '*',
              Condition: { StringEquals: { 'cloudwatch:namespace': 'CWAgent' } },
            },
            // The agent learns from its tags which group the machine belongs to.
            { Sid: 'KnowOwnGroup', Effect: 'Allow', Action: 'ec2:DescribeTags', Resource: '*' },
            ...(api.shell ? [shell] : []),
          ],
        },
      },
    ],
  });
  return { role, profile: new CfnInstanceProfile(scope, 'MachineProfile', { roles: [role.ref] }) };
}
