import { expect, it } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { worldOf } from '../../network/example-changes.ts';
import { withFaults } from '../../network/faults.ts';
import { reachability } from './reachability.ts';

it('takes out what three checks in a row found out of reach, and back what three reached', async () => {
  const clock = new VirtualClock(0);
  const sound = worldOf();
  let down = false;
  const world = () => (down ? withFaults(sound, [{ id: 'fault-1', kind: 'zone', zone: 'us-east-1a' }]) : undefined);
  const reached = reachability(clock, world);
  let changes = 0;
  reached.onChange(() => changes++);
  const out = () => ['eni-BalancerA', 'eni-BalancerB'].map((id) => reached.isOut(id));

  down = true;
  await clock.advance(29_999);
  expect([out(), changes]).toEqual([[false, false], 0]);
  await clock.advance(1);
  expect([out(), changes]).toEqual([[true, false], 1]);
  down = false;
  await clock.advance(20_000);
  expect(out()).toEqual([true, false]);
  // Once more out of reach: it begins anew.
  down = true;
  await clock.advance(10_000);
  down = false;
  await clock.advance(29_999);
  expect([out(), changes]).toEqual([[true, false], 1]);
  await clock.advance(1);
  expect([out(), changes]).toEqual([[false, false], 2]);
  // Two failed checks are none.
  down = true;
  await clock.advance(20_000);
  down = false;
  await clock.advance(60_000);
  expect([out(), changes]).toEqual([[false, false], 2]);
});
