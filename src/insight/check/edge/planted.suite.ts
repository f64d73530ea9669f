/** The blueprint with one mistake in each: what `check` must find, by which rule and at which resource. */
import { type Planted, planted } from './edits.suite.ts';
import { machines, roles, trusts } from './planted-machines.suite.ts';
import { originsAndBuckets } from './planted-origins.suite.ts';
import { refused } from './planted-refused.suite.ts';
import { sites } from './planted-sites.suite.ts';

/** Found by a search of a rule. */
export const edgeMistakes: readonly Planted[] = [...originsAndBuckets, ...sites, ...roles, ...trusts, ...machines].map(
  planted,
);
/** Told by the service that refuses them. */
export const refusedEdgeMistakes: readonly Planted[] = refused.map(planted);
