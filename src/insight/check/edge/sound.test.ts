/** What looks like a mistake and is none. */
import { expect, it } from 'vitest';
import { check } from '../check.ts';
import {
  addIdentity,
  behaviour,
  byDefault,
  cors,
  distribution,
  edited,
  headersInKey,
  headersPolicy,
  keyOfPages,
  launch,
  onlyDefaultBehaviour,
  part,
  type Resources,
  reading,
  roleStatements,
  statements,
  unblocked,
  withoutFunction,
} from './edits.suite.ts';
import { edgeRules } from './index.ts';

type Edit = (resources: Resources) => void;

const rows: readonly (readonly [string, Edit])[] = [
  [
    'a bucket that a range of addresses may read',
    (resources) => {
      part(resources, 'DataBucket').PublicAccessBlockConfiguration = unblocked;
      statements(resources, 'DataBucketPolicy').push({
        ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: { 'Fn::Sub': '${DataBucket.Arn}/*' } },
        Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/28' } },
      });
    },
  ],
  [
    'a bucket that another account is named for',
    (resources) => {
      const Resource = { 'Fn::Sub': '${DataBucket.Arn}/*' };
      const Principal = { AWS: '111122223333' };
      statements(resources, 'DataBucketPolicy').push({ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource });
    },
  ],
  [
    'a bucket that two distributions serve',
    (resources) => {
      const second = structuredClone(resources.Distribution);
      if (!second) return;
      delete second.Properties.DistributionConfig.Aliases;
      resources.Second = second;
      const arnOf = (id: string) => ({
        'Fn::Sub': `arn:\${AWS::Partition}:cloudfront::\${AWS::AccountId}:distribution/\${${id}}`,
      });
      reading(resources).Condition.StringEquals['AWS:SourceArn'] = [arnOf('Distribution'), arnOf('Second')];
    },
  ],
  [
    'a fallback page for the code that S3 gives',
    (resources) => {
      withoutFunction(resources);
      distribution(resources).CustomErrorResponses = [
        { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/index.html' },
      ];
    },
  ],
  [
    'CORS rules whose headers are in the cache key',
    (resources) => {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org']);
      keyOfPages(resources).HeadersConfig = headersInKey('Origin');
    },
  ],
  [
    'CORS rules of a bucket, and the same origins of its distribution',
    (resources) => {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org']);
      headersPolicy(resources, {});
    },
  ],
  [
    'CORS rules of a bucket by the older settings',
    (resources) => {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org']);
      delete byDefault(resources).CachePolicyId;
      byDefault(resources).ForwardedValues = { QueryString: false, Headers: ['Origin'] };
    },
  ],
  [
    'PUT that the bucket does not let the distribution carry out',
    (resources) => {
      behaviour(resources, '/assets/*').AllowedMethods = [
        ...['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
      ];
    },
  ],
  [
    'a statement for everything with a condition',
    (resources) =>
      roleStatements(resources).push({
        ...{ Effect: 'Allow', Action: 'ec2:CreateTags', Resource: '*' },
        Condition: { StringEquals: { 'aws:ResourceTag/Owner': 'api' } },
      }),
  ],
  [
    "AWS's policies for agents",
    (resources) => {
      part(resources, 'MachineRole').ManagedPolicyArns = [
        'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
        'arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy',
      ];
    },
  ],
  [
    'a role that passes one other to one service',
    (resources) =>
      roleStatements(resources).push({
        ...{ Effect: 'Allow', Action: 'iam:PassRole' },
        Resource: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/task' },
      }),
  ],
  [
    'a group that a launch hook gives time',
    (resources) => {
      const group = part(resources, 'ApiGroup');
      delete group.HealthCheckGracePeriod;
      group.LifecycleHookSpecificationList = [
        {
          LifecycleHookName: 'ready',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
          DefaultResult: 'CONTINUE',
          HeartbeatTimeout: 30,
        },
      ];
    },
  ],
  [
    'IMDSv1 of machines without a role',
    (resources) => {
      delete launch(resources).IamInstanceProfile;
      launch(resources).MetadataOptions.HttpTokens = 'optional';
    },
  ],
  [
    'memory as the only thing that a group follows',
    (resources) => {
      for (const id of ['ScaleOnCpu', 'ScaleOnNetwork', 'ScaleOnRequests']) delete resources[id];
      delete part(resources, 'ScaleOnMemory').TargetTrackingConfiguration.DisableScaleIn;
    },
  ],
];

it.each(rows)('finds nothing in %s', async (_name, edit) => {
  const { findings } = await check({ template: edited('default', edit), name: 'sound.yml' }, edgeRules);
  expect(findings.map((one) => `${one.rule} at ${one.logicalId}: ${one.message}`)).toEqual([]);
});

it('asks a bucket in the name of the identity, where there is one', async () => {
  const { findings } = await check({ template: edited('default', addIdentity), name: 'oai.yml' }, edgeRules);
  expect(findings.map(({ rule }) => rule)).toEqual(['origin-access-identity']);
});
