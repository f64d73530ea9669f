/** What stands for an account's parts, made before the template's own. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import { createStack, refusalText } from './create-stack.ts';
import { ModelError } from './model-error.ts';
import { reasonText } from './reason-text.ts';
import type { StandInAccount } from './stand-in-account.ts';

export interface StandInsMade {
  /** Of the template's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** By physical id. */
  readonly logicalIds: readonly (readonly [physicalId: string, logicalId: string])[];
  readonly names: ReadonlySet<string>;
}

/** Throws `ModelError`: an account has room for so much, as for five VPCs. @param name what the template is called in messages */
export async function makeStandIns(
  simulated: SimulatedRegion,
  { template }: StandInAccount,
  name: string,
): Promise<StandInsMade> {
  const made = await createStack(simulated, { stackName: 'account', template }).catch(refusalText);
  const [failure] = typeof made === 'string' ? [{ logicalId: 'the account', reason: made }] : made.failures;
  if (typeof made === 'string' || failure) {
    const message = `what stands for ${failure?.logicalId} could not be made: ${reasonText(failure?.reason ?? '')}`;
    throw new ModelError(name, [{ message }]);
  }
  const { stackId } = made;
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
