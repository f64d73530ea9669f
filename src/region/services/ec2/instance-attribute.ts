/** Attributes of instances that can be read and changed one at a time. */
import type {
  DescribeInstanceAttributeRequest,
  InstanceAttribute,
  ModifyInstanceAttributeRequest,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
  MonitorInstancesRequest,
  MonitorInstancesResult,
  UnmonitorInstancesRequest,
  UnmonitorInstancesResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { invalidValue, missing, needInterface, needSubnet, refuseMembers } from './faults.ts';
import { type InstanceRecord, instances, needInstance, needInstances } from './instance-state.ts';
import { needInstanceType } from './instance-types.ts';
import { groupIdentifiers } from './interface-view.ts';
import { userDataOf } from './launch-data.ts';
import { checkedGroups } from './network-interface.ts';
import { interfaces } from './state.ts';

export function describeInstanceAttribute(input: DescribeInstanceAttributeRequest, call: Call): InstanceAttribute {
  const record = needInstance(call, input.InstanceId);
  const InstanceId = record.instanceId;
  const primary = interfaces(call).get(record.networkInterfaceIds[0] ?? '');
  switch (input.Attribute) {
    case 'instanceType':
      return { InstanceId, InstanceType: { Value: record.instanceType } };
    case 'userData':
      return { InstanceId, UserData: record.userData ? { Value: record.userData } : {} };
    case 'disableApiTermination':
      return { InstanceId, DisableApiTermination: { Value: record.disableApiTermination } };
    case 'disableApiStop':
      return { InstanceId, DisableApiStop: { Value: record.disableApiStop } };
    case 'instanceInitiatedShutdownBehavior':
      return { InstanceId, InstanceInitiatedShutdownBehavior: { Value: record.shutdownBehavior } };
    case 'rootDeviceName':
      return { InstanceId, RootDeviceName: { Value: record.rootDeviceName } };
    case 'sourceDestCheck':
      return { InstanceId, SourceDestCheck: { Value: primary?.sourceDestCheck } };
    case 'groupSet':
      return { InstanceId, Groups: groupIdentifiers(call, primary?.groupIds ?? []) };
    case 'ebsOptimized':
      return { InstanceId, EbsOptimized: { Value: record.ebsOptimized } };
    case 'enaSupport':
      return { InstanceId, EnaSupport: { Value: true } };
    case 'enclaveOptions':
      return { InstanceId, EnclaveOptions: { Enabled: false } };
    case undefined:
      throw missing('attribute');
    default:
      throw invalidValue(input.Attribute, 'attribute', 'Orrery does not model this attribute.');
  }
}

const changeable = [
  'SourceDestCheck',
  'DisableApiStop',
  'DisableApiTermination',
  'EbsOptimized',
  'Groups',
  'InstanceInitiatedShutdownBehavior',
  'InstanceType',
  'UserData',
];

export function modifyInstanceAttribute(input: ModifyInstanceAttributeRequest, call: Call): object {
  refuseMembers(input, ['BlockDeviceMappings', 'EnaSupport', 'Kernel', 'Ramdisk', 'SriovNetSupport', 'Attribute']);
  const record = needInstance(call, input.InstanceId);
  const given = changeable.filter((name) => (input as unknown as Record<string, unknown>)[name] !== undefined);
  if (given.length === 0) throw missing('attribute');
  if (given.length > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified: only one is allowed',
    );
  }
  if (input.SourceDestCheck || input.Groups) changeInterface(call, record, input);
  const stopped = input.InstanceType?.Value ?? (input.UserData ? 'UserData' : undefined) ?? input.EbsOptimized?.Value;
  if (stopped !== undefined && record.state !== 'stopped') {
    throw new Fault('IncorrectInstanceState', `The instance '${record.instanceId}' is not in the 'stopped' state.`);
  }
  const type = input.InstanceType?.Value;
  if (type && needInstanceType(type) !== record.architecture) {
    throw new Fault(
      'InvalidParameterValue',
      `The architecture of '${type}' does not match the instance's, ${record.architecture}`,
    );
  }
  const behavior = input.InstanceInitiatedShutdownBehavior?.Value;
  if (behavior !== undefined && behavior !== 'stop' && behavior !== 'terminate') {
    throw invalidValue(behavior, 'instanceInitiatedShutdownBehavior', 'Valid values are stop, terminate.');
  }
  instances(call).put(record.instanceId, {
    ...record,
    instanceType: type ?? record.instanceType,
    userData: input.UserData ? userDataText(input.UserData.Value) : record.userData,
    ebsOptimized: input.EbsOptimized?.Value ?? record.ebsOptimized,
    shutdownBehavior: behavior ?? record.shutdownBehavior,
    disableApiTermination: input.DisableApiTermination?.Value ?? record.disableApiTermination,
    disableApiStop: input.DisableApiStop?.Value ?? record.disableApiStop,
  });
  return {};
}

/** A blob on the wire: the bytes that the client decoded, or text from inside. */
function userDataText(value: Uint8Array | string | undefined): string | undefined {
  if (value === undefined || value.length === 0) return undefined;
  const text = typeof value === 'string' ? value : Buffer.from(value).toString('base64');
  userDataOf(text);
  return text;
}

function changeInterface(call: Call, record: InstanceRecord, input: ModifyInstanceAttributeRequest): void {
  if (record.networkInterfaceIds.length > 1) {
    throw new Fault(
      'InvalidInstanceID',
      `There are multiple interfaces attached to instance '${record.instanceId}'. Please specify an interface ID for the operation instead.`,
    );
  }
  const primary = needInterface(call, record.networkInterfaceIds[0]);
  interfaces(call).put(primary.networkInterfaceId, {
    ...primary,
    sourceDestCheck: input.SourceDestCheck?.Value ?? primary.sourceDestCheck,
    groupIds: input.Groups ? checkedGroups(call, needSubnet(call, primary.subnetId), input.Groups) : primary.groupIds,
  });
}

export function modifyInstanceMetadataOptions(
  input: ModifyInstanceMetadataOptionsRequest,
  call: Call,
): ModifyInstanceMetadataOptionsResult {
  const record = needInstance(call, input.InstanceId);
  const hops = input.HttpPutResponseHopLimit;
  if (hops !== undefined && (hops < 1 || hops > 64)) {
    throw invalidValue(hops, 'HttpPutResponseHopLimit', 'It must be between 1 and 64.');
  }
  const given = (value: string | undefined, names: readonly string[], parameter: string) => {
    if (value !== undefined && !names.includes(value))
      throw invalidValue(value, parameter, `Valid values are ${names.join(', ')}.`);
  };
  const onOff = ['enabled', 'disabled'];
  given(input.HttpTokens, ['required', 'optional'], 'HttpTokens');
  given(input.HttpEndpoint, onOff, 'HttpEndpoint');
  given(input.HttpProtocolIpv6, onOff, 'HttpProtocolIpv6');
  given(input.InstanceMetadataTags, onOff, 'InstanceMetadataTags');
  const metadata = {
    httpTokens: input.HttpTokens ?? record.metadata.httpTokens,
    hopLimit: hops ?? record.metadata.hopLimit,
    httpEndpoint: input.HttpEndpoint ?? record.metadata.httpEndpoint,
    httpProtocolIpv6: input.HttpProtocolIpv6 ?? record.metadata.httpProtocolIpv6,
    instanceTags: input.InstanceMetadataTags ?? record.metadata.instanceTags,
  };
  instances(call).put(record.instanceId, { ...record, metadata });
  return {
    InstanceId: record.instanceId,
    InstanceMetadataOptions: {
      State: 'pending',
      HttpTokens: metadata.httpTokens,
      HttpPutResponseHopLimit: metadata.hopLimit,
      HttpEndpoint: metadata.httpEndpoint,
      HttpProtocolIpv6: metadata.httpProtocolIpv6,
      InstanceMetadataTags: metadata.instanceTags,
    },
  };
}

export function monitorInstances(input: MonitorInstancesRequest, call: Call): MonitorInstancesResult {
  return { InstanceMonitorings: setMonitoring(call, input.InstanceIds, true) };
}

export function unmonitorInstances(input: UnmonitorInstancesRequest, call: Call): UnmonitorInstancesResult {
  return { InstanceMonitorings: setMonitoring(call, input.InstanceIds, false) };
}

function setMonitoring(call: Call, ids: readonly string[] | undefined, on: boolean) {
  return needInstances(call, ids).map((record) => {
    instances(call).put(record.instanceId, { ...record, detailedMonitoring: on });
    return { InstanceId: record.instanceId, Monitoring: { State: on ? ('enabled' as const) : ('disabled' as const) } };
  });
}
