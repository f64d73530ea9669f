/** Every rule, in the order in which findings are told. */
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [];
