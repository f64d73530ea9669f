/** The calls of CloudFormation's helpers that a script makes, found without running it. */

export interface CfnCall {
  readonly stack: string;
  readonly resource: string;
}

const call = (program: string) => new RegExp(`(?:^|[;&|]\\s*)(?:\\S*/)?${program}\\s([^;&|\\n]*)`, 'gm');
const called = { 'cfn-init': call('cfn-init'), 'cfn-signal': call('cfn-signal') } as const;

/** Those that name a stack and a resource; commands may go on behind a backslash. */
export function cfnCalls(script: string, program: keyof typeof called): CfnCall[] {
  const lines = script.replace(/\\\n/g, ' ').replace(/^[ \t]+/gm, '');
  return [...lines.matchAll(called[program])].flatMap(([, options = '']) => {
    const stack = option(options, 'stack');
    // `-r` of cfn-signal is its reason.
    const resource = option(options, 'resource');
    return stack && resource ? [{ stack, resource }] : [];
  });
}

function option(options: string, name: string): string | undefined {
  const [, quoted, plain] = new RegExp(`(?:^|\\s)--${name}[ =]\\s*(?:["']([^"']*)["']|(\\S+))`).exec(options) ?? [];
  return quoted ?? plain;
}
