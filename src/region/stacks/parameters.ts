/**
 * The values of a template's parameters: given, kept or defaulted; checked against their constraints; looked up in SSM.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
 */
import { matchesWhole } from '../pattern/expression.ts';
import { Fault } from '../wire/fault.ts';
import { parameterType } from './parameter-definition.ts';
import type { ParameterDefinition, Template } from './template.ts';

/** A parameter as the operations take it. */
export interface GivenParameter {
  readonly ParameterKey?: string | undefined;
  readonly ParameterValue?: string | undefined;
  readonly UsePreviousValue?: boolean | undefined;
}

export interface ParameterValue {
  /** As given; the name of the SSM parameter where the type says so. */
  readonly value: string;
  /** What stood in SSM when the operation began. */
  readonly resolved?: string;
}

export type ParameterValues = Readonly<Record<string, ParameterValue>>;

const valueLimit = 4096;

/** Chooses and checks the values. Throws `ValidationError` in AWS's words. */
export function chooseValues(
  { parameters }: Pick<Template, 'parameters'>,
  given: readonly GivenParameter[],
  previous: ParameterValues = {},
): Record<string, ParameterValue> {
  const byKey = new Map<string, GivenParameter>();
  for (const parameter of given) {
    const key = parameter.ParameterKey ?? '';
    if (byKey.has(key)) throw invalid(`Duplicate input parameter keys: [${key}]`);
    byKey.set(key, parameter);
  }
  const stray = [...byKey.keys()].filter((key) => !Object.hasOwn(parameters, key));
  if (stray.length > 0) throw invalid(`Parameters: [${stray.join(', ')}] do not exist in the template`);

  const values: Record<string, ParameterValue> = {};
  const missing: string[] = [];
  for (const [name, definition] of Object.entries(parameters)) {
    const parameter = byKey.get(name);
    const kept = Object.hasOwn(previous, name) ? previous[name] : undefined;
    if (parameter?.UsePreviousValue && parameter.ParameterValue !== undefined) {
      throw invalid(
        `Invalid input for parameter key ${name}. Cannot specify usePreviousValue as true and non empty value for a parameter`,
      );
    }
    if (parameter?.UsePreviousValue && !kept) {
      throw invalid(
        `Invalid input for parameter key ${name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template`,
      );
    }
    const value = parameter?.UsePreviousValue ? kept?.value : (parameter?.ParameterValue ?? definition.Default);
    if (value === undefined) missing.push(name);
    else values[name] = { value };
  }
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(', ')}] must have values`);
  for (const [name, { value }] of Object.entries(values)) {
    const definition = parameters[name];
    if (definition) checkValue(name, value, definition);
  }
  return values;
}

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

function checkValue(name: string, value: string, definition: ParameterDefinition): void {
  const type = parameterType(definition.Type);
  if (!type) throw invalid(`Template format error: Unrecognized parameter type: ${definition.Type}`);
  const fault = (text: string) =>
    definition.ConstraintDescription === undefined
      ? invalid(`Parameter '${name}' ${text}`)
      : invalid(`Parameter ${name} failed to satisfy constraint: ${definition.ConstraintDescription}`);
  if (value.length > valueLimit) throw invalid(`Parameter '${name}' must contain at most ${valueLimit} characters`);
  const items = type.list ? splitList(value) : [value];
  const { AllowedValues, AllowedPattern, MinLength, MaxLength, MinValue, MaxValue } = definition;
  // A value from SSM is not what is written here: only its name is.
  const numeric = type.element === 'Number' && !type.fromSsm;
  for (const item of items) {
    if (numeric && !isNumber(item)) throw fault('must be a number');
    if (AllowedValues && !AllowedValues.includes(item)) throw fault('must be one of AllowedValues');
    if (AllowedPattern !== undefined) {
      const matches = matchesWhole(AllowedPattern, item);
      if (matches === undefined) throw invalid(`Parameter '${name}': its AllowedPattern takes too long to match`);
      if (!matches) throw fault(`must match pattern ${AllowedPattern}`);
    }
    if (numeric && MinValue !== undefined && Number(item) < MinValue)
      throw fault(`must be a number not less than ${MinValue}`);
    if (numeric && MaxValue !== undefined && Number(item) > MaxValue)
      throw fault(`must be a number not greater than ${MaxValue}`);
  }
  if (MinLength !== undefined && value.length < MinLength) throw fault(`must contain at least ${MinLength} characters`);
  if (MaxLength !== undefined && value.length > MaxLength) throw fault(`must contain at most ${MaxLength} characters`);
}

function isNumber(text: string): boolean {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(text);
}

function splitList(value: string): string[] {
  return value === '' ? [] : value.split(',').map((item) => item.trim());
}

/** What `Ref` of a parameter gives: text, or a list of texts. */
export function parameterReference(
  definition: ParameterDefinition,
  { value, resolved }: ParameterValue,
): string | string[] {
  const text = resolved ?? value;
  return parameterType(definition.Type)?.list ? splitList(text) : text;
}

/** Calls an operation as whoever runs the stack. */
export type Invoke = <O = Record<string, unknown>>(service: string, operation: string, input: object) => Promise<O>;

/** How AWS-specific types are checked: a call that faults, or answers emptily, for what does not exist. */
const existence: Readonly<
  Record<string, { service: string; operation: string; input: (value: string) => object; found: string }>
> = {
  'AWS::EC2::AvailabilityZone::Name': {
    service: 'ec2',
    operation: 'DescribeAvailabilityZones',
    input: (zone) => ({ ZoneNames: [zone] }),
    found: 'AvailabilityZones',
  },
  'AWS::EC2::Image::Id': {
    service: 'ec2',
    operation: 'DescribeImages',
    input: (id) => ({ ImageIds: [id] }),
    found: 'Images',
  },
  'AWS::EC2::Instance::Id': {
    service: 'ec2',
    operation: 'DescribeInstances',
    input: (id) => ({ InstanceIds: [id] }),
    found: 'Reservations',
  },
  'AWS::EC2::KeyPair::KeyName': {
    service: 'ec2',
    operation: 'DescribeKeyPairs',
    input: (name) => ({ KeyNames: [name] }),
    found: 'KeyPairs',
  },
  'AWS::EC2::SecurityGroup::Id': {
    service: 'ec2',
    operation: 'DescribeSecurityGroups',
    input: (id) => ({ GroupIds: [id] }),
    found: 'SecurityGroups',
  },
  'AWS::EC2::SecurityGroup::GroupName': {
    service: 'ec2',
    operation: 'DescribeSecurityGroups',
    input: (name) => ({ Filters: [{ Name: 'group-name', Values: [name] }] }),
    found: 'SecurityGroups',
  },
  'AWS::EC2::Subnet::Id': {
    service: 'ec2',
    operation: 'DescribeSubnets',
    input: (id) => ({ SubnetIds: [id] }),
    found: 'Subnets',
  },
  'AWS::EC2::Volume::Id': {
    service: 'ec2',
    operation: 'DescribeVolumes',
    input: (id) => ({ VolumeIds: [id] }),
    found: 'Volumes',
  },
  'AWS::EC2::VPC::Id': { service: 'ec2', operation: 'DescribeVpcs', input: (id) => ({ VpcIds: [id] }), found: 'Vpcs' },
  'AWS::Route53::HostedZone::Id': {
    service: 'route53',
    operation: 'GetHostedZone',
    input: (id) => ({ Id: id }),
    found: 'HostedZone',
  },
  'AWS::SSM::Parameter::Name': {
    service: 'ssm',
    operation: 'GetParameter',
    input: (name) => ({ Name: name }),
    found: 'Parameter',
  },
};

/**
 * Looks up what stands in SSM, and that what AWS-specific types name exists. Key pairs are not modelled, so that none is
 * there: with `allowUnmodelled` every name of one is taken.
 */
export async function lookUpValues(
  { parameters }: Template,
  values: ParameterValues,
  invoke: Invoke,
  { allowUnmodelled = false } = {},
): Promise<Record<string, ParameterValue>> {
  const result: Record<string, ParameterValue> = { ...values };
  const missing: string[] = [];
  for (const [name, { value }] of Object.entries(values)) {
    const definition = parameters[name];
    const type = definition && parameterType(definition.Type);
    if (!type) continue;
    let text = value;
    if (type.fromSsm) {
      const { Parameters = [] } = await invoke<{ Parameters?: { Value?: string }[] }>('ssm', 'GetParameters', {
        Names: [value],
      });
      const found = Parameters[0]?.Value;
      if (found === undefined) {
        missing.push(value);
        continue;
      }
      text = found;
      result[name] = { value, resolved: found };
    }
    if (allowUnmodelled && type.element === 'AWS::EC2::KeyPair::KeyName') continue;
    await checkExistence(name, type.element, type.list ? splitList(text) : [text], invoke);
  }
  if (missing.length > 0) {
    throw invalid(`Unable to fetch parameters [${missing.join(',')}] from parameter store for this account.`);
  }
  return result;
}

async function checkExistence(name: string, type: string, values: readonly string[], invoke: Invoke): Promise<void> {
  const check = existence[type];
  if (!check) return;
  for (const value of values) {
    const found = await invoke(check.service, check.operation, check.input(value)).then(
      (output) => output[check.found],
      (error: unknown) => {
        if (error instanceof Fault && !/denied|Unauthorized/i.test(error.code)) return undefined;
        throw error;
      },
    );
    if (found === undefined || (Array.isArray(found) && found.length === 0)) {
      throw invalid(`Parameter validation failed: parameter value ${value} for parameter name ${name} does not exist`);
    }
  }
}
