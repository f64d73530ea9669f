/** Clients for the local region. Apart from `running.ts`, because loading the SDK takes its time. */
import { localTarget, type Target } from '../delivery/target.ts';
import { endpointOf, type RunningRegion } from './running.ts';

export function targetOf(running: RunningRegion): Target {
  return localTarget({ endpoint: endpointOf(running), region: running.region, ...running.rootKey });
}
