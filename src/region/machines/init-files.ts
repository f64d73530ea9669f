/** The `sources` and `files` of a cfn-init config. */
import { chmod, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { archiveKind, unpack } from './archive.ts';
import type { Changes } from './cfn-init.ts';
import { type Authentications, download } from './download.ts';
import { BootError, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';

export const fileEntry = z.strictObject({
  content: z.unknown().optional(),
  source: z.string().optional(),
  encoding: z.enum(['plain', 'base64']).optional(),
  owner: z.string().optional(),
  group: z.string().optional(),
  mode: z.coerce.string().optional(),
  authentication: z.string().optional(),
  context: z.record(z.string(), z.unknown()).optional(),
});
type FileEntry = z.infer<typeof fileEntry>;

const largestFile = 64 * 1024 * 1024;

/** Archives by the folder they are unpacked into. */
export async function putSources(
  guest: Guest,
  sources: Readonly<Record<string, string>>,
  authentications: Authentications,
  changes: Changes,
): Promise<void> {
  for (const [folder, source] of Object.entries(sources)) {
    const name = URL.canParse(source) ? new URL(source).pathname : source;
    const kind = archiveKind(name);
    if (kind === undefined) throw new NotModelled(`not modelled: the archive format of ${name}`);
    const answer = await download(guest, source, authentications);
    const count = await unpack(guest.files, folder, kind, answer).catch((error: unknown) => {
      answer.destroy();
      throw error;
    });
    guest.console.boot(`cfn-init: unpacked ${count} files of ${source} into ${folder}`);
    changes.sources.add(folder);
  }
}

export async function putFiles(
  guest: Guest,
  entries: Readonly<Record<string, FileEntry>>,
  authentications: Authentications,
  changes: Changes,
): Promise<void> {
  for (const [path, entry] of Object.entries(entries)) {
    if (!path.startsWith('/')) throw new BootError(`files: ${path} is not an absolute path`);
    await checkOwner(guest, entry);
    const mode = entry.mode ?? '000644';
    if (!/^[0-7]{3,6}$/.test(mode)) throw new BootError(`files: ${path}: the mode ${mode} is not octal`);
    const content = await contentOf(guest, path, entry, authentications);
    // 0120000 is what stat(2) calls a symbolic link: the content is its target then.
    if (/^120/.test(mode) || /^0?120\d{3}$/.test(mode)) {
      await guest.files.link(content.toString('utf8').trim(), path);
      changes.files.add(path);
      continue;
    }
    const place = await guest.files.locate(path);
    const before = await readFile(place).catch(() => undefined);
    await guest.files.write(path, content, 0o600);
    await chmod(place, Number.parseInt(mode.slice(-4), 8));
    if (!before || !before.equals(content)) changes.files.add(path);
  }
}

async function checkOwner(guest: Guest, { owner, group }: FileEntry): Promise<void> {
  if (owner !== undefined && !(await guest.accounts.hasUser(owner))) throw new BootError(`invalid user: '${owner}'`);
  if (group !== undefined && !(await guest.accounts.hasGroup(group))) throw new BootError(`invalid group: '${group}'`);
}

async function contentOf(
  guest: Guest,
  path: string,
  entry: FileEntry,
  authentications: Authentications,
): Promise<Buffer> {
  const { content, source, encoding, context } = entry;
  if ((content === undefined) === (source === undefined)) {
    throw new BootError(`files: ${path}: exactly one of content and source must be given`);
  }
  let bytes: Buffer;
  if (source !== undefined) {
    const chunks: Buffer[] = [];
    let size = 0;
    const answer = await download(guest, source, authentications, entry.authentication);
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largestFile) throw new BootError(`files: ${path}: larger than ${largestFile} bytes`);
      chunks.push(chunk);
    }
    bytes = Buffer.concat(chunks);
  } else if (typeof content === 'string') {
    bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
  } else bytes = Buffer.from(JSON.stringify(content, null, 4));
  return context === undefined ? bytes : Buffer.from(rendered(bytes.toString('utf8'), context));
}

/** The Mustache that templates of metadata use: variables, escaped or not. */
export function rendered(template: string, context: Readonly<Record<string, unknown>>): string {
  const section = /\{\{\s*([#^/>=])/.exec(template);
  if (section) throw new NotModelled(`not modelled: a Mustache template with {{${section[1]}`);
  const textAt = (name: string): string => {
    let value: unknown = context;
    for (const part of name.trim().split('.')) {
      value = typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string, unknown>)[part]
        : undefined; // biome-ignore format: one step
    }
    return value === undefined || value === null ? '' : String(value);
  };
  const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return template.replace(
    /\{\{\{([^{}]+)\}\}\}|\{\{&([^{}]+)\}\}|\{\{![^}]*\}\}|\{\{([^{}]+)\}\}/g,
    (_all, raw, plain, name) => {
      if (raw !== undefined || plain !== undefined) return textAt(raw ?? plain);
      return name === undefined ? '' : textAt(name).replace(/[&<>"']/g, (found) => escapes[found] ?? found);
    },
  );
}
