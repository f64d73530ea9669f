import { describe, expect, it } from 'vitest';
import { Fault } from '../wire/fault.ts';
import { lint, templateLine, withoutResources } from './lint.ts';
import { parseTemplate } from './parse.ts';

const many = `
Parameters: { Zone: { Type: String, Default: a } }
Conditions: { Never: !Equals [!Ref Zone, z] }
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Typo: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, Cidr: 10.0.0.0/24, Tags: 5 } }
  Lost: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub '\${Nobody}-\${Vpc.Nothing}' } }
  OfLost: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt Lost.TopicName } }
  A: { Type: AWS::SNS::Topic, DependsOn: B }
  B: { Type: AWS::SNS::Topic, DependsOn: A }
  Sometimes: { Type: AWS::SNS::Topic, Condition: Never }
  Wants: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt Sometimes.TopicName } }
  Chooses: { Type: AWS::SNS::Topic, Properties: { TopicName: !Select [3, [a]] } }
  Sound: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Zone } }
Outputs:
  Good: { Value: !Ref Sound }
  Bad: { Value: !Ref Lost }
  Worse: { Value: !Ref Nowhere }
`;

describe('lint', () => {
  const found = lint(many, [], {});

  it('tells every mistake, each with its kind and place', () => {
    const told = found.mistakes.map(({ kind, path, message }) => [kind, path?.slice(0, 2).join('.'), message]);
    expect(told).toEqual([
      ['reference', 'Resources.Lost', expect.stringContaining('does not support attribute type Nothing')],
      ['reference', 'Outputs.Worse', expect.stringContaining('[Nowhere] in the Outputs block')],
      ['reference', 'Resources.Wants', expect.stringContaining('[Sometimes]')],
      ['cycle', 'Resources.A', 'Circular dependency between resources: [A, B]'],
      ['schema', 'Resources.Typo', '#: extraneous key [Cidr] is not permitted'],
      ['schema', 'Resources.Typo', '#/Tags: expected type: JSONArray, found: Integer'],
      ['refused', 'Resources.Chooses', expect.stringContaining('Fn::Select')],
    ]);
  });

  it('leaves what is sound, as a template', () => {
    const sound = parseTemplate(found.sound ?? '');
    expect(Object.keys(sound.resources)).toEqual(['Vpc', 'Sometimes', 'Sound']);
    expect(Object.keys(sound.outputs)).toEqual(['Good']);
    expect(Object.fromEntries(found.leftOut)).toEqual({
      ...{ Typo: 'Typo', Lost: 'Lost', OfLost: 'Lost', A: 'A', B: 'B', Wants: 'Wants', Chooses: 'Chooses' },
    });
  });

  it('says what is not modelled of the rest, by the lines of the whole text', () => {
    expect(found.notModelled.find(({ logicalId }) => logicalId === 'Sound')).toMatchObject({
      type: 'AWS::SNS::Topic',
      path: '',
      line: 14,
    });
  });

  it.each([
    ['a mistake in Conditions', 'Conditions: { C: !Ref R }\nResources: { R: { Type: AWS::SNS::Topic } }'],
    ['nothing sound', 'Resources: { R: { Type: AWS::SNS::Topic, Properties: { Nam: x } } }'],
  ])('has no template left with %s', (_name, text) => {
    const { mistakes, sound } = lint(text, [], {});
    expect(mistakes).toHaveLength(1);
    expect(sound).toBeUndefined();
  });

  it.each([
    ['x: [', 'not well-formed'],
    ['Parameters: { P: { Type: String } }\nResources: { R: { Type: AWS::SNS::Topic } }', '[P] must have values'],
  ])('throws for %j', (text, message) => {
    expect(() => lint(text, [], {})).toThrow(Fault);
    expect(() => lint(text, [], {})).toThrow(message);
  });
});

it('takes out what refers to what is taken out, in either branch', () => {
  const text = `
Conditions: { C: !Equals [a, b] }
Resources:
  R: { Type: AWS::SNS::Topic }
  S: { Type: AWS::SNS::Topic, Properties: { TopicName: !If [C, !Ref R, other] } }
  T: { Type: AWS::SNS::Topic, DependsOn: S }
  U: { Type: AWS::SNS::Topic }
`;
  const { text: left, leftOut } = withoutResources(text, ['R']);
  expect([...leftOut]).toEqual([
    ['R', 'R'],
    ['S', 'R'],
    ['T', 'S'],
  ]);
  expect(Object.keys(parseTemplate(left).resources)).toEqual(['U']);
});

it('knows the line of a part of what is no template', () => {
  expect(templateLine('a: 1\nhello: world', ['hello'])).toBe(2);
  expect(templateLine('x: [', ['x'])).toBeUndefined();
});
