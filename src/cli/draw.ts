/** `orrery draw`: the architecture of a template as a picture, or what a change of it does. */

import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import type { ResourceChange } from '../insight/draw/changes.ts';
import type { DrawFormat, Drawing } from '../insight/draw/draw.ts';
import type { ThemeName } from '../insight/draw/theme.ts';
import { assumedHeading, assumedText } from '../insight/model/assumed-text.ts';
import { withParameters } from './parameters.ts';
import { harmless, line, paint, table } from './print.ts';
import { templateArgument, templateInput, templatePair, withStack } from './template-input.ts';

interface DrawArguments {
  readonly output?: string;
  readonly format?: string;
  readonly theme: string;
  readonly title?: string;
  readonly diff?: string;
  readonly stack?: string;
  readonly json?: boolean;
  readonly parameter?: Readonly<Record<string, string>>;
}

const extensions: Readonly<Record<string, DrawFormat>> = {
  '.svg': 'svg',
  '.drawio': 'drawio',
  '.xml': 'drawio',
  '.png': 'png',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.md': 'mermaid',
};
const endings: Readonly<Record<DrawFormat, string>> = { svg: '.svg', drawio: '.drawio', png: '.png', mermaid: '.mmd' };
const themes: readonly string[] = ['light', 'dark', 'auto'] satisfies ThemeName[];

export function drawCommand(program: Command): void {
  withParameters(withStack(program.command('draw')))
    .description('the architecture as a picture: draw.io, SVG, PNG or Mermaid')
    .argument(...templateArgument)
    .option('-o, --output <file>', 'where to; its ending says the format, and - is the screen (architecture.svg)')
    .option('--format <format>', 'drawio, svg, png or mermaid')
    .option('--theme <theme>', "light, dark, or auto: the viewer's", 'auto')
    .option('--title <text>', 'the heading')
    .option('--diff <old>', 'what changed since another folder or template: orrery draw --diff OLD NEW')
    .option('--json', 'what is in the picture, for programs')
    .action(run);
}

async function run(given: string, options: DrawArguments): Promise<void> {
  const { format, file } = target(options);
  if (!themes.includes(options.theme))
    throw new UserError(`--theme must be light, dark or auto, not "${options.theme}".`);
  if (format === 'mermaid' && options.theme !== 'auto')
    throw new UserError('--theme is for SVG, draw.io and PNG: Mermaid text has the theme of the page that it is in.');
  const { stack, diff } = options;
  const [before, after] =
    diff === undefined ? [undefined, await templateInput(given, stack)] : await templatePair(diff, given, stack);
  const { draw } = await import('../insight/draw/draw.ts');
  const drawing = await draw({
    template: after.template,
    name: after.name,
    title: options.title ?? (before ? `${before.title} → ${after.title}` : after.title),
    format,
    theme: options.theme as ThemeName,
    ...(options.parameter ? { parameters: options.parameter } : {}),
    ...(before ? { before } : {}),
  });
  const { content, ...rest } = drawing;
  if (file === '-') process.stdout.write(content);
  else write(file, fenced(file, content));
  if (options.json && file !== '-') line(JSON.stringify({ file: resolve(file), ...rest }, null, 2));
  else if (file !== '-') line(summary(file, drawing));
  const warned = warnings(drawing);
  if (warned !== '') process.stderr.write(`${harmless(warned)}\n`);
}

function target({ output, format }: DrawArguments): { readonly format: DrawFormat; readonly file: string } {
  const known = Object.keys(endings) as DrawFormat[];
  const asked = known.find((one) => one === format);
  if (format !== undefined && asked === undefined)
    throw new UserError(`--format must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, not "${format}".`);
  if (output === undefined) return { format: asked ?? 'svg', file: `architecture${endings[asked ?? 'svg']}` };
  const meant = asked ?? extensions[extname(output).toLowerCase()] ?? (output === '-' ? 'svg' : undefined);
  if (meant === undefined)
    throw new UserError(
      `The format of ${output} is not known by its ending.`,
      `Endings: ${Object.keys(extensions).join(', ')}; or give --format.`,
    );
  return { format: meant, file: output };
}

/** In Markdown, a diagram is a block of code. */
function fenced(file: string, content: string | Buffer): string | Buffer {
  return extname(file).toLowerCase() === '.md' ? `\`\`\`mermaid\n${content}\`\`\`\n` : content;
}

function write(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = { ENOENT: 'there is no such folder', EISDIR: 'that is a folder', EACCES: 'that is not allowed' }[code];
    throw new UserError(`${resolve(file)} cannot be written: ${why ?? (error as Error).message}.`);
  }
}

function summary(file: string, { content, size, parts, changes }: Drawing): string {
  const pixels = size ? `, ${size.width} × ${size.height}` : '';
  const resources = new Set(parts.flatMap((part) => part.resources)).size;
  const head = `${file}  ${Buffer.byteLength(content)} bytes${pixels}: ${resources} resources in ${parts.length} parts`;
  return changes.length > 0 ? `${head}\n${changeTable(changes)}` : head;
}

const paints = { added: paint.green, removed: paint.red, replaced: paint.yellow, changed: paint.bold } as const;

function changeTable(changes: readonly ResourceChange[]): string {
  const rows = table(
    changes.map(({ mark, logicalId, type, properties, conditional }) => [
      paints[mark]((conditional ? 'perhaps replaced' : mark).padEnd(16)),
      logicalId,
      type,
      properties.join(', '),
    ]),
  );
  return rows.replace(/ +$/gm, '');
}

/** What the picture shows in an area of its own. */
function warnings({ notModelled, assumed, failed }: Drawing): string {
  const lines: string[] = [];
  if (assumed.length > 0) lines.push(paint.yellow(assumedHeading), ...assumed.map((one) => `  ${assumedText(one)}`));
  if (notModelled.length > 0) {
    lines.push(paint.yellow('Not modelled, and drawn without anything around them:'));
    for (const { logicalId, type } of notModelled) lines.push(`  ${logicalId}  ${type}`);
  }
  if (failed.length > 0) {
    lines.push(paint.yellow('Could not be made, and drawn with what needs them, without anything around:'));
    for (const { message, line: at } of failed) lines.push(`  ${at === undefined ? '' : `line ${at}: `}${message}`);
  }
  return lines.join('\n');
}
