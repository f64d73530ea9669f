/** Writes the tables of `docs/fidelity.md` from the services' own declarations: `npm run fidelity`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allServices } from '../src/region/services/registry.ts';

const file = join(import.meta.dirname, '..', 'docs', 'fidelity.md');
const begin = '<!-- generated: npm run fidelity -->';
const end = '<!-- end -->';

/** The text that `docs/fidelity.md` should have; everything outside of the marks is left as it is. */
export function fidelityText(current: string): string {
  const [before = '', rest = ''] = current.split(begin, 2);
  const [, after = ''] = rest.split(end, 2);
  return `${before}${begin}\n\n${tables()}\n${end}${after}`;
}

export function currentText(): string {
  return readFileSync(file, 'utf8');
}

function tables(): string {
  return [...allServices()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((service) => {
      const operations = Object.keys(service.operations)
        .sort()
        .map((name) => `\`${name}\``);
      const types = Object.entries(service.resources)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([type, { honours, inert = {} }]) => {
          const accepted = Object.entries(inert).map(([path, why]) => `\`${path}\` (${why})`);
          const note = accepted.length > 0 ? ` Accepted without effect: ${accepted.join('; ')}.` : '';
          return `- \`${type}\`: ${honours.map((path) => `\`${path}\``).join(', ') || 'no properties'}.${note}`;
        });
      return [`### ${service.name}`, '', `Operations: ${operations.join(', ')}.`, '', ...types, ''].join('\n');
    })
    .join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(file, fidelityText(currentText()));
