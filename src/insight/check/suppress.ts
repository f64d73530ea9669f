/**
 * Findings that somebody has looked at and lives with, each with the reason: in a file beside the template, in the
 * template's own `Metadata`, or in that of the resource.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import type { Model } from '../model/model.ts';
import type { Finding, RuleName } from './rule.ts';

export interface Suppression {
  /** A rule's. */
  readonly id: string;
  /** A logical id; without it every finding of the rule is meant. */
  readonly resource?: string | undefined;
  readonly reason: string;
  /** Where it stands: the file's name, or `Metadata`. */
  readonly from: string;
}

export interface SuppressedFinding extends Finding {
  readonly reason: string;
}

export class SuppressionError extends Error {
  override readonly name = 'SuppressionError';
}

const list = z.array(
  z.strictObject({ id: z.string().min(1), resource: z.string().min(1).optional(), reason: z.string().trim().min(1) }),
);
const file = z.strictObject({ suppress: list });

const form = 'suppress: [{ id: one-zone, reason: "A test system." }]';

/** Throws `SuppressionError`, which names the file. */
export function parseSuppressions(text: string, name: string): readonly Suppression[] {
  let given: unknown;
  try {
    given = parse(text);
  } catch (error) {
    throw new SuppressionError(`${name} is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
  const parsed = file.safeParse(given ?? {});
  if (!parsed.success) throw new SuppressionError(`${name}: ${issueText(parsed.error)}. It looks like this: ${form}`);
  return parsed.data.suppress.map((one) => ({ ...one, from: name }));
}

const key = 'orrery:suppress';

/** Of a template and its resources. What is malformed there is a finding rather than an end. */
export function metadataSuppressions(template: Model['template']): {
  readonly suppressions: readonly Suppression[];
  readonly malformed: readonly Finding[];
} {
  const suppressions: Suppression[] = [];
  const malformed: Finding[] = [];
  const read = (given: unknown, logicalId: string | undefined) => {
    if (given === undefined) return;
    const parsed = list.safeParse(given);
    const at = ['Metadata', key];
    if (parsed.success) {
      const own = logicalId === undefined ? {} : { resource: logicalId };
      suppressions.push(...parsed.data.map((one) => ({ ...one, ...own, from: 'Metadata' })));
      return;
    }
    malformed.push({
      ...{ rule: suppressionRule.id, severity: suppressionRule.severity, logicalId, path: at },
      message: `Metadata ${key}: ${issueText(parsed.error)}. Nothing is suppressed by it.`,
      line: template.lineOf(logicalId === undefined ? at : ['Resources', logicalId, ...at]),
      fix: 'orrery:suppress: [{ id: one-zone, reason: "A test system." }]',
    });
  };
  read(template.metadata[key], undefined);
  for (const [id, { Metadata }] of Object.entries(template.resources)) read(Metadata[key], id);
  return { suppressions, malformed };
}

export const suppressionRule: RuleName = {
  id: 'suppression',
  severity: 'warning',
  title: 'Every suppression names a rule, a reason, and something that was found',
};

/** Those that nothing was found for may hide what comes later: they are findings themselves. */
export function suppress(
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  known: { readonly ids: ReadonlySet<string>; readonly run: ReadonlySet<string> },
): { readonly findings: readonly Finding[]; readonly suppressed: readonly SuppressedFinding[] } {
  const open: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  const used = new Set<Suppression>();
  for (const finding of findings) {
    const by = suppressions.filter(
      ({ id, resource }) => id === finding.rule && (resource === undefined || resource === finding.logicalId),
    );
    for (const one of by) used.add(one);
    const [first] = by;
    if (first) suppressed.push({ ...finding, reason: first.reason });
    else open.push(finding);
  }
  const { id: rule, severity } = suppressionRule;
  for (const one of suppressions) {
    const { id, resource, from } = one;
    const what = resource === undefined ? id : `${id} at ${resource}`;
    const message = known.ids.has(id)
      ? `${from} suppresses ${what}, which was not found: it can go.`
      : `${from} suppresses ${what}, but there is no such rule.`;
    // Of a rule that was not run nothing is known.
    if (!used.has(one) && !(known.ids.has(id) && !known.run.has(id)))
      open.push({ rule, severity, message, ...(from === 'Metadata' && resource ? { logicalId: resource } : {}) });
  }
  return { findings: open, suppressed };
}

function issueText({ issues }: z.ZodError): string {
  const [first] = issues;
  const place = first?.path.join('.') ?? '';
  return place === '' ? (first?.message ?? '') : `${place}: ${first?.message}`;
}
