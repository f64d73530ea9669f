/** Nor does the blueprint make these mistakes with parameters that are given; without, all rules are tried, in `tests/`. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { synthesise } from '../../../blueprint/synthesise.ts';
import { variants } from '../../../blueprint/variants.suite.ts';
import { check } from '../check.ts';
import { edgeRules } from './index.ts';

async function findingsOf(template: string, parameters: Readonly<Record<string, string>> = {}) {
  const { findings } = await check({ template, name: 'build.yml', parameters }, edgeRules);
  const own = new Set(edgeRules.map(({ id }) => id));
  return findings.filter(({ rule }) => own.has(rule)).map(({ rule, message }) => `${rule}: ${message}`);
}

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

it.each([
  ['another domain', variants['no domain'], { DomainName: 'other.org' }],
  ['a release', variants.default, { ReleaseBucket: 'releases-of-mine', ReleaseKey: 'api-1.zip' }],
  [
    'signed uploads',
    variants['every option, four zones'],
    { UploadPublicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
  ],
])('finds nothing in the blueprint with %s', async (_name, config, parameters) => {
  expect(await findingsOf(synthesise(config).yaml, parameters)).toEqual([]);
});
