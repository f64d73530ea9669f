/** What stands for an account's parts, made before the template's own. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import { createStack } from './create-stack.ts';
import type { StandInAccount } from './stand-in-account.ts';

export interface StandInsMade {
  /** Of the template's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** By physical id. */
  readonly logicalIds: readonly (readonly [physicalId: string, logicalId: string])[];
  readonly names: ReadonlySet<string>;
}

export async function makeStandIns(simulated: SimulatedRegion, { template }: StandInAccount): Promise<StandInsMade> {
  const { stackId, failures } = await createStack(simulated, { stackName: 'account', template });
  const [failure] = failures;
  if (failure)
    throw new Error(`what stands for the account could not be made: ${failure.logicalId}: ${failure.reason}`);
  const { Stacks } = await simulated.region.invoke<{
    Stacks: { Outputs: { OutputKey: string; OutputValue: string }[] }[];
  }>('cloudformation', 'DescribeStacks', { StackName: stackId });
  const resources = simulated.stackResources(stackId);
  return {
    parameters: Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    ),
    logicalIds: resources.flatMap(({ physicalId, logicalId }) =>
      physicalId === undefined ? [] : [[physicalId, logicalId] as const],
    ),
    names: new Set(resources.map(({ logicalId }) => logicalId)),
  };
}
