/** `orrery trace`: a request followed through a template, there and back, hop by hop. */
import type { Command } from 'commander';
import { traceText } from '../insight/trace/text.ts';
import { traceTemplate } from '../insight/trace/trace.ts';
import { withParameters } from './parameters.ts';
import { line, paint } from './print.ts';
import { readTemplate } from './simulate-inputs.ts';

interface TraceArguments {
  readonly from: string;
  readonly method: string;
  readonly json?: boolean;
  readonly parameter?: Readonly<Record<string, string>>;
}

export function traceCommand(program: Command): void {
  withParameters(program.command('trace'))
    .description('follow a request hop by hop, there and back, and see what stops it')
    .argument('<url>', 'https://api.myapp.com/items, s3://BUCKET/KEY, tcp://10.0.1.5:5432')
    .argument('[dir|template]', "the app's folder, or a template's file", '.')
    .option('--from <source>', 'internet, or a machine, a group of machines, a subnet: by logical id or id', 'internet')
    .option('--method <method>', 'of the HTTP request', 'GET')
    .option('--json', 'the result for programs')
    .action(run);
}

async function run(url: string, given: string, { from, method, json, parameter }: TraceArguments): Promise<void> {
  const template = await readTemplate(given);
  const options = {
    template,
    name: given === '.' ? 'the template' : given,
    ...(parameter ? { parameters: parameter } : {}),
  };
  const result = await traceTemplate(options, { url, from, method: method.toUpperCase() });
  line(json ? JSON.stringify(result, null, 2) : traceText(result, paint));
  if (!result.delivered) process.exitCode = 1;
}
