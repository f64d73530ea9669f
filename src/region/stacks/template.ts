/** A parsed CloudFormation template: what the other files of this room read. */
import { Fault } from '../wire/fault.ts';

/** Any value of a template. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type ValueMap = { readonly [key: string]: Value };

/** Where in a template: `['Resources', 'Vpc', 'Properties', 'CidrBlock']`. */
export type Path = readonly (string | number)[];

export interface Template {
  /** As it was given. */
  readonly text: string;
  readonly description: string | undefined;
  readonly metadata: ValueMap;
  readonly parameters: Readonly<Record<string, ParameterDefinition>>;
  readonly mappings: Readonly<Record<string, Readonly<Record<string, ValueMap>>>>;
  readonly conditions: ValueMap;
  readonly rules: Readonly<Record<string, RuleDefinition>>;
  readonly transforms: readonly string[];
  readonly resources: Readonly<Record<string, ResourceDefinition>>;
  readonly outputs: Readonly<Record<string, OutputDefinition>>;
  /** The line (from 1) of a part of the template, or of the nearest part around it. */
  lineOf(path: Path): number | undefined;
  /** Keys that are there several times in one map, in the order of the text. */
  repeated(): readonly RepeatedKey[];
}

export interface RepeatedKey {
  readonly path: Path;
  /** The last one's is read, as CloudFormation does without a word: https://github.com/aws-cloudformation/cfn-lint/issues/35 */
  readonly lines: readonly number[];
}

export interface ParameterDefinition {
  readonly Type: string;
  readonly Default?: string | undefined;
  readonly Description?: string | undefined;
  readonly NoEcho?: boolean | undefined;
  readonly AllowedValues?: readonly string[] | undefined;
  readonly AllowedPattern?: string | undefined;
  readonly MinLength?: number | undefined;
  readonly MaxLength?: number | undefined;
  readonly MinValue?: number | undefined;
  readonly MaxValue?: number | undefined;
  readonly ConstraintDescription?: string | undefined;
}

export interface RuleDefinition {
  readonly RuleCondition?: Value;
  readonly Assertions: readonly { readonly Assert: Value; readonly AssertDescription?: string }[];
}

export interface ResourceDefinition {
  readonly Type: string;
  readonly Properties: ValueMap;
  readonly Metadata: ValueMap;
  readonly DependsOn: readonly string[];
  readonly Condition?: string | undefined;
  readonly CreationPolicy?: ValueMap | undefined;
  readonly UpdatePolicy?: ValueMap | undefined;
  readonly DeletionPolicy: Value;
  readonly UpdateReplacePolicy: Value;
}

export interface OutputDefinition {
  readonly Value: Value;
  readonly Description?: string | undefined;
  readonly Condition?: string | undefined;
  readonly Export?: Value | undefined;
}

/** A mistake in a template, in AWS's words; `path` says where, for whoever has the text and can show the line. */
export class TemplateFault extends Fault {
  readonly path: Path | undefined;

  constructor(message: string, path?: Path) {
    super('ValidationError', message);
    this.path = path;
  }
}

export function isMap(value: unknown): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A scalar as text, as CloudFormation takes numbers and booleans where text is meant. */
export function scalarText(value: Value | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

export const languageExtensions = 'AWS::LanguageExtensions';

/** The functions of templates, as AWS lists them when it meets another. */
export const functionNames = [
  'Fn::Base64',
  'Fn::GetAtt',
  'Fn::GetAZs',
  'Fn::ImportValue',
  'Fn::Join',
  'Fn::Split',
  'Fn::FindInMap',
  'Fn::Select',
  'Ref',
  'Fn::Equals',
  'Fn::If',
  'Fn::Not',
  'Condition',
  'Fn::And',
  'Fn::Or',
  'Fn::Contains',
  'Fn::EachMemberEquals',
  'Fn::EachMemberIn',
  'Fn::ValueOf',
  'Fn::ValueOfAll',
  'Fn::RefAll',
  'Fn::Sub',
  'Fn::Cidr',
] as const;

/** The function that a value calls, with its argument: `{ Ref: 'Vpc' }` gives `['Ref', 'Vpc']`. */
export function functionCall(value: Value): readonly [string, Value] | undefined {
  if (!isMap(value)) return undefined;
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length !== 1 || name === undefined) return undefined;
  if (name !== 'Ref' && !name.startsWith('Fn::')) return undefined;
  return [name, value[name] as Value];
}
