import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAppModel } from './app-model.ts';
import { byFormulas, byRequests } from './queue.fixture.ts';
import { machineCapacity, queueSecond } from './queue.ts';

const machine = (given: object, vcpus = 2) =>
  machineCapacity(parseAppModel({ serviceMs: 20, cpuMs: 0, ...given }), vcpus);

describe('a machine’s queue', () => {
  it.each([
    ['by its processors', { cpuMs: 10, serviceMs: 20 }, 4, 20],
    ['by what it works on at once', { cpuMs: 1, concurrency: 3 }, 3, 20],
    ['by the processors that the app can use', { cpuMs: 20, cpuThreads: 1 }, 1, 20],
    ['by a share of one', { cpuMs: 40, serviceMs: 20, cpuThreads: 1.5 }, 1, 20],
  ])('has as many servers as it can keep busy: %s', (_, given, servers, serviceMs) => {
    if (given.cpuMs === 40) return expect(() => machine(given)).toThrow(/cpuMs: 40/);
    const capacity = machine(given);
    expect(capacity.servers).toBeCloseTo(servers);
    expect(capacity.perSecond).toBeCloseTo((servers * 1000) / serviceMs);
    return undefined;
  });

  it('loses and invents no request', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5_000, noNaN: true }),
        fc.double({ min: 0, max: 50_000, noNaN: true }),
        fc.integer({ min: 1, max: 64 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 5_000, noNaN: true }),
        (arrivals, queue, concurrency, serviceVariation, rate) => {
          const capacity = machine({ concurrency, serviceVariation });
          const before = Math.min(queue, capacity.longestQueue);
          const asExpected = queueSecond(capacity, arrivals, before);
          expect(asExpected.served).toBeLessThanOrEqual(capacity.perSecond * (1 + 1e-9) + 1e-9);
          const now = queueSecond(capacity, arrivals, before, rate);
          expect(now.queue).toBeLessThanOrEqual(capacity.longestQueue + 1e-9);
          for (const value of Object.values(now)) expect(Number(value)).toBeGreaterThanOrEqual(0);
          expect(now.served + now.timedOut + now.queue).toBeCloseTo(before + arrivals, 4);
        },
      ),
    );
  });

  // What docs/simulate.md says of the errors.
  it.each([
    ['one server at half its load', { concurrency: 1 }, 25],
    ['one server at nine tenths', { concurrency: 1 }, 45],
    ['four servers at a third', { concurrency: 4 }, 60],
    ['four servers at four fifths', { concurrency: 4 }, 160],
    ['sixteen servers at nine tenths', { concurrency: 16 }, 720],
    ['service that never varies', { concurrency: 2, serviceVariation: 0 }, 80],
    ['service that varies much', { concurrency: 2, serviceVariation: 2 }, 60],
    ['little to do', { concurrency: 1 }, 2],
  ])('agrees with one that is followed request by request: %s', (_, given, perSecond) => {
    const capacity = machine(given);
    const rate = () => perSecond;
    const told = byFormulas(capacity, { rate, seconds: 3_000, from: 100 }, 2);
    const real = byRequests(capacity, { rate, seconds: Math.ceil(400_000 / perSecond), from: 100 }, 1);
    const apart = (of: 'mean' | 'p50' | 'p90' | 'p99' | 'busy') => Math.abs(told[of] / real[of] - 1);
    expect(apart('busy')).toBeLessThan(0.05);
    expect(apart('mean')).toBeLessThan(0.08);
    expect(apart('p50')).toBeLessThan(0.1);
    expect(apart('p90')).toBeLessThan(0.12);
    expect(apart('p99')).toBeLessThan(0.12);
  });

  it('agrees with it when there is too much: the queue grows, is given up on, and drains', () => {
    const capacity = machine({ concurrency: 4, timeoutSeconds: 5 });
    const rate = (second: number) => (second < 20 ? 100 : second < 50 ? 300 : 100);
    const run = { rate, seconds: 80, from: 0 };
    const [told, real] = [byFormulas(capacity, run, 1), byRequests(capacity, run, 2)];
    expect(told.timedOut / real.timedOut).toBeGreaterThan(0.85);
    expect(told.timedOut / real.timedOut).toBeLessThan(1.15);
    expect(told.mean / real.mean).toBeGreaterThan(0.85);
    expect(told.mean / real.mean).toBeLessThan(1.15);
    expect(told.p99 / real.p99).toBeGreaterThan(0.9);
    expect(told.p99 / real.p99).toBeLessThan(1.1);
  });
});
