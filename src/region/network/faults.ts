/**
 * What is broken on purpose, as part of a world: `withFaults` works out once, when a fault begins or ends or the network
 * changes, which interfaces and endpoints it concerns, so that `send` looks nothing up but an id. Pure.
 */
import type { Dropped, RoundTrip } from './verdict.ts';
import { drop, type Walk } from './walk.ts';
import type { GatewayEndpointPart, NetworkInterface, World } from './world.ts';

export type NetworkFault = { readonly id: string } & (
  | { readonly kind: 'zone'; readonly zone: string }
  | { readonly kind: 'nat'; readonly natGatewayIds: readonly string[] }
  | { readonly kind: 'endpoint'; readonly endpointIds: readonly string[] }
  /** The instance's answers to health checks alone. */
  | { readonly kind: 'health'; readonly instanceId: string }
  /** An instance's id or a zone. */
  | { readonly kind: 'latency'; readonly of: string; readonly delayMs: number }
);

/** Why something carries nothing. */
export interface Cut {
  readonly faultId: string;
  readonly why: string;
}

export interface WorldFaults {
  /** Zones that are down. */
  readonly zones: ReadonlyMap<string, Cut>;
  /** By interface. */
  readonly interfaces: ReadonlyMap<string, Cut>;
  readonly gatewayEndpoints: ReadonlyMap<string, Cut>;
  /** Interfaces of instances that answer health checks with 503. */
  readonly sick: ReadonlySet<string>;
  /** One way, by interface. */
  readonly delayMs: ReadonlyMap<string, number>;
}

/** The world with these faults, of which the first names what several cut off; the same world when there are none. */
export function withFaults(world: World, faults: readonly NetworkFault[]): World {
  if (faults.length === 0) return world;
  const zones = new Map<string, Cut>();
  const cut = new Map<string, Cut>();
  const gatewayEndpoints = new Map<string, Cut>();
  const sick = new Set<string>();
  const delayMs = new Map<string, number>();
  const all = [...world.interfaces.values()];
  const cutOff = (id: string, why: Cut) => {
    if (!cut.has(id)) cut.set(id, why);
  };
  for (const fault of faults) {
    const faultId = fault.id;
    switch (fault.kind) {
      case 'zone': {
        const why = { faultId, why: `zone ${fault.zone} is down` };
        if (!zones.has(fault.zone)) zones.set(fault.zone, why);
        for (const { id, subnet } of all) if (subnet.zone === fault.zone) cutOff(id, why);
        break;
      }
      case 'nat':
        for (const id of fault.natGatewayIds) {
          const nat = world.natGateways.get(id);
          if (nat) cutOff(nat.interface.id, { faultId, why: `NAT gateway ${id} is down` });
        }
        break;
      case 'endpoint':
        for (const endpointId of fault.endpointIds) {
          const why = { faultId, why: `endpoint ${endpointId} is down` };
          if (world.gatewayEndpoints.has(endpointId)) gatewayEndpoints.set(endpointId, why);
          for (const id of world.interfaceEndpoints.get(endpointId)?.interfaceIds ?? []) cutOff(id, why);
        }
        break;
      case 'health':
        for (const { id, owner } of all) if (owner === fault.instanceId) sick.add(id);
        break;
      case 'latency':
        for (const { id, owner, subnet } of all) {
          if (owner !== fault.of && subnet.zone !== fault.of) continue;
          delayMs.set(id, Math.max(fault.delayMs, delayMs.get(id) ?? 0));
        }
    }
  }
  return { ...world, faults: { zones, interfaces: cut, gatewayEndpoints, sick, delayMs } };
}

export function zoneIsDown({ faults }: World, zone: string): boolean {
  return faults?.zones.has(zone) === true;
}

/** Ends the walk of a packet that leaves or would reach an interface that is cut off. */
export function cutAtInterface(world: World, walk: Walk, at: NetworkInterface): Dropped | undefined {
  const cut = world.faults?.interfaces.get(at.id);
  return cut && drop(walk, 'cutByFault', 'interface', at, at.name, cut.faultId, cut.why);
}

export function cutAtEndpoint(world: World, walk: Walk, at: GatewayEndpointPart): Dropped | undefined {
  const cut = world.faults?.gatewayEndpoints.get(at.id);
  return cut && drop(walk, 'cutByFault', 'gatewayEndpoint', at, at.name, cut.faultId, cut.why);
}

/** How long what passes on a connection is under way, each way: as slow as the slowest interface on it. */
export function delayOf({ faults, natGateways }: World, { forward }: RoundTrip): number {
  if (!faults || faults.delayMs.size === 0 || !forward.delivered) return 0;
  const { enters } = forward.sent;
  const passed = [
    enters.kind === 'interface' ? enters.id : '',
    forward.to.kind === 'interface' ? forward.to.interfaceId : '',
    ...forward.translations.map(({ natId }) => natGateways.get(natId)?.interface.id ?? ''),
  ];
  return Math.max(...passed.map((id) => faults.delayMs.get(id) ?? 0));
}
