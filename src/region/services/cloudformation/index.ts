/**
 * CloudFormation's API. The engine behind it (`stacks/`) is given all resource types by whoever puts the services
 * together, since services do not know each other.
 */
import type { EngineOptions } from '../../stacks/run.ts';
import { type Service, service } from '../service.ts';
import { changeSetOperations } from './change-set.ts';
import { engines } from './engines.ts';
import { exportOperations } from './exports.ts';
import { notModelledOperations } from './not-modelled.ts';
import { stackOperations } from './stack.ts';
import { stackResourceOperations } from './stack-resource.ts';
import { templateOperations } from './template.ts';
import { waitTypes } from './wait-condition.ts';

export { CannotBeSignaled, signalCannotCome, waitingFor } from './boot-failure.ts';

/** `types` is asked at each use, for all services' resource types, those of this service included. */
export function cloudFormation(types: EngineOptions['types'], options: Omit<EngineOptions, 'types'> = {}): Service {
  const { engineOf, start } = engines({ ...options, types });
  return service('@aws-sdk/client-cloudformation', 'cloudformation', {
    operations: {
      ...stackOperations(engineOf),
      ...stackResourceOperations(engineOf),
      ...templateOperations(engineOf),
      ...changeSetOperations(engineOf),
      ...exportOperations(engineOf),
      ...notModelledOperations(engineOf),
    },
    resources: waitTypes,
    start,
  });
}
