/**
 * S3 as an origin: the request goes through the region's own endpoint, in this process, with the caller that CloudFront's
 * signature stands for. So S3 decodes it, asks the bucket's policy about that caller, and answers with its own errors.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Duplex, duplexPair, PassThrough, pipeline } from 'node:stream';
import { fromRaw, set, toRaw } from '../../traffic/edge/headers.ts';
import type { FetchS3, S3OriginRequest } from '../../traffic/edge/origin.ts';
import type { Caller } from '../service.ts';

/** @param serve the endpoint; a `caller` takes the place of the one whom the request's own signature names */
export function s3Origin(
  serve: (request: IncomingMessage, response: ServerResponse, caller: Caller | undefined) => void,
): FetchS3 & { close(): void } {
  const callers = new WeakMap<object, { caller: Caller | undefined }>();
  const server = createServer(
    { requestTimeout: 0, keepAliveTimeout: 0, maxHeaderSize: 64 * 1024 },
    (request, response) => {
      const asked = callers.get(request.socket);
      if (asked) serve(request, response, asked.caller);
      else response.destroy();
    },
  );

  function connect(caller: Caller | undefined): Duplex {
    const [ours, theirs] = duplexPair();
    theirs.on('error', () => theirs.destroy());
    callers.set(theirs, { caller });
    server.emit('connection', theirs);
    return ours;
  }

  const fetchS3 = (asked: S3OriginRequest) =>
    new Promise<Awaited<ReturnType<FetchS3>>>((resolve, reject) => {
      const { method, path, query, headers, body, caller, bucket, region } = asked;
      // Path style: a bucket's name may have dots.
      set(headers, 'host', `s3.${region ?? 'us-east-1'}.amazonaws.com`);
      const target = `/${bucket}${path}`;
      const upstream = httpRequest({
        // One connection a request: the caller belongs to it.
        createConnection: () => connect(caller) as never,
        method,
        path: query === '' ? target : `${target}?${query}`,
        headers: toRaw(headers),
        setHost: false,
        signal: asked.signal,
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

  return Object.assign(fetchS3, { close: () => server.close() });
}
