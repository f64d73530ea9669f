/**
 * The gallery's API: settings from the environment, one HTTP server, an orderly end.
 *
 * `PORT` (8080), `HOST` (all addresses), `DATA_BUCKET`, `ALLOWED_ORIGIN` (exact origins of pages, comma-separated),
 * `AWS_REGION` and whatever else the AWS SDK reads. Logs are lines of JSON on stdout.
 */
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { allowedOrigins, corsHeaders, preflightHeaders } from './cors.js';
import { HttpError, readTarget } from './http.js';
import { machineIdentity } from './identity.js';
import { isPictureId, isStoreError, openPictures } from './pictures.js';
import { routes, s3Status } from './routes.js';

/** How long requests in flight may take to end after SIGTERM; systemd kills after 90 s. */
const drainMs = 30_000;

const settings = readSettings(process.env);
const identity = await machineIdentity(process.env);
const table = routes({ pictures: openPictures(settings.bucket), identity: identity.ask });

const server = createServer(
  {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 15_000,
    // The whole request, a picture's upload included.
    requestTimeout: 60_000,
    // Longer than the load balancer's idle timeout of 60 s: it keeps connections open to reuse them, and one that this
    // side closed just then is a 502 for somebody.
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: 5000,
  },
  (request, response) => void serve(request, response),
);
server.timeout = 120_000;
server.maxConnections = 10_000;
server.once('error', (error) => {
  log({ level: 'error', message: `cannot listen on port ${settings.port}: ${error.message}` });
  process.exit(1);
});
server.listen(settings.port, settings.host, () => {
  const address = server.address();
  log({
    level: 'info',
    message: 'listening',
    port: typeof address === 'object' ? address?.port : address,
    ...identity.known(),
  });
});
// A log that cannot be written is no reason to drop requests.
process.stdout.on('error', () => {});
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

/** Accepts no more, ends what is in flight, exits. */
function stop() {
  server.close(() => {
    log({ level: 'info', message: 'stopped' });
    process.exit(0);
  });
  log({ level: 'info', message: 'stopping' });
  setTimeout(() => {
    log({ level: 'warn', message: `requests still in flight after ${drainMs} ms are cut off` });
    server.closeAllConnections();
  }, drainMs).unref();
}

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function serve(request, response) {
  const start = performance.now();
  /** @type {Record<string, unknown>} */
  const notes = {};
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
    log({
      level: response.statusCode >= 500 ? 'error' : 'info',
      method: request.method,
      path: (request.url ?? '').slice(0, 500),
      // None where the client went before there was one.
      status: response.headersSent ? response.statusCode : null,
      ms: Math.round((performance.now() - start) * 10) / 10,
      client: request.headers['x-forwarded-for'] ?? request.socket.remoteAddress,
      trace: request.headers['x-amzn-trace-id'],
      ...(response.writableFinished ? {} : { brokenOff: true }),
      ...notes,
    });
  });
  const { instanceId, zone } = identity.known();
  for (const [name, value] of Object.entries({
    ...corsHeaders(settings.origins, request.headers.origin),
    'X-Served-By': `${instanceId};${zone}`,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  })) {
    response.setHeader(name, value);
  }
  try {
    await send(response, await answer(request, gone.signal));
  } catch (error) {
    if (gone.signal.aborted) return;
    if (response.headersSent) {
      notes.error = reason(error);
      response.destroy();
      return;
    }
    await send(response, failure(error, notes)).catch(() => response.destroy());
  }
}

/**
 * @param {import('node:http').IncomingMessage} request @param {AbortSignal} signal
 * @returns {Promise<import('./routes.js').Answer>}
 */
async function answer(request, signal) {
  const { method = '', headers } = request;
  if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
    const allowed = preflightHeaders(settings.origins, headers.origin);
    if (allowed === undefined) throw new HttpError(403, 'Pages of this origin may not call this API.');
    return { status: 204, headers: allowed };
  }
  const { path, query } = readTarget(request.url ?? '');
  for (const route of table) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const handler = route.methods[method === 'HEAD' ? 'GET' : method];
    const methods = [...Object.keys(route.methods), ...(route.methods.GET ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    if (method === 'OPTIONS') return { status: 204, headers: { Allow: methods } };
    if (handler === undefined) throw new HttpError(405, `${method} is not for ${path}.`, { Allow: methods });
    const id = match[1] ?? '';
    if (match.length > 1 && !isPictureId(id)) throw new HttpError(404, 'There is no such picture.');
    return handler({ request, query, id, signal });
  }
  throw new HttpError(404, 'There is nothing at this address.');
}

/** @param {import('node:http').ServerResponse} response @param {import('./routes.js').Answer} answered */
async function send(response, { status, headers = {}, json, stream }) {
  const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
  response.writeHead(status, {
    ...headers,
    ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length }),
    ...(server.listening ? {} : { Connection: 'close' }),
  });
  if (stream === undefined) response.end(body);
  else await pipeline(stream, response);
}

/**
 * What went wrong, as an answer: the caller's mistakes in words, the picture store's as 502, whose reason is for the log.
 * @param {unknown} error @param {Record<string, unknown>} notes Added to the request's line in the log.
 * @returns {import('./routes.js').Answer}
 */
function failure(error, notes) {
  if (error instanceof HttpError) {
    return { status: error.status, headers: error.headers, json: { error: error.message } };
  }
  notes.error = reason(error);
  if (!isStoreError(error)) return { status: 500, json: { error: 'This machine made a mistake. It is in its log.' } };
  return { status: 502, json: { error: `The picture store did not do what was asked (${error.name}).` } };
}

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof Error)) return { message: String(error) };
  return { name: error.name, message: error.message.slice(0, 1000), storeStatus: s3Status(error), stack: error.stack };
}

/** @param {NodeJS.ProcessEnv} env */
function readSettings(env) {
  try {
    const port = Number(env.PORT || 8080);
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
      throw new Error(`PORT: "${env.PORT}" is not a port. Allowed: 0 to 65535.`);
    }
    const bucket = env.DATA_BUCKET ?? '';
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
      throw new Error(`DATA_BUCKET: "${bucket}" is not the name of a bucket.`);
    }
    return { port, host: env.HOST || undefined, bucket, origins: allowedOrigins(env.ALLOWED_ORIGIN) };
  } catch (error) {
    log({ level: 'error', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}

/** @param {Record<string, unknown>} line */
function log(line) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
}
