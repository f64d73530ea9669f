/** Roles that belong to an AWS service: in the model the service is trusted as itself, and the role is there to be seen. */
import type {
  CreateServiceLinkedRoleRequest,
  DeleteServiceLinkedRoleRequest,
  GetServiceLinkedRoleDeletionStatusRequest,
  Role,
} from '@aws-sdk/client-iam';
import type { Call } from '../service.ts';
import { invalidInput, noSuchEntity } from './faults.ts';
import { checkDescription, checkTags, iamArn, uniqueId } from './names.ts';
import { endSessions, needRole, renderRole, serviceLinkedPath } from './role.ts';
import { type RoleRecord, roles } from './state.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html */
const roleNames: Readonly<Record<string, { name: string; suffix?: true }>> = {
  'autoscaling.amazonaws.com': { name: 'AutoScaling', suffix: true },
  'elasticloadbalancing.amazonaws.com': { name: 'ElasticLoadBalancing' },
  'spot.amazonaws.com': { name: 'EC2Spot' },
  'cloudwatch.amazonaws.com': { name: 'CloudWatch' },
  'events.amazonaws.com': { name: 'CloudWatchEvents' },
  'delivery.logs.amazonaws.com': { name: 'LogDelivery' },
  'logger.cloudfront.amazonaws.com': { name: 'CloudFrontLogger' },
  'replicator.lambda.amazonaws.com': { name: 'LambdaReplicator' },
  'ssm.amazonaws.com': { name: 'AmazonSSM' },
};

export function createServiceLinkedRole(input: CreateServiceLinkedRoleRequest, call: Call): { Role: Role } {
  const { AWSServiceName: service = '', CustomSuffix: suffix } = input;
  const known = Object.hasOwn(roleNames, service) ? roleNames[service] : undefined;
  if (!known) throw invalidInput(`A service-linked role of ${service} is not modelled by Orrery`);
  if (suffix !== undefined && !known.suffix) throw invalidInput(`Custom suffix is not allowed for ${service}`);
  const name = `AWSServiceRoleFor${known.name}${suffix === undefined ? '' : `_${suffix}`}`;
  if (roles(call).has(name)) {
    throw invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`);
  }
  const description = checkDescription(input.Description);
  const path = `${serviceLinkedPath}${service}/`;
  const record: RoleRecord = {
    name,
    path,
    arn: iamArn(call, 'role', path, name),
    id: uniqueId(call, 'AROA'),
    createdMs: call.clock.now(),
    tags: checkTags(undefined),
    inline: {},
    attached: [],
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Action: ['sts:AssumeRole'], Principal: { Service: [service] }, Effect: 'Allow' }],
    }),
    maxSessionSeconds: 3600,
    ...(description === undefined ? {} : { description }),
  };
  roles(call).put(name, record);
  return { Role: renderRole(record, 'created') };
}

/** Nothing in the model holds such a role, so its deletion is done at once. */
export function deleteServiceLinkedRole(input: DeleteServiceLinkedRoleRequest, call: Call): { DeletionTaskId: string } {
  const role = needRole(call, input.RoleName);
  if (!role.path.startsWith(serviceLinkedPath)) {
    throw noSuchEntity(`The service-linked role with name ${role.name} cannot be found.`);
  }
  roles(call).delete(role.name);
  endSessions(call, role.id);
  return { DeletionTaskId: `task${role.path}${role.name}/${call.random.uuid()}` };
}

export function getServiceLinkedRoleDeletionStatus(input: GetServiceLinkedRoleDeletionStatusRequest) {
  const { DeletionTaskId = '' } = input;
  if (!/^task\/aws-service-role\/[^/]+\/[^/]+\/[0-9a-f-]{36}$/.test(DeletionTaskId)) {
    throw noSuchEntity(`The deletion task ${DeletionTaskId} cannot be found.`);
  }
  return { Status: 'SUCCEEDED' as const };
}
