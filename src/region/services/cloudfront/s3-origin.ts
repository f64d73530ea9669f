/**
 * S3 as an origin: the request goes through the region's own endpoint, in this process, signed as CloudFront signs it.
 * So S3 verifies the signature, asks the bucket's policy about that caller, and answers with its own errors.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Duplex, duplexPair, PassThrough, pipeline } from 'node:stream';
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import { fromRaw, get, type Headers, set, toRaw } from '../../traffic/edge/headers.ts';
import type { FetchS3, S3Caller, S3OriginRequest } from '../../traffic/edge/origin.ts';
import { authorizationOf, compactTime } from '../../wire/sigv4.ts';
import type { Caller } from '../service.ts';

export interface S3OriginHost {
  readonly clock: Clock;
  readonly random: Random;
  /** The region's endpoint. */
  serve(request: IncomingMessage, response: ServerResponse): void;
}

export interface S3Origin {
  readonly fetchS3: FetchS3;
  /** Whose key it is that CloudFront signs with; undefined for other keys. */
  credentials(accessKeyId: string): SigningKey | undefined;
  close(): void;
}

interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly identity: Caller;
}

export function s3Origin({ clock, random, serve }: S3OriginHost): S3Origin {
  // One key for each distribution (or access identity), known to this process only.
  const byCaller = new Map<string, SigningKey>();
  const byId = new Map<string, SigningKey>();
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0, maxHeaderSize: 64 * 1024 }, serve);

  function keyOf(caller: S3Caller): SigningKey {
    const name = caller.kind === 'service' ? caller.sourceArn : caller.arn;
    let key = byCaller.get(name);
    if (!key) {
      key = {
        accessKeyId: `ASIA${random.text(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
        secretAccessKey: random.secret(30).toString('base64'),
        identity: caller,
      };
      byCaller.set(name, key);
      byId.set(key.accessKeyId, key);
    }
    return key;
  }

  /** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html */
  function sign(method: string, target: string, headers: Headers, region: string, caller: S3Caller): void {
    const { accessKeyId, secretAccessKey } = keyOf(caller);
    const timestamp = compactTime(clock.wallMs());
    set(headers, 'x-amz-date', timestamp);
    // A viewer's own hash of what it uploads is kept, so that S3 checks it.
    if (get(headers, 'x-amz-content-sha256') === undefined) set(headers, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD');
    const payloadHash = get(headers, 'x-amz-content-sha256') ?? '';
    const [rawPath = '', rawQuery = ''] = target.split('?', 2);
    const signedHeaders = [...headers.keys()].filter((name) => name === 'host' || name.startsWith('x-amz-')).sort();
    const asSent = Object.fromEntries([...headers.keys()].map((name) => [name, get(headers, name)]));
    const scope = { date: timestamp.slice(0, 8), region, service: 's3' };
    const claim = { accessKeyId, scope, signedHeaders, timestamp };
    const request = { method, rawPath, rawQuery, headers: asSent };
    set(headers, 'authorization', authorizationOf(request, claim, secretAccessKey, payloadHash));
  }

  function connect(): Duplex {
    const [ours, theirs] = duplexPair();
    theirs.on('error', () => theirs.destroy());
    server.emit('connection', theirs);
    return ours;
  }

  const fetchS3: FetchS3 = ({
    method,
    path,
    query,
    headers,
    body,
    caller,
    bucket,
    region = 'us-east-1',
    signal,
  }: S3OriginRequest) =>
    new Promise((resolve, reject) => {
      // Path style: a bucket's name may have dots.
      set(headers, 'host', `s3.${region}.amazonaws.com`);
      const target = `/${bucket}${path}${query === '' ? '' : `?${query}`}`;
      if (caller) sign(method, target, headers, region, caller);
      const upstream = httpRequest({
        createConnection: () => connect() as never,
        method,
        path: target,
        headers: toRaw(headers),
        setHost: false,
        signal,
      });
      upstream.on('error', reject);
      upstream.on('response', (answer) => {
        const shown = new PassThrough();
        pipeline(answer, shown, () => {});
        resolve({ status: answer.statusCode ?? 502, headers: fromRaw(answer.rawHeaders), body: shown });
      });
      if (body) body.pipe(upstream);
      else upstream.end();
    });

  return { fetchS3, credentials: (accessKeyId) => byId.get(accessKeyId), close: () => void server.close() };
}
