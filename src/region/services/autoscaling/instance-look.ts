/** What EC2 says of the region's instances: one question a look. */
import type { Scope } from '../service.ts';
import type { DescribedStatuses } from './shapes.ts';
import { asService } from './state.ts';

export interface InstanceLook {
  /** `running` */
  readonly state: string;
  /** Its status checks fail. */
  readonly impaired: boolean;
}

/** By id. */
export async function lookAtInstances(scope: Scope): Promise<Map<string, InstanceLook>> {
  const found = new Map<string, InstanceLook>();
  let NextToken: string | undefined;
  do {
    const page: DescribedStatuses = await scope.invoke(asService, 'ec2', 'DescribeInstanceStatus', {
      IncludeAllInstances: true,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    for (const { InstanceId, InstanceState, InstanceStatus } of page.InstanceStatuses) {
      found.set(InstanceId, { state: InstanceState.Name, impaired: InstanceStatus.Status === 'impaired' });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}
