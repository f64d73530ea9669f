import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's version. */
export function version(): string {
  const file = fileURLToPath(import.meta.resolve('orrery/package.json'));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
