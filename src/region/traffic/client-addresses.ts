/**
 * Clients outside have addresses of the documentation ranges (RFC 5737), one for each loopback peer, so that
 * `X-Forwarded-For`, ACL rules and flow logs have something true to show.
 */
export interface ClientAddresses {
  /** `127.0.0.1` → `203.0.113.1`. Stable while it runs. */
  of(peer: string): string;
}

const ranges = ['203.0.113', '198.51.100'];
const perRange = 254;

export function clientAddresses(): ClientAddresses {
  const known = new Map<string, string>();
  return {
    of(peer) {
      const address = known.get(peer);
      if (address) return address;
      // Beyond 508 peers addresses are shared.
      const index = known.size % (ranges.length * perRange);
      const made = `${ranges[Math.floor(index / perRange)]}.${(index % perRange) + 1}`;
      if (known.size < 10_000) known.set(peer, made);
      return made;
    },
  };
}
