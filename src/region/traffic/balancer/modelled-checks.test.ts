import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import type { Fabric } from '../fabric.ts';
import { groupOf, target as targetOf } from './balancer.fixture.ts';
import type { HealthCheckConfig, NodeConfig, TargetGroupConfig } from './config.ts';
import { HealthCount } from './health.ts';
import { modelledChecks } from './modelled-checks.ts';

const node: NodeConfig = { zone: 'us-east-1a', subnetId: 's', interfaceId: 'eni', privateIp: '10.0.0.20' };
/** Nobody is asked over it. */
const fabric = {} as Fabric;
const refusing = { state: 'unhealthy', reason: 'Target.FailedHealthChecks', description: 'failed' } as const;
const base = groupOf('api').health;

function groupWith(health: Partial<HealthCheckConfig>): TargetGroupConfig {
  return groupOf('api', [targetOf], {
    health: { ...base, enabled: true, intervalMs: 10_000, healthyThreshold: 3, unhealthyThreshold: 2, ...health },
  });
}

function setUp(health: Partial<HealthCheckConfig> = {}) {
  const clock = new VirtualClock(0);
  let answers = true;
  let asked = 0;
  const told: string[] = [];
  const checks = modelledChecks(() => {
    asked++;
    return answers ? undefined : refusing;
  });
  const checker = checks.start(fabric, clock, node, groupWith(health), targetOf, ({ state }, was) =>
    told.push(`${clock.now() / 1000} ${was.state} → ${state}`),
  );
  return {
    clock,
    checker,
    told,
    asked: () => asked,
    /** Whether the driver tells, as it does of all that it knows. */
    turn(now: boolean, tell = true) {
      answers = now;
      if (tell) checks.changed(targetOf.id);
    },
  };
}

describe('modelled checks', () => {
  it('call a target healthy by the first check, and from then on by the thresholds', async () => {
    const { clock, told, turn } = setUp();
    expect(told).toEqual([]);
    await clock.advance(25_000);
    turn(false);
    await clock.advance(20_000);
    turn(true);
    await clock.advance(40_000);
    expect(told).toEqual(['0 initial → healthy', '40 healthy → unhealthy', '70 unhealthy → healthy']);
  });

  it('find the same as checks that are made one by one, whatever the target does and when it is told', async () => {
    const health = { healthyThreshold: 2, unhealthyThreshold: 3 };
    const { clock, checker, turn } = setUp(health);
    const count = new HealthCount();
    const check = groupWith(health).health;
    const answers = 'xxooxoxxxoxxxxxxxooooooooooxxxoxoxoxxxxxxoo'.split('').map((one) => one === 'o');
    let was = true;
    for (const now of answers) {
      if (now !== was || clock.now() === 0) turn(now);
      was = now;
      await clock.advance(clock.now() === 0 ? 0 : 10_000);
      count.record(now ? undefined : refusing, check);
      expect([clock.now(), checker.view.health.state]).toEqual([clock.now(), count.health.state]);
      if (clock.now() === 0) await clock.advance(1);
    }
  });

  it('rest when nothing is to be expected, and go on when the target is said to have changed', async () => {
    const { clock, asked, turn, told } = setUp();
    await clock.advance(600_000);
    expect(asked()).toBe(4);
    expect(clock.nextDueMs).toBe(Number.POSITIVE_INFINITY);
    turn(false);
    // It keeps to its phase: every ten seconds since it began.
    await clock.advance(9_999);
    expect(asked()).toBe(4);
    await clock.advance(10_001);
    expect(told.at(-1)).toBe('620 healthy → unhealthy');
  });

  it('take another interval and other thresholds without forgetting what was found', async () => {
    const { clock, checker, told, turn } = setUp();
    await clock.advance(100_000);
    checker.configure(groupWith({ intervalMs: 5_000, unhealthyThreshold: 4 }));
    expect(checker.view.health.state).toBe('healthy');
    turn(false);
    await clock.advance(19_999);
    expect(told).toHaveLength(1);
    await clock.advance(1);
    expect(told.at(-1)).toBe('120 healthy → unhealthy');
  });

  it('of a group that has none are healthy at once', async () => {
    const { clock, checker, asked } = setUp({ enabled: false });
    expect(checker.view.health).toEqual({ state: 'healthy' });
    await clock.advance(60_000);
    expect(asked()).toBe(0);
  });

  it('keep nothing and say nothing after they were stopped', async () => {
    const { clock, checker, told, turn, asked } = setUp();
    await clock.advance(1_000);
    checker.configure(groupWith({ intervalMs: 7_000 }));
    checker.stop();
    turn(false);
    expect(clock.nextDueMs).toBe(Number.POSITIVE_INFINITY);
    await clock.advance(60_000);
    expect([told.length, asked()]).toEqual([1, 1]);
  });
});
