import { describe, expect, it } from 'vitest';
import { checkTemplate } from './check.ts';
import { parseTemplate } from './parse.ts';
import { makePlan } from './plan.ts';
import { TemplateFault } from './template.ts';

const bucket = 'Resources: { B: { Type: AWS::S3::Bucket } }';

const surroundings = {
  account: '123456789012',
  region: 'us-east-1',
  stackName: 'app',
  notificationArns: [],
  zonesOf: () => [],
  exported: (name: string) => name,
};

/** All that is checked before anything is known of parameters. */
function read(text: string) {
  const template = parseTemplate(text);
  checkTemplate(template);
  makePlan(template, {}, surroundings);
  return template;
}

describe('syntax', () => {
  it('takes what AWS takes, beyond its pages: "&" in names of conditions, Version of custom resources', () => {
    const template = read(`
Conditions: { 'A&3AZ': !Equals [a, b] }
Resources: { R: { Type: Custom::Thing, Version: '1.0', Condition: 'A&3AZ', Properties: { ServiceToken: x } } }`);
    expect(template.resources.R).toMatchObject({ Type: 'Custom::Thing', Condition: 'A&3AZ' });
  });

  it('reads YAML and JSON to the same values', () => {
    const yaml = parseTemplate(`
Resources:
  R:
    Type: AWS::S3::Bucket
    Properties:
      Version: 2012-10-17
      Yes: yes
      Text: '0123'
      Number: 12
      Att: !GetAtt B.Deep.Arn
      Sub: !Sub 'a\${B}'
      If: !If [C, !Ref D, !Join ['', [x]]]
      Cond: !Condition E
      Lines: |
        a
        b
`);
    const json = parseTemplate(
      JSON.stringify({
        Resources: {
          R: {
            Type: 'AWS::S3::Bucket',
            Properties: {
              Version: '2012-10-17',
              Yes: true,
              Text: '0123',
              Number: 12,
              Att: { 'Fn::GetAtt': ['B', 'Deep.Arn'] },
              Sub: { 'Fn::Sub': 'a${B}' },
              If: { 'Fn::If': ['C', { Ref: 'D' }, { 'Fn::Join': ['', ['x']] }] },
              Cond: { Condition: 'E' },
              Lines: 'a\nb\n',
            },
          },
        },
      }),
    );
    expect(yaml.resources).toEqual(json.resources);
  });

  it.each([
    ['{"Resources": {"a": }}', 'Template format error: JSON not well-formed. (line 1, column 23)'],
    ['{\n  "a": 1,\n}', 'Template format error: JSON not well-formed. (line 3, column 1)'],
    ['Resources:\n  A: [1\n  B: 2', 'Template format error: YAML not well-formed. (line '],
    ['Resources:\n  A: !Reff x', 'Template format error: YAML not well-formed. (line 2, column 12): unknown tag !Reff'],
    ['a: &x 1\nb: *x', 'Template error: YAML aliases are not allowed in CloudFormation templates'],
    ['just text', 'Template format error: unsupported structure.'],
    ['[1, 2]', 'Template format error: unsupported structure.'],
    ['', 'Template format error: unsupported structure.'],
    ['{"__proto__": {"a": 1}}', 'Template format error: unsupported structure.'],
  ])('%j is refused', (text, message) => {
    expect(() => parseTemplate(text)).toThrow(message);
  });

  it.each(['{"a": ', 'a: '])('survives nesting without end after %j', (start) => {
    const text = `${start}${'['.repeat(50_000)}${']'.repeat(50_000)}${start.startsWith('{') ? '}' : ''}`;
    expect(() => parseTemplate(text)).toThrow('Template format error');
  });

  it.each([
    ['YAML', 'Resources:\n  A: { Type: "One::Two::Three" }\n  A:\n    Type: "One::Two::Four"\n'],
    ['JSON', '{"Resources": {\n "A": { "Type": "One::Two::Three" },\n "A": { "Type": "One::Two::Four" }}}'],
  ])('reads the last of several values of a key, as CloudFormation does, and tells of it: %s', (_, text) => {
    const { resources, repeated, lineOf } = parseTemplate(text);
    expect(resources.A?.Type).toBe('One::Two::Four');
    expect(repeated()).toEqual([{ path: ['Resources', 'A'], lines: [2, 3] }]);
    expect(lineOf(['Resources', 'A'])).toBe(3);
  });

  it('tells of no key that is there once', () => {
    const text =
      '{"Resources": {"A": {"Type": "One::Two::Three", "Metadata": {"\\"a\\": 1": ["b", ":", {"A": "Type"}]}}}}';
    expect(parseTemplate(text).repeated()).toEqual([]);
  });

  it.each([
    [
      'YAML',
      'Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      Tags:\n        - Key: a\n          Value: !Sub "x"\n',
    ],
    [
      'JSON',
      '{\n "Resources": {"B": {\n  "Type": "AWS::S3::Bucket",\n  "Properties": {\n   "Tags": [\n    {"Key": "a",\n     "Value": {"Fn::Sub": "x"}}\n]}}}}',
    ],
  ])('knows the lines of %s', (_, text) => {
    const { lineOf } = parseTemplate(text);
    expect(lineOf(['Resources', 'B', 'Properties', 'Tags', 0, 'Value'])).toBe(7);
    expect(lineOf(['Resources', 'B', 'Properties', 'Tags', 0, 'Value', 'Fn::Sub'])).toBe(7);
    expect(lineOf(['Resources', 'B', 'Type'])).toBe(3);
    expect(lineOf(['Resources', 'B', 'Nothing', 'Deeper'])).toBe(2);
  });
});

describe('sections', () => {
  it.each([
    ['Foo: 1\nBar: 2', 'Invalid template property or properties [Foo, Bar]'],
    ['AWSTemplateFormatVersion: 2010-09-09', 'Template format error: At least one Resources member must be defined.'],
    ['Resources: {}', 'Template format error: At least one Resources member must be defined.'],
    [`Parameters:\n${bucket}`, "[/Parameters] 'null' values are not allowed in templates"],
    [
      'Resources: { B: { Type: AWS::S3::Bucket, Properties: { A: [1, null] } } }',
      "[/Resources/B/Properties/A/1] 'null' values are not allowed in templates",
    ],
    [
      'Resources: { B: { Properties: {} } }',
      'Template format error: [/Resources/B] Every Resources object must contain a Type member.',
    ],
    ['Resources: { B: { Type: AWS::S3::Bucket, Propertis: {} } }', "Invalid template resource property 'Propertis'"],
    [
      'Resources: { my-bucket: { Type: AWS::S3::Bucket } }',
      'Template format error: Resource name my-bucket is non alphanumeric.',
    ],
    [
      'Resources: { B: { Type: AWS::S3::Bukket }, C: { Type: AWS::S3::Bucket } }',
      'Template format error: Unrecognized resource types: [AWS::S3::Bukket]',
    ],
    [`Parameters: { P: { Type: Strin } }\n${bucket}`, 'Template format error: Unrecognized parameter type: Strin'],
    [
      `Parameters: { P: { Default: a } }\n${bucket}`,
      'Template format error: Every Parameters object must contain a Type member.',
    ],
    [
      `Parameters: { P: { Type: String, AllowedValues: a } }\n${bucket}`,
      'Template format error: Every AllowedValues member must be a list.',
    ],
    [
      `Parameters: { P: { Type: String, Default: [a] } }\n${bucket}`,
      'Template format error: Every Default member must be a string.',
    ],
    [
      `Mappings: { M: { a: b } }\n${bucket}`,
      'Template format error: [/Mappings/M/a] Every Mappings attribute must be a map',
    ],
    [
      `Mappings: { M: { a: { b: { c: d } } } }\n${bucket}`,
      'Template format error: Every Mappings attribute must be a String or a List.',
    ],
    [
      `Transform: AWS::Serverless-2016-10-31\n${bucket}`,
      "The template's transforms are not modelled by Orrery: AWS::Serverless-2016-10-31",
    ],
    [`Hooks: { A: {} }\n${bucket}`, 'The Hooks section of a template is not modelled by Orrery.'],
    [
      `${bucket}\nOutputs: { O: { Description: x } }`,
      'Template format error: Every Outputs member must contain a Value object',
    ],
    [`${bucket}\nOutputs: { o-x: { Value: x } }`, "Template format error: Outputs name 'o-x' is non alphanumeric."],
    [
      `Description: ${'x'.repeat(1025)}\n${bucket}`,
      "Template format error: 'Description' length is greater than 1024.",
    ],
    [
      JSON.stringify({
        Resources: Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`B${i}`, { Type: 'AWS::S3::Bucket' }])),
      }),
      'Template format error: Number of resources, 501, is greater than maximum allowed, 500',
    ],
    [
      'Resources: { B: { Type: AWS::S3::Bucket, DeletionPolicy: Keep } }',
      'Template error: Unrecognized DeletionPolicy Keep for resource B',
    ],
    [
      'Resources: { B: { Type: AWS::S3::Bucket, DeletionPolicy: Snapshot } }',
      'Template error: resource type AWS::S3::Bucket does not support deletion policy Snapshot',
    ],
  ])('%.60s is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('lets a database be snapshot', () => {
    expect(() => read('Resources: { D: { Type: AWS::RDS::DBInstance, DeletionPolicy: Snapshot } }')).not.toThrow();
  });
});

describe('references', () => {
  const withValue = (value: string, more = '') =>
    `Conditions: { C: !Equals [a, b] }\nResources:\n  B: { Type: AWS::S3::Bucket }\n  Off: { Type: AWS::S3::Bucket, Condition: C }\n  R: { Type: AWS::S3::Bucket, Properties: { BucketName: ${value} } }\n${more}`;

  it.each([
    [
      withValue('!Ref Nope'),
      'Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
    ],
    [
      withValue("!Sub '${Nope}${Nope.Arn}'"),
      'Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
    ],
    [withValue('!GetAtt Nope.Arn'), 'Template error: instance of Fn::GetAtt references undefined resource Nope'],
    [withValue('!GetAtt B.Nope'), 'Template error: resource B does not support attribute type Nope in Fn::GetAtt'],
    [withValue('!If [Nope, a, b]'), 'Template error: unresolved condition dependency Nope in Fn::If'],
    [
      withValue('!Ref Off'),
      'Template format error: Unresolved resource dependencies [Off] in the Resources block of the template',
    ],
    [
      withValue('x', 'Outputs: { O: { Value: !Ref Nope } }'),
      'Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template',
    ],
    [
      withValue('x', 'Outputs: { O: { Value: !Ref Off } }'),
      'Template format error: Unresolved resource dependencies [Off] in the Outputs block of the template',
    ],
    [
      withValue('x', 'Outputs: { O: { Value: x, Condition: Nope } }'),
      'Template format error: Unresolved condition dependency Nope in the Outputs block of the template',
    ],
    [
      'Resources: { B: { Type: AWS::S3::Bucket, Condition: Nope } }',
      'Template format error: Unresolved condition dependency Nope in the Resources block of the template',
    ],
    [
      'Resources: { B: { Type: AWS::S3::Bucket, DependsOn: [Nope] } }',
      'Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
    ],
    [
      'Conditions: { C: !Equals [!Ref B, x] }\nResources: { B: { Type: AWS::S3::Bucket } }',
      'Template format error: Unresolved dependencies [B]. Cannot reference resources in the Conditions block of the template',
    ],
    [
      'Resources:\n  A: { Type: AWS::S3::Bucket, DependsOn: B }\n  B: { Type: AWS::S3::Bucket, Properties: { BucketName: !Ref A } }\n  Before: { Type: AWS::S3::Bucket }\n  C: { Type: AWS::S3::Bucket, DependsOn: [A, Before] }',
      'Circular dependency between resources: [A, B]',
    ],
    [
      'Resources: { A: { Type: AWS::S3::Bucket, Properties: { BucketName: !Ref A } } }',
      'Circular dependency between resources: [A]',
    ],
  ])('%.70j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('in a branch that is not taken do not count', () => {
    expect(() => read(withValue("!If [C, !Ref Off, !Ref 'AWS::NoValue']"))).not.toThrow();
    expect(() => read(withValue('x', 'Outputs: { O: { Condition: C, Value: !Ref Off } }'))).not.toThrow();
  });

  it('say where they are', () => {
    const text = 'Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !GetAtt Nope.Arn\n';
    const template = parseTemplate(text);
    try {
      checkTemplate(template);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateFault);
      expect(template.lineOf((error as TemplateFault).path ?? [])).toBe(5);
    }
  });
});
