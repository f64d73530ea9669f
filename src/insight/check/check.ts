/** All rules over one template. */
import { type NotModelled, parseTemplate } from '../../region/template.ts';
import type { Model, ModelOptions } from '../model/model.ts';
import type { Expectation } from '../reach/expectation.ts';
import { reachability } from '../reach/reach.ts';
import { type ReachRow, reachTable } from '../reach/table.ts';
import { lacksItsPolicy } from './edge/bucket-questions.ts';
import { type Observed, roleUnused, roleUnusedName } from './edge/observed.ts';
import { bucketType } from './edge/origins.ts';
import { ofType } from './edge/parts.ts';
import { expectationRule, holdAll } from './expected.ts';
import { type Making, makeWhatCanBe } from './make.ts';
import { scalingGroups } from './network/groups.ts';
import { refusalRules } from './refused.ts';
import type { Finding, Found, Rule, RuleName, Severity } from './rule.ts';
import { rules as every } from './rules.ts';
import {
  metadataSuppressions,
  type SuppressedFinding,
  type Suppression,
  suppress,
  suppressionRule,
} from './suppress.ts';
import { withoutPhysicalIds } from './unnamed.ts';

export interface CheckOptions extends Omit<ModelOptions, 'partial'> {
  /** Besides those in the template's Metadata. */
  readonly suppressions?: readonly Suppression[];
  /** Of who reaches whom, and who never does. */
  readonly expectations?: readonly Expectation[];
  /** Whose reachability is told: names of places, or none for all. Absent: nobody's. */
  readonly reach?: readonly string[];
  /** What roles were seen to do in a running region: permissions that none of it needed are told. */
  readonly observed?: Observed;
  /** Told before each rule: how many are done, of how many. */
  onProgress?(done: number, all: number, title: string): void;
}

export interface CheckResult {
  readonly name: string;
  /** Errors first, then by line; without those that are suppressed. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Ids of the rules that were run and found nothing. */
  readonly held: readonly string[];
  /** Ids of the rules that were not run, as a part of what they look at could not be made. */
  readonly notRun: readonly string[];
  /** Of these nothing is claimed: types and properties that are not modelled, and resources that could not be made. */
  readonly notProven: readonly NotModelled[];
  /** Parameters that name parts of an account, and what stands for them: the rest holds with these. */
  readonly assumed: readonly NotModelled[];
  /** How many resources were made and looked at. */
  readonly resources: number;
  /** How many expectations were proven, for all packets. */
  readonly expectationsHeld: number;
  /** Who reaches whom, where it was asked for and the whole network could be made. */
  readonly reach?: readonly ReachRow[];
}

/** In the order of severity. */
export const severities: readonly Severity[] = ['error', 'warning', 'note'];

/** Throws `ModelError` where the template is none, or lacks parameters; `PlaceError` for an expectation of nobody. */
export async function check(options: CheckOptions, asked: readonly Rule[] = every): Promise<CheckResult> {
  const rules = options.observed === undefined ? asked : [...asked, roleUnused(options.observed)];
  const making = await makeWhatCanBe(options);
  const { model, unmade } = making;
  try {
    const template = parseTemplate(options.template);
    const whole = ![...unmade.keys()].some((id) => ofNetwork.test(template.resources[id]?.Type ?? ''));
    const run = rules.filter(({ needs }) => model && (whole || needs !== 'whole network'));
    const found: Finding[] = [...making.findings];
    for (const [done, rule] of run.entries()) {
      options.onProgress?.(done, run.length, rule.title);
      if (model)
        for (const one of await rule.find(model))
          if (!ofAccount(model, one)) found.push(placed(model, rule, withoutPhysicalIds(model, one)));
    }
    const expected = model && whole ? holdAll(model, options.expectations ?? []) : undefined;
    if (model)
      for (const one of expected?.broken ?? [])
        found.push(placed(model, expectationRule, withoutPhysicalIds(model, one)));
    const reach = model && whole && options.reach ? reachTable(reachability(model.world), options.reach) : undefined;
    const { suppressions, malformed } = metadataSuppressions(template);
    const names = knownRules(rules);
    const { findings, suppressed } = suppress(found, [...(options.suppressions ?? []), ...suppressions], {
      ids: new Set(names.map(({ id }) => id)),
      run: new Set([...run, ...refusalRules, ...(expected ? [expectationRule] : [])].map(({ id }) => id)),
    });
    const all = [...findings, ...malformed].sort(bySeverity);
    const withFindings = new Set([...found, ...malformed].map(({ rule }) => rule));
    return {
      name: options.name,
      findings: all,
      suppressed,
      held: [...refusalRules, ...run].map(({ id }) => id).filter((id) => !withFindings.has(id)),
      notRun: [
        ...rules.filter((one) => !run.includes(one)).map(({ id }) => id),
        ...(!expected && options.expectations?.length ? [expectationRule.id] : []),
      ],
      notProven: [
        ...notProven(making, template),
        ...(model ? await withoutMachines(model) : []),
        ...(model ? withoutPolicies(model) : []),
        ...(expected?.notProven ?? []),
      ],
      assumed: model?.assumed ?? [],
      resources: model ? [...model.resources.values()].filter(({ modelled }) => modelled).length : 0,
      expectationsHeld: expected?.held ?? 0,
      ...(reach ? { reach } : {}),
    };
  } finally {
    await model?.close();
  }
}

/** Every rule that a finding may name. */
export function knownRules(rules: readonly Rule[] = every): readonly RuleName[] {
  const always = rules.some(({ id }) => id === roleUnusedName.id) ? [] : [roleUnusedName];
  return [...refusalRules, ...rules, ...always, expectationRule, suppressionRule];
}

/** Nothing of the account is read; what stands for it has no mistakes. */
function ofAccount(model: Model, { logicalId }: Found): boolean {
  return logicalId !== undefined && model.isStandIn(logicalId);
}

const ofNetwork = /^AWS::(EC2|ElasticLoadBalancingV2|AutoScaling)::/;

function placed(model: Model, { id, severity }: RuleName, found: Found): Finding {
  const { logicalId, path = [] } = found;
  const finding: Finding = { rule: id, severity, ...found };
  if (logicalId === undefined) return finding;
  const { constructPath } = model.resources.get(logicalId) ?? {};
  return { ...finding, line: model.lineOf(logicalId, ...path), constructPath };
}

function bySeverity(a: Finding, b: Finding): number {
  const rank = severities.indexOf(a.severity) - severities.indexOf(b.severity);
  return rank !== 0 ? rank : (a.line ?? 0) - (b.line ?? 0);
}

/** Groups that begin empty: what their machines will reach is not seen. */
async function withoutMachines(model: Model): Promise<readonly NotModelled[]> {
  const empty = (await scalingGroups(model)).filter(({ Instances = [] }) => Instances.length === 0);
  return empty.map(({ AutoScalingGroupName }) => {
    const logicalId = model.logicalIdOf(AutoScalingGroupName) ?? AutoScalingGroupName;
    const { type = '', line } = model.resources.get(logicalId) ?? {};
    return { logicalId, type, path: '', what: 'it begins without machines: what they would reach is not seen', line };
  });
}

/** Buckets whose policy could not be made: who may read and write them, and how, is not known. */
function withoutPolicies(model: Model): readonly NotModelled[] {
  const open = ofType(model, bucketType).filter((bucket) => lacksItsPolicy(model, bucket));
  return open.map(({ logicalId, type, line }) => {
    const what = 'its policy could not be made: who may read it, and whether by TLS alone, is not known';
    return { logicalId, type, path: '', what, line };
  });
}

/** What CDK writes for its own statistics makes nothing. */
const withoutEffect = 'AWS::CDK::Metadata';

function notProven({ notModelled, unmade }: Making, template: Model['template']): readonly NotModelled[] {
  const unknown = new Set(
    notModelled.filter(({ path, what }) => path === '' && !what).map(({ logicalId }) => logicalId),
  );
  const others = [...unmade].filter(([logicalId]) => !unknown.has(logicalId));
  const missing = others.map(([logicalId, what]): NotModelled => {
    const type = template.resources[logicalId]?.Type ?? '';
    return { logicalId, type, path: '', what, line: template.lineOf(['Resources', logicalId]) };
  });
  return [...notModelled.filter(({ type }) => type !== withoutEffect), ...missing];
}
