/** From a configuration to templates, as data and as text: the same text for the same configuration, always. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, BootstraplessSynthesizer, type IStackSynthesizer, Stack } from 'aws-cdk-lib';
import { ConfigError, type ConfigInput, parseConfig } from './config.ts';
import { DomainArchitecture } from './domain-template.ts';
import { largestTemplate, type Template, templateText } from './template-text.ts';
import { WebArchitecture } from './web-architecture.ts';

export interface Synthesised {
  /** The content of `build.yml`, with intrinsic functions in their long form. */
  readonly template: Template;
  readonly yaml: string;
  /** The content of `domain.yml`, for stacks outside us-east-1. */
  readonly domainTemplate: Template;
  readonly domainYaml: string;
}

/** Throws a `ConfigError`. */
export function synthesise(input: ConfigInput): Synthesised {
  const config = parseConfig(input);
  const template = templateOf(`${config.name}: single-page app and API. Made by Orrery.`, (stack) => {
    new WebArchitecture(stack, 'App', config);
  });
  const domainTemplate = templateOf(
    `${config.name}: domain and certificate, for us-east-1. Made by Orrery.`,
    (stack) => {
      new DomainArchitecture(stack, 'Domain', config);
    },
  );
  const yaml = templateText(template);
  const bytes = Buffer.byteLength(yaml);
  if (bytes > largestTemplate) {
    throw new ConfigError([
      `The template has ${bytes} bytes. Allowed: ${largestTemplate}, the most that CloudFormation takes directly. Shorten what is long (api.environment, web.contentSecurityPolicy), or take fewer zones or options.`,
    ]);
  }
  return { template, yaml, domainTemplate, domainYaml: templateText(domainTemplate) };
}

/** A plain template: nothing of CDK's own in it, and nothing that it would need to be deployed. */
function templateOf(description: string, fill: (stack: Stack) => void): Template {
  const outdir = mkdtempSync(join(tmpdir(), 'orrery-synth-'));
  try {
    const app = new App({
      outdir,
      analyticsReporting: false,
      treeMetadata: false,
      builtinCloudFormationValidation: false,
    });
    // CDK is compiled without `exactOptionalPropertyTypes`, and its own class fails its own interface with it.
    const synthesizer = new BootstraplessSynthesizer() as IStackSynthesizer;
    const stack = new Stack(app, 'Stack', { description, synthesizer });
    fill(stack);
    return app.synth().getStackByName('Stack').template as Template;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
