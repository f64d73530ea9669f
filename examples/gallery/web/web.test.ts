/** What the page's security policy and its deep links ask of the files, held against the files. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const app = fileURLToPath(new URL('./app/', import.meta.url));
const assets = new URL('./assets/', import.meta.url);
const html = readFileSync(new URL('./index.html', import.meta.url), 'utf8');
const files = readdirSync(app);
const scripts = files.filter((name) => name.endsWith('.js'));
const source = (name: string): string => readFileSync(app + name, 'utf8');

it('has no inline script, style or handler: the policy would refuse them', () => {
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/i);
});

it('refers to its own files only, from the root: a deep link is loaded from any depth', () => {
  const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
  expect(references.length).toBeGreaterThan(5);
  for (const reference of references.filter((one) => !one.startsWith('#') && one !== '/machines')) {
    expect(reference).toMatch(/^\/(?!\/)/);
    if (reference !== '/') expect(existsSync(new URL(`.${reference}`, import.meta.url)), reference).toBe(true);
  }
});

it.each(readdirSync(assets))('%s carries the hash of its content: it is cached for a year', (name) => {
  const hash = createHash('sha256')
    .update(readFileSync(new URL(name, assets)))
    .digest('hex');
  expect(name.split('.').at(-2)).toBe(hash.slice(0, 8));
});

it.each(scripts)('%s makes no markup of text and imports what is there', (name) => {
  expect(source(name)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/);
  for (const [, imported = ''] of source(name).matchAll(/from '([^']+)'/g)) {
    expect(imported).toMatch(/^\.\//);
    expect(files).toContain(imported.slice(2));
  }
});

it.each(files)('%s fetches nothing from elsewhere', (name) => {
  expect(source(name).replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\/\w|@import|url\(/);
});
