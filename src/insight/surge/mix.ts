/** Which requests are sent: paths with their weights, `GET` or `POST` with a body from a file. */
import type { Random } from '../../region/clock/random.ts';
import { SurgeError } from './surge-error.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** In proportion to those of the others. */
  readonly weight: number;
  readonly bodyFile?: string;
}

const allowed = "a path with a weight: '/items', '/burn?ms=20:3', 'POST /items?title=x @picture.png:2'";
const most = 100;

/** `/items`, `/burn?ms=20:3`, `POST /items @body.json:2`. A colon with digits at the end of a path itself is written `%3A`. */
export function parseRoute(text: string): Route {
  const refuse = (why: string): never => {
    throw new SurgeError(`--path "${text}": ${why}. It is ${allowed}.`);
  };
  const [, rest = '', weightText] = /^(.*?)(?::(\d+(?:\.\d+)?))?$/.exec(text.trim()) ?? [];
  const weight = weightText === undefined ? 1 : Number(weightText);
  if (!(weight > 0 && weight <= 1_000_000))
    refuse(`the weight ${weightText} must be more than 0, and at most 1,000,000`);
  const [, method = 'GET', path = '', bodyFile] = /^(?:([A-Za-z]+) +)?([^ ]*)(?: +@(.+))?$/.exec(rest) ?? [];
  if (method !== 'GET' && method !== 'POST') return refuse(`the method ${method} must be GET or POST`);
  if (!path.startsWith('/')) refuse('a path begins with /');
  if (!/^[\x21-\x7e]+$/.test(path) || path.includes('#')) refuse('write it as in a URL, with %20 for a space');
  if (method === 'GET' && bodyFile !== undefined) refuse('a GET has no body');
  return { method, path, weight, ...(bodyFile === undefined ? {} : { bodyFile }) };
}

export function parseMix(texts: readonly string[]): Route[] {
  if (texts.length > most) throw new SurgeError(`${texts.length} times --path; at most ${most} are taken.`);
  return texts.map(parseRoute);
}

/** One of them by weight, as its index. */
export function chooser(routes: readonly Route[], random: Random): () => number {
  const total = routes.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let left = random.next() * total;
    const found = routes.findIndex(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    return found < 0 ? routes.length - 1 : found;
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  xml: 'application/xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
};

export function contentTypeOf(file: string): string {
  return contentTypes[/\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}
