/**
 * A model of all of a template that can be made, and everything that keeps the rest from it. CloudFormation stops at the
 * first mistake and gives up what was under way; here what failed is taken out and the rest is made anew, until it stands.
 */
import { Fault } from '../../region/simulated-region.ts';
import {
  type Lint,
  lintTemplate,
  type NotModelled,
  parseTemplate,
  TemplateFault,
  templateLine,
  withoutResources,
} from '../../region/template.ts';
import type { Model, ModelOptions } from '../model/model.ts';
import { ModelError, parametersHint } from '../model/model-error.ts';
import { inTermsOf, modelOfRest } from '../model/model-of-rest.ts';
import { sentence } from '../model/reason-text.ts';
import { standInAccount } from '../model/stand-in-account.ts';
import { isMissing, isOfAccount, namedOfAccount, namesParameter, ofAccount } from '../model/surroundings.ts';
import { lintRules, refusalOf, serviceRefused } from './refused.ts';
import type { Finding } from './rule.ts';

export interface Making {
  readonly findings: readonly Finding[];
  /** Undefined where nothing could be made. */
  readonly model: Model | undefined;
  /** Resources that were not made, and why. */
  readonly unmade: ReadonlyMap<string, string>;
  readonly notModelled: readonly NotModelled[];
}

/** What is refused here and no mistake of the template: accounts have a default VPC, unless it was deleted. */
const ofModelAlone = /not modelled by Orrery|No default VPC for this user/;
/** Of AWS's endpoint services the model knows the usual ones; one of another region is a mistake. */
const endpointService = /Vpc Endpoint Service '(?:com\.amazonaws|aws\.api)\.([a-z0-9-]+)\./;

/** Throws `ModelError` where there is no template, or it lacks parameters. */
export async function makeWhatCanBe(options: ModelOptions): Promise<Making> {
  const lint = linted(options);
  const template = parseTemplate(options.template);
  const pathOf = (logicalId: string | undefined) => {
    const path = logicalId === undefined ? undefined : template.resources[logicalId]?.Metadata['aws:cdk:path'];
    return typeof path === 'string' ? path : undefined;
  };
  const findings = lint.mistakes.map(({ kind, message, path = [], line = template.lineOf(path) }): Finding => {
    const { id: rule, severity } = lintRules[kind];
    const logicalId = path[0] === 'Resources' ? String(path[1]) : undefined;
    return {
      ...{ rule, severity, logicalId, line, constructPath: pathOf(logicalId) },
      message: logicalId === undefined ? sentence(message) : `${logicalId}: ${sentence(message)}`,
      ...(logicalId === undefined ? {} : { path: path.slice(2) }),
    };
  });
  const unmade = new Map<string, string>();
  const note = (leftOut: ReadonlyMap<string, string>, own = 'it could not be made') => {
    for (const [id, due] of leftOut) unmade.set(id, due === id ? own : `it was not made: it needs ${due}`);
  };
  note(lint.leftOut);
  const tainted = withUnmodelled(lint);
  const rest = lint.sound === undefined ? undefined : await restOf({ ...options, template: lint.sound });
  const nothing: Making = { findings, model: undefined, unmade, notModelled: lint.notModelled };
  if (lint.sound === undefined || rest === undefined) return nothing;
  if (typeof rest === 'string') {
    for (const id of Object.keys(template.resources)) if (!unmade.has(id)) unmade.set(id, rest);
    return nothing;
  }
  note(
    withoutResources(
      lint.sound,
      rest.failed.flatMap(({ logicalId = '' }) => logicalId),
    ).leftOut,
  );
  for (const { message, logicalId = '' } of rest.failed) {
    const known = refusalOf(message, template.resources[logicalId]?.Properties);
    if (!known && isOfAccount(message)) {
      unmade.set(logicalId, message.replace(`${logicalId}: `, ''));
      continue;
    }
    const named = namedOfAccount(template, options.parameters ?? {}, logicalId);
    if (!known && named !== undefined && isMissing.test(message)) {
      unmade.set(logicalId, `it needs ${named}, and ${ofAccount}`);
      continue;
    }
    // It may only lack what the model has left out of it.
    const unknown =
      ofModelAlone.test(message) || endpointService.exec(message)?.[1] === (options.region ?? 'us-east-1');
    if (!known && (tainted.has(logicalId) || unknown)) {
      unmade.set(logicalId, `it could not be made without what is not modelled: ${message}`);
      continue;
    }
    const stands = assumedBy(rest, template.resources[logicalId]);
    if (stands.length > 0) {
      unmade.set(logicalId, `it may be made, as ${stands.join(', ')} may be another: ${message}`);
      continue;
    }
    findings.push({
      ...{ rule: known?.rule ?? serviceRefused.id, severity: 'error', logicalId },
      fix: known?.fix ?? unorderedFix(template, logicalId, message),
      ...{ message, line: template.lineOf(['Resources', logicalId]) },
      constructPath: pathOf(logicalId),
    });
  }
  // Nothing is left, or what was under way was given up with the last that failed.
  if (Object.keys(template.resources).length === unmade.size || rest.unmade.some((id) => !unmade.has(id))) {
    await rest.close();
    return nothing;
  }
  const notModelled = [...lint.notModelled, ...standInsOf(template, rest)];
  return { findings, model: { ...inTermsOf(template, rest), unmade: [...unmade.keys()] }, unmade, notModelled };
}

/** CloudFormation makes at the same time what does not refer to each other: a bucket, and its policy by the same text. */
function unorderedFix({ resources }: Model['template'], logicalId: string, message: string): string | undefined {
  const wanted = JSON.stringify(resources[logicalId]?.Properties.Bucket);
  if (!message.includes('(NoSuchBucket)') || wanted === undefined) return undefined;
  const bucket = Object.entries(resources).find(([, one]) => JSON.stringify(one.Properties.BucketName) === wanted)?.[0];
  if (bucket === undefined) return undefined;
  return `Bucket: !Ref ${bucket}   # in place of the same text: nothing tells CloudFormation to make ${bucket} first`;
}

/** What is said of all of it where nothing can be made, for no mistake of the template's. */
async function restOf(options: ModelOptions): Promise<Model | string> {
  try {
    return await modelOfRest(options);
  } catch (error) {
    const [refusal] = error instanceof ModelError ? error.problems : [];
    if (!refusal || !isOfAccount(refusal.message)) throw error;
    return `it was not made: ${refusal.message}, and ${ofAccount}`;
  }
}

/** Parameters that it names, and for which something of the model's own stands. */
function assumedBy({ assumed }: Model, resource: object | undefined): readonly string[] {
  const text = JSON.stringify(resource ?? {});
  return assumed.map(({ logicalId }) => logicalId).filter((name) => namesParameter(text, name));
}

/** With the lines of the text that was given. */
function standInsOf({ parameters, lineOf }: Model['template'], { standIns }: Model): readonly NotModelled[] {
  return standIns.map((one) => {
    const steps = one.path
      .split(/[.[\]]+/)
      .flatMap((step) => (step === '' ? [] : /^\d+$/.test(step) ? Number(step) : step));
    const { logicalId } = one;
    const isParameter = Object.hasOwn(parameters, logicalId);
    const path = isParameter ? ['Parameters', logicalId] : ['Resources', logicalId, 'Properties', ...steps];
    return { ...one, line: lineOf(path) };
  });
}

/** Resources of which something is not modelled, and those that need one of an unmodelled type. */
function withUnmodelled({ sound, notModelled }: Lint): ReadonlySet<string> {
  const types = notModelled.filter(({ path }) => path === '').map(({ logicalId }) => logicalId);
  const dependent = sound === undefined ? [] : withoutResources(sound, types).leftOut.keys();
  return new Set([...notModelled.map(({ logicalId }) => logicalId), ...dependent]);
}

function linted({ template, name, parameters }: ModelOptions): Lint {
  try {
    return lintTemplate(template, { ...parameters, ...standInsFor(template, parameters) });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const missing = /Parameters: \[([^\]]+)\] must have values/.exec(error.message)?.[1]?.split(/,\s*/);
    const hint = missing && parametersHint(missing);
    const line = error instanceof TemplateFault && error.path ? templateLine(template, error.path) : undefined;
    throw new ModelError(name, [{ message: error.message, line }], hint);
  }
}

/** None in what is no template: that is told first of all. */
function standInsFor(template: string, parameters: ModelOptions['parameters'] = {}) {
  try {
    return standInAccount(parseTemplate(template), parameters)?.placeholders;
  } catch (error) {
    if (error instanceof TemplateFault) return {};
    throw error;
  }
}
