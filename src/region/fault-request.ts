/** What somebody asks to be broken, checked against what is there: each mistake is one sentence with the value and what is allowed. */
import type { Machine } from './machines/machine.ts';
import type { NetworkFault } from './network/faults.ts';
import type { World } from './network/world.ts';
import type { Scope } from './services/service.ts';

export const faultKinds = ['zone', 'instance', 'nat', 'health', 'latency', 'endpoint'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A mistake of whoever asks. */
export class FaultRefused extends Error {
  override readonly name = 'FaultRefused';
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export interface CheckedFault {
  readonly kind: FaultKind;
  /** What it is of, in a word. */
  readonly target: string;
  readonly durationMs: number;
  /** For people: what is so while it lasts. */
  readonly text: string;
  readonly network?: WithoutId<NetworkFault>;
  /** Machines that die when it begins. */
  readonly dies: readonly Machine[];
}

const members = ['kind', 'target', 'for', 'delay'] as const;
type Asked = Partial<Record<(typeof members)[number], string>>;

const longestMs = 24 * 3_600_000;
const longestDelayMs = 60_000;
const longestText = 200;

/** `body` is what came in as JSON: `{ kind: 'zone', target: 'us-east-1a', for: '5m' }`; `delay` for a latency. */
export function checkFault(body: unknown, scope: Scope): CheckedFault {
  const asked = readAsked(body);
  const kind = faultKinds.find((one) => one === asked.kind);
  if (!kind) throw new FaultRefused(`There is no fault "${asked.kind ?? ''}": there are ${faultKinds.join(', ')}.`);
  if (asked.delay !== undefined && kind !== 'latency') {
    throw new FaultRefused(`A delay, "${asked.delay}", is for the fault latency alone, not for ${kind}.`);
  }
  const durationMs = durationOf(asked.for ?? '5m', longestMs, '24h');
  return { kind, durationMs, dies: [], ...checks[kind](asked, scope, scope.planes.fabric.world()) };
}

function readAsked(body: unknown): Asked {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FaultRefused('A fault is a JSON object: { "kind": "zone", "target": "us-east-1a", "for": "5m" }.');
  }
  for (const [name, value] of Object.entries(body)) {
    if (!members.some((one) => one === name)) {
      throw new FaultRefused(`A fault has no "${name.slice(0, longestText)}": it has ${members.join(', ')}.`);
    }
    if (typeof value !== 'string' || value.length > longestText) {
      throw new FaultRefused(`"${name}" must be a text of at most ${longestText} characters.`);
    }
  }
  return body as Asked;
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function durationOf(text: string, mostMs: number, most: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * unitMs[(unit ?? 'ms') as keyof typeof unitMs]);
  if (ms >= 1 && ms <= mostMs) return ms;
  const trouble = number === undefined ? 'is no duration' : ms < 1 ? 'is no time at all' : 'is too long';
  throw new FaultRefused(
    `"${text}" ${trouble}: give a number with ms, s, m or h, such as ${mostMs === longestDelayMs ? '200ms or 2s' : '30s or 10m'}, of at most ${most}.`,
  );
}

type Checked = Pick<CheckedFault, 'target' | 'text'> & Partial<CheckedFault>;

const checks: Readonly<Record<FaultKind, (asked: Asked, scope: Scope, world: World) => Checked>> = {
  zone({ target }, scope) {
    const zone = zoneOf(scope, target);
    return {
      target: zone,
      text: `zone ${zone} is down`,
      network: { kind: 'zone', zone },
      dies: alive(scope).filter(({ spec }) => spec.zone === zone),
    };
  },
  instance({ target }, scope) {
    const machine = instanceOf(scope, target);
    const { instanceId } = machine.spec;
    return { target: instanceId, text: `instance ${instanceId} has died`, dies: [machine] };
  },
  nat({ target }, scope, { natGateways, subnets }) {
    const all = [...natGateways.values()].filter(({ state }) => state === 'available');
    const zone = (id: string) => subnets.get(id)?.zone ?? '';
    const found = all.filter(({ id, subnetId }) => !target || target === id || target === zone(subnetId));
    if (found.length === 0) {
      const there = all.map(({ id, subnetId }) => `${id} in ${zone(subnetId)}`);
      throw unknown('NAT gateway', target && scope.zones.includes(target) ? `in ${target}` : target, there);
    }
    const ids = found.map(({ id }) => id);
    const text = `NAT gateway${ids.length > 1 ? 's' : ''} ${ids.join(', ')} carr${ids.length > 1 ? 'y' : 'ies'} nothing`;
    return { target: target ?? ids.join(','), text, network: { kind: 'nat', natGatewayIds: ids } };
  },
  health({ target }, scope) {
    const { instanceId } = instanceOf(scope, target).spec;
    return {
      target: instanceId,
      text: `instance ${instanceId} answers health checks with 503`,
      network: { kind: 'health', instanceId },
    };
  },
  latency({ target, delay }, scope) {
    const of = scope.zones.includes(target ?? '')
      ? zoneOf(scope, target)
      : instanceOf(scope, target, true).spec.instanceId;
    if (delay === undefined)
      throw new FaultRefused('A latency needs a delay: give a number with ms or s, such as 200ms.');
    const delayMs = durationOf(delay, longestDelayMs, '60s');
    const text = `what ${of} sends and is sent takes ${delayMs} ms longer each way`;
    return { target: of, text, network: { kind: 'latency', of, delayMs } };
  },
  endpoint({ target }, _scope, { gatewayEndpoints, interfaceEndpoints }) {
    const all = [...gatewayEndpoints.values(), ...interfaceEndpoints.values()].filter(({ available }) => available);
    // com.amazonaws.us-east-1.s3
    const short = (serviceName: string) => serviceName.split('.').slice(3).join('.');
    const found = all.filter(({ id, serviceName }) => [id, serviceName, short(serviceName)].includes(target ?? ''));
    if (found.length === 0) {
      const there = all.map(({ id, serviceName }) => `${short(serviceName)} (${id})`);
      throw unknown('VPC endpoint', target, there);
    }
    const ids = found.map(({ id }) => id);
    const names = found.map(({ id, serviceName }) => `${short(serviceName)} (${id})`);
    const text = `the endpoint${ids.length > 1 ? 's' : ''} ${names.join(', ')} carr${ids.length > 1 ? 'y' : 'ies'} nothing`;
    return { target: target ?? '', text, network: { kind: 'endpoint', endpointIds: ids } };
  },
};

function zoneOf({ zones }: Scope, target: string | undefined): string {
  if (target !== undefined && zones.includes(target)) return target;
  throw unknown('zone', target, zones);
}

function alive({ machines }: Scope): Machine[] {
  return machines.list().filter(({ state, impaired }) => !impaired && (state === 'pending' || state === 'running'));
}

function instanceOf(scope: Scope, target: string | undefined, orZone = false): Machine {
  const all = alive(scope);
  const found = all.find(({ spec }) => spec.instanceId === target);
  if (found) return found;
  const there = all.map(({ spec }) => `${spec.instanceId} in ${spec.zone}`);
  throw unknown(orZone ? 'zone or running instance' : 'running instance', target, [
    ...(orZone ? scope.zones : []),
    ...there,
  ]);
}

function unknown(noun: string, target: string | undefined, there: readonly string[]): FaultRefused {
  const what =
    target === undefined
      ? `Which ${noun}?`
      : `There is no ${noun} ${target.startsWith('in ') ? target : `"${target}"`}.`;
  const shown = there.slice(0, 20).join(', ') + (there.length > 20 ? ' and more' : '');
  return new FaultRefused(
    `${what} ${there.length === 0 ? 'There is none.' : `There ${there.length > 1 ? 'are' : 'is'} ${shown}.`}`,
  );
}
