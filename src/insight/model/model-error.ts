/** Why there is no model of a template: what is wrong and where, each thing with its line. */
export interface ModelProblem {
  /** In CloudFormation's or the service's words. */
  readonly message: string;
  readonly logicalId?: string | undefined;
  /** In the template, from 1. */
  readonly line?: number | undefined;
}

export class ModelError extends Error {
  readonly problems: readonly ModelProblem[];

  /** @param name what the template is called in messages: its file */
  constructor(name: string, problems: readonly ModelProblem[], hint?: string) {
    const lines = problems.map(({ message, line }) => `  ${line === undefined ? '' : `line ${line}: `}${message}`);
    super([`${name} could not be made in memory:`, ...lines, ...(hint === undefined ? [] : [hint])].join('\n'));
    this.name = 'ModelError';
    this.problems = problems;
  }
}

export function parametersHint(names: readonly string[]): string {
  return `Give them: ${names.map((one) => `--parameter ${one}=…`).join(' ')}`;
}
