/** Takes up what was under way when the region last ran. */
import type { Scope } from '../service.ts';
import { finishStopping, finishTermination, launchMachine, scheduleForgetting } from './instance-lifecycle.ts';
import { instances } from './instance-state.ts';
import { scheduleNatGateway } from './nat-gateway.ts';
import { endpoints, natGateways } from './state.ts';
import { scheduleEndpoint } from './vpc-endpoint.ts';

export function start(scope: Scope): void {
  for (const id of natGateways(scope).keys()) scheduleNatGateway(scope, id);
  for (const id of endpoints(scope).keys()) scheduleEndpoint(scope, id);
  // Later, when every service of the region has started: a boot calls them.
  if (instances(scope).size > 0) scope.clock.after(0, () => resumeInstances(scope));
}

function resumeInstances(scope: Scope): void {
  for (const record of [...instances(scope).values()]) {
    const { instanceId } = record;
    if (scope.machines.get(instanceId)) continue;
    switch (record.state) {
      case 'pending':
      // On AWS a running one never stopped: it stays `running`, though its machine starts anew.
      case 'running':
        launchMachine(scope, record);
        break;
      case 'stopping':
        finishStopping(scope, instanceId);
        break;
      case 'shutting-down':
        finishTermination(scope, instanceId);
        break;
      case 'terminated':
        scheduleForgetting(scope, instanceId);
        break;
      default:
    }
  }
}
