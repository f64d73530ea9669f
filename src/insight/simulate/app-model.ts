/** What a simulation knows of an app: how long it takes for a request, what of a machine that uses, and how it boots. */
import { z } from 'zod';

/** Its message is what is allowed. */
function number(least: number, most: number) {
  const allowed = `a number from ${least} to ${most}`;
  return z.number(allowed).min(least, allowed).max(most, allowed);
}

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

const keys = Object.keys(appModel.shape);

/** Throws `AppModelError`, which names the key, the value and what is allowed. */
export function parseAppModel(given: unknown): AppModel {
  const parsed = appModel.safeParse(given);
  if (!parsed.success) throw refused(given, parsed.error.issues[0]);
  const app = parsed.data;
  const { cpuMs, serviceMs, cpuThreads = Number.POSITIVE_INFINITY, timeoutSeconds } = app;
  if (cpuMs > serviceMs * cpuThreads) {
    throw new AppModelError(
      `The app's model: cpuMs: ${cpuMs} is more than ${cpuThreads} cpuThreads can do in serviceMs (${serviceMs}): at most ${serviceMs * cpuThreads} is allowed.`,
    );
  }
  if (serviceMs >= timeoutSeconds * 1000) {
    throw new AppModelError(
      `The app's model: serviceMs: ${serviceMs} is not less than timeoutSeconds (${timeoutSeconds} s), so that nothing would ever be answered.`,
    );
  }
  return app;
}

/** `serviceMs=20,cpuMs=15`. Throws `AppModelError`. */
export function parseAppText(text: string): AppModel {
  const found = new Map<string, unknown>();
  for (const part of text.split(',')) {
    const [key = '', value, ...more] = part.split('=').map((word) => word.trim());
    if (key === '' || value === undefined || more.length > 0)
      throw new AppModelError(`The app's model: ${shown(part)} must be key=value, such as serviceMs=20.`);
    if (found.has(key)) throw new AppModelError(`The app's model: ${key} is given twice.`);
    found.set(key, /^[-+]?\d/.test(value) && !Number.isNaN(Number(value)) ? Number(value) : value);
  }
  return parseAppModel(Object.fromEntries(found));
}

type Issue = z.core.$ZodIssue;

function refused(given: unknown, issue: Issue | undefined): AppModelError {
  const refuse = (why: string) => new AppModelError(`The app's model: ${why}`);
  if (issue?.code === 'unrecognized_keys')
    return refuse(`there is no ${issue.keys.map(shown).join(', ')}. Allowed: ${keys.join(', ')}.`);
  const [key] = issue?.path ?? [];
  if (key === undefined) return refuse(`it must be an object of ${keys.join(', ')}, not ${shown(given)}.`);
  const value = (given as Record<PropertyKey, unknown>)[key];
  const allowed = issue?.message ?? '';
  return refuse(
    value === undefined
      ? `${String(key)} is missing: ${allowed}.`
      : `${String(key)} must be ${allowed}, not ${shown(value)}.`,
  );
}

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
