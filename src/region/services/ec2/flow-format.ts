/**
 * The text of a flow log record: the default format of version 2, or the fields that a flow log names.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-fields
 */
import type { Flow } from '../../traffic/connections.ts';
import type { Scope } from '../service.ts';
import { zoneId } from './places.ts';
import type { InterfaceRecord } from './state.ts';

export const defaultFlowFormat =
  '${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}';

type FlowValue = (scope: Scope, flow: Flow, at: InterfaceRecord) => string | number | undefined;

const values: Readonly<Record<string, FlowValue>> = {
  version: () => 2,
  'account-id': (scope) => scope.account,
  'interface-id': (_, flow) => flow.interfaceId,
  srcaddr: (_, flow) => flow.sourceAddress,
  dstaddr: (_, flow) => flow.destinationAddress,
  srcport: (_, flow) => flow.sourcePort,
  dstport: (_, flow) => flow.destinationPort,
  protocol: (_, flow) => flow.protocol,
  packets: (_, flow) => flow.packets,
  bytes: (_, flow) => flow.bytes,
  start: (_, flow) => Math.floor(flow.startMs / 1000),
  end: (_, flow) => Math.floor(flow.endMs / 1000),
  action: (_, flow) => flow.action,
  'log-status': () => 'OK',
  'vpc-id': (_, __, at) => at.vpcId,
  'subnet-id': (_, __, at) => at.subnetId,
  'instance-id': (_, __, at) => at.attachment?.instanceId,
  'tcp-flags': (_, flow) => flow.tcpFlags ?? 0,
  type: (_, flow) => (flow.sourceAddress.includes(':') ? 'IPv6' : 'IPv4'),
  'pkt-srcaddr': (_, flow) => flow.packetSource ?? flow.sourceAddress,
  'pkt-dstaddr': (_, flow) => flow.packetDestination ?? flow.destinationAddress,
  region: (scope) => scope.region,
  'az-id': (_, __, at) => zoneId(at.zone),
  // Of Wavelength zones, Outposts and Local Zones.
  'sublocation-type': () => undefined,
  'sublocation-id': () => undefined,
  'flow-direction': (_, flow) => flow.direction,
};

/** By field, the version of records that brought it; the others are of version 2. */
const versions: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ['vpc-id', 'subnet-id', 'instance-id', 'tcp-flags', 'type', 'pkt-srcaddr', 'pkt-dstaddr'].map((name) => [name, 3]),
  ),
  ...Object.fromEntries(['region', 'az-id', 'sublocation-type', 'sublocation-id'].map((name) => [name, 4])),
  'flow-direction': 5,
};

/** The fields of a format such as `${srcaddr} ${dstaddr}`, in order, and those that the model does not know. */
export function flowFields(format: string): { readonly names: readonly string[]; readonly unknown: readonly string[] } {
  const parts = format.trim().split(/\s+/);
  const names = parts.flatMap((part) => /^\$\{([a-z0-9-]+)\}$/.exec(part)?.[1] ?? []);
  const unknown = parts.filter((part) => {
    const name = /^\$\{([a-z0-9-]+)\}$/.exec(part)?.[1];
    return name === undefined || !Object.hasOwn(values, name);
  });
  return { names, unknown };
}

/** What a record without a flow has: that some were left out. */
const known = new Set(['version', 'account-id', 'interface-id', 'start', 'end']);

export function flowLine(scope: Scope, format: string, flow: Flow, at: InterfaceRecord, skipped = false): string {
  const { names } = flowFields(format);
  // "If you specify a custom format, the version is the highest version among the specified fields."
  const version = Math.max(2, ...names.map((name) => versions[name] ?? 2));
  return names
    .map((name) => {
      if (name === 'version') return version;
      if (skipped && name === 'log-status') return 'SKIPDATA';
      return skipped && !known.has(name) ? '-' : (values[name]?.(scope, flow, at) ?? '-');
    })
    .join(' ');
}
