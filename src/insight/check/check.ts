/** All rules over one template. */
import type { NotModelled } from '../../region/template.ts';
import type { Model, ModelOptions } from '../model/model.ts';
import { modelOf } from '../model/model.ts';
import type { Finding, Found, Rule } from './rule.ts';
import { rules as every } from './rules.ts';

export interface CheckResult {
  readonly findings: readonly Finding[];
  /** Of these nothing is claimed. */
  readonly notProven: readonly NotModelled[];
}

/** Throws `ModelError` where the template is none. */
export async function check(options: ModelOptions, rules: readonly Rule[] = every): Promise<CheckResult> {
  const model = await modelOf({ ...options, partial: true });
  try {
    const findings: Finding[] = [];
    for (const rule of rules) {
      for (const found of await rule.find(model)) findings.push(placed(model, rule, found));
    }
    return { findings, notProven: model.notModelled };
  } finally {
    await model.close();
  }
}

function placed(model: Model, { id, severity }: Rule, found: Found): Finding {
  const { logicalId, path = [] } = found;
  const finding: Finding = { rule: id, severity, ...found };
  if (logicalId === undefined) return finding;
  const { constructPath } = model.resources.get(logicalId) ?? {};
  return { ...finding, line: model.lineOf(logicalId, ...path), constructPath };
}
