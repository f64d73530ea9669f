/** Load by `wrk`, and what it says of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { find, run, temporaryFolder } from './processes.ts';
import type { Settings } from './result.ts';

export interface Request {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Load {
  /** Those that were answered with success. */
  readonly requestsPerSecond: number;
  /** Of all that were answered. */
  readonly failedPercent?: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export const wrk = find('wrk');
const connections = 32;

/** A fast error is no result: it is not counted, and ours must not fail at all. */
async function load(request: Request, seconds: number, mayFail: boolean): Promise<Load> {
  if (wrk === undefined) throw new Error('wrk is not installed: apt install wrk');
  const script = join(temporaryFolder(), 'request.lua');
  writeFileSync(
    script,
    [
      `wrk.method = ${quoted(request.method ?? 'GET')}`,
      ...Object.entries(request.headers ?? {}).map(
        ([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`,
      ),
      ...(request.body === undefined ? [] : [`wrk.body = ${quoted(request.body)}`]),
    ].join('\n'),
  );
  const argv = [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    '--timeout',
    '30s',
    '--latency',
    '-s',
    script,
    request.url,
  ];
  const text = await run(wrk, argv);
  if (/Socket errors/.test(text)) throw new Error(`${request.url} broke connections:\n${text}`);
  if (!mayFail && /Non-2xx or 3xx responses/.test(text)) throw new Error(`${request.url} failed at times:\n${text}`);
  const failed =
    Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0) / Number(/(\d+) requests in/.exec(text)?.[1]);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]) * (1 - failed),
    ...(failed > 0 ? { failedPercent: failed * 100 } : {}),
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(text)?.[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(text)?.[1]),
  };
}

/** As a string of Lua. */
function quoted(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}

function milliseconds(text = ''): number {
  const [, number = 'NaN', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
}

export interface Repeated extends Load {
  /** Between the best and the worst run. */
  readonly spreadPercent: number;
}

/** The run in the middle of several, after one to warm up. */
export async function repeated(
  request: Request,
  { seconds, times }: Settings,
  { mayFail = false }: { mayFail?: boolean } = {},
): Promise<Repeated> {
  await load(request, seconds, mayFail);
  const runs: Load[] = [];
  for (let i = 0; i < times; i++) runs.push(await load(request, seconds, mayFail));
  return middle(runs);
}

export function middle(runs: readonly Load[]): Repeated {
  const sorted = [...runs].sort((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (!found) throw new Error('there was no run');
  const rates = sorted.map(({ requestsPerSecond }) => requestsPerSecond);
  return { ...found, spreadPercent: ((Math.max(...rates) - Math.min(...rates)) / found.requestsPerSecond) * 100 };
}
