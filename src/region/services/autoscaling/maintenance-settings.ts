/** The instance maintenance policy and the maximum lifetime of a group: checked as they are given. */
import type { InstanceMaintenancePolicy } from '@aws-sdk/client-auto-scaling';
import { boundsProblem } from './replacement-pace.ts';
import { type GroupRecord, invalid } from './state.ts';

interface Given {
  readonly InstanceMaintenancePolicy?: InstanceMaintenancePolicy | undefined;
  readonly MaxInstanceLifetime?: number | undefined;
}

const dayS = 86_400;
const yearS = 365 * dayS;

export function maintenanceSettings(
  { InstanceMaintenancePolicy, MaxInstanceLifetime }: Given,
  before: Pick<GroupRecord, 'maintenance' | 'lifetimeSeconds'>,
): Pick<GroupRecord, 'maintenance' | 'lifetimeSeconds'> {
  const maintenance = InstanceMaintenancePolicy ? policyOf(InstanceMaintenancePolicy) : before.maintenance;
  const lifetimeSeconds = MaxInstanceLifetime === undefined ? before.lifetimeSeconds : lifetimeOf(MaxInstanceLifetime);
  return {
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
  };
}

/** Both, or -1 to take both away. */
function policyOf({ MinHealthyPercentage: min, MaxHealthyPercentage: max }: InstanceMaintenancePolicy) {
  if (min === -1 && max === -1) return undefined;
  if (min === undefined || max === undefined) {
    throw invalid('Both MinHealthyPercentage and MaxHealthyPercentage must be specified in InstanceMaintenancePolicy.');
  }
  const problem = boundsProblem({ min, max });
  if (problem !== undefined) throw invalid(problem);
  return { min, max };
}

/** 0 takes it away. */
function lifetimeOf(seconds: number): number | undefined {
  if (seconds === 0) return undefined;
  if (Number.isInteger(seconds) && seconds >= dayS && seconds <= yearS) return seconds;
  throw invalid(`MaxInstanceLifetime must be 0 or between ${dayS} and ${yearS} seconds, not ${seconds}.`);
}
