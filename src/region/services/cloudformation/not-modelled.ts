/** Operations that AWS has and the model has not: each says so, rather than being unknown. */
import type { Call, Operation } from '../service.ts';
import { livingStack, stackAccess } from './access.ts';
import { type EngineOf, invalid } from './engines.ts';
import { refuseStackPolicy } from './stack.ts';

const names = [
  'detectStackDrift',
  'detectStackResourceDrift',
  'describeStackDriftDetectionStatus',
  'describeStackResourceDrifts',
  'estimateTemplateCost',
  'createStackSet',
  'createGeneratedTemplate',
  'startResourceScan',
  'registerType',
] as const;

export function notModelledOperations(engineOf: EngineOf): Record<string, Operation> {
  const operations: Record<string, Operation> = {
    setStackPolicy: {
      handle(
        {
          StackName,
          StackPolicyBody,
          StackPolicyURL,
        }: { StackName?: string; StackPolicyBody?: string; StackPolicyURL?: string },
        call: Call,
      ) {
        livingStack(engineOf, call, StackName);
        refuseStackPolicy(StackPolicyBody ?? StackPolicyURL ?? '');
        return {};
      },
      access: stackAccess(engineOf, 'SetStackPolicy'),
    },
    getStackPolicy: {
      handle({ StackName }: { StackName?: string }, call: Call) {
        livingStack(engineOf, call, StackName);
        return {};
      },
      access: stackAccess(engineOf, 'GetStackPolicy'),
    },
  };
  for (const name of names) {
    operations[name] = () => {
      throw invalid(`${name.charAt(0).toUpperCase()}${name.slice(1)} is not modelled by Orrery.`);
    };
  }
  return operations;
}
