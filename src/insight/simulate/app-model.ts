/** What a simulation knows of an app: how long it takes for a request, what of a machine that uses, and how it boots. */
import { z } from 'zod';

const number = (least: number, most: number) => z.number().min(least).max(most);

const appModel = z.strictObject({
  /** Mean time that a machine with nothing else to do takes to answer, in ms. */
  serviceMs: number(0.001, 600_000),
  /** How much that varies: standard deviation by mean. 0: always the same, 1: as much as an exponential one. */
  serviceVariation: number(0, 10).default(1),
  /** Of one processor, in ms; the rest of the time is waiting. */
  cpuMs: number(0, 600_000),
  /** Processors that the app can keep busy; else all of the machine's. */
  cpuThreads: number(0.01, 1024).optional(),
  /** Requests that it works on at once; others wait. */
  concurrency: number(1, 100_000).default(100),
  /** From a machine's launch until its app answers. */
  bootSeconds: number(0, 86_400).default(60),
  /** After that long without an answer the balancer gives up: its idle timeout, or the client's own patience. */
  timeoutSeconds: number(0.01, 4000).default(60),
  memoryMiB: number(0, 1_000_000).default(150),
  memoryPerRequestMiB: number(0, 100_000).default(0.1),
  requestBytes: number(0, 1e9).default(500),
  responseBytes: number(0, 1e9).default(2_000),
});

export type AppModel = z.infer<typeof appModel>;

export class AppModelError extends Error {
  override readonly name = 'AppModelError';
}

/** Throws `AppModelError`, which names the key, the value and what is allowed. */
export function parseAppModel(given: unknown): AppModel {
  const parsed = appModel.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue?.path.join('.') || (issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : '');
    const value = issue?.path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown>)?.[step], given);
    const told = issue?.code === 'unrecognized_keys' ? '' : `, not ${JSON.stringify(value)}`;
    throw new AppModelError(`The app's model: ${key}: ${issue?.message ?? 'is not understood'}${told}.`);
  }
  const app = parsed.data;
  if (app.cpuMs > app.serviceMs * (app.cpuThreads ?? Number.POSITIVE_INFINITY)) {
    throw new AppModelError(
      `The app's model: cpuMs: ${app.cpuMs} is more than cpuThreads can do in serviceMs (${app.serviceMs} ms).`,
    );
  }
  return app;
}
