/** The built command in a process of its own, as from a terminal. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const main = join(import.meta.dirname, '..', 'dist', 'command', 'main.js');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export function expectBuilt(): void {
  expect(existsSync(main), 'dist/ is missing: npm run build').toBe(true);
}

/** `orrery …`; `env` comes on top of this process's own. */
export function runCommand(
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ...argv: string[]
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', error: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.error += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}
