/**
 * The clients that the requests come from: each asks DNS on its own and holds one of the answers for its TTL, so that they
 * move from an address that has gone as slowly as real ones do. None tries another of the addresses meanwhile.
 */
import type { Random } from '../../region/clock/random.ts';
import type { Lookup } from './lookup.ts';

export interface Population {
  /**
   * The address that one of the clients, drawn by lot, uses at a moment of model time; a promise where it must ask first,
   * undefined in it where there is no such name.
   */
  address(atSeconds: number): string | Promise<string | undefined>;
}

interface Held {
  readonly address: string | undefined;
  readonly untilSeconds: number;
}

interface Client {
  held?: Held;
  asking?: Promise<string | undefined>;
}

export function population(size: number, name: string, lookup: Lookup, random: Random): Population {
  const clients: Client[] = Array.from({ length: size }, () => ({}));

  async function ask(client: Client, atSeconds: number): Promise<string | undefined> {
    const { addresses, ttlSeconds } = await lookup(name);
    // As resolvers and browsers spread over what they are given.
    const address = addresses[random.int(addresses.length)];
    client.held = { address, untilSeconds: atSeconds + ttlSeconds };
    delete client.asking;
    return address;
  }

  return {
    address(atSeconds) {
      const client = clients[random.int(size)];
      if (!client) throw new RangeError('a population has at least one client');
      if (client.held && client.held.untilSeconds > atSeconds) return client.held.address ?? Promise.resolve(undefined);
      client.asking ??= ask(client, atSeconds);
      return client.asking;
    },
  };
}
