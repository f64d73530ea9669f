/**
 * Everything that is wrong with a template, where CloudFormation stops at the first: what is mistaken is taken out,
 * together with what depends on it, and the rest is looked at again. `sound` is what is left.
 */
import { resourceValues, type TemplateMistake, templateMistakes } from './check.ts';
import { unmodelledReferences } from './dynamic.ts';
import { CircularDependency } from './order.ts';
import { chooseValues, type GivenParameter } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import { makePlan, type Plan } from './plan.ts';
import { references } from './references.ts';
import { resolveMap } from './resolve.ts';
import { conform } from './spec.ts';
import { type NotModelled, type ResourceTypes, surveyPlan, surveySurroundings, withoutSsm } from './survey.ts';
import { readSyntax } from './syntax.ts';
import { type Path, type RepeatedKey, type Template, TemplateFault, type Value, type ValueMap } from './template.ts';

/**
 * `schema`: a property that the type has not, or not so. `reference`: to what is not there. `cycle`: resources that need
 * each other. `repeated`: a key that is there twice. `refused`: anything else that CloudFormation does not take.
 */
export type LintKind = 'schema' | 'reference' | 'cycle' | 'repeated' | 'refused';

export interface LintMistake {
  readonly kind: LintKind;
  readonly message: string;
  readonly path: Path | undefined;
  /** Where it is not that of the path. */
  readonly line?: number | undefined;
}

export interface Lint {
  readonly mistakes: readonly LintMistake[];
  /** The text without what is mistaken; undefined where no template is left. */
  readonly sound: string | undefined;
  /** Resources that are not in it, by what they lack: themselves, when the mistake is theirs. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Resources whose condition holds; those of a template that cannot be evaluated are all of them. */
  readonly active: readonly string[];
  readonly notModelled: readonly NotModelled[];
}

/** Throws the `TemplateFault` of what is no template at all, and the `Fault` of parameters that do not fit it. */
export function lint(text: string, parameters: readonly GivenParameter[], types: ResourceTypes): Lint {
  const template = parseTemplate(text);
  const values = withoutSsm(template, chooseValues(template, parameters));
  const mistakes = new Map<string, LintMistake>();
  const leftOut = new Map<string, string>();
  const note = (kind: LintKind, message: string, path: Path | undefined) => {
    mistakes.set(`${message} ${path?.join(' ')}`, { kind, message, path });
  };
  for (const one of template.repeated()) {
    const message = repeatedText(one);
    mistakes.set(message, { kind: 'repeated', message, path: one.path, line: one.lines[0] });
  }
  const unmodelled: NotModelled[] = [];
  let left: Reduced = { text, leftOut };
  const takeOut = (paths: readonly (Path | undefined)[]): boolean => {
    if (paths.some((path) => path?.[0] !== 'Resources' && path?.[0] !== 'Outputs')) return false;
    const named = (section: string) => paths.flatMap((path) => (path?.[0] === section ? [String(path[1])] : []));
    left = withoutResources(left.text, named('Resources'), named('Outputs'));
    for (const [id, why] of left.leftOut) leftOut.set(id, why);
    return Object.keys(template.resources).length > leftOut.size;
  };
  const ended = (plan: Plan | undefined): Lint => ({
    mistakes: [...mistakes.values()],
    sound: plan && left.text,
    leftOut,
    active: Object.keys(template.resources).filter((id) => !plan || id in plan.resources || leftOut.has(id)),
    notModelled: [...unmodelled, ...(plan ? surveyPlan(plan, types).notModelled : [])].map((one) =>
      withLine(template, one),
    ),
  });

  const stated = templateMistakes(template);
  for (const { fault, unresolved } of stated) note(kindOf(fault, unresolved), fault.message, fault.path);
  if (stated.length > 0 && !takeOut(stated.flatMap((one) => placesOf(template, one)))) return ended(undefined);
  // Each round takes something out, and the second one is mostly the last.
  for (;;) {
    let plan: Plan;
    try {
      plan = makePlan(parseTemplate(left.text), values, surveySurroundings);
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      if (isUnmodelled(error) && error.path?.[0] === 'Rules') {
        unmodelled.push(ofRule(error));
        left = { ...left, text: rewritten(left.text, withoutRule(String(error.path[1]))) };
        continue;
      }
      note(kindOf(error, undefined), error.message, error.path);
      const circle = error instanceof CircularDependency ? error.circle.map((id) => ['Resources', id]) : [error.path];
      if (!takeOut(circle)) return ended(undefined);
      continue;
    }
    const wrong = propertyMistakes(plan, types, note, unmodelled);
    if (wrong.length === 0) return ended(plan);
    if (!takeOut(wrong.map((id) => ['Resources', id]))) return ended(undefined);
  }
}

function repeatedText({ path, lines }: RepeatedKey): string {
  const others = lines.slice(0, -1);
  const lost = `what stands at line ${others.join(' and ')} is lost`;
  return `The key ${JSON.stringify(path.at(-1))} is there ${lines.length === 2 ? 'twice' : `${lines.length} times`}, and the last one counts, at line ${lines.at(-1)}: ${lost}`;
}

/** By logical id, resources whose properties cannot be evaluated or do not fit their schema. */
function propertyMistakes(
  plan: Plan,
  types: ResourceTypes,
  note: (kind: LintKind, message: string, path: Path | undefined) => void,
  unmodelled: NotModelled[],
): readonly string[] {
  const wrong: string[] = [];
  for (const [logicalId, resource] of Object.entries(plan.resources)) {
    const path = ['Resources', logicalId, 'Properties'];
    if (Object.hasOwn(resource.Properties, 'Fn::Transform')) {
      unmodelled.push({ logicalId, type: resource.Type, path: '', what: 'Fn::Transform is not modelled by Orrery' });
      wrong.push(logicalId);
      continue;
    }
    try {
      const { properties, problems } = conform(resource.Type, resolveMap(resource.Properties, plan.context, path));
      for (const problem of problems) note('schema', problem.message, [...path, ...problem.path]);
      // No mistake; of a type that is not modelled nothing reads them.
      const kinds = Object.hasOwn(types, resource.Type) ? [...new Set(unmodelledReferences(properties))] : [];
      const what = `dynamic references to ${kinds.join(', ')} are not modelled`;
      if (kinds.length > 0) unmodelled.push({ logicalId, type: resource.Type, path: '', what });
      if (problems.length + kinds.length > 0) wrong.push(logicalId);
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      const unknown = { logicalId, type: resource.Type, path: '', what: error.message.replace(/\.$/, '') };
      if (isUnmodelled(error)) unmodelled.push(unknown);
      else note(kindOf(error, undefined), error.message, error.path ?? path);
      wrong.push(logicalId);
    }
  }
  return wrong;
}

/** What CloudFormation would take, and the model does not. */
function isUnmodelled({ message }: TemplateFault): boolean {
  return message.includes('not modelled by Orrery');
}

function ofRule({ message, path }: TemplateFault): NotModelled {
  const what = `${message.replace(/\.$/, '')}: whether parameters keep the rule is not known`;
  return { logicalId: String(path?.[1]), type: 'rule', path: '', what };
}

function withoutRule(name: string) {
  return ({ Rules, ...root }: Record<string, Value>): Record<string, Value> => {
    const left = Object.entries((Rules ?? {}) as ValueMap).filter(([id]) => id !== name);
    return left.length === 0 ? root : { ...root, Rules: Object.fromEntries(left) };
  };
}

function kindOf(fault: TemplateFault, unresolved: TemplateMistake['unresolved']): LintKind {
  if (fault instanceof CircularDependency) return 'cycle';
  const leadsNowhere = /references undefined resource|does not support attribute|[Uu]nresolved/.test(fault.message);
  return unresolved || leadsNowhere ? 'reference' : 'refused';
}

/** Types that are unknown are told in one message: each of them has its place. */
function placesOf({ resources }: Template, { fault }: TemplateMistake): (Path | undefined)[] {
  const types = /Unrecognized resource types: \[(.*)\]/.exec(fault.message)?.[1]?.split(', ');
  if (!types) return [fault.path];
  return Object.entries(resources).flatMap(([id, { Type }]) => (types.includes(Type) ? [['Resources', id]] : []));
}

function withLine(template: Template, one: NotModelled): NotModelled {
  const steps = one.path === '' ? [] : ['Properties', ...one.path.split(/[.[\]]+/).filter((step) => step !== '')];
  const path = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return { ...one, line: template.lineOf(['Resources', one.logicalId, ...path]) };
}

export interface Reduced {
  readonly text: string;
  /** What was taken out, by what it lacks. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** The template without these resources, what refers to them in either branch of an `Fn::If`, and such outputs. */
export function withoutResources(
  text: string,
  logicalIds: readonly string[],
  outputNames: readonly string[] = [],
): Reduced {
  const root = readSyntax(text).value as { readonly [section: string]: ValueMap };
  const { resources, outputs } = parseTemplate(text);
  const leftOut = new Map(logicalIds.filter((id) => Object.hasOwn(resources, id)).map((id) => [id, id]));
  const lacks = (values: Iterable<readonly [Value, Path]>) => {
    for (const [value, path] of values) {
      for (const name of namesIn(value, path)) if (leftOut.has(name)) return name;
    }
    return undefined;
  };
  for (let before = -1; before < leftOut.size; ) {
    before = leftOut.size;
    for (const [id, resource] of Object.entries(resources)) {
      if (leftOut.has(id)) continue;
      const lacking = resource.DependsOn.find((other) => leftOut.has(other)) ?? lacks(resourceValues(resource, []));
      if (lacking !== undefined) leftOut.set(id, lacking);
    }
  }
  const kept = (section: ValueMap = {}, keep: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(section).filter(([name]) => keep(name)));
  const keptOutputs = kept(root.Outputs, (name) => {
    const output = outputs[name];
    if (!output || outputNames.includes(name)) return false;
    return (
      lacks([[output.Value, []], ...(output.Export === undefined ? [] : [[output.Export, []] as const])]) === undefined
    );
  });
  const reduced = { ...root, Resources: kept(root.Resources, (id) => !leftOut.has(id)), Outputs: keptOutputs };
  if (Object.keys(keptOutputs).length === 0) Reflect.deleteProperty(reduced, 'Outputs');
  return { text: JSON.stringify(reduced), leftOut };
}

/** The text of a template whose sections are changed. */
export function rewritten(text: string, change: (root: Record<string, Value>) => Record<string, Value>): string {
  return JSON.stringify(change(readSyntax(text).value as Record<string, Value>));
}

/** None in what is malformed: that is taken out by itself. */
function namesIn(value: Value, path: Path): readonly string[] {
  try {
    return [...references(value, path)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof TemplateFault) return [];
    throw error;
  }
}

/** Of a part of a text that is well formed, though it may be no template; undefined where it is not. */
export function templateLine(text: string, path: Path): number | undefined {
  try {
    return readSyntax(text).lineOf(path);
  } catch (error) {
    if (error instanceof TemplateFault) return undefined;
    throw error;
  }
}
