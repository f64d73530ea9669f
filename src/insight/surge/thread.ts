/** A load on a thread of its own, seen from outside. */
import { Worker } from 'node:worker_threads';
import type { LoadOptions, LoadTotal } from './load.ts';
import type { ThreadMessage } from './sender-thread.ts';
import type { Second } from './tally.ts';

/** What goes to the thread: plain data. */
export interface ThreadPlan extends Omit<LoadOptions, 'profile'> {
  /** As `parseProfile` reads it or, with the name of a CSV's file, as `profileOfCsv` does. */
  readonly profile: { readonly spec: string; readonly csv?: string };
  /** Who is asked for names: a local region, this machine's resolver, or nobody. */
  readonly dns:
    | { readonly kind: 'model'; readonly port: number }
    | { readonly kind: 'system' }
    | { readonly kind: 'none' };
}

export interface LoadThread {
  /** When it begins to send; never, where it fails before. */
  readonly started: Promise<void>;
  /** Rejects when the thread fails. */
  readonly total: Promise<LoadTotal>;
  /** Ends it early; what was under way counts as interrupted. */
  stop(): void;
}

export function startLoadThread(plan: ThreadPlan, onSecond: (second: Second) => void): LoadThread {
  // Found beside this module in the built library and in the bundled command alike.
  const worker = new Worker(new URL('./sender-thread.js', import.meta.url), { workerData: plan });
  let begin = () => {};
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const total = new Promise<LoadTotal>((resolve, reject) => {
    worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'started') begin();
      else if (message.kind === 'second') onSecond(message.second);
      else resolve(message.total);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the sender ended without a result (exit code ${code})`)));
  });
  return { started, total, stop: () => worker.postMessage('stop') };
}
