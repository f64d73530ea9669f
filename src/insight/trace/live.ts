/**
 * A real request through a running region, with how long each part of it took: as its client sees it, as AWS's own
 * headers tell (`X-Cache`, `Via`), and as the balancer's access log would have it.
 */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../region/clock/clock.ts';
import type { Random } from '../../region/clock/random.ts';
import { startStopwatch } from '../../region/clock/stopwatch.ts';
import { type Looked, modelLookup } from '../surge/lookup.ts';
import { balancerPhases, listen, type MachineAt, type RegionTold } from './live-told.ts';
import type { TracedRequest } from './request.ts';
import { type LivePhase, type LiveTrace, TraceError } from './result.ts';

export interface LiveOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ports: { readonly dns: number; readonly http: number; readonly tls: number };
  /** Calls back with what the region tells from now on, until it is told to stop. */
  readonly events: (each: (event: RegionTold) => void, signal: AbortSignal) => Promise<void>;
  /** The name of a target, by its private address. */
  readonly machineAt: MachineAt;
}

const patienceMs = 30_000;

/** Throws a `TraceError` where no answer comes. */
export async function followLive(request: TracedRequest, options: LiveOptions): Promise<LiveTrace> {
  const { clock, random, ports } = options;
  const { scheme, host } = request;
  if (scheme !== 'http' && scheme !== 'https')
    throw new TraceError(`--live follows http and https only, not ${scheme}.`);
  const whole = startStopwatch();
  const phases: LivePhase[] = [];
  const time: Timing = async (name, at, work, say) => {
    const ms = startStopwatch();
    const found = await work();
    phases.push({ name, at, ms: ms(), text: say(found) });
    return found;
  };
  const address = await addressOf(host, time, options);
  const door = scheme === 'https' ? ports.tls : ports.http;
  const root = `Root=1-${Math.floor(clock.wallMs() / 1000).toString(16)}-${random.hex(24)}`;
  const told = listen(options.events, root);
  const sockets: Socket[] = [];
  const patience = clock.after(patienceMs, () => {
    for (const socket of sockets) socket.destroy(new Error(`no answer within ${patienceMs / 1000} s`));
  });
  try {
    const opening = () => opened(keep(sockets, connect(door, '127.0.0.1')), 'connect');
    const reached = () => `127.0.0.1:${door} stands for ${address}:${request.port}`;
    const plain = await time('connect', 'front door', opening, reached);
    const securing = () => opened(keep(sockets, secured(plain, host)), 'secureConnect');
    const stream = scheme === 'https' ? await time('tls', 'front door', securing, tlsText) : plain;
    const headers = {
      host,
      'user-agent': 'orrery-trace',
      'x-orrery-address': address,
      'x-amzn-trace-id': `${root};Orrery=trace`,
    };
    const answer = await ask(request, stream, headers, time);
    const ms = whole();
    const cdn = cdnPhase(answer);
    const cached = cdn !== undefined && /hit/i.test(cdn.text);
    const { phases: balanced, went } = await balancerPhases(await told.first(clock, !cached), options.machineAt);
    const { statusCode: status = 0 } = answer;
    return { url: request.url, status, ms, phases: [...phases, ...(cdn ? [cdn] : []), ...balanced], ...went };
  } catch (error) {
    if (error instanceof TraceError || !(error instanceof Error)) throw error;
    throw new TraceError(`${host} gave no answer: ${error.message}`, { cause: error });
  } finally {
    patience.cancel();
    for (const socket of sockets) socket.destroy();
    await told.stop();
  }
}

type Timing = <T>(name: LivePhase['name'], at: string, work: () => Promise<T>, say: (found: T) => string) => Promise<T>;

async function addressOf(host: string, time: Timing, { ports, clock }: LiveOptions): Promise<string> {
  const lookup = modelLookup(ports.dns, clock);
  const said = ({ addresses, ttlSeconds }: Looked) => `${host} is ${addresses.join(', ')}; TTL ${ttlSeconds} s`;
  try {
    const { addresses } = await time('dns', 'Route 53', () => lookup(host), said);
    const [address] = addresses;
    if (address === undefined) throw new TraceError(`The region's DNS has no address of ${host}.`);
    return address;
  } finally {
    lookup.close();
  }
}

/** A connection that the front door would not have made says why in its body. */
const refusal = 'x-orrery-front-door';
const longestReason = 1_000;

async function ask(
  { method, path, query, host }: TracedRequest,
  stream: Socket,
  headers: Readonly<Record<string, string>>,
  time: Timing,
): Promise<IncomingMessage> {
  const target = query === '' ? path : `${path}?${query}`;
  const sent = httpRequest({ createConnection: () => stream, method, path: target, headers });
  sent.on('error', () => {});
  const sending = async () => {
    const response = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.end();
    const [found] = await response;
    return found;
  };
  const answer = await time('first byte', host, sending, ({ statusCode = 0 }) => `status ${statusCode}`);
  let [bytes, reason] = [0, ''];
  const reading = async () => {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (refusal in answer.headers && reason.length < longestReason) reason += chunk.toString();
    }
  };
  await time('last byte', host, reading, () => reason.trim() || `${bytes.toLocaleString('en-GB')} bytes`);
  return answer;
}

function keep<S extends Socket>(sockets: Socket[], socket: S): S {
  sockets.push(socket);
  // Who waits for it hears of it; afterwards nobody does.
  socket.on('error', () => {});
  return socket;
}

async function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  await once(socket, event);
  return socket;
}

/** The region's authority is its own, and known to nobody. */
function secured(socket: Socket, servername: string): TLSSocket {
  return connectTls({ socket, servername, rejectUnauthorized: false });
}

function tlsText(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate();
  return `${socket.getProtocol() ?? 'TLS'}, certificate of ${String(subject?.CN ?? 'nobody')}`;
}

function cdnPhase({ headers }: IncomingMessage): LivePhase | undefined {
  const { 'x-cache': cache, 'x-amz-cf-pop': pop } = headers;
  return typeof cache === 'string'
    ? { name: 'cdn', at: 'CloudFront', text: `${cache}${pop === undefined ? '' : `, at ${String(pop)}`}` }
    : undefined;
}
