import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../region/clock/random.ts';
import { parseAppModel } from './app-model.ts';
import {
  type MachineCapacity,
  machineCapacity,
  type QueueSecond,
  queueSecond,
  responses,
  serviceShares,
} from './queue.ts';
import { serveRequests } from './requests.ts';

const machine = (given: object, vcpus = 2) =>
  machineCapacity(parseAppModel({ serviceMs: 20, cpuMs: 0, ...given }), vcpus);

/** Quantiles of the formulas over the seconds from `from` on, at a constant rate. */
function formula(capacity: MachineCapacity, rate: (second: number) => number, seconds: number, from: number) {
  const shares = serviceShares(capacity);
  const found: [number, number][] = [];
  let [queue, busy, timedOut] = [0, 0, 0];
  for (let second = 0; second < seconds; second++) {
    const now: QueueSecond = queueSecond(capacity, rate(second), queue);
    queue = now.queue;
    if (second < from) continue;
    busy += now.busy / (seconds - from);
    timedOut += now.timedOut;
    responses(shares, now, rate(second) - now.timedOut, (time, requests) => found.push([time, requests]));
  }
  found.sort(([a], [b]) => a - b);
  const total = found.reduce((sum, [, requests]) => sum + requests, 0);
  const quantile = (p: number) => {
    let left = p * total;
    for (const [time, requests] of found) {
      left -= requests;
      if (left <= 0) return time;
    }
    return found.at(-1)?.[0] ?? 0;
  };
  const mean = found.reduce((sum, [time, requests]) => sum + time * requests, 0) / total;
  return { mean, p50: quantile(0.5), p90: quantile(0.9), busy, timedOut };
}

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
        (arrivals, queue, concurrency, serviceVariation) => {
          const capacity = machine({ concurrency, serviceVariation });
          const before = Math.min(queue, capacity.longestQueue);
          const now = queueSecond(capacity, arrivals, before);
          expect(now.queue).toBeLessThanOrEqual(capacity.longestQueue + 1e-9);
          expect(now.served).toBeLessThanOrEqual(capacity.perSecond * (1 + 1e-9) + 1e-9);
          for (const value of Object.values(now)) expect(Number(value)).toBeGreaterThanOrEqual(0);
          expect(now.served + now.timedOut + now.queue).toBeCloseTo(before + arrivals, 4);
        },
      ),
    );
  });

  it.each([
    ['one server at half its load', { concurrency: 1 }, 25],
    ['one server at four fifths', { concurrency: 1 }, 40],
    ['four servers at four fifths', { concurrency: 4 }, 160],
    ['sixteen servers at nine tenths', { concurrency: 16 }, 720],
    ['service that never varies', { concurrency: 2, serviceVariation: 0 }, 80],
    // Waits behind such service are not exponential: the bench says how far off the formulas are.
    ['service that varies much', { concurrency: 2, serviceVariation: 2 }, 60, 1.5],
  ])('agrees with one that is followed request by request: %s', (_, given, rate, most = 1.4) => {
    const capacity = machine(given);
    const told = formula(capacity, () => rate, 400, 100);
    const real = serveRequests(capacity, () => rate, 2_000, seededRandom(1), 100);
    const at = (p: number) => real.responses[Math.floor(p * real.responses.length)] ?? 0;
    const mean = real.responses.reduce((sum, one) => sum + one, 0) / real.responses.length;
    expect(told.busy / real.busy).toBeCloseTo(1, 1);
    expect(told.mean / mean).toBeGreaterThan(0.8);
    expect(told.mean / mean).toBeLessThan(1.25);
    expect(told.p50 / at(0.5)).toBeGreaterThan(1 / most);
    expect(told.p50 / at(0.5)).toBeLessThan(most);
    expect(told.p90 / at(0.9)).toBeGreaterThan(1 / most);
    expect(told.p90 / at(0.9)).toBeLessThan(most);
  });

  it('agrees with it when there is too much: the queue grows, is given up on, and drains', () => {
    const capacity = machine({ concurrency: 4, timeoutSeconds: 5 });
    const rate = (second: number) => (second < 20 ? 100 : second < 50 ? 300 : 100);
    const told = formula(capacity, rate, 80, 0);
    const real = serveRequests(capacity, rate, 80, seededRandom(2));
    const mean = real.responses.reduce((sum, one) => sum + one, 0) / real.responses.length;
    expect(told.timedOut / real.timedOut).toBeGreaterThan(0.85);
    expect(told.timedOut / real.timedOut).toBeLessThan(1.15);
    expect(told.mean / mean).toBeGreaterThan(0.85);
    expect(told.mean / mean).toBeLessThan(1.15);
  });
});
