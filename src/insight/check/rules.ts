/** Every rule, in the order in which they are run. */
import { edgeRules } from './edge/index.ts';
import { networkRules } from './network/index.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [...networkRules, ...edgeRules];
