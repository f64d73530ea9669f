/** Stacks that wait for instances fail when a launch does: nobody would ever signal. */
import type { Activity } from '@aws-sdk/client-auto-scaling';
import { ResourceFailure } from '../../stacks/reasons.ts';
import type { ResourceRequest } from '../../stacks/resource-type.ts';
import { service } from './group-properties.ts';

const lookEveryMs = 1_000;

/** Settles as `wait` does, or fails with AWS's words when a launch of the group fails meanwhile. */
export async function watchLaunches<T>(
  request: Pick<ResourceRequest<unknown>, 'invoke' | 'clock'>,
  wait: Promise<T>,
  name = (request as { physicalId?: string }).physicalId ?? '',
): Promise<T> {
  const since = request.clock.now();
  const over = new AbortController();
  const failed = (async (): Promise<never> => {
    for (;;) {
      await request.clock.sleep(lookEveryMs, over.signal);
      const { Activities } = await request.invoke<{ Activities: Activity[] }>(service, 'DescribeScalingActivities', {
        AutoScalingGroupName: name,
      });
      const found = Activities.find(
        ({ StatusCode, StartTime }) => StatusCode === 'Failed' && (StartTime?.getTime() ?? 0) >= since - lookEveryMs,
      );
      if (found) {
        throw new ResourceFailure(
          `Group did not stabilize. {current/minimum/maximum group size mismatch}. Failed scaling activity: ${found.StatusMessage}`,
        );
      }
    }
  })();
  try {
    return await Promise.race([wait, failed]);
  } finally {
    // Whichever lost says nothing any more.
    wait.catch(() => {});
    failed.catch(() => {});
    over.abort(new Error('over'));
  }
}
