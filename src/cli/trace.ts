/** `orrery trace`: a request followed through a template, there and back, hop by hop. */
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { requestOf } from '../insight/trace/request.ts';
import { traceText } from '../insight/trace/text.ts';
import { traceTemplate } from '../insight/trace/trace.ts';
import { withParameters } from './parameters.ts';
import { line, paint } from './print.ts';
import { templateArgument, templateInput, withStack } from './template-input.ts';

interface TraceArguments {
  readonly from: string;
  readonly method: string;
  readonly json?: boolean;
  readonly live?: boolean;
  readonly stack?: string;
  readonly parameter?: Readonly<Record<string, string>>;
}

export function traceCommand(program: Command): void {
  withParameters(withStack(program.command('trace')))
    .description('follow a request hop by hop, there and back, and see what stops it')
    .argument('<url>', 'https://api.myapp.com/items, s3://BUCKET/KEY, tcp://10.0.1.5:5432')
    .argument(...templateArgument)
    .option('--from <source>', 'internet, or a machine, a group of machines, a subnet: by logical id or id', 'internet')
    .option('--method <method>', 'of the HTTP request', 'GET')
    .option('--live', 'send a real request through the running region, too, and add how long it took')
    .option('--json', 'the result for programs')
    .action(run);
}

async function run(url: string, given: string, options: TraceArguments): Promise<void> {
  const { from, json, live } = options;
  const asked = { url, from, method: options.method.toUpperCase() };
  // What is wrong with it is told before a template is made.
  requestOf(url, asked.method);
  if (live) refuseOfTemplate(options);
  const result = live
    ? await (await import('./trace-live.ts')).traceRunning(given, asked)
    : await traceTemplate(await templateOf(given, options), asked);
  line(json ? JSON.stringify(result, null, 2) : traceText(result, paint));
  if (!result.delivered || (result.live?.status ?? 0) >= 500) process.exitCode = 1;
}

async function templateOf(given: string, { stack, parameter }: TraceArguments) {
  const { template, name } = await templateInput(given, stack);
  return { template, name, ...(parameter ? { parameters: parameter } : {}) };
}

function refuseOfTemplate({ stack, parameter }: TraceArguments): void {
  const given = [...(stack === undefined ? [] : ['--stack']), ...(parameter ? ['--parameter'] : [])];
  if (given.length > 0)
    throw new UserError(
      `${given.join(' and ')} cannot be given with --live: it follows the stacks that run, as they are.`,
    );
}
