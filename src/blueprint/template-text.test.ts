import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSyntax } from '../region/stacks/syntax.ts';
import { type Template, templateText } from './template-text.ts';

const read = (text: string) => readSyntax(text).value;
const template = (Properties: Record<string, unknown>): Template => ({
  Resources: { Thing: { Type: 'A::B::C', Properties } },
});

describe('the text of a template', () => {
  it('puts sections and members in reading order', () => {
    const text = templateText({
      Outputs: { Name: { Value: { Ref: 'Thing' } } },
      Resources: { Thing: { Properties: { A: 1 }, Type: 'A::B::C', DependsOn: ['Other'] } } as Template['Resources'],
      Description: 'short: and sweet',
    });
    expect(text).toBe(`Description: "short: and sweet"
Resources:
  Thing: {Type: A::B::C, DependsOn: [Other], Properties: {A: 1}}
Outputs:
  Name: {Value: !Ref Thing}
`);
  });

  it('uses short forms, but one for each value', () => {
    const long = 'x'.repeat(100);
    const text = templateText(
      template({
        A: { 'Fn::GetAtt': ['Thing', 'Endpoint.Address'] },
        B: { 'Fn::Base64': { 'Fn::Sub': 'a\nb\n' } },
        C: { 'Fn::If': ['Yes', [{ Ref: 'X' }, long], { Ref: 'AWS::NoValue' }] },
        D: { 'Fn::GetAZs': '' },
      }),
    );
    expect(text).toContain(
      `      A: !GetAtt Thing.Endpoint.Address
      B:
        Fn::Base64: !Sub |
          a
          b
      C: !If
      - Yes_
`.replace('      - Yes_\n', '      - "Yes"\n'),
    );
    expect(text).toContain('      D: !GetAZs ""\n');
  });

  it('says the same as the template, whatever is in it', () => {
    const words = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom('a', ' ', ':', ',', '"', "'", '\n', '#', '{', '$', '-', '*', '\\', '0'),
        maxLength: 12,
      }),
      fc.constantFrom(
        'no',
        'Yes',
        'null',
        '2012-10-17',
        '0x1f',
        '1_0',
        '1:30',
        '.5',
        '=',
        '<<',
        '~',
        '',
        '-',
        'a\n',
        '\n',
        ' a\nb',
        'a\n\nb\n',
      ),
    );
    const key = fc.stringMatching(/^[A-Za-z][\w:]{0,12}$/).filter((name) => !/^(Ref|Condition|Fn::)/.test(name));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        words,
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
        fc.record({ 'Fn::Sub': words }),
        fc.record({ 'Fn::If': fc.tuple(fc.constant('Cond'), tie('value'), tie('value')) }),
        fc.record({ 'Fn::Base64': fc.record({ 'Fn::Sub': words }) }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5 }), fc.boolean(), (properties, big) => {
        const made = template(big ? { ...properties, Filler: 'x'.repeat(60_000) } : properties);
        expect(read(templateText(made))).toEqual(JSON.parse(JSON.stringify(made)));
      }),
      { numRuns: 150 },
    );
  });
});
