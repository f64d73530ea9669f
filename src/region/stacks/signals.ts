/**
 * Signals of instances and people that a resource is ready: kept, counted, waited for.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
 */
import { eventOf } from './events.ts';
import { ResourceFailure } from './reasons.ts';
import { type StackHost, stackResource, stacks } from './records.ts';
import type { SignalDesk } from './resource-type.ts';

interface SignalRecord {
  readonly stackId: string;
  readonly logicalId: string;
  readonly operationId: string;
  readonly uniqueId: string;
  readonly success: boolean;
  /** Why it can never come, of a signal that the model gave up. */
  readonly reason?: string | undefined;
}

const signals = (host: StackHost) => host.table<SignalRecord>('cloudformation/signals');

/** Takes a signal; a second one with the same id is ignored, as on AWS. */
export function receiveSignal(
  host: StackHost,
  signal: { stackId: string; logicalId: string; uniqueId: string; success: boolean; reason?: string },
): void {
  const { stackId, logicalId, uniqueId, success, reason } = signal;
  const operationId = stacks(host).get(stackId)?.operation?.id ?? '';
  const key = `${stackId}|${logicalId}|${operationId}|${uniqueId}`;
  if (signals(host).has(key)) return;
  const resource = stackResource(host, stackId, logicalId);
  if (resource) {
    const text = `Received ${success ? 'SUCCESS' : 'FAILURE'} signal with UniqueId ${uniqueId}`;
    eventOf(host, resource, { reason: reason === undefined ? text : `${text}: ${reason}` });
  }
  signals(host).put(key, { stackId, logicalId, operationId, uniqueId, success, reason });
}

/** Signals of operations that are over say nothing any more. */
export function forgetSignals(host: StackHost, operationId: string): void {
  for (const [key, signal] of [...signals(host).entries()]) {
    if (signal.operationId === operationId) signals(host).delete(key);
  }
}

/** The desk of one resource in one operation. `used` tells whether its type waited. */
export function signalDesk(
  host: StackHost,
  resource: { stackId: string; logicalId: string; type: string },
  operationId: string,
  abort: AbortSignal,
): SignalDesk & { readonly used: () => boolean } {
  const { stackId, logicalId, type } = resource;
  let used = false;
  return {
    used: () => used,
    impossible(uniqueId, reason) {
      receiveSignal(host, { stackId, logicalId, uniqueId, success: false, reason });
    },
    wait({ count, timeoutMs, minSuccessful = count, accept = () => true }) {
      used = true;
      if (count <= 0) return Promise.resolve(0);
      return new Promise((resolve, reject) => {
        const prefix = `${stackId}|${logicalId}|${operationId}|`;
        const counted = () => {
          const mine = [...signals(host).entries()].filter(
            ([key, { uniqueId }]) => key.startsWith(prefix) && accept(uniqueId),
          );
          const failed = mine.map(([, signal]) => signal).filter(({ success }) => !success);
          return { successes: mine.length - failed.length, failed };
        };
        const failure = (successes: number, failed: readonly SignalRecord[]) => {
          const reasons = [...new Set(failed.flatMap(({ reason }) => (reason === undefined ? [] : [reason])))];
          const percent = Math.round((minSuccessful / count) * 100);
          const received = failed.length > 0 ? `${failed.length} FAILURE` : `${successes} SUCCESS`;
          const text =
            failed.length > 0 || type === 'AWS::AutoScaling::AutoScalingGroup'
              ? `Received ${received} signal(s) out of ${count}. Unable to satisfy ${percent}% MinSuccessfulInstancesPercent requirement`
              : `Failed to receive ${count - successes} resource signal(s) within the specified duration`;
          return new ResourceFailure([text, ...reasons].join('. '));
        };
        const look = () => {
          const { successes, failed } = counted();
          if (failed.length > count - minSuccessful) end(() => reject(failure(successes, failed)));
          else if (successes + failed.length >= count) end(() => resolve(successes));
        };
        const end = (settle: () => void) => {
          stopWatching();
          timer.cancel();
          abort.removeEventListener('abort', aborted);
          settle();
        };
        const aborted = () => end(() => reject(abort.reason));
        const stopWatching = signals(host).watch((key, signal) => {
          if (signal && key.startsWith(prefix)) look();
        });
        const timer = host.clock.after(timeoutMs, () => {
          const { successes, failed } = counted();
          end(() => (successes >= minSuccessful ? resolve(successes) : reject(failure(successes, failed))));
        });
        abort.addEventListener('abort', aborted, { once: true });
        if (abort.aborted) aborted();
        else look();
      });
    },
  };
}

/** Milliseconds of an ISO 8601 duration as policies have them: `PT15M`, `PT1H30M`. */
export function durationMs(text: string): number | undefined {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (!found || text === 'P' || text.endsWith('T')) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = found;
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
