import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';
import { everyVariant } from './variants.suite.ts';

const run = promisify(execFile);
const present = await run('cfn-lint', ['--version']).then(
  () => true,
  () => false,
);
if (!present) console.warn('cfn-lint is not on the PATH: templates are not linted. `pip install cfn-lint` brings it.');

const folder = mkdtempSync(join(tmpdir(), 'orrery-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fails with what it says: it answers with another status than 0 for any finding, warnings included. */
async function lint(files: readonly { readonly name: string; readonly text: string }[]): Promise<void> {
  const paths = files.map(({ name, text }) => {
    const path = join(folder, `${name}.yml`);
    writeFileSync(path, text);
    return path;
  });
  const said = await run('cfn-lint', ['--format', 'parseable', '--', ...paths]).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  );
  expect(said.replaceAll(`${folder}/`, '')).toBe('');
}

describe.skipIf(!present)('cfn-lint', () => {
  it('has nothing to say about any variant', { timeout: 240_000 }, async () => {
    const [first] = everyVariant;
    const files = everyVariant.slice(0, 4).map(([name, config]) => ({
      name: name.replace(/\W+/g, '-'),
      text: synthesise(config).yaml,
    }));
    files.push({ name: 'domain', text: synthesise(first?.[1] ?? { name: 'app' }).domainYaml });
    // Two at a time: each takes seconds of a core.
    const half = Math.ceil(files.length / 2);
    await Promise.all([lint(files.slice(0, half)), lint(files.slice(half))]);
  });

  it('would say something about a mistake', { timeout: 60_000 }, async () => {
    const text = 'Resources: {Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Nowhere}}}\n';
    await expect(lint([{ name: 'broken', text }])).rejects.toThrow('E1020');
  });
});
