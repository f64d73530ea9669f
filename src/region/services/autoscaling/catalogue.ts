/** What does not depend on any group: limits and lists of types. */
import type { Call } from '../service.ts';
import { terminationPolicyTypes } from './choose.ts';
import { groups } from './state.ts';

export function describeAccountLimits(_: object, call: Call) {
  return {
    MaxNumberOfAutoScalingGroups: 500,
    MaxNumberOfLaunchConfigurations: 200,
    NumberOfAutoScalingGroups: groups(call).size,
    NumberOfLaunchConfigurations: 0,
  };
}

/** Those that the model applies. */
export function describeTerminationPolicyTypes() {
  return { TerminationPolicyTypes: [...terminationPolicyTypes] };
}

export function describeAdjustmentTypes() {
  return {
    AdjustmentTypes: ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'].map((AdjustmentType) => ({
      AdjustmentType,
    })),
  };
}
