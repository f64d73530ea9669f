/** The Parameters section of a template. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html */
import { isMap, type ParameterDefinition, scalarText, TemplateFault, type Value, type ValueMap } from './template.ts';

const attributes = [
  'Type',
  'Default',
  'Description',
  'NoEcho',
  'AllowedValues',
  'AllowedPattern',
  'MinLength',
  'MaxLength',
  'MinValue',
  'MaxValue',
  'ConstraintDescription',
];

/** What AWS knows as a parameter type, without `List<>` and `AWS::SSM::Parameter::Value<>` around it. */
export const awsTypes = [
  'AWS::EC2::AvailabilityZone::Name',
  'AWS::EC2::Image::Id',
  'AWS::EC2::Instance::Id',
  'AWS::EC2::KeyPair::KeyName',
  'AWS::EC2::SecurityGroup::GroupName',
  'AWS::EC2::SecurityGroup::Id',
  'AWS::EC2::Subnet::Id',
  'AWS::EC2::Volume::Id',
  'AWS::EC2::VPC::Id',
  'AWS::Route53::HostedZone::Id',
] as const;

const simpleTypes: readonly string[] = [
  'String',
  'Number',
  'CommaDelimitedList',
  'AWS::SSM::Parameter::Name',
  ...awsTypes,
];
const listElements: readonly string[] = ['String', 'Number', ...awsTypes];

/** A parameter's type taken apart: `AWS::SSM::Parameter::Value<List<String>>` is from SSM, a list, of `String`. */
export interface ParameterType {
  readonly element: string;
  readonly list: boolean;
  readonly fromSsm: boolean;
}

export function parameterType(name: string): ParameterType | undefined {
  const fromSsm = /^AWS::SSM::Parameter::Value<(.+)>$/.exec(name)?.[1];
  const inner = fromSsm ?? name;
  if (inner === 'CommaDelimitedList') return { element: 'String', list: true, fromSsm: fromSsm !== undefined };
  const element = /^List<(.+)>$/.exec(inner)?.[1];
  const known = element === undefined ? simpleTypes.includes(inner) : listElements.includes(element);
  if (!known || (fromSsm !== undefined && (element ?? inner) === 'Number')) return undefined;
  return { element: element ?? inner, list: element !== undefined, fromSsm: fromSsm !== undefined };
}

export function parseParameterDefinition(name: string, value: Value): ParameterDefinition {
  const path = ['Parameters', name];
  const fault = (text: string, member?: string) =>
    new TemplateFault(`Template format error: ${text}`, member === undefined ? path : [...path, member]);
  if (!/^[A-Za-z0-9]{1,255}$/.test(name)) throw fault(`Parameter name ${name} is non alphanumeric.`);
  if (!isMap(value)) throw fault('Every Parameters member must be an object.');
  for (const attribute of Object.keys(value)) {
    if (!attributes.includes(attribute)) {
      throw new TemplateFault(`Invalid template parameter property '${attribute}'`, [...path, attribute]);
    }
  }
  if (typeof value.Type !== 'string') throw fault('Every Parameters object must contain a Type member.');
  if (!parameterType(value.Type)) throw fault(`Unrecognized parameter type: ${value.Type}`, 'Type');
  const { AllowedValues } = value;
  if (AllowedValues !== undefined && !Array.isArray(AllowedValues)) {
    throw fault('Every AllowedValues member must be a list.', 'AllowedValues');
  }
  return {
    Type: value.Type,
    Default: text(value, 'Default', fault),
    Description: text(value, 'Description', fault),
    NoEcho: flag(value.NoEcho),
    AllowedValues: AllowedValues?.map((item: Value) => {
      const allowed = scalarText(item);
      if (allowed === undefined) throw fault('Every AllowedValues value must be a string.', 'AllowedValues');
      return allowed;
    }),
    AllowedPattern: pattern(text(value, 'AllowedPattern', fault), fault),
    MinLength: number(value, 'MinLength', fault),
    MaxLength: number(value, 'MaxLength', fault),
    MinValue: number(value, 'MinValue', fault),
    MaxValue: number(value, 'MaxValue', fault),
    ConstraintDescription: text(value, 'ConstraintDescription', fault),
  };
}

type MakeFault = (text: string, member?: string) => TemplateFault;

function text(parameter: ValueMap, member: string, fault: MakeFault): string | undefined {
  const value = parameter[member];
  if (value === undefined) return undefined;
  const found = scalarText(value);
  if (found === undefined) throw fault(`Every ${member} member must be a string.`, member);
  return found;
}

function number(parameter: ValueMap, member: string, fault: MakeFault): number | undefined {
  const value = parameter[member];
  if (value === undefined) return undefined;
  const found = Number(scalarText(value) ?? Number.NaN);
  if (!Number.isFinite(found)) throw fault(`Every ${member} member must be a number.`, member);
  return found;
}

function flag(value: Value | undefined): boolean {
  return value === true || String(value).toLowerCase() === 'true';
}

function pattern(source: string | undefined, fault: MakeFault): string | undefined {
  if (source === undefined) return undefined;
  try {
    new RegExp(source);
  } catch {
    throw fault(`AllowedPattern is not a valid regular expression: ${source}`, 'AllowedPattern');
  }
  return source;
}
