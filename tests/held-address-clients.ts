/**
 * Clients of a name that each hold one of its addresses for DNS's TTL in model time, and keep asking; every request of
 * theirs is kept with what is known of it.
 */
import { Agent, request } from 'node:http';
import { modelLookup } from '../src/insight/surge/lookup.ts';
import { population } from '../src/insight/surge/population.ts';
import { type Clock, ClockStopped, realClock } from '../src/region/clock/clock.ts';
import type { Random } from '../src/region/clock/random.ts';
import type { Region } from '../src/region/region.ts';

export interface Ask {
  readonly method?: string;
  /** Without the mark that makes it one of its kind. */
  readonly path: string;
  readonly type?: string;
  readonly body?: Buffer;
}

/** A look-up of a client's, whose answer it holds. Times are model ms. */
interface LookedUp {
  readonly atMs: number;
  readonly untilMs: number;
  readonly addresses: readonly string[];
}

export interface Asked extends Ask {
  /** No two requests have the same. */
  readonly path: string;
  readonly address: string;
  readonly lookedUp: LookedUp;
  readonly startedMs: number;
  endedMs?: number;
  /** 0: the connection broke. Undefined: no answer yet. */
  status?: number;
  /** No connection came about: what the front door says in its place. */
  refused?: boolean;
  /** The answer's `x-served-by`: instance and zone. */
  servedBy?: string;
  answer?: Buffer;
}

/** What a client asks next; called when it has its last answer. */
export type Next = (last: Asked | undefined) => Ask;

export interface HeldAddressClients {
  readonly requests: readonly Asked[];
  readonly lookups: readonly LookedUp[];
  /** A further client, which thinks for `pauseMs` of model time between its requests. */
  join(next: Next, pauseMs: number): void;
  /** One request more, of a client of its own. */
  ask(what: Ask): Promise<Asked>;
  /** Those that have joined ask no more; resolves when all have their last answer. */
  leave(): Promise<void>;
  /** They leave, and nobody asks any more. */
  close(): Promise<void>;
}

export function heldAddressClients(region: Region, host: string, random: Random): HeldAddressClients {
  const { clock } = region.scope;
  const requests: Asked[] = [];
  const lookups: LookedUp[] = [];
  const running: Promise<void>[] = [];
  // A client's patience with DNS is real time: it is no part of the model.
  const patience = realClock();
  const lookup = modelLookup(region.ports.dns, patience);
  let going = true;

  function client(agent: Agent): (what: Ask) => Promise<Asked> {
    let lookedUp: LookedUp | undefined;
    const held = population(
      1,
      host,
      Object.assign(
        async (name: string) => {
          const atMs = clock.now();
          const found = await lookup(name);
          lookedUp = { atMs, untilMs: atMs + found.ttlSeconds * 1_000, addresses: found.addresses };
          lookups.push(lookedUp);
          return found;
        },
        { close: () => {} },
      ),
      random,
    );
    return async (what) => {
      let address = await held.address(clock.now() / 1_000);
      // DNS did not answer in time: a client asks again.
      while (address === undefined) {
        await clock.sleep(1_000);
        address = await held.address(clock.now() / 1_000);
      }
      if (!lookedUp) throw new Error('an address that nobody looked up');
      const mark = `${what.path.includes('?') ? '&' : '?'}n=${requests.length}`;
      const asked: Asked = { ...what, path: what.path + mark, address, lookedUp, startedMs: clock.now() };
      requests.push(asked);
      await send(region.ports.https, host, agent, asked, clock);
      return asked;
    };
  }

  return {
    requests,
    lookups,
    join(next, pauseMs) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = client(agent);
      const run = async () => {
        let last: Asked | undefined;
        while (going) {
          last = await ask(next(last));
          await clock.sleep(pauseMs);
        }
      };
      const ended = run().catch((error: unknown) => {
        if (!(error instanceof ClockStopped)) throw error;
      });
      running.push(ended.finally(() => agent.destroy()));
    },
    ask: client(new Agent()),
    async leave() {
      going = false;
      await Promise.all(running);
    },
    async close() {
      going = false;
      await Promise.all(running);
      lookup.close();
      patience.stop();
    },
  };
}

function send(port: number, host: string, agent: Agent, asked: Asked, clock: Clock): Promise<void> {
  const { method = 'GET', path, address, type, body } = asked;
  const headers = {
    host,
    'x-orrery-address': address,
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(body === undefined ? {} : { 'content-length': body.length }),
  };
  return new Promise((resolve) => {
    const end = (status: number) => {
      asked.status ??= status;
      asked.endedMs = clock.now();
      resolve();
    };
    const sent = request({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => end(0));
      response.on('end', () => {
        asked.answer = Buffer.concat(chunks);
        asked.refused = response.headers['x-orrery-front-door'] === 'no-connection';
        asked.servedBy = String(response.headers['x-served-by'] ?? '');
        end(response.statusCode ?? 0);
      });
    });
    sent.on('error', () => end(0));
    sent.end(body);
  });
}
