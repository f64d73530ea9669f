import { describe, expect, it } from 'vitest';
import { chooseValues } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import { makePlan } from './plan.ts';
import { type ResolveContext, resolve, Unknown } from './resolve.ts';
import type { Value } from './template.ts';

const head = `
Transform: AWS::LanguageExtensions
Parameters:
  Env: { Type: String, Default: dev }
  Port: { Type: Number, Default: 8080 }
  Subnets: { Type: CommaDelimitedList, Default: 'a, b,c' }
  Empty: { Type: CommaDelimitedList, Default: '' }
Mappings:
  Regions:
    us-east-1: { Ami: ami-1, Zones: [x, y], Size: 2 }
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Numeric: !Equals [!Ref Port, 8080]
  Both: !And [!Condition IsDev, !Condition Numeric]
  Either: !Or [!Condition IsProd, !Condition Numeric]
  Mapped: !Equals [!FindInMap [Regions, !Ref 'AWS::Region', Ami], ami-1]
Resources:
  Bucket: { Type: AWS::S3::Bucket }
  Prod: { Type: AWS::S3::Bucket, Condition: IsProd }
  R:
    Type: AWS::S3::Bucket
    Metadata: { Value: `;

const surroundings = {
  account: '123456789012',
  region: 'us-east-1',
  stackName: 'app',
  stackId: 'arn:stack',
  notificationArns: ['arn:topic'],
  zonesOf: (region: string) => ['a', 'b'].map((letter) => `${region}${letter}`),
  exported: (name: string) => `exported ${name}`,
};

function value(expression: string, live: Partial<ResolveContext> = {}) {
  const template = parseTemplate(`${head}${expression} }\n`);
  const { context } = makePlan(template, chooseValues(template, []), surroundings);
  const known = {
    ...context,
    ref: (id: string) => `${id}-id`,
    attribute: (id: string, attribute: string) => `${id}.${attribute}`,
    ...live,
  };
  return resolve(template.resources.R?.Metadata.Value as Value, known, ['R']);
}

describe('intrinsic functions', () => {
  it.each<[string, unknown]>([
    ['!Ref Env', 'dev'],
    ['!Ref Port', '8080'],
    ['!Ref Subnets', ['a', 'b', 'c']],
    ['!Ref Empty', []],
    ['!Ref Bucket', 'Bucket-id'],
    ["!Ref 'AWS::AccountId'", '123456789012'],
    ["!Ref 'AWS::Region'", 'us-east-1'],
    ["!Ref 'AWS::Partition'", 'aws'],
    ["!Ref 'AWS::URLSuffix'", 'amazonaws.com'],
    ["!Ref 'AWS::StackName'", 'app'],
    ["!Ref 'AWS::StackId'", 'arn:stack'],
    ["!Ref 'AWS::NotificationARNs'", ['arn:topic']],
    ["!Ref 'AWS::NoValue'", undefined],
    ["{ a: 1, b: !Ref 'AWS::NoValue', c: [1, !Ref 'AWS::NoValue'] }", { a: 1, c: [1] }],
    ['!GetAtt Bucket.Arn', 'Bucket.Arn'],
    ['!GetAtt [Bucket, Arn]', 'Bucket.Arn'],
    ['!GetAtt Bucket.Endpoint.Address', 'Bucket.Endpoint.Address'],
    ['{ "Fn::GetAtt": Bucket.Arn }', 'Bucket.Arn'],
    ['{ "Fn::GetAtt": [Bucket, !Ref Env] }', 'Bucket.dev'],
    [
      "!Sub '${Env}:${Port} ${Bucket} ${Bucket.Arn} ${AWS::Region} ${!Literal} $x {y}'",
      'dev:8080 Bucket-id Bucket.Arn us-east-1 ${Literal} $x {y}',
    ],
    ["!Sub ['${a}-${b}-${Env}', { a: !Ref Port, b: x }]", '8080-x-dev'],
    ["!Sub ['${Env}', { Env: mine }]", 'mine'],
    ["!Join ['-', [a, !Ref Env, 1, true]]", 'a-dev-1-true'],
    ["!Join [',', !Ref Subnets]", 'a,b,c'],
    ["!Join ['', []]", ''],
    ["!Split [',', 'a,b,,c']", ['a', 'b', '', 'c']],
    ["!Split ['|', 'abc']", ['abc']],
    ['!Select [1, [a, b]]', 'b'],
    ["!Select ['2', !Ref Subnets]", 'c'],
    ["!Select [0, !Split ['.', a.b]]", 'a'],
    ["!Select [1, !GetAZs '']", 'us-east-1b'],
    ['!GetAZs eu-west-1', ['eu-west-1a', 'eu-west-1b']],
    ["!GetAZs { Ref: 'AWS::Region' }", ['us-east-1a', 'us-east-1b']],
    ["!FindInMap [Regions, !Ref 'AWS::Region', Ami]", 'ami-1'],
    ['!FindInMap [Regions, us-east-1, Zones]', ['x', 'y']],
    ['!FindInMap [Regions, us-east-1, Size]', 2],
    ['!FindInMap [Regions, mars, Ami, { DefaultValue: none }]', 'none'],
    ['!FindInMap [Nowhere, a, b, { DefaultValue: !Ref Env }]', 'dev'],
    ['!If [IsProd, big, small]', 'small'],
    ['!If [IsDev, !Ref Env, !Ref Prod]', 'dev'],
    ['!If [Both, yes, no]', true],
    ['!If [Either, 1, 2]', 1],
    ['!If [Mapped, mapped, not]', 'mapped'],
    ["{ x: !If [IsProd, a, !Ref 'AWS::NoValue'] }", {}],
    ['!Base64 hello', 'aGVsbG8='],
    ["!Base64 { 'Fn::Sub': '${Env} ü' }", Buffer.from('dev ü').toString('base64')],
    ['!ImportValue shared', 'exported shared'],
    ["!ImportValue { 'Fn::Sub': '${Env}-x' }", 'exported dev-x'],
    ["!Cidr ['10.0.0.0/16', 3, 8]", ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ["!Cidr ['10.0.7.9/16', '2', '12']", ['10.0.0.0/20', '10.0.16.0/20']],
    ["!Cidr ['2600:1f18:abc:de00::/56', 2, 64]", ['2600:1f18:abc:de00::/64', '2600:1f18:abc:de01::/64']],
    ['!Length [a, b]', 2],
    ['!Length { Ref: Subnets }', 3],
    ['!ToJsonString { a: !Ref Env, b: [1] }', '{"a":"dev","b":[1]}'],
    // Policies have a member of that name, which is no function.
    ['{ Condition: { StringEquals: { a: !Ref Env } } }', { Condition: { StringEquals: { a: 'dev' } } }],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });

  it.each([
    ['!Ref [a]', 'Template error: every Ref object must have a single String value.'],
    [
      "!Join ['-']",
      'Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.',
    ],
    ['!Join [{}, [a]]', 'Template error: every Fn::Join object requires two parameters'],
    ['!Select [2, [a, b]]', 'Template error: Fn::Select cannot select nonexistent value at index 2'],
    ['!Select [-1, [a, b]]', 'Template error: Fn::Select cannot select nonexistent value at index -1'],
    [
      '!Select [x, [a, b]]',
      'Template error: Fn::Select requires a list argument with a valid index value as its first element',
    ],
    [
      '!Select [0]',
      'Template error: Fn::Select requires a list argument with two elements: an integer index and a list',
    ],
    ["!Split [',']", 'Template error: every Fn::Split object requires two parameters'],
    ['!FindInMap [Regions, mars, Ami]', 'Template error: Unable to get mapping for Regions::mars::Ami'],
    ['!FindInMap [Regions, constructor, name]', 'Template error: Unable to get mapping for Regions::constructor::name'],
    [
      '!FindInMap [Nowhere, a, b]',
      "Template error: Mapping named 'Nowhere' is not present in the 'Mappings' section of template.",
    ],
    [
      '!FindInMap [Regions]',
      'Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value',
    ],
    ['!If [IsProd, a]', 'Template error: Fn::If requires a list argument with three elements'],
    ['!Base64 [a]', 'Template error: every Fn::Base64 object must have a String-typed value.'],
    ["!Cidr ['10.0.0.0/24', 9, 5]", 'Template error: every Fn::Cidr object requires'],
    ["!Cidr ['10.0.0/16', 1, 8]", 'Template error: every Fn::Cidr object requires'],
    ["!Cidr ['10.0.0.0/16', 257, 8]", 'Template error: every Fn::Cidr object requires'],
    ['!Equals [a, b]', 'Template error: Fn::Equals cannot be partially collapsed'],
    ['!Transform { Name: x }', 'Fn::Transform is not modelled by Orrery.'],
    [
      "{ 'Fn::Nonsense': 1 }",
      'Template error: Encountered unsupported function: Fn::Nonsense Supported functions are: [Fn::Base64, ',
    ],
    ["!Sub ['${a}', { a: [1] }]", 'Template error: the value of ${a} in Fn::Sub must be a string'],
    [
      "!Sub '${a b}'",
      'Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
    ],
    ['!Sub { a: b }', "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments."],
    [
      "!GetAtt ['', x]",
      'Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    ],
    [
      '!Ref Prod',
      'Template format error: Unresolved resource dependencies [Prod] in the Resources block of the template',
    ],
  ])('%s is refused', (expression, message) => {
    expect(() => value(expression)).toThrow(message);
  });

  it.each([
    '!Ref Bucket',
    "!Sub 'x${Bucket.Arn}'",
    "!Join ['', [a, !Ref Bucket]]",
    "!Split [',', !Ref Bucket]",
    '!Select [0, !Ref Bucket]',
    '!Base64 { Ref: Bucket }',
    '!Cidr [!GetAtt Bucket.Arn, 1, 8]',
  ])('%s is unknown before the stack runs', (expression) => {
    const unknown = { ref: (id: string) => new Unknown(id), attribute: (id: string) => new Unknown(id) };
    expect(value(expression, unknown)).toEqual(new Unknown('Bucket'));
  });

  it('needs the transform for the functions of AWS::LanguageExtensions', () => {
    const template = parseTemplate('Resources: { R: { Type: AWS::S3::Bucket, Metadata: { Value: !Length [a] } } }');
    const { context } = makePlan(template, {}, surroundings);
    expect(() => resolve(template.resources.R?.Metadata.Value as Value, context)).toThrow(
      'Encountered unsupported function: Fn::Length',
    );
  });
});

describe('conditions', () => {
  const evaluate = (conditions: string) => {
    const template = parseTemplate(`Conditions:\n${conditions}\nResources: { R: { Type: AWS::S3::Bucket } }`);
    return makePlan(template, {}, surroundings).conditions;
  };

  it('compare text, numbers and booleans as they are written', () => {
    expect(
      evaluate("  A: !Equals [1, '1']\n  B: !Equals [true, 'true']\n  C: !Equals [a, A]\n  D: !Equals [[a], [a]]"),
    ).toEqual({
      A: true,
      B: true,
      C: false,
      D: true,
    });
  });

  it.each([
    ['  A: !Condition B\n  B: !Condition A', 'Template format error: Circular dependency between conditions: [A, B]'],
    ['  A: !Condition C', 'Template error: unresolved condition dependency C in Condition'],
    ['  A: yes', 'Template format error: Conditions can only be boolean operations on parameters and other conditions'],
    [
      '  A: !And [!Equals [a, a]]',
      'Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.',
    ],
    ['  A: !Not []', 'Template error: every Fn::Not object requires one boolean parameter.'],
    ['  A: !Equals [a]', 'Template error: every Fn::Equals object requires a list of 2 string parameters.'],
  ])('%s is refused', (conditions, message) => {
    expect(() => evaluate(conditions)).toThrow(message);
  });
});

describe('rules', () => {
  const check = (env: string) => {
    const template = parseTemplate(`
Parameters: { Env: { Type: String }, Type: { Type: String, Default: t3.small } }
Rules:
  Prod:
    RuleCondition: !Equals [!Ref Env, prod]
    Assertions:
      - Assert: !Contains [[m5.large, m5.xlarge], !Ref Type]
        AssertDescription: Production needs a large machine
      - Assert: !EachMemberIn [[a, b], [a, b, c]]
Resources: { R: { Type: AWS::S3::Bucket } }`);
    return makePlan(template, chooseValues(template, [{ ParameterKey: 'Env', ParameterValue: env }]), surroundings);
  };
  it('hold only where their condition does', () => {
    expect(() => check('dev')).not.toThrow();
    expect(() => check('prod')).toThrow('Rule Prod failed: Production needs a large machine');
  });
});
