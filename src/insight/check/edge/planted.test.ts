/** One mistake in each template: it is found by its rule, where it is, and nothing else is. */
import { expect, it } from 'vitest';
import { modelOf } from '../../model/model.ts';
import { check } from '../check.ts';
import { edgeRules } from './index.ts';
import { edgeMistakes, refusedEdgeMistakes } from './planted.suite.ts';
import { edgeRefusals } from './refusals.ts';

it.each(edgeMistakes)('finds $name', async ({ template, rule, logicalId, says = /./, mends = /./ }) => {
  const { findings } = await check({ template, name: 'planted.yml' }, edgeRules);
  expect(findings.map((one) => `${one.rule} at ${one.logicalId}`)).toEqual([`${rule} at ${logicalId}`]);
  const [found] = findings;
  expect(found?.message).toMatch(says);
  expect(found?.fix).toMatch(mends);
  expect(found?.line).toBeGreaterThan(1);
});

it.each(refusedEdgeMistakes)('knows the refusal of $name', async ({ template, rule, logicalId }) => {
  const model = await modelOf({ template, name: 'planted.yml', partial: true });
  try {
    expect(model.failed).toMatchObject([{ logicalId }]);
    const known = edgeRefusals.filter(({ says }) => says.test(model.failed[0]?.message ?? ''));
    expect(known.map((one) => one.rule)).toEqual([rule]);
    // Of what hangs on it nothing is claimed.
    for (const one of edgeRules) expect([...(await one.find(model))], one.id).toEqual([]);
  } finally {
    await model.close();
  }
});
