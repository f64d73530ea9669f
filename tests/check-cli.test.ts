/** `orrery check`, the built command: what it prints and writes, its exit codes, and what it says of bad input. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../src/insight/check/check.ts';
import { type Ended, expectBuilt, runCommand } from './command.fixture.ts';

const gallery = join(import.meta.dirname, '..', 'examples', 'gallery');
let folder: string;

function orreryCheck(...argv: string[]): Promise<Ended> {
  return runCommand({ cwd: folder }, 'check', ...argv);
}

const oneNat = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Inner: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24 } }
  Gateway: { Type: AWS::EC2::InternetGateway }
  Attachment: { Type: AWS::EC2::VPCGatewayAttachment, Properties: { VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway } }
  Address: { Type: AWS::EC2::EIP, Properties: { Domain: vpc } }
  Nat:
    Type: AWS::EC2::NatGateway
    DependsOn: Attachment
    Properties: { SubnetId: !Ref Inner, AllocationId: !GetAtt Address.AllocationId }
`;

const files: Readonly<Record<string, string>> = {
  'nat.yml': oneNat,
  'unmodelled.yml': 'Resources:\n  Queue: { Type: AWS::SQS::Queue }\n  Topic: { Type: AWS::SNS::Topic }\n',
  'empty.yml': '\n',
  'text.yml': 'hello\n',
  'other.yml': 'version: 3\nservices: {}\n',
  'controls.yml': `Resources:\n  A: { Type: AWS::SNS::Topic, Properties: { "Nam\\e[2J\\e[8m\\u202e": x } }\n`,
  'store.yml':
    "Parameters: { Name: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/topic } }\nResources:\n  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }\n  B: { Type: AWS::SNS::Topic, Properties: { Topic: x } }\n",
  'torn.json': '{ "Resources": {\n',
  'circle.yml':
    'Resources:\n  A: { Type: AWS::SNS::Topic, DependsOn: B }\n  B: { Type: AWS::SNS::Topic, DependsOn: A }\n',
  'parameter.yml':
    'Parameters: { Name: { Type: String, AllowedPattern: q+7 }, Vpc: { Type: AWS::EC2::VPC::Id } }\nResources:\n  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }\n',
  'bad-suppressions.yml': 'suppress: [{ id: one-zone }]\n',
  'suppressions.yml': 'suppress: [{ id: nat-in-private-subnet, resource: Nat, reason: It is taken down tomorrow. }]\n',
  'expectations.yml': '- internet → Nat: never\n- Nat → internet:443: always\n  why: updates\n',
  'nobody.yml': '- internet → Machines: never\n',
  'no-expectation.yml': '- hello\n',
  'beside/nat.yml': oneNat,
  'beside/orrery.check.yml': 'suppress: [{ id: nat-in-private-subnet, reason: Beside it. }]\n',
  'cdk/cdk.out/manifest.json': JSON.stringify({
    artifacts: {
      Web: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Web.template.json' } },
      Data: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Data.template.json' } },
      Assets: { type: 'cdk:asset-manifest' },
    },
  }),
  'cdk/cdk.out/Web.template.json': JSON.stringify({
    Resources: {
      Topic: {
        Type: 'AWS::SNS::Topic',
        Metadata: { 'aws:cdk:path': 'Web/Topic/Resource' },
        Properties: { TopicNam: 'x' },
      },
    },
  }),
  'cdk/cdk.out/Data.template.json': JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } }),
  'nested.yml':
    'Resources:\n  N: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: "https://s3.amazonaws.com/b/t.yml" } }\n',
  'mark.json': '\ufeff{ "Resources": { "A": { "Type": "AWS::SNS::Topic" } } }',
  'plain/none.txt': '',
};

beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-check-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bad input is told in one message, with exit code 1, and never a clean result', () => {
  test.concurrent.each([
    ['no such file', ['nowhere.yml'], /There is no folder or file .*nowhere\.yml/],
    ['an empty file', ['empty.yml'], /empty\.yml is empty, not a template/],
    ['no template: text', ['text.yml'], /text\.yml could not be made in memory:\n {2}.*unsupported structure/],
    [
      'no template: another YAML',
      ['other.yml'],
      /line 1: Invalid template property or properties \[version, services\]/,
    ],
    ['torn JSON', ['torn.json'], /torn\.json .*\n.*JSON not well-formed\. \(line 2/],
    ['a folder without a configuration', ['plain'], /There is no orrery\.config\.ts in .*plain/],
    [
      'a parameter that nothing stands for',
      ['parameter.yml'],
      /\[Name\] must have values\nGive them: --parameter Name=…/,
    ],
    ['a parameter of no template', ['nat.yml', '--parameter', 'X=1'], /\[X\] do not exist in the template/],
    ['a malformed parameter', ['nat.yml', '--parameter', 'X'], /--parameter must be Name=Value/],
    ['several stacks', ['cdk'], /has 2 stacks: Web, Data\.\nSay which: --stack Web/],
    ['no such stack', ['cdk/cdk.out', '--stack', 'Api'], /has no stack Api\. There are: Web, Data\./],
    ['a stack of a file', ['nat.yml', '--stack', 'Web'], /--stack is for what CDK has written/],
    ['a severity that there is not', ['nat.yml', '--severity', 'bad'], /Allowed choices are error, warning, note/],
    ['no such suppressions', ['nat.yml', '--suppress', 'no.yml'], /There is no file no\.yml/],
    ['suppressions without reason', ['nat.yml', '--suppress', 'bad-suppressions.yml'], /suppress\.0\.reason/],
    [
      'no expectations',
      ['nat.yml', '--expect', 'no-expectation.yml'],
      /no-expectation\.yml:1: 'hello' is no expectation/,
    ],
    ['an expectation of nobody', ['nat.yml', '--expect', 'nobody.yml'], /Machines/],
    ['a report in no folder', ['nat.yml', '--sarif', 'no/where.sarif'], /There is no folder/],
  ])('%s', async (_name, argv, message) => {
    const { code, out, error } = await orreryCheck(...argv);
    expect(error).toMatch(message);
    expect([code, out]).toEqual([1, '']);
    expect(error).not.toContain('mistake of its own');
  });

  test.concurrent('a circle is a finding, and all of it is not proven', async () => {
    const { code, out } = await orreryCheck('circle.yml');
    expect(code).toBe(1);
    expect(out).toMatch(/template-cycle {2}A, line 2\n.*Circular dependency between resources: \[A, B\]\./);
    expect(out).toContain('A (AWS::SNS::Topic, line 2): it could not be made');
  });

  test.concurrent('what needs the account is not proven, and the lint is told all the same', async () => {
    const { code, out } = await orreryCheck('store.yml');
    expect(code).toBe(1);
    expect(out).toMatch(/template-schema {2}B, line 4\n/);
    expect(out).toMatch(/A \(AWS::SNS::Topic, line 3\): it was not made: .*\[\/shop\/topic\].*nothing of your account/);
  });

  test.concurrent('what stands for a part of the account is told', async () => {
    const { code, out } = await orreryCheck('parameter.yml', '--parameter', 'Name=qq7');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Assumed, and what is said holds if it is so:\n {2}Vpc \(line 1\): it has no value: a VPC 172/m,
    );
  });

  test.concurrent('what a terminal would obey is shown in place of being sent', async () => {
    const { code, out } = await orreryCheck('controls.yml');
    expect(code).toBe(1);
    expect(out).toContain('Nam\\u001b[2J\\u001b[8m\\u202e');
    expect(out).not.toMatch(/\p{Bidi_Control}|(?![\n\t])\p{Cc}/u);
    const { findings } = JSON.parse((await orreryCheck('controls.yml', '--json')).out) as CheckResult;
    expect(findings[0]?.message).toContain('Nam\u001b[2J\u001b[8m\u202e');
  });

  test.concurrent('of a template of which nothing is made nothing is said to hold', async () => {
    const { code, out } = await orreryCheck('nested.yml');
    expect(code).toBe(0);
    expect(out).toMatch(/^nested\.yml: nothing of it was looked at, so that nothing is said of it\.\nNot proven/);
    expect(out).toContain('N (AWS::CloudFormation::Stack, line 2): its type is not modelled');
  });

  test.concurrent('a mark of the encoding before the text is none of it', async () => {
    expect(await orreryCheck('mark.json')).toMatchObject({ code: 0, error: '' });
  });

  test.concurrent('types that are not modelled are listed as not proven', async () => {
    const { code, out } = await orreryCheck('unmodelled.yml');
    expect(code).toBe(0);
    expect(out).toMatch(/^unmodelled\.yml: no finding; \d+ rules hold for 1 resource\.$/m);
    expect(out).toContain(
      'Not proven, so that nothing is said of:\n  Queue (AWS::SQS::Queue, line 2): its type is not modelled',
    );
  });
});

describe('findings', () => {
  test.concurrent('for people: rule, place, message, what to paste, and the page', async () => {
    const { code, out, error } = await orreryCheck('nat.yml');
    expect([code, error]).toEqual([1, '']);
    expect(out).toMatch(
      /^Errors\n {2}nat-in-private-subnet {2}Nat, line 11\n {4}Nat is in Inner, where the main route table of Vpc does not[^\n]*\n {4}Fix:\n {6}\S[\s\S]* {4}docs\/checks\/nat-in-private-subnet\.md\n\nnat\.yml: 1 error; \d+ rules hold for 6 resources\.\n$/,
    );
  });

  test.concurrent('for programs: the result alone', async () => {
    const { code, out } = await orreryCheck('nat.yml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      name: 'nat.yml',
      findings: [{ rule: 'nat-in-private-subnet', severity: 'error', logicalId: 'Nat', line: 11 }],
      notProven: [],
      resources: 6,
    });
  });

  test.concurrent('as SARIF, to a file or to standard output', async () => {
    const { out } = await orreryCheck('nat.yml', '--sarif', '-');
    expect(JSON.parse(out)).toMatchObject({
      version: '2.1.0',
      runs: [{ results: [{ ruleId: 'nat-in-private-subnet' }] }],
    });
    const other = await orreryCheck('nat.yml', '--sarif', 'nat.sarif');
    expect(other.out).toMatch(/^Errors/);
    expect(readFileSync(join(folder, 'nat.sarif'), 'utf8')).toBe(out);
  });

  test.concurrent('are suppressed by a file that is named, or stands beside the template', async () => {
    const named = await orreryCheck('nat.yml', '--suppress', 'suppressions.yml');
    expect(named.code).toBe(0);
    expect(named.out).toMatch(/^Suppressed\n {2}nat-in-private-subnet {2}Nat: It is taken down tomorrow\.$/m);
    const beside = await orreryCheck('beside/nat.yml');
    expect(beside.code).toBe(0);
    expect(beside.out).toContain('Beside it.');
    expect(beside.out).toMatch(/nat\.yml: no finding/);
  });

  test.concurrent('of CDK come with the construct path', async () => {
    const { code, out } = await orreryCheck('cdk', '--stack', 'Web');
    expect(code).toBe(1);
    expect(out).toMatch(/template-schema {2}Topic, line 1, Web\/Topic\/Resource\n/);
    expect((await orreryCheck('cdk/cdk.out', '--stack', 'Data')).code).toBe(0);
  });

  test.concurrent('of expectations: who is not reached, why, and why it matters', async () => {
    const { code, out } = await orreryCheck(
      'nat.yml',
      '--suppress',
      'suppressions.yml',
      '--expect',
      'expectations.yml',
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}expectation {2}Nat, line 8\n {4}Nat → internet:443: always: .* because: updates\.$/m);
    expect(out).toMatch(/hold for 6 resources, and 1 expectation is proven for all packets\.$/m);
  });

  test.concurrent('who reaches whom, and what stops the others', async () => {
    const { code, out } = await orreryCheck(gallery, '--reach', 'internet,ApiBalancer,ApiGroup');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}internet {5}→ ApiBalancer {2}tcp 80, tcp 443 {2}by internet gateway InternetGateway$/m);
    expect(out).toMatch(/^ {2}ApiBalancer {2}→ ApiGroup {5}tcp 8080 {9}by the local route$/m);
    expect(out).toMatch(
      /^ {2}internet ↛ ApiGroup: tcp \S+ -> \S+:443: dropped: internet: nothing has the IPv4 address /m,
    );
    const nobody = await orreryCheck(gallery, '--reach', 'ApiBalancer,nobody');
    expect(nobody).toMatchObject({ code: 1, out: '', error: expect.stringContaining("nothing is called 'nobody'") });
  });

  test.concurrent("there are none in an app's folder", async () => {
    const { code, out } = await orreryCheck(gallery);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /build\.yml: no finding; \d+ rules hold for \d+ resources, and 21 expectations are proven for all packets\.\n$/,
      ),
    ]);
  });
});
