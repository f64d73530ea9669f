import { describe, expect, it } from 'vitest';
import { Fault } from '../wire/fault.ts';
import { chooseValues, type GivenParameter, lookUpValues, parameterReference } from './parameters.ts';
import { parseTemplate } from './parse.ts';

const templateWith = (parameters: string) =>
  parseTemplate(`Parameters: { ${parameters} }\nResources: { B: { Type: AWS::S3::Bucket } }`);
const give = (values: Record<string, string>): GivenParameter[] =>
  Object.entries(values).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));

describe('parameters', () => {
  it('are given, kept or defaulted', () => {
    const template = templateWith(
      'A: { Type: String, Default: a }, B: { Type: Number, Default: 1 }, C: { Type: String }',
    );
    expect(
      chooseValues(template, [...give({ A: 'x' }), { ParameterKey: 'C', UsePreviousValue: true }], {
        C: { value: 'kept' },
      }),
    ).toEqual({
      A: { value: 'x' },
      B: { value: '1' },
      C: { value: 'kept' },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['A: { Type: String }, B: { Type: String }', {}, 'Parameters: [A, B] must have values'],
    ['A: { Type: String }', { A: 'x', X: 'y', Y: 'z' }, 'Parameters: [X, Y] do not exist in the template'],
    ['A: { Type: String, AllowedValues: [a, b] }', { A: 'c' }, "Parameter 'A' must be one of AllowedValues"],
    ['A: { Type: String, AllowedPattern: "[a-z]+" }', { A: 'abc1' }, "Parameter 'A' must match pattern [a-z]+"],
    [
      'A: { Type: String, AllowedPattern: "[a-z]+", ConstraintDescription: must be small }',
      { A: '1' },
      'Parameter A failed to satisfy constraint: must be small',
    ],
    [
      'A: { Type: String, AllowedPattern: "(a+)+" }',
      { A: `${'a'.repeat(60)}!` },
      "Parameter 'A': its AllowedPattern takes too long to match",
    ],
    ['A: { Type: String, MinLength: 3 }', { A: 'ab' }, "Parameter 'A' must contain at least 3 characters"],
    ['A: { Type: String, MaxLength: 3 }', { A: 'abcd' }, "Parameter 'A' must contain at most 3 characters"],
    ['A: { Type: Number }', { A: 'x' }, "Parameter 'A' must be a number"],
    ['A: { Type: Number, MinValue: 2 }', { A: '1' }, "Parameter 'A' must be a number not less than 2"],
    ['A: { Type: Number, MaxValue: 2 }', { A: '3' }, "Parameter 'A' must be a number not greater than 2"],
    ['A: { Type: List<Number> }', { A: '1,x' }, "Parameter 'A' must be a number"],
    [
      'A: { Type: CommaDelimitedList, AllowedValues: [a, b] }',
      { A: 'a, c' },
      "Parameter 'A' must be one of AllowedValues",
    ],
    ['A: { Type: String }', { A: 'x'.repeat(4097) }, "Parameter 'A' must contain at most 4096 characters"],
  ])('%s with %o is refused', (parameters, values, message) => {
    expect(() => chooseValues(templateWith(parameters), give(values))).toThrow(message);
  });

  it('refuse a previous value that there is not', () => {
    expect(() =>
      chooseValues(templateWith('A: { Type: String }'), [{ ParameterKey: 'A', UsePreviousValue: true }]),
    ).toThrow('Cannot specify usePreviousValue as true for a parameter key not in the previous template');
  });

  it('are looked up in SSM, lists as lists', async () => {
    const template = templateWith(
      "A: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /a }, L: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /l }",
    );
    const stored: Record<string, string> = { '/a': 'ami-1', '/l': 'x, y' };
    const invoke = async <O>(_: string, operation: string, input: object) => {
      expect(operation).toBe('GetParameters');
      const { Names } = input as { Names: string[] };
      return { Parameters: Names.flatMap((name) => (stored[name] ? [{ Value: stored[name] }] : [])) } as O;
    };
    const values = await lookUpValues(template, chooseValues(template, []), invoke);
    expect(values).toEqual({ A: { value: '/a', resolved: 'ami-1' }, L: { value: '/l', resolved: 'x, y' } });
    const { L } = template.parameters;
    expect(L && values.L && parameterReference(L, values.L)).toEqual(['x', 'y']);
    delete stored['/a'];
    await expect(lookUpValues(template, chooseValues(template, []), invoke)).rejects.toThrow(
      'Unable to fetch parameters [/a] from parameter store for this account.',
    );
  });

  it('of key pairs are taken where what is not modelled is allowed', async () => {
    const template = templateWith('K: { Type: AWS::EC2::KeyPair::KeyName }');
    const invoke = async <O>() => ({ KeyPairs: [] }) as O;
    const given = { K: { value: 'mine' } };
    await expect(lookUpValues(template, given, invoke, { allowUnmodelled: true })).resolves.toEqual(given);
    await expect(lookUpValues(template, given, invoke)).rejects.toThrow(
      'parameter value mine for parameter name K does not exist',
    );
  });

  it('of AWS-specific types must name what exists', async () => {
    const template = templateWith('V: { Type: AWS::EC2::VPC::Id }');
    const invoke = async <O>(_: string, __: string, input: object) => {
      if ((input as { VpcIds: string[] }).VpcIds[0] !== 'vpc-1') throw new Fault('InvalidVpcID.NotFound', 'no');
      return { Vpcs: [{}] } as O;
    };
    await expect(lookUpValues(template, { V: { value: 'vpc-1' } }, invoke)).resolves.toBeDefined();
    await expect(lookUpValues(template, { V: { value: 'vpc-2' } }, invoke)).rejects.toThrow(
      'Parameter validation failed: parameter value vpc-2 for parameter name V does not exist',
    );
  });
});
