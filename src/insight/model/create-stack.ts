/** A stack on a region whose clock is virtual: made as anywhere else, by CloudFormation, in model time alone. */
import { Fault, type SimulatedRegion } from '../../region/simulated-region.ts';
import { bootstrapped } from './bootstrap.ts';
import { templateSource } from './template-source.ts';

export interface StackOptions {
  readonly stackName: string;
  /** CloudFormation, JSON or YAML. */
  readonly template: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly allowUnmodelled?: boolean;
  /** What was made before a failure stays, to be looked at. */
  readonly keepHalf?: boolean;
}

export interface StackMade {
  readonly stackId: string;
  /** `CREATE_COMPLETE`, or how it ended otherwise. */
  readonly status: string;
  /** The first failures are causes. */
  readonly failures: readonly { readonly logicalId: string; readonly reason: string }[];
}

/** Of the model: WaitCondition's longest is twelve hours, that of machines that are waited for. */
const longestCreationMs = 12 * 3_600_000;

/** Throws the `Fault` of a request that CloudFormation refuses. */
export async function createStack(simulated: SimulatedRegion, options: StackOptions): Promise<StackMade> {
  const { region, clock } = simulated;
  const { stackName, template, parameters = {}, allowUnmodelled = false, keepHalf = false } = options;
  const invoke = <O>(operation: string, input: object) => region.invoke<O>('cloudformation', operation, input);
  await bootstrapped(simulated, template);
  const { StackId } = await invoke<{ StackId: string }>('CreateStack', {
    StackName: stackName,
    ...(await templateSource({ region }, template)),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
    ...(keepHalf ? { DisableRollback: true } : {}),
    ...(allowUnmodelled ? { Tags: [{ Key: 'orrery:allow-unmodelled', Value: 'true' }] } : {}),
  });
  const untilMs = clock.now() + longestCreationMs;
  for (;;) {
    await clock.advance(1_000);
    const { Stacks } = await invoke<{ Stacks: { StackStatus: string }[] }>('DescribeStacks', { StackName: StackId });
    const status = Stacks[0]?.StackStatus ?? '';
    if (status.endsWith('_IN_PROGRESS') && clock.now() <= untilMs) continue;
    return {
      stackId: StackId,
      status,
      failures: status === 'CREATE_COMPLETE' ? [] : await failuresOf(invoke, StackId),
    };
  }
}

interface StackEvents {
  readonly StackEvents: {
    readonly LogicalResourceId: string;
    readonly ResourceStatus: string;
    readonly ResourceStatusReason?: string;
  }[];
  readonly NextToken?: string;
}

async function failuresOf(
  invoke: <O>(operation: string, input: object) => Promise<O>,
  StackName: string,
): Promise<StackMade['failures']> {
  const found: StackMade['failures'][number][] = [];
  let NextToken: string | undefined;
  do {
    const page: StackEvents = await invoke('DescribeStackEvents', { StackName, NextToken });
    for (const { LogicalResourceId, ResourceStatus, ResourceStatusReason = '' } of page.StackEvents) {
      if (ResourceStatus.endsWith('_FAILED'))
        found.push({ logicalId: LogicalResourceId, reason: ResourceStatusReason });
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return found.reverse();
}

/** What a refusal says, for those who word it anew; anything else is thrown. */
export function refusalText(error: unknown): string {
  if (error instanceof Fault) return error.message;
  throw error;
}
