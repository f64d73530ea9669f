/** Expectations of who reaches whom as a rule: each that is broken is a finding, with the packet that shows it. */
import type { NotModelled } from '../../region/template.ts';
import type { Model } from '../model/model.ts';
import type { Expectation } from '../reach/expectation.ts';
import { expectationText } from '../reach/expectation.ts';
import { reachability } from '../reach/reach.ts';
import type { Found, RuleName } from './rule.ts';

export const expectationRule: RuleName = {
  id: 'expectation',
  severity: 'error',
  title: 'Everybody reaches whom they should, and nobody else',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html',
};

export interface Expected {
  readonly broken: readonly Found[];
  /** How many were shown to hold. */
  readonly held: number;
  /** Those about places in which nothing is. */
  readonly notProven: readonly NotModelled[];
}

/** Throws a `PlaceError` for a name that the template does not have. */
export function holdAll(model: Model, expectations: readonly Expectation[]): Expected {
  const held = reachability(model.world).hold(expectations);
  const broken = held.filter(({ holds }) => !holds);
  const empty = held.filter((one) => one.empty);
  return {
    held: held.length - broken.length - empty.length,
    broken: broken.map(({ expectation, text, fix }) => ({
      message: `${text}.${expectation.why === undefined ? '' : ` It is expected because: ${expectation.why}.`}`,
      fix,
      logicalId: [expectation.to, expectation.from].find((name) => model.resources.has(name)),
    })),
    notProven: empty.map(({ expectation }) => ({
      logicalId: expectationText(expectation),
      type: 'expectation',
      path: '',
      what: 'there is nobody of whom it could be shown',
    })),
  };
}
