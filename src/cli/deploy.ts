/** `orrery deploy`: the same delivery, onto AWS. */
import type { Change } from '@aws-sdk/client-cloudformation';
import { confirm, isCancel } from '@clack/prompts';
import type { Command } from 'commander';
import { deliver } from '../delivery/deliver.ts';
import { awsTarget } from '../delivery/target.ts';
import { UserError } from '../delivery/user-error.ts';
import { secureRandom } from '../region/clock/random.ts';
import { loadApp } from './app.ts';
import { withParameters } from './parameters.ts';
import { line, paint, table } from './print.ts';
import { stackProgress } from './progress.ts';

export function deployCommand(program: Command): void {
  withParameters(program.command('deploy'))
    .description('deploy to AWS, after showing what would change and asking')
    .argument('[dir]', "the app's folder", '.')
    .option('--region <region>', 'the AWS region', process.env.AWS_REGION ?? 'us-east-1')
    .option('--yes', 'do not ask')
    .action(async (dir: string, options: { region: string; yes?: boolean; parameter?: Record<string, string> }) => {
      const app = await loadApp(dir, { release: true });
      if (options.region !== 'us-east-1' && app.config.domain) {
        throw new UserError(
          'Deploying an app with a domain outside us-east-1 needs domain.yml deployed there first.',
          'orrery synth writes it; pass its certificate as SiteCertificateArn.',
        );
      }
      if (!options.yes && !process.stdin.isTTY)
        throw new UserError('Nobody is there to be asked.', 'Pass --yes to deploy without asking.');
      const progress = stackProgress(app.config.name);
      const delivered = await deliver({
        app,
        template: app.template,
        target: awsTarget(options.region),
        domain: app.config.domain ?? '',
        ...(options.parameter ? { parameters: options.parameter } : {}),
        reference: secureRandom().hex(12),
        confirm: async (changes) => {
          line(changesText(changes));
          if (options.yes) return true;
          const answer = await confirm({ message: `Deploy to AWS, ${options.region}?` });
          return !isCancel(answer) && answer;
        },
        onStep: (text) => line(paint.bold(text)),
        onEvent: progress.event,
      });
      line(
        delivered
          ? table(Object.entries(delivered.outputs).map(([key, value]) => [key, value]))
          : 'Nothing was changed.',
      );
    });
}

function changesText(changes: readonly Change[]): string {
  return table(
    changes.map(({ ResourceChange: change }) => [
      `  ${change?.Action ?? ''}`,
      change?.LogicalResourceId ?? '',
      change?.ResourceType ?? '',
      change?.Replacement === 'True' ? paint.red('replaced') : '',
    ]),
  );
}
