/** Where a request begins: outside, or at an interface of the model. */
import type { NetworkInterface } from '../../region/network/world.ts';
import { anyPorts, type From, linuxPorts } from './packets.ts';
import { TraceError } from './result.ts';
import type { Tracing } from './tracing.ts';

export interface Source {
  /** `internet`, `ApiGroup i-0a…` */
  readonly name: string;
  /** Undefined: outside. */
  readonly at: NetworkInterface | undefined;
}

const outside = { 4: '203.0.113.10', 6: '2001:db8::10' } as const;
export const internet: Source = { name: 'internet', at: undefined };
const mostNamed = 30;

/**
 * @param given `internet`, or a name or id of an instance, a group of them, a subnet, a balancer, an endpoint …
 * Throws a `TraceError` that lists the names.
 */
export function sourcesOf({ model, names }: Tracing, given: string): readonly Source[] {
  if (given === 'internet') return [internet];
  const all = [...model.world.interfaces.values()];
  const wanted = given.toLowerCase();
  const isCalled = (one: NetworkInterface) =>
    [one.id, one.name, one.owner, one.ownerName, ...one.addresses, names.text(one.owner)].some(
      (name) => name.toLowerCase() === wanted,
    );
  const inSubnet = ({ subnet }: NetworkInterface) =>
    [subnet.id, subnet.name].some((name) => name.toLowerCase() === wanted);
  const inGroup = ({ kind, ownerName }: NetworkInterface) =>
    kind === 'instance' && ownerName.split(' ')[0]?.toLowerCase() === wanted;
  const machinesFirst = (a: NetworkInterface, b: NetworkInterface) =>
    Number(b.kind === 'instance') - Number(a.kind === 'instance');
  const found = [isCalled, inGroup, inSubnet].map((is) => all.filter(is)).find((some) => some.length > 0);
  if (!found) throw new TraceError(unknown(given, model.world.subnets, all));
  // Of a subnet, its machines; what else is in it only where it has none.
  const machines = found.filter(({ kind }) => kind === 'instance');
  return (machines.length > 0 ? machines : found.sort(machinesFirst)).map((at) => ({ name: at.name, at }));
}

function unknown(
  given: string,
  subnets: ReadonlyMap<string, { readonly name: string }>,
  interfaces: readonly NetworkInterface[],
): string {
  const machines = interfaces.filter(({ kind }) => kind === 'instance').map(({ ownerName }) => ownerName);
  const groups = machines.flatMap((name) => (name.includes(' ') ? (name.split(' ')[0] ?? []) : []));
  const others = interfaces.filter(({ kind }) => kind !== 'instance').map(({ ownerName }) => ownerName);
  const known = new Set([...groups, ...machines, ...[...subnets.values()].map(({ name }) => name), ...others]);
  const named = ['internet', ...known];
  const rest = named.length > mostNamed ? `, and ${named.length - mostNamed} more` : '';
  return `Nothing is called "${given}" from which a request could begin.\nThere are: ${named.slice(0, mostNamed).join(', ')}${rest}`;
}

/** The address and ports that it sends from, for a destination of that family; undefined: it has none. */
export function senderOf({ at }: Source, family: 4 | 6): From | undefined {
  if (!at) return { address: outside[family], ports: anyPorts };
  const address = at.addresses.find((one) => one.includes(':') === (family === 6));
  if (address === undefined) return undefined;
  return { address, interfaceId: at.id, ports: at.kind === 'instance' ? linuxPorts : anyPorts };
}
