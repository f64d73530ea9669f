/** Mistakes that the services refuse: the refusal is known. Those that the rules find are tried with all rules, in `tests/`. */
import { expect, it } from 'vitest';
import { modelOf } from '../../model/model.ts';
import { refusalOf } from '../refused.ts';
import { edgeRules } from './index.ts';
import { refusedEdgeMistakes } from './planted.suite.ts';

it.each(refusedEdgeMistakes)('knows the refusal of $name', async ({ template, rule, logicalId }) => {
  const model = await modelOf({ template, name: 'planted.yml', partial: true });
  try {
    expect(model.failed).toMatchObject([{ logicalId }]);
    const { Properties } = model.template.resources[logicalId] ?? {};
    expect(refusalOf(model.failed[0]?.message ?? '', Properties)?.rule).toBe(rule);
    // Of what hangs on it nothing is claimed.
    for (const one of edgeRules) expect([...(await one.find(model))], one.id).toEqual([]);
  } finally {
    await model.close();
  }
});
