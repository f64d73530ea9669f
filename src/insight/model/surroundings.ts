/**
 * What a template takes for granted of the account that it is deployed to. The model's account is empty, so that some of it is
 * given a stand-in, and of what needs the rest nothing is made: both are told.
 */
import { Fault, type SimulatedRegion } from '../../region/simulated-region.ts';
import { type NotModelled, rewritten, type Template, type Value, withoutResources } from '../../region/template.ts';
import type { ModelProblem } from './model-error.ts';

type Asked = { readonly region: Pick<SimulatedRegion['region'], 'invoke'> };

export interface Surrounded {
  readonly text: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of what something else is in the place. */
  readonly standIns: readonly NotModelled[];
  /** Resources that are not in the text, as what they need is not there. */
  readonly lacking: readonly ModelProblem[];
}

/** With what AWS publishes and the region does not know replaced by what it knows, or left out. */
export async function surrounded(
  asked: Asked,
  template: Template,
  given: Surrounded['parameters'],
): Promise<Surrounded> {
  const images = await unknownImages(asked, template, given);
  const policies = await unknownPolicies(asked, template);
  return {
    text: policies.length === 0 ? template.text : rewritten(template.text, withoutPolicies(policies)),
    parameters: { ...given, ...Object.fromEntries(images.map(({ logicalId, instead }) => [logicalId, instead])) },
    standIns: [...images, ...policies].map(({ logicalId, type, path, what, line }) => ({
      ...{ logicalId, type, path, what, line },
    })),
    lacking: [],
  };
}

/**
 * Images of which AWS publishes the ids in Parameter Store: the region knows those of Amazon Linux, and one of these stands for
 * any other. Nothing looks at an image's inside.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
 */
async function unknownImages({ region }: Asked, template: Template, given: Surrounded['parameters']) {
  const found: (NotModelled & { readonly instead: string })[] = [];
  for (const [logicalId, { Type: type, Default = '' }] of Object.entries(template.parameters)) {
    const published = given[logicalId] ?? Default;
    if (!isImage(type, published)) continue;
    const { Parameters = [] } = await region.invoke<{ Parameters?: readonly unknown[] }>('ssm', 'GetParameters', {
      Names: [published],
    });
    if (Parameters.length > 0) continue;
    const instead = `${amazonLinux}${/arm64|aarch64/.test(published) ? 'arm64' : 'x86_64'}`;
    const what = `the image of ${published} is not known: one of Amazon Linux 2023 stands for it`;
    found.push({ logicalId, type, path: '', what, line: template.lineOf(['Parameters', logicalId]), instead });
  }
  return found;
}

const amazonLinux = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-';

function isImage(type: string, path: string): boolean {
  if (!type.startsWith('AWS::SSM::Parameter::Value<') || !path.startsWith('/aws/service/')) return false;
  return type.includes('AWS::EC2::Image::Id') || /\/(image_id|ami-id|ami_id)$|\/ami-[a-z]+-latest\//.test(path);
}

/** Managed policies of AWS's own are above a thousand, of which the region knows some. */
async function unknownPolicies({ region }: Asked, template: Template): Promise<NotModelled[]> {
  const known = new Map<string, boolean>();
  const found: NotModelled[] = [];
  for (const [logicalId, { Type: type, Properties }] of Object.entries(template.resources)) {
    const arns = type.startsWith('AWS::IAM::') ? Properties.ManagedPolicyArns : undefined;
    for (const [index, given] of (Array.isArray(arns) ? (arns as readonly Value[]) : []).entries()) {
      const name = ofAws(given);
      if (name === undefined) continue;
      if (!known.has(name)) known.set(name, await isPolicy(region, `arn:aws:iam::aws:policy/${name}`));
      if (known.get(name)) continue;
      const what = `AWS's policy ${name} is not known: what it allows is not seen`;
      const line = template.lineOf(['Resources', logicalId, 'Properties', 'ManagedPolicyArns', index]);
      found.push({ logicalId, type, path: `ManagedPolicyArns[${index}]`, what, line });
    }
  }
  return found;
}

/** However the ARN is put together. */
function ofAws(arn: Value): string | undefined {
  return /iam::aws:policy\/([\w+=,.@/-]+)/.exec(JSON.stringify(arn))?.[1];
}

async function isPolicy(region: Asked['region'], PolicyArn: string): Promise<boolean> {
  return region.invoke('iam', 'GetPolicy', { PolicyArn }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Fault) return false;
      throw error;
    },
  );
}

function withoutPolicies(unknown: readonly NotModelled[]) {
  const out = new Set(unknown.map(({ logicalId, path }) => `${logicalId} ${path}`));
  return (root: Record<string, Value>): Record<string, Value> => {
    const resources = root.Resources as Record<string, { readonly Properties?: Record<string, Value> }>;
    const changed = Object.entries(resources).map(([id, resource]) => {
      const arns = resource.Properties?.ManagedPolicyArns;
      if (!Array.isArray(arns)) return [id, resource];
      const kept = arns.filter((_, index) => !out.has(`${id} ManagedPolicyArns[${index}]`));
      return [id, { ...resource, Properties: { ...resource.Properties, ManagedPolicyArns: kept } }];
    });
    return { ...root, Resources: Object.fromEntries(changed) as Value };
  };
}

/** Said of everything that is left out because of the account. */
export const ofAccount = 'the model has nothing of your account but what the template makes';

/** Whether a refusal, or what is said of a resource, is about the account and not about the template. */
export function isOfAccount(text: string): boolean {
  return (
    text.includes(ofAccount) ||
    /parameter value .* for parameter name \w+ does not exist|^Unable to fetch parameters|No export named/s.test(text)
  );
}

/** Services' words for what is not there. */
export const isMissing = /NotFound|NoSuch|does not exist|could not be found/;

const idOfAws = /^(?:vpc|subnet|sg|rtb|acl|igw|nat|eni|eipalloc|vpce|pl|ami|snap|vol|lt|tgw|fs)-[0-9a-f]{8,}$/;
const arn = /^arn:aws[a-z-]*:.+/;

/** @param definition as JSON */
export function namesParameter(definition: string, name: string): boolean {
  return definition.includes(`{"Ref":"${name}"}`) || definition.includes(`\${${name}}`);
}

/** What a resource names by AWS's id or ARN, itself or by a parameter: it is not of the template. */
export function namedOfAccount(
  { resources, parameters }: Template,
  given: Readonly<Record<string, string>>,
  logicalId: string,
): string | undefined {
  const { Properties = {} } = resources[logicalId] ?? {};
  const text = JSON.stringify(Properties);
  const byParameters = Object.entries(parameters).flatMap(([id, { Default = '' }]) => {
    return namesParameter(text, id) ? (given[id] ?? Default).split(',') : [];
  });
  const literals = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, literal = '']) => literal);
  return (
    byParameters.find((one) => idOfAws.test(one.trim()) || arn.test(one.trim())) ??
    // Policies are full of ARNs, of what the template makes, too.
    literals.find((one) => idOfAws.test(one))
  );
}

/** Without what needs the thing that CloudFormation did not find; undefined where it refused for another reason, or nothing is left. */
export function withoutMissing(template: Template, before: Surrounded, refusal: string): Surrounded | undefined {
  const missing = missingOf(template, before, refusal);
  if (!missing) return undefined;
  const users = Object.entries(template.resources).flatMap(([id, resource]) =>
    missing.isUsedBy(JSON.stringify(resource)) ? [id] : [],
  );
  const outputs = Object.entries(template.outputs).flatMap(([id, output]) =>
    missing.isUsedBy(JSON.stringify(output)) ? [id] : [],
  );
  const { text, leftOut } = withoutResources(before.text, users, outputs);
  const left = (JSON.parse(text) as { readonly Resources: object }).Resources;
  if (Object.keys(left).length === 0 || (leftOut.size === 0 && missing.parameters.length === 0)) return undefined;
  const lacking = users.map((logicalId): ModelProblem => {
    const message = `${logicalId}: it needs ${missing.what}, and ${ofAccount}.`;
    return { message, logicalId, line: template.lineOf(['Resources', logicalId]) };
  });
  return { ...before, text: rewritten(text, asTexts(missing.parameters)), lacking: [...before.lacking, ...lacking] };
}

interface Missing {
  readonly what: string;
  /** That name it. */
  readonly parameters: readonly string[];
  /** By a resource, as JSON. */
  isUsedBy(definition: string): boolean;
}

function missingOf({ parameters }: Template, before: Surrounded, refusal: string): Missing | undefined {
  const [, value, name] = /parameter value (.*) for parameter name (\w+) does not exist/s.exec(refusal) ?? [];
  if (name !== undefined) return byParameters(`${value} (parameter ${name})`, [name]);
  const stored = /^Unable to fetch parameters \[(.+)\] from parameter store/.exec(refusal)?.[1];
  if (stored !== undefined) {
    const names = Object.entries(parameters).flatMap(([id, { Default }]) =>
      stored.split(',').includes(before.parameters[id] ?? Default ?? '') ? [id] : [],
    );
    return byParameters(`${stored} of Parameter Store (parameter ${names.join(', ')})`, names);
  }
  const exported = /^No export named (.+) found/.exec(refusal)?.[1];
  if (exported === undefined) return undefined;
  const isUsedBy = (definition: string) => definition.includes('"Fn::ImportValue"');
  return { what: `what other stacks export, as ${exported}`, parameters: [], isUsedBy };
}

function byParameters(what: string, names: readonly string[]): Missing {
  const isUsedBy = (definition: string) => names.some((name) => namesParameter(definition, name));
  return { what, parameters: names, isUsedBy };
}

/** Conditions may ask for them still. */
function asTexts(names: readonly string[]) {
  return (root: Record<string, Value>): Record<string, Value> => {
    const parameters = Object.entries((root.Parameters ?? {}) as Record<string, { readonly Type: string }>);
    const changed = parameters.map(([id, definition]) => {
      const Type = definition.Type.includes('List<') ? 'CommaDelimitedList' : 'String';
      return [id, names.includes(id) ? { ...definition, Type } : definition];
    });
    return { ...root, ...(changed.length === 0 ? {} : { Parameters: Object.fromEntries(changed) as Value }) };
  };
}
