/**
 * The architecture as CDK constructs: from an app's configuration to its CloudFormation template, and what must hold of
 * it. One file for each part; `web-architecture.ts` puts them together.
 */
export { type Config, ConfigError, type ConfigInput, configSchema, defineConfig, parseConfig } from './config.ts';
export { type Expectation, expectations } from './expectations.ts';
export { type LoadedConfig, loadConfig } from './load-config.ts';
export { type Synthesised, synthesise } from './synthesise.ts';
export type { Template, TemplateResource } from './template-text.ts';
export { WebArchitecture, type WebArchitectureProps } from './web-architecture.ts';
