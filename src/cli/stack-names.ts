/** What the resources of the stacks that stand are called, by AWS and in their templates. */
import { DescribeStacksCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { Target } from '../delivery/target.ts';

/** Logical ids by physical ones. */
export async function stackNames({ cloudFormation: client }: Target): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
  const names = new Map<string, string>();
  for (const { StackName, StackStatus = '' } of Stacks) {
    if (StackStatus.startsWith('DELETE')) continue;
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName })) {
      for (const { LogicalResourceId = '', PhysicalResourceId = '' } of StackResourceSummaries)
        names.set(PhysicalResourceId, LogicalResourceId);
    }
  }
  return names;
}
