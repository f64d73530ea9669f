import { describe, expect, it } from 'vitest';
import { resourceType } from './resource-type.ts';
import { refusal, survey } from './survey.ts';
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
    ['Resources:\n  A:\n    Type: AWS::S3::Bucket\n    DependsOn: B', 4, 'Unresolved resource dependencies [B]'],
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

describe('what values ask for', () => {
  const machine = resourceType<object>({
    honours: ['UserData', 'ImageId'],
    create: nothing,
    delete: async () => {},
    unmodelled({ properties, metadata }) {
      const { UserData = '' } = properties as { UserData?: string };
      const words = Buffer.from(UserData, 'base64').toString('utf8').split(/\s+/);
      return [
        ...words.map((what) => ({ path: ['Properties', 'UserData'], what })),
        ...Object.keys(metadata).map((what) => ({ path: ['Metadata', what], what })),
      ];
    },
  });
  const text = `
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Machine:
    Type: AWS::EC2::Instance
    Metadata:
      Init: !GetAtt Bucket.Arn
    Properties:
      ImageId: !Select [0, !Split [',', !GetAtt Bucket.Arn]]
      UserData:
        Fn::Base64: !Sub 'run \${AWS::Region} \${Bucket} \${Bucket.Arn} end'
`;

  it('is asked with what is known, and what hangs on the rest is left out', () => {
    const found = survey(text, [], { ...types, 'AWS::EC2::Instance': machine });
    const row = { logicalId: 'Machine', type: 'AWS::EC2::Instance' };
    expect(found).toEqual({
      errors: [],
      notModelled: [
        ...['run', 'us-east-1', 'end'].map((what) => ({ ...row, path: 'UserData', what, line: 11 })),
        { ...row, path: 'Metadata.Init', what: 'Init', line: 8 },
      ],
    });
    expect(refusal(found)).toBe(
      "What Orrery's machines cannot do: AWS::EC2::Instance (Machine, line 11) UserData: run; " +
        'AWS::EC2::Instance (Machine, line 11) UserData: us-east-1; AWS::EC2::Instance (Machine, line 11) UserData: end; ' +
        'AWS::EC2::Instance (Machine, line 8) Metadata.Init: Init. Nothing was started. With --allow-unmodelled, or the ' +
        'stack tag orrery:allow-unmodelled=true, such boots fail.',
    );
    expect(refusal({ errors: [], notModelled: [] })).toBeUndefined();
  });
});
