/** What a region's balancer tells of a traced request: the facts of its access log, as an event. */
import type { Clock } from '../../region/clock/clock.ts';
import type { LivePhase, LiveTrace } from './result.ts';

/** The name and the zone of a target, by its private address. */
export type MachineAt = (address: string) => Promise<{ readonly name: string; readonly zone: string } | undefined>;

export interface RegionTold {
  readonly kind: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What the balancer told of the request. */
export interface Told {
  readonly trace?: string;
  readonly balancer?: string;
  readonly node?: string;
  readonly port?: number;
  readonly rulePriority?: number;
  readonly action?: string;
  readonly status?: number;
  readonly targetStatus?: number;
  readonly target?: { readonly address: string; readonly port: number };
  readonly requestMs?: number;
  readonly targetMs?: number;
  readonly responseMs?: number;
}

/** What the region tells of a request comes when it has ended, over another connection. */
const toldWithinMs = 1_000;

export function listen(
  events: (each: (event: RegionTold) => void, signal: AbortSignal) => Promise<void>,
  root: string,
) {
  const gone = new AbortController();
  let found: Told | undefined;
  let tell: () => void = () => {};
  const heard = new Promise<void>((resolve) => (tell = resolve));
  const reading = events(({ kind, data }) => {
    const told = data as Told | undefined;
    if (kind !== 'request-traced' || !told?.trace?.includes(root)) return;
    found = told;
    tell();
  }, gone.signal).catch(() => {});
  return {
    async first(clock: Clock, wait: boolean): Promise<Told | undefined> {
      if (!found && wait) await Promise.race([heard, clock.sleep(toldWithinMs)]);
      return found;
    },
    async stop(): Promise<void> {
      gone.abort();
      await reading;
    },
  };
}

interface Balanced {
  readonly phases: readonly LivePhase[];
  readonly went: Pick<LiveTrace, 'node' | 'machine'>;
}

export async function balancerPhases(told: Told | undefined, machineAt: MachineAt): Promise<Balanced> {
  if (!told) return { phases: [], went: {} };
  const { balancer = '', node = '', port = 0, rulePriority, action = 'nothing', status = 0, target } = told;
  const rule =
    rulePriority === undefined ? 'no rule' : rulePriority === 0 ? 'the default rule' : `rule ${rulePriority}`;
  const phases: LivePhase[] = [
    {
      name: 'balancer',
      at: `${balancer} node ${node}`,
      ms: told.requestMs,
      text: `port ${port}, ${rule}: ${action}${target ? '' : `, status ${status}`}`,
    },
  ];
  if (!target) return { phases, went: { node } };
  const machine = await machineAt(target.address);
  const name = machine?.name ?? target.address;
  const answered =
    told.targetStatus === undefined ? `no answer: the balancer said ${status}` : `status ${told.targetStatus}`;
  phases.push({
    name: 'target',
    at: name,
    ms: told.targetMs,
    text: `${target.address}:${target.port}${machine ? ` in ${machine.zone}` : ''}: ${answered}`,
  });
  phases.push({
    name: 'response',
    at: `${balancer} node ${node}`,
    ms: told.responseMs,
    text: 'until the last byte had gone to the client',
  });
  return { phases, went: { node, machine: { name, zone: machine?.zone ?? '' } } };
}
