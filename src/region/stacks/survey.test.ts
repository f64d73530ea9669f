import { describe, expect, it } from 'vitest';
import { resourceType } from './resource-type.ts';
import { survey } from './survey.ts';
import { thing } from './testing.ts';

const nothing = async () => ({ physicalId: 'x' });
const types = {
  'Orrery::Test::Thing': thing,
  'AWS::S3::Bucket': resourceType<object>({
    honours: ['BucketName', 'LifecycleConfiguration.Rules[].Status', 'LifecycleConfiguration.Rules[].Prefix', 'Tags'],
    inert: { LoggingConfiguration: 'no logs' },
    create: nothing,
    delete: async () => {},
  }),
};

const template = `
Parameters:
  Extra: { Type: String, Default: 'no' }
  Image: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /some/image }
Conditions:
  Extra: !Equals [!Ref Extra, 'yes']
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub '\${Image}-x'
      Tags: [{ Key: a, Value: b }]
      LoggingConfiguration: { LogFilePrefix: x }
      AccelerateConfiguration: { AccelerationStatus: Enabled }
      LifecycleConfiguration:
        Rules:
          - Status: Enabled
            Prefix: a/
          - Status: Enabled
            ExpirationInDays: 7
      VersioningConfiguration: !If [Extra, { Status: Enabled }, !Ref 'AWS::NoValue']
  Function:
    Type: AWS::Lambda::Function
  Queue:
    Type: AWS::SQS::Queue
    Condition: Extra
`;

describe('survey', () => {
  it('lists what is not modelled, with lines', () => {
    expect(survey(template, [], types)).toEqual({
      errors: [],
      notModelled: [
        { logicalId: 'Bucket', type: 'AWS::S3::Bucket', path: 'AccelerateConfiguration', line: 14 },
        {
          logicalId: 'Bucket',
          type: 'AWS::S3::Bucket',
          path: 'LifecycleConfiguration.Rules[1].ExpirationInDays',
          line: 20,
        },
        { logicalId: 'Function', type: 'AWS::Lambda::Function', path: '', line: 22 },
      ],
    });
  });

  it('counts what its conditions let be', () => {
    const found = survey(template, [{ ParameterKey: 'Extra', ParameterValue: 'yes' }], types).notModelled;
    expect(found.map(({ logicalId, path }) => `${logicalId} ${path}`)).toEqual([
      'Bucket AccelerateConfiguration',
      'Bucket LifecycleConfiguration.Rules[1].ExpirationInDays',
      'Bucket VersioningConfiguration',
      'Function ',
      'Queue ',
    ]);
  });

  it('finds what the schema refuses', () => {
    const wrong = `Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketNam: x
      Tags:
        - Key: a
      LifecycleConfiguration: nothing
`;
    expect(survey(wrong, [], types)).toEqual({
      errors: [
        {
          message:
            'Properties validation failed for resource Bucket with message: [#: extraneous key [BucketNam] is not permitted, #/Tags/0: required key [Value] not found, #/LifecycleConfiguration: expected type: JSONObject, found: String]',
          logicalId: 'Bucket',
          line: 5,
        },
      ],
      notModelled: [],
    });
  });

  it.each([
    ['Resources:\n  A:\n    Type: AWS::S3::Bucket\n    DependsOn: B', 1, 'Unresolved resource dependencies [B]'],
    [
      'Parameters: { P: { Type: String } }\nResources: { A: { Type: AWS::S3::Bucket } }',
      undefined,
      'Parameters: [P] must have values',
    ],
    ['Resources: [', undefined, 'YAML not well-formed. (line 1'],
    [
      'Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Select [3, [a]]',
      5,
      'Fn::Select cannot select nonexistent value',
    ],
    [
      "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: '{{resolve:secretsmanager:x}}'",
      4,
      'secretsmanager',
    ],
  ])('gives mistakes of %j with their line', (text, line, message) => {
    const { errors } = survey(text, [], types);
    expect(errors).toMatchObject([{ message: expect.stringContaining(message) }]);
    expect(errors[0]?.line).toBe(line);
  });
});
