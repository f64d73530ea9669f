import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import type { Rule } from './rule.ts';
import { parseSuppressions, SuppressionError } from './suppress.ts';

const topics: Rule = {
  id: 'topic-name',
  severity: 'note',
  title: 'Topics have names',
  find: ({ resources }) =>
    [...resources.values()].map(({ logicalId }) => ({ logicalId, message: `${logicalId} has none.` })),
};

function templateOf(metadata: string, ofB = ''): string {
  return `${metadata}\nResources:\n  A: { Type: AWS::SNS::Topic }\n  B: { Type: AWS::SNS::Topic${ofB} }\n`;
}

async function told(template: string, file?: string) {
  const suppressions = file === undefined ? [] : parseSuppressions(file, 'orrery.check.yml');
  const { findings, suppressed } = await check({ template, name: 'x.yml', suppressions }, [topics]);
  return {
    findings: findings.map(({ rule, logicalId, message }) => `${rule} ${logicalId ?? ''}: ${message}`),
    suppressed: suppressed.map(({ logicalId, reason }) => `${logicalId}: ${reason}`),
  };
}

describe('a suppression', () => {
  it('in a file is for all findings of a rule, or for those of a resource', async () => {
    const file = 'suppress: [{ id: topic-name, resource: A, reason: Old. }]';
    expect(await told(templateOf(''), file)).toEqual({
      findings: ['topic-name B: B has none.'],
      suppressed: ['A: Old.'],
    });
    const all = await told(templateOf(''), 'suppress: [{ id: topic-name, reason: Old. }]');
    expect(all).toEqual({ findings: [], suppressed: ['A: Old.', 'B: Old.'] });
  });

  it('stands in Metadata of the template or of the resource', async () => {
    const ofB = ", Metadata: { 'orrery:suppress': [{ id: topic-name, reason: Its own. }] }";
    expect(await told(templateOf('', ofB))).toEqual({
      findings: ['topic-name A: A has none.'],
      suppressed: ['B: Its own.'],
    });
    const whole = templateOf("Metadata: { 'orrery:suppress': [{ id: topic-name, reason: All. }] }");
    expect((await told(whole)).suppressed).toEqual(['A: All.', 'B: All.']);
  });

  it('that fits nothing is told, as is one of no rule, or without a reason', async () => {
    const file = 'suppress: [{ id: topic-name, resource: C, reason: x }, { id: topic-nam, reason: x }]';
    const metadata = "Metadata: { 'orrery:suppress': [{ id: topic-name }] }";
    const { findings } = await told(templateOf(metadata), file);
    expect(findings.filter((one) => one.startsWith('suppression'))).toEqual([
      'suppression : orrery.check.yml suppresses topic-name at C, which was not found: it can go.',
      'suppression : orrery.check.yml suppresses topic-nam, but there is no such rule.',
      expect.stringMatching(/^suppression : Metadata orrery:suppress: 0\.reason: .*Nothing is suppressed by it\.$/),
    ]);
    expect(findings).toContain('topic-name A: A has none.');
  });
});

it.each([
  ['suppress: [', 'is not YAML'],
  ['suppress: [{ id: a }]', 'suppress.0.reason'],
  ['suppress: [{ id: a, reason: " " }]', 'suppress.0.reason'],
  ['suppress: [{ id: a, reason: b, where: c }]', 'where'],
  ['hello', 'It looks like this'],
  ['', 'It looks like this'],
])('refuses the file %j', (text, message) => {
  expect(() => parseSuppressions(text, 'orrery.check.yml')).toThrow(SuppressionError);
  expect(() => parseSuppressions(text, 'orrery.check.yml')).toThrow(message);
});
