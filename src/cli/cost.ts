/** `orrery cost`: a month's bill of a template, before it is deployed. */
import type { Command } from 'commander';
import { type CostOptions, cost, costDiff } from '../insight/cost/cost.ts';
import { type CostArguments, collectAssumptions, costInputs } from './cost-inputs.ts';
import { refreshedPrices, refreshPrices } from './cost-prices.ts';
import { billText, diffText } from './cost-words.ts';
import { withParameters } from './parameters.ts';
import { line } from './print.ts';
import { type TemplateInput, templateArgument, templateInput, templatePair, withStack } from './template-input.ts';

export function costCommand(program: Command): void {
  withParameters(withStack(program.command('cost')))
    .description("a month's bill, part by part, with what it would be otherwise")
    .argument(...templateArgument)
    .option('--region <region>', 'whose prices', 'us-east-1')
    .option('--requests <n>', 'to the API in a month: 10M')
    .option('--page-views <n>', 'in a month')
    .option('--egress <size>', 'answers of the API in a month: 50GB')
    .option('--site-egress <size>', 'out of the CDN in a month')
    .option('--assume <key=value>', 'any other assumption that the bill lists (repeatable)', collectAssumptions)
    .option('--profile <profile>', 'requests by a profile, as of orrery simulate, or a CSV file')
    .option('--measured', 'traffic, machines, objects and logs as the running region counted them, scaled to a month')
    .option('--simulation <file>', 'machines and requests of orrery simulate --json')
    .option('--commit <term>', 'machines on a Compute Savings Plan, nothing upfront: 1y or 3y')
    .option('--without-allowances', 'without what AWS gives each account for nothing each month')
    .option('--free-tier', 'for how long the credits of a new account last')
    .option('--budget <usd>', 'exit code 1 when the bill is higher')
    .option('--diff <templates...>', 'what changes between two: OLD NEW')
    .option('--all', 'lines of less than a cent, too')
    .option('--json', 'for programs')
    .option('--refresh', "read the region's prices from AWS's public price list, for this user")
    .option('--price-list <url>', 'where that is, if not at AWS')
    .action(run);
}

async function run(given: string, options: CostArguments): Promise<void> {
  if (options.refresh) {
    line(await refreshPrices(options));
    return;
  }
  const { budget, diff, ...inputs } = await costInputs(given, options);
  const refreshed = refreshedPrices();
  const about = ({ name, template }: TemplateInput): CostOptions => ({
    name,
    template,
    region: options.region,
    ...inputs,
    ...(options.parameter ? { parameters: options.parameter } : {}),
    ...(refreshed ? { refreshed } : {}),
  });
  if (diff) {
    const [before, after] = await templatePair(...diff, options.stack);
    const found = await costDiff(about(before), about(after));
    line(options.json ? JSON.stringify(found, null, 2) : diffText(found));
    keepTo(budget, found.after.usd);
    return;
  }
  const found = await cost(about(await templateInput(given, options.stack)));
  line(options.json ? JSON.stringify(found, null, 2) : billText(found, options.all === true));
  keepTo(budget, found.usd);
}

/** On the error stream: what was asked for, as text or JSON, stays whole. */
function keepTo(budget: string | undefined, usd: string): void {
  if (budget === undefined || Number(usd) <= Number(budget)) return;
  process.stderr.write(`The bill of $${usd} a month is above the budget of $${budget}.\n`);
  process.exitCode = 1;
}
