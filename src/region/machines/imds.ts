/**
 * The instance metadata service of one instance, version 1 and 2, on a loopback port.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type MetadataTree, metadataTree } from './imds-tree.ts';
import type { MachineHost, MachineSpec } from './machine.ts';

const longestTtlSeconds = 21_600;
const tokenHeader = 'x-aws-ec2-metadata-token';
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const dated = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  '2011-01-01',
  '2011-05-01',
  '2012-01-12',
  '2014-02-25',
  '2014-11-05',
  '2015-10-20',
  '2016-04-19',
  '2016-06-30',
  '2016-09-02',
  '2018-03-28',
  '2018-08-17',
  '2018-09-24',
  '2019-10-01',
  '2020-10-27',
  '2021-01-03',
  '2021-03-23',
  '2021-07-15',
  '2022-09-24',
  '2024-04-11',
];
const versions = new Set([...dated, 'latest']);

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
};

/** The server is not listening yet. */
export function imdsServer(host: MachineHost, spec: MachineSpec): Server {
  const tokens = tokenSeal(host);
  const tree = metadataTree(host, spec);
  return createServer((request, response) => {
    request.resume();
    answer(request, spec, tokens, tree)
      .catch((): Answer => page(500))
      .then((given) => reply(request, response, given));
  });
}

async function answer(
  request: IncomingMessage,
  spec: MachineSpec,
  tokens: TokenSeal,
  tree: MetadataTree,
): Promise<Answer> {
  if (!spec.metadata.enabled) return page(403);
  const [path = '/'] = (request.url ?? '/').split('?');
  if (request.method === 'PUT') return putToken(request, path, tokens);
  if (request.method !== 'GET' && request.method !== 'HEAD') return page(405);
  const token = request.headers[tokenHeader];
  if (token === undefined && spec.metadata.httpTokens === 'required') return page(401);
  if (token !== undefined && !(typeof token === 'string' && tokens.holds(token))) return page(401);
  const segments = path.split('/').filter((segment) => segment !== '');
  const [version, ...rest] = segments;
  if (version === undefined) return text([...dated, 'latest'].join('\n'));
  if (!versions.has(version)) return page(404);
  const found = await tree(rest);
  if (found === undefined) return page(404);
  return { status: 200, body: found.body, type: found.type ?? 'text/plain' };
}

function putToken(request: IncomingMessage, path: string, tokens: TokenSeal): Answer {
  if (path.replace(/\/$/, '') !== '/latest/api/token') return page(path.startsWith('/latest/') ? 405 : 404);
  // A request that passed a proxy comes from somebody else.
  if (request.headers['x-forwarded-for'] !== undefined) return page(403);
  const ttl = request.headers[ttlHeader];
  if (typeof ttl !== 'string' || !/^\d{1,5}$/.test(ttl)) return page(400);
  const seconds = Number(ttl);
  if (seconds < 1 || seconds > longestTtlSeconds) return page(400);
  return { ...text(tokens.make(seconds)), headers: { [ttlHeader]: String(seconds) } };
}

interface TokenSeal {
  make(ttlSeconds: number): string;
  holds(token: string): boolean;
}

/** Tokens carry their own expiry under a key of this instance: another's are not accepted, and none is kept. */
function tokenSeal(host: MachineHost): TokenSeal {
  const key = host.random.secret(32);
  const seal = (head: Buffer) => createHmac('sha256', key).update(head).digest();
  return {
    make(ttlSeconds) {
      const head = Buffer.alloc(10);
      head.writeDoubleBE(host.clock.wallMs() + ttlSeconds * 1000);
      host.random.secret(2).copy(head, 8);
      return Buffer.concat([head, seal(head)]).toString('base64url');
    },
    holds(token) {
      const bytes = Buffer.from(token.slice(0, 100), 'base64url');
      if (bytes.length !== 42) return false;
      const head = bytes.subarray(0, 10);
      return timingSafeEqual(bytes.subarray(10), seal(head)) && head.readDoubleBE() > host.clock.wallMs();
    },
  };
}

function text(body: string): Answer {
  return { status: 200, body, type: 'text/plain' };
}

/** IMDS answers errors with a small XHTML page. */
function page(status: number): Answer {
  const title = `${status} - ${titles[status] ?? 'Error'}`;
  const body = [
    '<?xml version="1.0" encoding="iso-8859-1"?>',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"',
    '\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">',
    ' <head>',
    `  <title>${title}</title>`,
    ' </head>',
    ' <body>',
    `  <h1>${title}</h1>`,
    ' </body>',
    '</html>',
    '',
  ].join('\n');
  return { status, body, type: 'text/html' };
}

function reply(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  const body = Buffer.from(given.body);
  response.writeHead(given.status, {
    'content-type': given.type ?? 'text/plain',
    'content-length': body.length,
    server: 'EC2ws',
    ...given.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
