/** What a change of a template does to its resources, as a change set of CloudFormation's tells it. */
import { parseTemplate } from '../../region/template.ts';
import { bootstrapped } from '../model/bootstrap.ts';
import { type Model, modelStack } from '../model/model.ts';
import { standInAccount } from '../model/stand-in-account.ts';
import { templateSource } from '../model/template-source.ts';
import { DrawError } from './draw-error.ts';
import type { Mark } from './scene.ts';

export interface ResourceChange {
  readonly logicalId: string;
  readonly type: string;
  readonly mark: Mark;
  /** The properties that differ, with the one that replaces first. */
  readonly properties: readonly string[];
  /** Whether it is replaced is known only while the stack is updated. */
  readonly conditional: boolean;
}

interface ChangeSet {
  readonly Status: string;
  readonly StatusReason?: string;
  readonly NextToken?: string;
  readonly Changes?: readonly {
    readonly ResourceChange: {
      readonly Action: string;
      readonly LogicalResourceId: string;
      readonly ResourceType: string;
      readonly Replacement?: string;
      readonly Details?: readonly {
        readonly Target?: { readonly Attribute?: string; readonly Name?: string; readonly RequiresRecreation?: string };
      }[];
    };
  }[];
}

const changeSetName = 'next';

/** `model`: of the old template; `name`: what the new one is called in messages. Throws `DrawError`. */
export async function changesOf(
  model: Model,
  template: string,
  parameters: Readonly<Record<string, string>>,
  name: string,
): Promise<ResourceChange[]> {
  const simulated = { region: { invoke: model.invoke } };
  const ask = <O>(operation: string, input: object) => model.invoke<O>('cloudformation', operation, input);
  const StackName = modelStack;
  await bootstrapped(simulated, template);
  const next = parseTemplate(template);
  const assumed = new Set(model.assumed.map(({ logicalId }) => logicalId));
  // What stands for the account was made for the old template: what both ask for is there.
  const standIns = {
    ...standInAccount(next, { ...model.parameters, ...parameters })?.placeholders,
    ...Object.fromEntries(
      Object.entries(model.parameters).filter(([key]) => assumed.has(key) && Object.hasOwn(next.parameters, key)),
    ),
  };
  await ask('CreateChangeSet', {
    StackName,
    ChangeSetName: changeSetName,
    ...(await templateSource(simulated, template)),
    Parameters: Object.entries({ ...parameters, ...standIns }).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
    Tags: [{ Key: 'orrery:allow-unmodelled', Value: 'true' }],
  }).catch((error: unknown) => {
    throw new DrawError(`${name} cannot follow: ${error instanceof Error ? error.message : error}`);
  });
  const found: ResourceChange[] = [];
  let NextToken: string | undefined;
  do {
    const page: ChangeSet = await ask('DescribeChangeSet', { StackName, ChangeSetName: changeSetName, NextToken });
    if (page.Status === 'FAILED' && !/didn't contain changes/.test(page.StatusReason ?? ''))
      throw new DrawError(`${name} cannot follow: ${page.StatusReason}`);
    for (const { ResourceChange: change } of page.Changes ?? []) found.push(changeOf(change));
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

type Told = NonNullable<ChangeSet['Changes']>[number]['ResourceChange'];

function changeOf({ Action, LogicalResourceId, ResourceType, Replacement, Details = [] }: Told): ResourceChange {
  const rank = ['Always', 'Conditionally', 'Never'];
  const targets = Details.flatMap(({ Target }) => (Target ? [Target] : [])).sort(
    (a, b) => rank.indexOf(a.RequiresRecreation ?? '') - rank.indexOf(b.RequiresRecreation ?? ''),
  );
  const replaced = Replacement === 'True' || Replacement === 'Conditional';
  const mark: Mark = Action === 'Add' ? 'added' : Action === 'Remove' ? 'removed' : replaced ? 'replaced' : 'changed';
  return {
    logicalId: LogicalResourceId,
    type: ResourceType,
    mark,
    properties: [...new Set(targets.map(({ Attribute, Name }) => Name ?? Attribute ?? ''))],
    conditional: Replacement === 'Conditional',
  };
}
