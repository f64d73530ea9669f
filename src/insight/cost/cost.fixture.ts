/** Bills of what the blueprint makes, under traffic that a test gives. */
import type { ConfigInput } from '../../blueprint/config.ts';
import { synthesise } from '../../blueprint/synthesise.ts';
import type { Given } from './assumptions.ts';
import { type CostOptions, cost } from './cost.ts';
import { decimal } from './decimal.ts';

export const given = (values: Readonly<Record<string, number | string>>): Given =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, { value: decimal(value), origin: 'given' as const }]),
  );
export const of = (config: ConfigInput, more: Partial<CostOptions> = {}) =>
  cost({ name: 'build.yml', template: synthesise(config).yaml, ...more });
