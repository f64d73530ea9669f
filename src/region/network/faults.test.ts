import { describe, expect, it } from 'vitest';
import { summarise } from './describe.ts';
import { worldOf } from './example-changes.ts';
import { delayOf, type NetworkFault, withFaults } from './faults.ts';
import { carryOn, roundTrip, send } from './send.ts';
import { packet } from './verdict.ts';

const toApi = packet('tcp', '10.0.1.20', 40000, '10.0.10.30', 8080, { kind: 'interface', id: 'eni-BalancerB' });
const toOut = packet('tcp', '10.0.10.30', 40000, '192.0.2.80', 443, { kind: 'interface', id: 'eni-ApiA' });
const zoneA: NetworkFault = { id: 'fault-1', kind: 'zone', zone: 'us-east-1a' };

it('a world without faults is the world itself', () => {
  const world = worldOf();
  expect(withFaults(world, [])).toBe(world);
});

it('a verdict names the fault, what it cut off, and how to end it', () => {
  const world = withFaults(worldOf(), [zoneA]);
  expect(summarise(world, send(world, toApi))).toBe(
    'dropped: fault-1 at ApiA: zone us-east-1a is down; it ends by itself, or now: orrery fault clear fault-1',
  );
});

it('the first of several faults is named', () => {
  const world = withFaults(worldOf(), [{ ...zoneA, id: 'fault-7' }, zoneA]);
  expect(send(world, toApi)).toMatchObject({ end: 'cutByFault', rule: 'fault-7' });
});

it('an open connection stops while the fault lasts, and goes on after it', () => {
  const sound = worldOf();
  const opened = roundTrip(sound, toApi);
  expect(carryOn(withFaults(sound, [zoneA]), opened)).toMatchObject({ delivered: false, end: 'cutByFault' });
  expect(carryOn(sound, opened).delivered).toBe(true);
});

it('a zone has its NAT gateways and endpoint interfaces cut off, and not those of others', () => {
  const { faults } = withFaults(worldOf(), [zoneA]);
  expect([...(faults?.interfaces.keys() ?? [])].sort()).toEqual([
    'eni-ApiA',
    'eni-BalancerA',
    'eni-MonitoringA',
    'eni-NatA',
  ]);
  expect([...(faults?.zones.keys() ?? [])]).toEqual(['us-east-1a']);
});

it('parts that are gone again are nothing to a fault', () => {
  const { faults } = withFaults(worldOf(), [
    { id: 'fault-1', kind: 'nat', natGatewayIds: ['nat-x'] },
    { id: 'fault-2', kind: 'endpoint', endpointIds: ['vpce-x'] },
    { id: 'fault-3', kind: 'health', instanceId: 'i-x' },
    { id: 'fault-4', kind: 'latency', of: 'i-x', delayMs: 1 },
  ]);
  expect([faults?.interfaces.size, faults?.gatewayEndpoints.size, faults?.sick.size, faults?.delayMs.size]).toEqual([
    0, 0, 0, 0,
  ]);
});

describe('latency', () => {
  const slow = (of: string, delayMs: number): NetworkFault => ({ id: 'fault-1', kind: 'latency', of, delayMs });
  it.each<[string, NetworkFault[], number, number]>([
    ['none', [], 0, 0],
    ['of the machine, whichever side begins', [slow('i-a', 200)], 200, 200],
    ['of the zone', [slow('us-east-1a', 50)], 50, 50],
    ['of the sender’s zone', [slow('us-east-1b', 50)], 50, 0],
    ['is the greatest of several, not their sum', [slow('us-east-1b', 50), slow('i-a', 20)], 50, 20],
    ['of a NAT gateway on the way', [slow('nat-a', 70)], 0, 70],
    ['of another machine', [slow('i-b', 200)], 0, 0],
  ])('%s', (_, faults, inward, outward) => {
    const world = withFaults(worldOf(), faults);
    expect([delayOf(world, roundTrip(world, toApi)), delayOf(world, roundTrip(world, toOut))]).toEqual([
      inward,
      outward,
    ]);
  });
});
