/** `orrery check` finds each planted mistake, names the right rule, and finds nothing else; in the blueprint it finds nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectations } from '../src/blueprint/expectations.ts';
import { synthesise } from '../src/blueprint/synthesise.ts';
import { everyVariant } from '../src/blueprint/variants.suite.ts';
import { check, knownRules } from '../src/insight/check/check.ts';
import { edited, plantedMistakes, soundMachine } from './planted-mistakes.ts';

describe('a planted mistake is found, and nothing else', () => {
  test.each(plantedMistakes)(
    '$rule: $name',
    async ({ rule, logicalId, template, parameters = {}, says = /./, mends }) => {
      const { findings } = await check({ template, name: 'planted', parameters });
      expect(findings.map((one) => one.rule)).toEqual([rule]);
      const [found] = findings;
      if (logicalId !== undefined) expect(found?.logicalId).toBe(logicalId);
      if (found?.logicalId !== undefined) expect(found.line).toBeGreaterThan(1);
      expect(found?.message).toMatch(/\.$/);
      expect(found?.message).toMatch(says);
      if (mends) expect(found?.fix).toMatch(mends);
    },
  );
});

test.each(everyVariant)('the blueprint has no finding, and what it expects is proven: %s', async (_, config) => {
  const expected = expectations(config);
  const options = { template: synthesise(config).yaml, name: 'build.yml', expectations: expected };
  const { findings, notProven, notRun, expectationsHeld } = await check(options);
  expect({ findings, notProven, notRun }).toEqual({ findings: [], notProven: [], notRun: [] });
  expect(expectationsHeld).toBe(expected.length);
});

test('an expectation that is broken is a finding, with the change that would mend it', async () => {
  const input = { name: 'gallery', domain: 'myapp.com' };
  const template = edited((to) => to.remove('PrivateAclOutHttps'));
  const { findings } = await check({ template, name: 'planted', expectations: expectations(input) });
  expect([...new Set(findings.map(({ rule }) => rule))]).toEqual(['expectation']);
  const s3 = findings.find(({ message }) => message.startsWith('ApiGroup → s3:443: always'));
  expect(s3?.message).toMatch(/PrivateAcl egress \* \(deny\).* It is expected because: data and releases/);
  expect(s3?.fix).toContain('add an egress rule to PrivateAcl');
});

test('nor has a sound template by hand', async () => {
  const { findings } = await check({ template: soundMachine, name: 'sound.yml' });
  expect(findings).toEqual([]);
});

describe('every rule', () => {
  const pages = join(import.meta.dirname, '..', 'docs', 'checks');

  test.each(knownRules().map((rule) => [rule.id, rule] as const))(
    '%s has a page with its title and AWS',
    (id, rule) => {
      const page = join(pages, `${id}.md`);
      expect(existsSync(page), page).toBe(true);
      const text = readFileSync(page, 'utf8');
      expect(text).toContain(`# ${rule.title}`);
      if (rule.page !== undefined) expect(text).toContain(rule.page);
    },
  );

  test('has its planted mistake', () => {
    const planted = new Set(plantedMistakes.map(({ rule }) => rule));
    const elsewhere = /^(suppression|expectation|role-unused)$/;
    const without = knownRules().filter(({ id }) => !planted.has(id) && !elsewhere.test(id));
    expect(without.map(({ id }) => id)).toEqual([]);
  });
});
