/**
 * States of instances: what is asked of them (start, stop, reboot, terminate), and what their machines tell.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
 */
import type {
  InstanceStateChange,
  RebootInstancesRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from '@aws-sdk/client-ec2';
import type { Machine, MachineSpec, Machines } from '../../machines/machine.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { privateDnsName, publicAddress, resourceDnsName } from './address-book.ts';
import { needCapacity } from './capacity.ts';
import { refuseMembers } from './faults.ts';
import { type InstanceRecord, type InstanceStateText, instances, needInstances } from './instance-state.ts';
import { associationByInterface, publicIpOf } from './interface-view.ts';
import { userDataOf } from './launch-data.ts';
import { delaysMs } from './limits.ts';
import { removeInterface } from './network-interface.ts';
import { interfaces, securityGroups } from './state.ts';
import { forgetTags, tagsOf } from './tag-table.ts';
import { releaseVolumes } from './volume.ts';

const codes: Readonly<Record<InstanceStateText, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function stateOf(state: InstanceStateText) {
  return { Code: codes[state], Name: state };
}

/** By its address, or by its id where the launch or the subnet says `resource-name`. */
export function hostNameOf(scope: Scope, record: InstanceRecord, privateIp: string): string {
  return record.privateDnsNameOptions.hostnameType === 'resource-name'
    ? resourceDnsName(scope.region, record.instanceId)
    : privateDnsName(scope.region, privateIp);
}

/** What the machines' driver needs to know. */
function machineSpec(scope: Scope, record: InstanceRecord): MachineSpec {
  const [interfaceId = ''] = record.networkInterfaceIds;
  const primary = interfaces(scope).get(interfaceId);
  if (!primary) throw new Error(`${record.instanceId} has no network interface`);
  const publicIp = publicIpOf(primary, associationByInterface(scope)(interfaceId));
  const [privateIp = ''] = primary.privateIps;
  const [ipv6] = primary.ipv6;
  const userData = userDataOf(record.userData);
  const { instanceId } = record;
  const now = () => instances(scope).get(instanceId) ?? record;
  const spec: MachineSpec = {
    instanceId,
    account: scope.account,
    region: scope.region,
    zone: record.zone,
    imageId: record.imageId,
    instanceType: record.instanceType,
    vpcId: record.vpcId,
    subnetId: record.subnetId,
    interfaceId,
    privateIp,
    privateDnsName: hostNameOf(scope, record, privateIp),
    ...(publicIp === undefined ? {} : { publicIp }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    macAddress: primary.macAddress,
    securityGroupNames: primary.groupIds.flatMap((id) => securityGroups(scope).get(id)?.groupName ?? []),
    ...(userData === undefined ? {} : { userData }),
    // What can be changed while it runs is read when it is asked for.
    get tags() {
      return Object.fromEntries(tagsOf(scope, instanceId).map((tag) => [tag.Key, tag.Value]));
    },
    get metadata() {
      const { httpTokens, hopLimit, httpEndpoint, instanceTags } = now().metadata;
      return { httpTokens, hopLimit, enabled: httpEndpoint === 'enabled', instanceTags: instanceTags === 'enabled' };
    },
    launchedAtMs: record.launchedMs,
  };
  const live = (get: () => string | undefined) => ({ enumerable: true, get });
  return Object.defineProperties(spec, {
    instanceProfileArn: live(() => now().profile?.arn),
    instanceProfileId: live(() => now().profile?.id),
    roleName: live(() => now().profile?.roleName),
  });
}

const followed = new WeakSet<Machines>();

/** From a region's first launch on, its machines tell EC2 what becomes of them. */
function follow(scope: Scope): void {
  const { machines, region } = scope;
  if (followed.has(machines)) return;
  followed.add(machines);
  // A call's scope ends with the call.
  const lasting = scope.inRegion(region);
  machines.onChange((machine) => {
    if (machine.spec.region === region) followMachine(lasting, machine);
  });
}

/** An instance that cannot be launched ends at once, as EC2's do on an internal error. */
export function launchMachine(scope: Scope, record: InstanceRecord): void {
  follow(scope);
  try {
    scope.machines.launch(machineSpec(scope, record));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const stateReason = { code: 'Server.InternalError', message: `Server.InternalError: ${message}` };
    instances(scope).put(record.instanceId, { ...record, state: 'shutting-down', stateReason });
    scope.note({ source: 'ec2', kind: 'launch-failed', text: `${record.instanceId}: ${message}` });
    finishTermination(scope, record.instanceId);
  }
}

/** Moves an instance's state by what its machine tells. */
function followMachine(scope: Scope, machine: Machine): void {
  const { instanceId } = machine.spec;
  const record = instances(scope).get(instanceId);
  if (!record || record.state === machine.state || record.state === 'terminated') return;
  switch (machine.state) {
    case 'running':
      // Stopping and ending instances are told of their boot late: no way back.
      if (record.state === 'pending') put(scope, record, 'running');
      return;
    case 'stopped':
      if (record.state === 'shutting-down') return;
      // Nobody asked: the guest shut itself down.
      if (record.state === 'running' && record.shutdownBehavior === 'terminate')
        return void endInstance(scope, record, false);
      finishStop(scope, record);
      return;
    case 'terminated':
      finishTermination(scope, instanceId);
      return;
    default:
  }
}

function put(scope: Scope, record: InstanceRecord, state: InstanceStateText, more: Partial<InstanceRecord> = {}): void {
  instances(scope).put(record.instanceId, { ...record, ...more, state });
  scope.note({
    source: 'ec2',
    kind: 'instance-state',
    text: `${record.instanceId} is ${state}`,
    data: { instanceId: record.instanceId, state },
  });
}

/** An auto-assigned public address goes back; an Elastic IP address stays. */
function finishStop(scope: Scope, record: InstanceRecord): void {
  for (const id of record.networkInterfaceIds) {
    const one = interfaces(scope).get(id);
    if (one?.autoPublicIp !== undefined) interfaces(scope).put(id, { ...one, autoPublicIp: undefined });
  }
  put(scope, record, 'stopped');
}

export function finishTermination(scope: Scope, instanceId: string): void {
  const record = instances(scope).get(instanceId);
  if (!record || record.state === 'terminated') return;
  for (const id of record.networkInterfaceIds) {
    const one = interfaces(scope).get(id);
    if (one?.attachment?.instanceId !== instanceId) continue;
    if (one.attachment.deleteOnTermination) removeInterface(scope, id);
    else interfaces(scope).put(id, { ...one, attachment: undefined, autoPublicIp: undefined });
  }
  releaseVolumes(scope, record.volumeIds);
  put(scope, record, 'terminated', { endedMs: scope.clock.now() });
  scheduleForgetting(scope, instanceId);
}

export function scheduleForgetting(scope: Scope, instanceId: string): void {
  const { endedMs = scope.clock.now() } = instances(scope).get(instanceId) ?? {};
  scope.clock.after(endedMs + delaysMs.forgetAfter - scope.clock.now(), () => {
    instances(scope).delete(instanceId);
    forgetTags(scope, instanceId);
  });
}

function changeOf(before: InstanceRecord, after: InstanceStateText): InstanceStateChange {
  return { InstanceId: before.instanceId, CurrentState: stateOf(after), PreviousState: stateOf(before.state) };
}

/** `2026-01-01 00:00:00 GMT` */
function userInitiated(scope: Scope): string {
  return `User initiated (${scope.clock.date().toISOString().slice(0, 19).replace('T', ' ')} GMT)`;
}

function wrongState(record: InstanceRecord, done: string): Fault {
  return new Fault(
    'IncorrectInstanceState',
    `The instance '${record.instanceId}' is not in a state from which it can be ${done}.`,
  );
}

export function terminateInstances(input: TerminateInstancesRequest, call: Call): TerminateInstancesResult {
  refuseMembers(input, ['SkipOsShutdown', 'Force']);
  const records = needInstances(call, input.InstanceIds);
  for (const record of records) {
    if (!record.disableApiTermination || record.state === 'terminated') continue;
    throw new Fault(
      'OperationNotPermitted',
      `The instance '${record.instanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  return { TerminatingInstances: records.map((record) => changeOf(record, endInstance(call, record, true))) };
}

function endInstance(scope: Scope, record: InstanceRecord, byUser: boolean): InstanceStateText {
  if (record.state === 'terminated' || record.state === 'shutting-down') return record.state;
  const stateReason = byUser
    ? { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' }
    : {
        code: 'Client.InstanceInitiatedShutdown',
        message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
      };
  put(scope, record, 'shutting-down', { stateReason, transitionReason: byUser ? userInitiated(scope) : '' });
  const machine = scope.machines.get(record.instanceId);
  if (machine && machine.state !== 'terminated') tell(scope, record.instanceId, machine.terminate());
  else scope.clock.after(0, () => finishTermination(scope, record.instanceId));
  return 'shutting-down';
}

function tell(scope: Scope, instanceId: string, done: Promise<void>): void {
  done.catch((error: unknown) => {
    const text = `${instanceId}: ${error instanceof Error ? error.message : String(error)}`;
    scope.note({ source: 'ec2', kind: 'machine-error', text });
  });
}

export function stopInstances(input: StopInstancesRequest, call: Call): StopInstancesResult {
  refuseMembers(input, ['Hibernate', 'SkipOsShutdown']);
  const records = needInstances(call, input.InstanceIds);
  for (const record of records) {
    if (!['running', 'stopping', 'stopped'].includes(record.state)) throw wrongState(record, 'stopped');
    if (record.disableApiStop && record.state === 'running') {
      throw new Fault(
        'OperationNotPermitted',
        `The instance '${record.instanceId}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
      );
    }
  }
  return { StoppingInstances: records.map((record) => changeOf(record, stop(call, record))) };
}

function stop(scope: Scope, record: InstanceRecord): InstanceStateText {
  if (record.state !== 'running') return record.state;
  put(scope, record, 'stopping', {
    stateReason: {
      code: 'Client.UserInitiatedShutdown',
      message: 'Client.UserInitiatedShutdown: User initiated shutdown',
    },
    transitionReason: userInitiated(scope),
  });
  const machine = scope.machines.get(record.instanceId);
  if (machine?.state === 'running') tell(scope, record.instanceId, machine.stop());
  else scope.clock.after(0, () => finishStopping(scope, record.instanceId));
  return 'stopping';
}

/** For an instance that has no machine to wait for. */
export function finishStopping(scope: Scope, instanceId: string): void {
  const now = instances(scope).get(instanceId);
  if (now?.state === 'stopping') finishStop(scope, now);
}

export function startInstances(input: StartInstancesRequest, call: Call): StartInstancesResult {
  refuseMembers(input, ['AdditionalInfo']);
  const records = needInstances(call, input.InstanceIds);
  for (const record of records) {
    if (!['stopped', 'pending', 'running'].includes(record.state)) throw wrongState(record, 'started');
    if (record.state === 'stopped') needCapacity(call, record.instanceType, record.zone);
  }
  return { StartingInstances: records.map((record) => changeOf(record, begin(call, record))) };
}

function begin(scope: Scope, record: InstanceRecord): InstanceStateText {
  if (record.state !== 'stopped') return record.state;
  const [primaryId = ''] = record.networkInterfaceIds;
  const primary = interfaces(scope).get(primaryId);
  if (primary && record.publicIpWanted && !associationByInterface(scope)(primaryId)) {
    interfaces(scope).put(primaryId, { ...primary, autoPublicIp: publicAddress(scope) });
  }
  put(scope, record, 'pending', { stateReason: undefined, transitionReason: '', launchedMs: scope.clock.now() });
  const machine = scope.machines.get(record.instanceId);
  if (machine?.state === 'stopped') tell(scope, record.instanceId, machine.start());
  else {
    const now = instances(scope).get(record.instanceId);
    if (now) launchMachine(scope, now);
  }
  return 'pending';
}

/** Asynchronous, and without an answer. */
export function rebootInstances(input: RebootInstancesRequest, call: Call): object {
  const records = needInstances(call, input.InstanceIds);
  for (const record of records) {
    if (record.state !== 'running') {
      throw new Fault('IncorrectInstanceState', `The instance '${record.instanceId}' is not in the 'running' state.`);
    }
  }
  for (const { instanceId } of records) {
    const machine = call.machines.get(instanceId);
    if (machine) tell(call, instanceId, machine.reboot());
  }
  return {};
}
