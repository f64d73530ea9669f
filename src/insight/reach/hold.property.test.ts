/** Expectations against the flows between each two interfaces by themselves, on random networks: they may never disagree. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../region/clock/random.ts';
import type { Expectation } from './expectation.ts';
import type { End, Flow } from './flow.ts';
import { RandomNetwork } from './random-world.fixture.ts';
import { type Reach, reachability } from './reach.ts';

const places = ['machines', 'balancers', 'internet', 's3'];
const ports = [22, 80, 443, 8080];

it('expectations hold as the flows between each two interfaces say', { timeout: 120_000 }, () => {
  const random = seededRandom(20260106);
  const seen = new Map<string, number>();
  for (let n = 0; n < 150; n++) {
    const reach = reachability(new RandomNetwork(random).world);
    for (const from of places.filter((name) => name !== 's3')) {
      for (const to of places) {
        const port = random.int(ports.length + 1);
        const asked = { from, to, port: ports[port] };
        const wanted: Expectation[] = [
          { ...asked, allowed: false },
          { ...asked, only: 'by the VPC’s own routes' },
          ...(port < ports.length ? [{ ...asked, allowed: true }] : []),
          { from, to, protocol: 'icmp', allowed: true },
        ];
        for (const one of wanted) {
          const [held] = reach.hold([one]);
          if (held?.empty) continue;
          const holds = byHand(reach, one);
          if (held?.holds !== holds) expect(held?.text, `network ${n}, ${JSON.stringify(one)}`).toBe(holds);
          const key = `${one.only ? 'only' : one.allowed ? 'always' : 'never'} ${holds}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
      }
    }
  }
  for (const what of ['never', 'always', 'only'])
    for (const holds of [true, false]) expect(seen.get(`${what} ${holds}`), `${what} ${holds}`).toBeGreaterThan(20);
});

/** As the documentation says it, pair by pair. */
function byHand(reach: Reach, { from, to, port, protocol = 'tcp', allowed, only }: Expectation): boolean {
  const question = port === undefined && protocol === 'tcp' ? undefined : { protocol, port: port ?? 0 };
  const named = (one: End) => resolved(reach, one, to);
  const passes = (flow: Flow) => {
    const asked = question ?? { protocol: 'tcp' as const, port: 0 };
    return question ? reach.witness(flow, asked) !== undefined : flow.allowed.id !== 0;
  };
  const reaches = (flow: Flow) => (question ? reach.answer(flow, question).passes === 'always' : flow.allowed.id !== 0);
  const senders = singles(reach.place(from).ends);
  if (!allowed && !only) {
    // Of a service also what no name leads to.
    const all = singles(reach.place(to).ends).concat(senders.flatMap(named));
    return !senders.some((one) => all.some((other) => flows(reach, one, other).some(passes)));
  }
  if (only) {
    const others = senders.flatMap((one) => named(one).flatMap((other) => flows(reach, one, other)));
    if (others.some((flow) => flow.via && flow.via.kind !== 'local' && passes(flow))) return false;
  }
  return families(senders).every((all) =>
    families(all[0]?.[0] ? named(all[0][0]) : []).every((receivers) =>
      all.some((some) =>
        receivers.some((others) =>
          some.every((one) =>
            others.every((other) => same(one, other) || flows(reach, one, other).some((flow) => reaches(flow))),
          ),
        ),
      ),
    ),
  );
}

/** Parties: each interface by itself, and all that is outside, by IPv4 or by IPv6. */
function families(ends: readonly End[]): End[][][] {
  const outside = ['number', 'bigint'].map((kind) =>
    ends.filter((end) => end.kind === 'outside' && typeof end.address === kind),
  );
  const alternatives = outside.filter((all) => all.length > 0);
  const own = ends.filter(({ kind }) => kind === 'interfaces').map((end) => [[end]]);
  return alternatives.length > 0 ? [...own, alternatives] : own;
}

function singles(ends: readonly End[]): End[] {
  return ends.flatMap((end) =>
    end.kind === 'outside' ? [end] : end.members.map((one): End => ({ ...end, members: [one] })),
  );
}

function resolved(reach: Reach, one: End, to: string): End[] {
  const place = reach.place(to);
  const found = reach.between({ name: '', ends: [one], services: [] }, place).map((flow) => flow.to);
  return singles(place.services.length > 0 ? [...new Set(found)] : place.ends);
}

function flows(reach: Reach, one: End, other: End): readonly Flow[] {
  const place = (end: End) => ({ name: '', ends: [end], services: [] });
  return reach.between(place(one), place(other));
}

function same(one: End, other: End): boolean {
  return one.kind === 'interfaces' && other.kind === 'interfaces' && one.members[0] === other.members[0];
}
