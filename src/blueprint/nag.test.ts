import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { variants } from './variants.suite.ts';
import { WebArchitecture } from './web-architecture.ts';

/** Findings of the pack that are accepted: the rule, of which parts, and why. */
const accepted: readonly (readonly [rule: string, parts: RegExp, reason: string])[] = [
  [
    'VPC3',
    /^(Public|Private)Acl/,
    'Network ACLs are part of the design; each of their rules has its why and is proven by the model.',
  ],
  ['VPC7', /^Vpc$/, 'Flow logs are an option (network.flowLogs): they cost by the gigabyte, and a start does without.'],
  [
    'S1',
    /^(DataBucket|SpaBucket|BalancerLogs)$/,
    'Only CloudFront and one role read them; CloudTrail data events audit that better than server access logs.',
  ],
  [
    'ELB2',
    /^ApiBalancer$/,
    'Access logs are an option (api.accessLogs): they take a bucket that has to be emptied by hand.',
  ],
  ['CFR1', /^Distribution$/, 'The app is for every country, unless its owner knows better.'],
  ['CFR2', /^Distribution$/, 'A web ACL has a monthly price; it belongs to those who need one.'],
  [
    'CFR3',
    /^Distribution$/,
    'Standard logs need a bucket with ACLs, which are off here; metrics and alarms watch the distribution.',
  ],
  [
    'CFR4',
    /^Distribution$/,
    'TLS 1.2 is required with a domain; without one CloudFront fixes the policy of its own certificate.',
  ],
  ['IAM5[Resource::<DataBucket.Arn>/*]', /^MachineRole$/, 'The API reads all objects of its own bucket.'],
  [
    'IAM5[Resource::*]',
    /^MachineRole$/,
    'PutMetricData (held to one namespace), DescribeTags and Session Manager know no resources.',
  ],
  ['AS3', /^ApiGroup$/, 'Machines come and go by design: alarms tell a person what matters.'],
];

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

/** `rule part` for each finding. */
function findings(config: ConfigInput): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'orrery-nag-'));
  const { error } = console;
  try {
    // The report that it prints is read from its file.
    console.error = () => {};
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
    new WebArchitecture(new Stack(app, 'Stack'), 'App', config);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    try {
      app.synth();
    } catch {
      // It throws when there are errors among them.
    }
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
    return report.pluginReports.flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(
          ({ constructPath }) => `${ruleName.replace('AwsSolutions-', '')} ${constructPath.split('/').at(-1)}`,
        ),
      ),
    );
  } finally {
    console.error = error;
    rmSync(outdir, { recursive: true, force: true });
  }
}

it('AwsSolutions finds nothing but what is accepted for a reason', { timeout: 60_000 }, () => {
  const all = new Set(
    [variants.default, variants['every option, four zones'], variants['no NAT, dual-stack, four zones']].flatMap(
      findings,
    ),
  );
  const reasonOf = (finding: string) =>
    accepted.find(([rule, parts]) => finding.startsWith(`${rule} `) && parts.test(finding.slice(rule.length + 1)));
  expect([...all].filter((finding) => !reasonOf(finding))).toEqual([]);
  const used = new Set([...all].map(reasonOf));
  expect(
    accepted.filter((one) => !used.has(one)).map(([rule]) => rule),
    'accepted, but not found',
  ).toEqual([]);
});
