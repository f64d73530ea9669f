/** Parameters: put with versions, read by name, ARN or path. */
import type {
  DeleteParameterRequest,
  DeleteParametersRequest,
  GetParameterHistoryRequest,
  GetParameterRequest,
  GetParametersByPathRequest,
  GetParametersRequest,
  Parameter,
  PutParameterRequest,
} from '@aws-sdk/client-ssm';
import { matchesWhole } from '../../pattern/expression.ts';
import { Fault } from '../../wire/fault.ts';
import { callerName } from '../dispatcher.ts';
import { pageAt } from '../paging.ts';
import type { Call, Scope } from '../service.ts';
import { checkTags, mostTags, type TagFaults } from '../tags.ts';
import { publicParameters } from './public-parameters.ts';
import { type ParameterRecord, type ParameterVersion, parameters } from './state.ts';

const mostVersions = 100;
const sizes = { Standard: 4096, Advanced: 8192 } as const;
const types = ['String', 'StringList', 'SecureString'] as const;

export const validation = (message: string) => new Fault('ValidationException', message);
export const notModelled = (what: string) => validation(`${what} is not modelled by Orrery`);
/** AWS says nothing more. */
const notFound = () => new Fault('ParameterNotFound', '');

export function parameterArn(scope: Scope, name: string): string {
  const account = name.startsWith('/aws/service/') ? '' : scope.account;
  return `arn:aws:ssm:${scope.region}:${account}:parameter${name.startsWith('/') ? '' : '/'}${name}`;
}

export const tagFaults: TagFaults = {
  malformed: () => validation('A tag key has 1 to 128 characters, its value at most 256'),
  duplicate: () => validation('A tag key was specified more than once'),
  tooMany: () => new Fault('TooManyTagsError', `A parameter has at most ${mostTags} tags`),
};

function checkName(name: string | undefined): string {
  if (!name)
    throw validation(
      "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  if (/^\/?aws(\/|$)/i.test(name))
    throw new Fault('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
  const [first = ''] = name.replace(/^\//, '').split('/');
  if (/^(aws|ssm)/i.test(first) || !/^(\/?[\w.-]+)(\/[\w.-]+)*$/.test(name)) {
    throw validation(
      'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  }
  if (name.includes('/') && !name.startsWith('/')) {
    throw validation('Parameter name must be a fully qualified name when it has a hierarchy: it starts with /.');
  }
  if (name.split('/').length > 16) {
    throw new Fault('HierarchyLevelLimitExceededException', 'The hierarchy of a parameter has at most 15 levels.');
  }
  if (name.length > 1011) throw validation('A parameter name has at most 1011 characters.');
  return name;
}

export async function putParameter(input: PutParameterRequest, call: Call) {
  const name = checkName(input.Name);
  const before = parameters(call).get(name);
  const last = before?.versions[0];
  if (before && !input.Overwrite) {
    throw new Fault(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  if (before && input.Tags?.length) {
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  }
  if (input.Policies) throw notModelled('A parameter policy');
  const type = types.find((one) => one === (input.Type ?? last?.type));
  if (!type) {
    throw validation(
      input.Type === undefined
        ? 'A parameter type is required when you create a parameter.'
        : `1 validation error detected: Value '${input.Type}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]`,
    );
  }
  const { Value: value, Description: description, KeyId } = input;
  if (!value)
    throw validation(
      "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  if (KeyId !== undefined && type !== 'SecureString')
    throw validation('KeyId is required for SecureString type parameter only.');
  const { dataType, allowedPattern } = checkValue(input, value);
  const tier = tierOf(input.Tier ?? last?.tier, value);
  if (last?.tier === 'Advanced' && tier === 'Standard') {
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
    );
  }
  const tags = before ? before.tags : checkTags(input.Tags, tagFaults);
  const keyId = KeyId ?? (last?.type === 'SecureString' ? last.keyId : undefined) ?? 'alias/aws/ssm';
  const stored = type === 'SecureString' ? await seal(call, name, keyId, value) : value;
  const version = (last?.version ?? 0) + 1;
  const made: ParameterVersion = {
    version,
    type,
    value: stored,
    dataType,
    tier,
    modifiedMs: call.clock.now(),
    modifiedBy: callerName(call.caller),
    ...(description === undefined ? {} : { description }),
    ...(allowedPattern === undefined ? {} : { allowedPattern }),
    ...(type === 'SecureString' ? { keyId } : {}),
  };
  parameters(call).put(name, { name, tags, versions: [made, ...(before?.versions ?? []).slice(0, mostVersions - 1)] });
  return { Version: version, Tier: tier };
}

function checkValue({ AllowedPattern: pattern, DataType: dataType = 'text' }: PutParameterRequest, value: string) {
  if (pattern !== undefined) {
    let matches: boolean | undefined;
    try {
      matches = pattern.length <= 1024 && matchesWhole(pattern, value);
    } catch {
      throw new Fault('InvalidAllowedPatternException', `The regular expression ${pattern} is not valid.`);
    }
    if (!matches) {
      throw new Fault(
        'ParameterPatternMismatchException',
        `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
      );
    }
  }
  if (dataType !== 'text' && dataType !== 'aws:ec2:image') throw notModelled(`The data type ${dataType}`);
  if (dataType === 'aws:ec2:image' && !/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(value)) {
    throw validation('The parameter value is not a valid AMI id.');
  }
  return { dataType, allowedPattern: pattern };
}

function tierOf(wanted: string | undefined, value: string): 'Standard' | 'Advanced' {
  const tier =
    wanted === 'Intelligent-Tiering'
      ? value.length > sizes.Standard
        ? 'Advanced'
        : 'Standard'
      : (wanted ?? 'Standard');
  if (tier !== 'Standard' && tier !== 'Advanced') {
    throw validation(
      `1 validation error detected: Value '${tier}' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]`,
    );
  }
  if (value.length > sizes[tier]) {
    throw validation(
      tier === 'Standard'
        ? 'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
        : 'Advanced tier parameters support a maximum parameter value of 8192 characters.',
    );
  }
  return tier;
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html */
const contextOf = (call: Call, name: string) => ({ PARAMETER_ARN: parameterArn(call, name) });

async function seal(call: Call, name: string, KeyId: string, value: string): Promise<string> {
  const { CiphertextBlob } = await call.invoke<{ CiphertextBlob: Uint8Array }>(call.caller, 'kms', 'Encrypt', {
    KeyId,
    Plaintext: Buffer.from(value),
    EncryptionContext: contextOf(call, name),
  });
  return Buffer.from(CiphertextBlob).toString('base64');
}

async function open(call: Call, name: string, sealed: string): Promise<string> {
  const { Plaintext } = await call.invoke<{ Plaintext: Uint8Array }>(call.caller, 'kms', 'Decrypt', {
    CiphertextBlob: Buffer.from(sealed, 'base64'),
    EncryptionContext: contextOf(call, name),
  });
  return Buffer.from(Plaintext).toString();
}

/** The name in a name, a name with a version, or an ARN. */
export function nameOf(given: string | undefined): { name: string; version?: number; selector?: string } {
  if (!given)
    throw validation(
      "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  const bare = given.replace(/^arn:aws[a-z-]*:ssm:[a-z0-9-]*:\d*:parameter(?=\/)/, '');
  const [name = '', selector, ...rest] = bare.split(':');
  if (rest.length > 0) throw validation(`Invalid parameter name: ${given}`);
  if (selector === undefined) return { name };
  if (!/^\d+$/.test(selector))
    throw new Fault(
      'ParameterVersionNotFound',
      `Systems Manager could not find version label ${selector} of ${name}. Verify the version and try again.`,
    );
  return { name, version: Number(selector), selector: `:${selector}` };
}

export function findParameter(scope: Scope, name: string): ParameterRecord | undefined {
  const own = parameters(scope);
  // An ARN has a slash before every name.
  return own.get(name) ?? publicParameters(scope.region).get(name) ?? own.get(name.replace(/^\//, ''));
}

async function render(
  call: Call,
  record: ParameterRecord,
  decrypt: boolean,
  version = record.versions[0],
): Promise<Parameter> {
  const secret = version.type === 'SecureString' && decrypt;
  return {
    Name: record.name,
    Type: version.type,
    Value: secret ? await open(call, record.name, version.value) : version.value,
    Version: version.version,
    LastModifiedDate: new Date(version.modifiedMs),
    ARN: parameterArn(call, record.name),
    DataType: version.dataType,
  };
}

export async function getParameter(input: GetParameterRequest, call: Call): Promise<{ Parameter: Parameter }> {
  const { name, version, selector } = nameOf(input.Name);
  const record = findParameter(call, name);
  if (!record) throw notFound();
  const chosen = version === undefined ? record.versions[0] : record.versions.find((one) => one.version === version);
  if (!chosen) {
    throw new Fault(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
    );
  }
  const parameter = await render(call, record, input.WithDecryption ?? false, chosen);
  return { Parameter: { ...parameter, ...(selector === undefined ? {} : { Selector: selector }) } };
}

export async function getParameters(input: GetParametersRequest, call: Call) {
  const names = input.Names ?? [];
  if (names.length < 1 || names.length > 10) {
    throw validation(
      `1 validation error detected: Value '[${names.join(', ')}]' at 'names' failed to satisfy constraint: Member must have length between 1 and 10`,
    );
  }
  const Parameters: Parameter[] = [];
  const InvalidParameters: string[] = [];
  for (const Name of names) {
    try {
      Parameters.push((await getParameter({ Name, WithDecryption: input.WithDecryption }, call)).Parameter);
    } catch (error) {
      if (!(error instanceof Fault && /^Parameter(Version)?NotFound$/.test(error.code))) throw error;
      InvalidParameters.push(Name);
    }
  }
  return { Parameters, InvalidParameters };
}

export function page<T>(
  all: readonly T[],
  most: number,
  { MaxResults = most, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
) {
  if (!(MaxResults >= 1 && MaxResults <= most)) {
    throw validation(
      `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and ${most}`,
    );
  }
  const { items, next } = pageAt(all, NextToken, MaxResults, () => {
    throw new Fault('InvalidNextToken', 'The specified token is not valid.');
  });
  return { items, ...(next === undefined ? {} : { NextToken: next }) };
}

export async function getParametersByPath(input: GetParametersByPathRequest, call: Call) {
  const { Path: path = '', Recursive = false, WithDecryption = false, ParameterFilters = [] } = input;
  if (!path.startsWith('/')) {
    throw validation(
      'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/".',
    );
  }
  const prefix = path.endsWith('/') ? path : `${path}/`;
  const wantedTypes = ParameterFilters.flatMap(({ Key, Option = 'Equals', Values = [] }) => {
    if (Key !== 'Type' || Option !== 'Equals') throw notModelled(`The filter ${Key} ${Option}`);
    return Values;
  });
  const all = [...publicParameters(call.region).values(), ...parameters(call).values()].filter(
    ({ name, versions }) =>
      name.startsWith(prefix) &&
      (Recursive || !name.slice(prefix.length).includes('/')) &&
      (ParameterFilters.length === 0 || wantedTypes.includes(versions[0].type)),
  );
  const { items, ...more } = page(
    all.sort((a, b) => (a.name < b.name ? -1 : 1)),
    10,
    input,
  );
  return { Parameters: await Promise.all(items.map((record) => render(call, record, WithDecryption))), ...more };
}

export async function getParameterHistory(input: GetParameterHistoryRequest, call: Call) {
  const { name } = nameOf(input.Name);
  const record = findParameter(call, name);
  if (!record) throw notFound();
  const { items, ...more } = page([...record.versions].reverse(), 50, input);
  const Parameters = await Promise.all(
    items.map(async (version) => {
      const { ARN: _, ...parameter } = await render(call, record, input.WithDecryption ?? false, version);
      return { ...parameter, ...details(version), Labels: [], Policies: [] };
    }),
  );
  return { Parameters, ...more };
}

/** What DescribeParameters and the history say beyond the value. */
export function details(version: ParameterVersion) {
  return {
    LastModifiedUser: version.modifiedBy,
    Tier: version.tier,
    ...(version.description === undefined ? {} : { Description: version.description }),
    ...(version.allowedPattern === undefined ? {} : { AllowedPattern: version.allowedPattern }),
    ...(version.keyId === undefined ? {} : { KeyId: version.keyId }),
  };
}

export function deleteParameter(input: DeleteParameterRequest, call: Call) {
  if (!parameters(call).delete(nameOf(input.Name).name)) throw notFound();
  return {};
}

export function deleteParameters(input: DeleteParametersRequest, call: Call) {
  const names = input.Names ?? [];
  if (names.length < 1 || names.length > 10) throw validation('Names must have 1 to 10 members');
  const DeletedParameters = names.filter((name) => parameters(call).delete(name));
  return { DeletedParameters, InvalidParameters: names.filter((name) => !DeletedParameters.includes(name)) };
}
