/** Requests as bytes would have them: for what no well-behaved client sends. */
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export function raw(port: number, { method = 'GET', path = '/', headers = {}, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const sha256Hex = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

export interface SignOptions {
  readonly service: string;
  readonly accessKeyId?: string;
  readonly secret?: string;
  readonly region?: string;
  readonly nowMs: number;
  /** Names in lower case; by default all that are given, and `host`. */
  readonly signedHeaders?: readonly string[];
  /** In place of the body's hash. */
  readonly hash?: string;
  readonly scopeDate?: string;
}

/** Signed by the book, in few lines, independently of the code under test. The path must be canonical already. */
export function sign(port: number, request: RawRequest, options: SignOptions) {
  const { service, accessKeyId = 'test', secret = 'test', region = 'us-east-1', nowMs } = options;
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = options.scopeDate ?? timestamp.slice(0, 8);
  const hash = options.hash ?? sha256Hex(request.body ?? '');
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    'x-amz-date': timestamp,
    ...(service === 's3' ? { 'x-amz-content-sha256': hash } : {}),
    ...request.headers,
  };
  const names = [...(options.signedHeaders ?? Object.keys(headers))].sort();
  const [path = '/', query = ''] = (request.path ?? '/').split('?');
  const canonical = [
    request.method ?? 'GET',
    path,
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    hash,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`) as Buffer;
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  const sent: Record<string, string> = { ...headers, authorization };
  return { request: { ...request, headers: sent }, signature, key, scope, timestamp };
}

/** The part of an answer that names the error. */
export const errorCode = ({ body }: RawAnswer) =>
  /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? /"__type":"([^"]*)"/.exec(body)?.[1] ?? '';
