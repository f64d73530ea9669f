/** What a check looks for, and what it finds. A rule is declared once, in `rules.ts`; its page is `docs/checks/<id>.md`. */
import type { Path } from '../../region/template.ts';
import type { Model } from '../model/model.ts';

/** `error`: it does not work, or is open to those it should not be. `warning`: it will hurt. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

export interface RuleName {
  /** For ever the same, lower case: `acl-return-ports`. Suppressions and code reviews name it. */
  readonly id: string;
  readonly severity: Severity;
  /** AWS's page that says why. */
  readonly page?: string | undefined;
  /** What is so when the rule has found nothing: "Every reply finds its way through the ACLs". */
  readonly title: string;
}

export interface Rule extends RuleName {
  /**
   * What it takes for granted. It is not run, and told as not proven, where a part of the network could not be made: it
   * would find the hole that the part has left.
   */
  readonly needs?: 'whole network' | undefined;
  find(model: Model): Iterable<Found> | Promise<Iterable<Found>>;
}

export interface Found {
  /** One or two sentences: what is wrong, with names and values, and what follows from it. */
  readonly message: string;
  /** The resource to mend. */
  readonly logicalId?: string | undefined;
  /** Within its definition: `['Properties', 'Routes', 0]`. */
  readonly path?: Path | undefined;
  /** The smallest change that mends it; lines to paste where it is a piece of template. */
  readonly fix?: string | undefined;
}

export interface Finding extends Found {
  readonly rule: string;
  readonly severity: Severity;
  /** In the template, from 1. */
  readonly line?: number | undefined;
  /** Where CDK's code made the resource. */
  readonly constructPath?: string | undefined;
}
