/** What EC2 remembers of instances, their volumes and profiles, and of launch templates. */
import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { needInterface } from './faults.ts';
import type { InterfaceRecord } from './state.ts';

export type InstanceStateText = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface InstanceRecord {
  readonly instanceId: string;
  readonly reservationId: string;
  readonly requesterId?: string | undefined;
  readonly launchIndex: number;
  readonly clientToken: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly architecture: 'arm64' | 'x86_64';
  readonly vpcId: string;
  readonly subnetId: string;
  readonly zone: string;
  /** The primary one first. Kept after termination so that answers can still be made. */
  readonly networkInterfaceIds: readonly string[];
  readonly state: InstanceStateText;
  readonly stateReason?: { readonly code: string; readonly message: string } | undefined;
  /** `User initiated (2026-01-01 00:00:00 GMT)` */
  readonly transitionReason: string;
  readonly launchedMs: number;
  readonly endedMs?: number | undefined;
  /** Base64, as given. */
  readonly userData?: string | undefined;
  readonly profile?: InstanceProfileRecord | undefined;
  readonly metadata: MetadataOptionsRecord;
  readonly volumeIds: readonly string[];
  readonly rootDeviceName: string;
  readonly detailedMonitoring: boolean;
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly shutdownBehavior: 'stop' | 'terminate';
  readonly ebsOptimized: boolean;
  readonly tenancy: string;
  readonly cpuCredits?: string | undefined;
  readonly autoRecovery: string;
  readonly privateDnsNameOptions: {
    readonly hostnameType: string;
    readonly aRecord: boolean;
    readonly aaaaRecord: boolean;
  };
  /** Given back on a start: auto-assigned public addresses do not survive a stop. */
  readonly publicIpWanted: boolean;
}

export interface InstanceProfileRecord {
  readonly associationId: string;
  readonly arn: string;
  readonly id: string;
  readonly roleName?: string | undefined;
  readonly sinceMs: number;
}

export interface MetadataOptionsRecord {
  readonly httpTokens: 'required' | 'optional';
  readonly hopLimit: number;
  readonly httpEndpoint: 'enabled' | 'disabled';
  readonly instanceTags: 'enabled' | 'disabled';
  readonly httpProtocolIpv6: 'enabled' | 'disabled';
}

export interface VolumeRecord {
  readonly volumeId: string;
  readonly zone: string;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly encrypted: boolean;
  readonly kmsKeyId?: string | undefined;
  readonly iops?: number | undefined;
  readonly throughput?: number | undefined;
  readonly snapshotId: string;
  readonly instanceId: string;
  readonly device: string;
  readonly deleteOnTermination: boolean;
  readonly createdMs: number;
}

export interface LaunchTemplateRecord {
  readonly launchTemplateId: string;
  readonly name: string;
  readonly createdMs: number;
  readonly createdBy: string;
  readonly defaultVersion: number;
  readonly latestVersion: number;
}

/** By `<launchTemplateId> <number>`. */
export interface LaunchTemplateVersionRecord {
  readonly launchTemplateId: string;
  readonly number: number;
  readonly description?: string | undefined;
  readonly createdMs: number;
  readonly createdBy: string;
  readonly data: RequestLaunchTemplateData;
}

export const instances = (scope: Scope) => scope.table<InstanceRecord>('ec2/instances');
export const volumes = (scope: Scope) => scope.table<VolumeRecord>('ec2/volumes');
export const launchTemplates = (scope: Scope) => scope.table<LaunchTemplateRecord>('ec2/launch-templates');
export const launchTemplateVersions = (scope: Scope) =>
  scope.table<LaunchTemplateVersionRecord>('ec2/launch-template-versions');

const idForm = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/;

export function needInstance(scope: Scope, id: string | undefined): InstanceRecord {
  if (!id) throw new Fault('MissingParameter', 'The request must contain the parameter instanceId');
  const record = instances(scope).get(id);
  if (record) return record;
  if (!idForm.test(id)) throw new Fault('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}

/** Unknown ids are told together. */
export function needInstances(scope: Scope, ids: readonly string[] | undefined): readonly InstanceRecord[] {
  if (!ids?.length) throw new Fault('MissingParameter', 'The request must contain the parameter InstanceId');
  const unique = [...new Set(ids)];
  for (const id of unique) {
    if (!idForm.test(id)) throw new Fault('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  }
  const unknown = unique.filter((id) => !instances(scope).has(id));
  if (unknown.length === 1) {
    throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${unknown[0]}' does not exist`);
  }
  if (unknown.length > 1) {
    throw new Fault('InvalidInstanceID.NotFound', `The instance IDs '${unknown.join(', ')}' do not exist`);
  }
  return unique.map((id) => needInstance(scope, id));
}

export function primaryInterfaceOf(scope: Scope, instanceId: string): InterfaceRecord {
  const record = needInstance(scope, instanceId);
  if (record.state === 'terminated' || record.state === 'shutting-down') {
    throw new Fault('InvalidInstanceID', `The instance '${instanceId}' is not in a valid state for this operation.`);
  }
  return needInterface(scope, record.networkInterfaceIds[0]);
}
