/** Entries of network ACLs: numbered 1 to 32766, lowest first. */
import type {
  CreateNetworkAclEntryRequest,
  DeleteNetworkAclEntryRequest,
  ReplaceNetworkAclEntryRequest,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { v4RangeOf, v6RangeOf } from './cidr.ts';
import { invalidValue, missing, needNetworkAcl } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import { hasPorts, isIcmp, protocolNumber } from './protocol.ts';
import { type AclEntryRecord, type NetworkAclRecord, networkAcls } from './state.ts';

export function createNetworkAclEntry(input: CreateNetworkAclEntryRequest & Repeatable, call: Call): object {
  const acl = needNetworkAcl(call, input.NetworkAclId);
  const entry = entryOf(input);
  const idOf = (one: AclEntryRecord) => `${acl.networkAclId} ${one.number} ${one.egress}`;
  once(
    call,
    input,
    (id) => acl.entries.some((one) => id === idOf(one)),
    () => {
      addEntry(call, acl, entry);
      return [idOf(entry)];
    },
  );
  return {};
}

function addEntry(call: Call, acl: NetworkAclRecord, entry: AclEntryRecord): void {
  if (acl.entries.some((other) => same(other, entry))) {
    throw new Fault(
      'NetworkAclEntryAlreadyExists',
      `The network acl entry identified by ${entry.number} already exists.`,
    );
  }
  // The final deny counts: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls
  const family = acl.entries.filter(
    (other) => other.egress === entry.egress && (other.ipv6Cidr === undefined) === (entry.ipv6Cidr === undefined),
  );
  if (family.length + 1 >= limits.aclEntries) {
    throw new Fault('NetworkAclEntryLimitExceeded', 'The maximum number of network acl entries has been reached.');
  }
  networkAcls(call).put(acl.networkAclId, { ...acl, entries: [...acl.entries, entry] });
}

const same = (one: AclEntryRecord, other: { number: number; egress: boolean }) =>
  one.number === other.number && one.egress === other.egress;

export function replaceNetworkAclEntry(input: ReplaceNetworkAclEntryRequest, call: Call): object {
  const acl = needNetworkAcl(call, input.NetworkAclId);
  const entry = entryOf(input);
  if (!acl.entries.some((other) => same(other, entry))) throw unknown(entry);
  const entries = acl.entries.map((other) => (same(other, entry) ? entry : other));
  networkAcls(call).put(acl.networkAclId, { ...acl, entries });
  return {};
}

export function deleteNetworkAclEntry(input: DeleteNetworkAclEntryRequest, call: Call): object {
  const acl = needNetworkAcl(call, input.NetworkAclId);
  const at = { number: numberOf(input.RuleNumber), egress: egressOf(input.Egress) };
  const entries = acl.entries.filter((other) => !same(other, at));
  if (entries.length === acl.entries.length) throw unknown(at);
  networkAcls(call).put(acl.networkAclId, { ...acl, entries });
  return {};
}

function unknown({ number, egress }: { number: number; egress: boolean }): Fault {
  const way = egress ? 'egress' : 'ingress';
  return new Fault('InvalidNetworkAclEntry.NotFound', `no ${way} entry with number ${number}`);
}

function numberOf(number: number | undefined): number {
  if (number === undefined) throw missing('ruleNumber');
  if (!Number.isInteger(number) || number < 1 || number > 32_766) {
    throw invalidValue(number, 'ruleNumber', 'Rule numbers are 1 to 32766.');
  }
  return number;
}

function egressOf(egress: boolean | undefined): boolean {
  if (egress === undefined) throw missing('egress');
  return egress;
}

function entryOf(input: CreateNetworkAclEntryRequest): AclEntryRecord {
  const number = numberOf(input.RuleNumber);
  const egress = egressOf(input.Egress);
  const { RuleAction: action } = input;
  if (action === undefined) throw missing('ruleAction');
  if (action !== 'allow' && action !== 'deny') {
    throw invalidValue(action, 'ruleAction', 'Valid values are allow, deny.');
  }
  if (input.Protocol === undefined) throw missing('protocol');
  const protocol = protocolNumber(input.Protocol);
  if (!input.CidrBlock && !input.Ipv6CidrBlock) {
    throw new Fault('MissingParameter', "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.");
  }
  if (input.CidrBlock && input.Ipv6CidrBlock) {
    throw new Fault('InvalidParameterCombination', "Only one of 'cidrBlock' or 'ipv6CidrBlock' should be provided.");
  }
  return {
    number,
    egress,
    action,
    protocol,
    cidr: input.CidrBlock ? v4RangeOf(input.CidrBlock, 'cidrBlock').text : undefined,
    ipv6Cidr: input.Ipv6CidrBlock ? v6RangeOf(input.Ipv6CidrBlock, 'ipv6CidrBlock').text : undefined,
    ports: hasPorts(protocol) ? portsOf(input) : undefined,
    icmp: isIcmp(protocol) ? icmpOf(input) : undefined,
  };
}

function portsOf({ PortRange: range }: CreateNetworkAclEntryRequest): AclEntryRecord['ports'] {
  if (range?.From === undefined || range.To === undefined) throw missing('portRange');
  const { From: from, To: to } = range;
  for (const port of [from, to]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw invalidValue(port, 'portRange', 'Ports are 0 to 65535.');
    }
  }
  if (from > to) {
    throw new Fault('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
  }
  return { from, to };
}

function icmpOf({ IcmpTypeCode: match }: CreateNetworkAclEntryRequest): AclEntryRecord['icmp'] {
  if (match?.Type === undefined || match.Code === undefined) throw missing('icmpTypeCode');
  return { type: match.Type, code: match.Code };
}
