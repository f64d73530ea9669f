/**
 * Measurements side by side, in one run: `npm run bench`, or some of them (`npm run bench -- balancer dns`).
 * `--write` puts them into docs/benchmarks.md, in the place of what was there of the same; `--seconds N` and `--times N`
 * change each run's length and number.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { awsApi } from './aws-api.ts';
import { balancer } from './balancer.ts';
import { check } from './check.ts';
import { dns } from './dns.ts';
import { edge } from './edge.ts';
import { find } from './processes.ts';
import type { Result, Scenario } from './result.ts';
import { simulation } from './simulation.ts';
import { up } from './up.ts';

const scenarios: Readonly<Record<string, Scenario>> = { up, balancer, edge, 'aws-api': awsApi, dns, check, simulation };

const argv = process.argv.slice(2);
const option = (name: string, usual: number) => {
  const at = argv.indexOf(name);
  return at < 0 ? usual : Number(argv.splice(at, 2)[1]);
};
const settings = { seconds: option('--seconds', 5), times: option('--times', 3) };
const write = argv.includes('--write');
const names = argv.filter((word) => word !== '--write');
const unknown = names.find((name) => !Object.hasOwn(scenarios, name));
if (unknown !== undefined || !(settings.seconds > 0) || !(settings.times > 0)) {
  process.stderr.write(
    `${unknown ? `There is no benchmark "${unknown}".` : '--seconds and --times must be numbers above 0.'} There are: ${Object.keys(scenarios).join(', ')}\n`,
  );
  process.exit(1);
}

const file = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');
const results: Result[] = [];
for (const [name, scenario] of Object.entries(scenarios)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  const result = await scenario(settings);
  results.push(result);
  process.stdout.write(`${section(result)}\n`);
}
if (write) {
  writeFileSync(file, page(results));
  process.stdout.write('Written to docs/benchmarks.md.\n');
}
process.exit(0);

function section({ title, how, rows, aims, missing }: Result): string {
  return [
    `## ${title}\n`,
    `${how} ${measured()}\n`,
    '| who | what | measured | |',
    '| --- | --- | ---: | --- |',
    ...rows.map((row) => `| ${row.who} | ${row.what} | ${row.value} | ${row.more ?? ''} |`),
    '',
    ...aims.map(({ aim, measured, met }) => `- ${met ? 'Met' : 'Not met'}: ${aim} (${measured})`),
    ...missing.map((what) => `- Not measured, because it is not installed: ${what}`),
    '',
  ].join('\n');
}

/** The day, the machine, and how often. */
function measured(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`;
  return `*${day}, ${machine}; ${settings.times} runs of ${settings.seconds} s after one to warm up.*`;
}

function page(all: readonly Result[]): string {
  const versions = [
    `Node ${process.version}`,
    ...[
      ['nginx', ['-v']],
      ['haproxy', ['-v']],
      ['wrk', ['-v']],
    ].flatMap(([program, flags]) => versionOf(program as string, flags as string[]) ?? []),
  ];
  const sections = new Map(sectionsOf(readFileSync(file, 'utf8')));
  for (const result of all) sections.set(result.title, section(result));
  return `# Benchmarks

Measured by \`npm run bench -- --write\`; of several runs the middle one counts. Load, servers and region share one machine.
${versions.join(', ')}. Absolute figures say something of this machine only; the ratios were taken in one run.

${[...sections.values()].join('\n')}`;
}

function sectionsOf(text: string): [title: string, section: string][] {
  return text
    .split(/^(?=## )/m)
    .slice(1)
    .map((part) => [/^## (.*)$/m.exec(part)?.[1] ?? '', `${part.trimEnd()}\n`]);
}

function versionOf(program: string, flags: readonly string[]): string | undefined {
  const path = find(program);
  if (path === undefined) return undefined;
  try {
    const text = execFileSync('sh', ['-c', `"${path}" ${flags.join(' ')} 2>&1 || true`], { encoding: 'utf8' });
    return `${program} ${/(\d+\.\d+[\w.]*)/.exec(text)?.[1] ?? ''}`.trim();
  } catch {
    return undefined;
  }
}
