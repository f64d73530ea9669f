import { expect, test } from 'vitest';
import { currentText, fidelityText } from '../scripts/fidelity.ts';

test('docs/fidelity.md says what the services declare; if not: npm run fidelity', () => {
  expect(currentText()).toBe(fidelityText(currentText()));
});
