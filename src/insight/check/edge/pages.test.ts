/** Each rule has a page that says what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { edgeRules } from './index.ts';
import { roleUnusedName } from './observed.ts';
import { edgeRefusalRules, edgeRefusals } from './refusals.ts';

const every = [...edgeRules, ...edgeRefusalRules, roleUnusedName];

it.each(every.map((rule) => [rule.id, rule] as const))('%s has its page', (id, { severity, title, page = '' }) => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/checks', `${id}.md`), 'utf8');
  expect(text).toContain(`# ${title}\n\n\`${id}\`, ${severity}. `);
  expect(page).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
  expect(text).toContain(`\nAWS: ${page}\n`);
});

it('no id is given twice, and refusals name rules', () => {
  const ids = every.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(edgeRefusals.filter(({ rule }) => !ids.includes(rule))).toEqual([]);
});
