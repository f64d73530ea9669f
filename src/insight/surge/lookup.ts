/** A name's addresses and how long they may be held: asked of the model's DNS, or of this machine's. */
import { createSocket } from 'node:dgram';
import { resolve4 } from 'node:dns/promises';
import dns from 'dns-packet';
import type { Clock } from '../../region/clock/clock.ts';

export interface Looked {
  /** Empty: there is no such name, or nobody answered. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

export interface Lookup {
  (name: string): Promise<Looked>;
  close(): void;
}

const patienceMs = 2_000;
/** What a client does for a name whose absence has no time of its own: it asks again soon. */
const absentSeconds = 1;
const largestId = 65_536;

/** Asks the DNS server of a local region. What is not found is asked for without `.localhost`, as the front door does. */
export function modelLookup(port: number, clock: Clock): Lookup {
  const socket = createSocket('udp4');
  const waiting = new Map<number, (packet: dns.Packet | undefined) => void>();
  let lastId = 0;
  socket.on('message', (message) => {
    try {
      const packet = dns.decode(message);
      waiting.get(packet.id ?? -1)?.(packet);
    } catch {
      // Not DNS; whoever waits goes on waiting.
    }
  });
  // A server that has gone is an answer that does not come.
  socket.on('error', () => {});
  socket.unref();

  function ask(name: string): Promise<Looked> {
    const id = lastId++ % largestId;
    return new Promise((resolve) => {
      const end = (packet: dns.Packet | undefined) => {
        patience.cancel();
        waiting.delete(id);
        resolve(lookedIn(packet));
      };
      const patience = clock.after(patienceMs, () => end(undefined));
      waiting.set(id, end);
      const query = dns.encode({ type: 'query', id, flags: dns.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
      socket.send(query, port, '127.0.0.1', (error) => error && end(undefined));
    });
  }

  const lookup = async (name: string) => {
    const found = await ask(name);
    return found.addresses.length > 0 || !name.endsWith('.localhost')
      ? found
      : ask(name.slice(0, -'.localhost'.length));
  };
  return Object.assign(lookup, { close: () => socket.close() });
}

function lookedIn(packet: dns.Packet | undefined): Looked {
  const answers = packet?.answers ?? [];
  const addresses = answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
  const ttls = [...answers, ...(answers.length > 0 ? [] : (packet?.authorities ?? []))].flatMap((record) =>
    'ttl' in record && record.ttl !== undefined ? [record.ttl] : [],
  );
  return { addresses, ttlSeconds: ttls.length > 0 ? Math.min(...ttls) : absentSeconds };
}

/** For a deployment on AWS. */
export function systemLookup(): Lookup {
  const lookup = async (name: string): Promise<Looked> => {
    try {
      const found = await resolve4(name, { ttl: true });
      return { addresses: found.map(({ address }) => address), ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)) };
    } catch {
      return { addresses: [], ttlSeconds: absentSeconds };
    }
  };
  return Object.assign(lookup, { close: () => {} });
}

/** For a server that is no part of a model: it is where it is. */
export function fixedLookup(address: string): Lookup {
  const lookup = async (): Promise<Looked> => ({ addresses: [address], ttlSeconds: Number.POSITIVE_INFINITY });
  return Object.assign(lookup, { close: () => {} });
}
