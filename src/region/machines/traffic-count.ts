/** Bytes in and out of an instance: what has ended is summed, what is open is asked. */
export interface OpenTraffic {
  readonly in: number;
  readonly out: number;
}

export interface TrafficCount {
  add(bytesIn: number, bytesOut: number): void;
  /** Counts something as long as it is open. Returns how to end it: what it counted last is kept. */
  follow(read: () => OpenTraffic): () => void;
  total(): OpenTraffic;
}

export function trafficCount(): TrafficCount {
  const past = { in: 0, out: 0 };
  const open = new Set<() => OpenTraffic>();
  const add = (bytesIn: number, bytesOut: number) => {
    past.in += bytesIn;
    past.out += bytesOut;
  };
  return {
    add,
    follow(read) {
      open.add(read);
      return () => {
        if (!open.delete(read)) return;
        const last = read();
        add(last.in, last.out);
      };
    },
    total() {
      const sum = { ...past };
      for (const read of open) {
        const now = read();
        sum.in += now.in;
        sum.out += now.out;
      }
      return sum;
    },
  };
}
