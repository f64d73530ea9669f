import { expect, it } from 'vitest';
import { check, knownRules } from './check.ts';
import { sarif } from './sarif.ts';
import { parseSuppressions } from './suppress.ts';

const template = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/8 } }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { Cidr: 10.0.0.0/24 } }
  Queue: { Type: AWS::SQS::Queue }
`;

interface Log {
  readonly $schema: string;
  readonly version: string;
  readonly runs: {
    tool: {
      driver: { name: string; rules: { id: string; helpUri?: string; defaultConfiguration: { level: string } }[] };
    };
    invocations: { executionSuccessful: boolean; toolExecutionNotifications: { message: { text: string } }[] }[];
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
      partialFingerprints: Record<string, string>;
      suppressions: { kind: string; justification: string }[];
    }[];
  }[];
}

async function logOf(text: string): Promise<Log> {
  const suppressions = parseSuppressions('suppress: [{ id: service-refused, reason: Known. }]', 'orrery.check.yml');
  const result = await check({ template: text, name: 'net work.yml', suppressions });
  return JSON.parse(JSON.stringify(sarif(result, { uri: result.name, version: '0.1.0', rules: knownRules() }))) as Log;
}

it('is SARIF 2.1.0 as code reviews read it', async () => {
  const log = await logOf(template);
  expect(log.version).toBe('2.1.0');
  expect(log.$schema).toMatch(/^https:\/\/.*sarif-schema-2\.1\.0\.json$/);
  const [run] = log.runs;
  const { rules = [] } = run?.tool.driver ?? {};
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { helpUri, defaultConfiguration } of rules) {
    if (helpUri !== undefined) expect(new URL(helpUri).protocol).toBe('https:');
    expect(['error', 'warning', 'note']).toContain(defaultConfiguration.level);
  }
  expect(run?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation])).toEqual([
    ['template-schema', 'error', { artifactLocation: { uri: 'net%20work.yml' }, region: { startLine: 4 } }],
    ['template-schema', 'error', { artifactLocation: { uri: 'net%20work.yml' }, region: { startLine: 4 } }],
    ['service-refused', 'error', { artifactLocation: { uri: 'net%20work.yml' }, region: { startLine: 3 } }],
  ]);
  for (const { ruleId, ruleIndex } of run?.results ?? []) expect(rules[ruleIndex]?.id).toBe(ruleId);
  expect(run?.results.map(({ suppressions }) => suppressions)).toEqual([
    [],
    [],
    [{ kind: 'external', status: 'accepted', justification: 'Known.' }],
  ]);
  const [invocation] = run?.invocations ?? [];
  expect(invocation?.executionSuccessful).toBe(true);
  expect(invocation?.toolExecutionNotifications.map(({ message }) => message.text)).toContain(
    'Not proven: Queue (AWS::SQS::Queue)',
  );
});

it('knows a finding again when lines have moved', async () => {
  const prints = async (text: string) =>
    (await logOf(text)).runs[0]?.results.map(({ partialFingerprints }) => partialFingerprints['orreryFinding/v1']);
  expect(await prints(`Description: moved\n\n${template}`)).toEqual(await prints(template));
});
