/** Takes up what was under way when the region last ran. */
import type { Scope } from '../service.ts';
import { scheduleNatGateway } from './nat-gateway.ts';
import { endpoints, natGateways } from './state.ts';
import { scheduleEndpoint } from './vpc-endpoint.ts';

export function start(scope: Scope): void {
  for (const id of natGateways(scope).keys()) scheduleNatGateway(scope, id);
  for (const id of endpoints(scope).keys()) scheduleEndpoint(scope, id);
}
