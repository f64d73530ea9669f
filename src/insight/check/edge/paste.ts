/** Pieces of template to paste, as text. */
import { stringify } from 'yaml';
import type { Path } from '../../../region/template.ts';

/** YAML, indented by so many spaces. */
export function yamlText(value: unknown, indent = 0): string {
  const space = ' '.repeat(indent);
  // By CloudFormation's version of YAML, in which a bare 2012-10-17 is a date.
  const text = stringify(value, { lineWidth: 0, version: '1.1' }).trimEnd();
  return text
    .split('\n')
    .map((line) => space + line)
    .join('\n');
}

/** What to write, and where: the place on a line of its own. */
export function pasteInto(place: string, value: unknown): string {
  return `${place}:\n${yamlText(value, 2)}`;
}

/** `Distribution.DistributionConfig.Origins[0]` */
export function placeName(logicalId: string, path: Path): string {
  const steps = path[0] === 'Properties' ? path.slice(1) : path;
  return logicalId + steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}
