/**
 * Follows a request through a template made in memory, there and back, hop by hop: names, packets by `roundTrip` (the
 * reply as a packet of its own), and whatever a load balancer, CloudFront, IAM and the buckets decide, asked of the
 * functions that the region itself serves by.
 */
import { assumedText } from '../model/assumed-text.ts';
import type { Model, ModelOptions } from '../model/model.ts';
import { modelOfRest } from '../model/model-of-rest.ts';
import { waysOf } from './compare.ts';
import type { Way } from './leg.ts';
import { onwardFrom } from './onward.ts';
import { reach } from './reach.ts';
import { requestOf, type TracedRequest } from './request.ts';
import { TraceError, type TraceResult, type Ways } from './result.ts';
import { type Source, sourcesOf } from './sources.ts';
import { type Tracing, tracingOf } from './tracing.ts';
import { whyUnmade, withoutClaims } from './unmade.ts';

export interface TraceRequest {
  /** `https://api.myapp.com/items`, `s3://BUCKET/KEY` (a logical id or a name), `tcp://10.0.1.5:5432` */
  readonly url: string;
  /** `internet` (the default), or whatever has an interface: a logical id, an id, a subnet. */
  readonly from?: string;
  /** `GET` by default. */
  readonly method?: string;
}

/** A redirect leads to a journey of its own, and so on, so often. */
const mostRedirects = 3;

/** Throws a `TraceError`: no URL, a name that nobody has, an unknown source. */
export async function trace(
  model: Model,
  { url, from = 'internet', method = 'GET' }: TraceRequest,
): Promise<TraceResult> {
  const request = requestOf(url, method);
  const tracing = tracingOf(model);
  const missing = whyUnmade(model);
  const sources = sourcesOf(tracing, from);
  const parts: Ways[] = [];
  const machines = new Set<string>();
  const seen = new Set<string>();
  let next: TracedRequest | undefined = request;
  while (next && parts.length <= mostRedirects && !seen.has(next.url)) {
    seen.add(next.url);
    const asked: TracedRequest = next;
    const ways = await everyWay(tracing, sources, asked);
    const found = waysOf(`${from} → ${tracing.names.text(asked.url)}`, ways);
    parts.push(missing === undefined ? found : withoutClaims(found, missing));
    for (const { machine, leg } of ways) if (machine !== undefined && !leg.stopped) machines.add(machine);
    const redirect = ways.find((way) => way.redirect !== undefined && !way.leg.stopped)?.redirect;
    next = redirect === undefined ? undefined : await known(tracing, sources, requestOf(redirect, method));
  }
  const [machine] = machines;
  const inside = sources.every(({ at }) => at === undefined);
  return {
    url,
    from,
    delivered: parts.every((ways) => [ways, ...ways.differing].every(({ shown }) => shown.ending === 'delivered')),
    parts,
    onward: machine !== undefined && inside ? await onwardFrom(tracing, machine) : [],
    notProven: notProven(model),
    assumed: model.assumed.map(assumedText),
  };
}

/** The same for a template, made for this alone. */
export async function traceTemplate(options: ModelOptions, request: TraceRequest): Promise<TraceResult> {
  requestOf(request.url, request.method);
  const model = await modelOfRest(options);
  try {
    return await trace(model, request);
  } catch (error) {
    const missing = error instanceof TraceError ? whyUnmade(model) : undefined;
    if (missing === undefined) throw error;
    throw new TraceError(`${(error as Error).message}\nA part of the template could not be made: ${missing}`);
  } finally {
    await model.close();
  }
}

async function everyWay(tracing: Tracing, sources: readonly Source[], request: TracedRequest): Promise<readonly Way[]> {
  const found: Way[] = [];
  for (const source of sources) {
    const ways = await reach(tracing, source, request);
    const prefix = sources.length > 1 ? `${source.name} (${source.at?.subnet.zone ?? 'outside'})` : '';
    found.push(...ways.map((way) => ({ ...way, name: [prefix, way.name].filter((part) => part !== '').join(' → ') })));
  }
  return found;
}

/** A redirect to a name outside of the model ends there. */
async function known(
  tracing: Tracing,
  sources: readonly Source[],
  request: TracedRequest,
): Promise<TracedRequest | undefined> {
  const [source] = sources;
  if (!source) return undefined;
  return (await reach(tracing, source, request).catch(() => undefined)) && request;
}

function notProven({ notModelled, failed }: Model): string[] {
  const types = notModelled.map(({ logicalId, type, path, line, what }) => {
    const where = line === undefined ? '' : `, line ${line}`;
    return `${logicalId} (${type}${path === '' ? '' : ` ${path}`}${where})${what === undefined ? ' is not modelled' : `: ${what}`}`;
  });
  return [...failed.map(({ message }) => message), ...types];
}
