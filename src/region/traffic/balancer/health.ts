/**
 * Health checks, from each node to each target over the network, by the clock.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock/clock.ts';
import { zoneIsDown } from '../../network/faults.ts';
import { DialError, type Fabric } from '../fabric.ts';
import type { TargetHealth } from '../planes.ts';
import type { HealthCheckConfig, NodeConfig, TargetConfig, TargetGroupConfig } from './config.ts';

/** One node's view of one target. */
export interface HealthView {
  health: TargetHealth;
}

/** Starts the checks of one node and one target. `changed` is never called before it has returned. */
export type StartChecker = (
  fabric: Fabric,
  clock: Clock,
  node: NodeConfig,
  group: TargetGroupConfig,
  target: TargetConfig,
  changed: (health: TargetHealth, was: TargetHealth) => void,
) => Checker;

export interface Checker {
  readonly view: HealthView;
  /** Takes a changed configuration without forgetting what was measured. */
  configure(group: TargetGroupConfig): void;
  stop(): void;
}

const initial: TargetHealth = {
  state: 'initial',
  reason: 'Elb.InitialHealthChecking',
  description: 'Initial health checks in progress',
};
const healthy: TargetHealth = { state: 'healthy' };

/** What a row of checks means. */
export class HealthCount implements HealthView {
  health: TargetHealth = initial;
  #passed = 0;
  #failed = 0;

  forget(): void {
    this.health = initial;
    this.#passed = 0;
    this.#failed = 0;
  }

  /** @param failure undefined: passed. Returns what the health was before, if it is another now. */
  record(failure: TargetHealth | undefined, check: HealthCheckConfig): TargetHealth | undefined {
    const was = this.health;
    if (failure) {
      this.#failed++;
      this.#passed = 0;
      if (this.#failed >= check.unhealthyThreshold) this.health = failure;
    } else {
      this.#passed++;
      this.#failed = 0;
      // One pass is enough for a target that was just registered.
      if (was.state === 'initial' || this.#passed >= check.healthyThreshold) this.health = healthy;
    }
    return this.health.state !== was.state || this.health.reason !== was.reason ? was : undefined;
  }
}

export const startChecker: StartChecker = (fabric, clock, node, first, target, changed) => {
  let check = first.health;
  const view = new HealthCount();
  let stopped = false;
  let wasDown = false;
  let timer: Timer | undefined;

  async function run(): Promise<void> {
    // A node that is down finds nothing out.
    if (nodeIsDown()) return;
    const failure = await probe(fabric, clock, node, target, check);
    const was = stopped || nodeIsDown() ? undefined : view.record(failure, check);
    if (was) changed(view.health, was);
  }

  function nodeIsDown(): boolean {
    const down = zoneIsDown(fabric.world(), node.zone);
    // It begins anew when it is back.
    if (wasDown && !down) view.forget();
    wasDown = down;
    return down;
  }

  function again(): void {
    timer = clock.after(check.intervalMs, () => {
      again();
      void run();
    });
  }

  if (check.enabled) {
    void run();
    again();
  } else view.health = healthy;
  return {
    view,
    configure(group) {
      check = group.health;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
};

/** Undefined: passed. */
async function probe(
  fabric: Fabric,
  clock: Clock,
  node: NodeConfig,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<TargetHealth | undefined> {
  const port = check.port === 'traffic-port' ? target.port : check.port;
  const timeout = new AbortController();
  // An answer takes real time; a dropped packet is waited for in the model's.
  const timer = clock.after(check.timeoutMs * clock.scale, () => timeout.abort(new ProbeTimeout()));
  try {
    const { socket } = await fabric.dial({
      from: { address: node.privateIp, interfaceId: node.interfaceId },
      to: { address: target.address, port },
      timeoutMs: check.timeoutMs,
      healthCheck: true,
      signal: timeout.signal,
    });
    const status = await get(socket, `${target.address}:${port}`, check.path, timeout.signal);
    if (statusMatches(check.matcher, status)) return undefined;
    return {
      state: 'unhealthy',
      reason: 'Target.ResponseCodeMismatch',
      description: `Health checks failed with these codes: [${status}]`,
    };
  } catch (error) {
    const timedOut = error instanceof ProbeTimeout || (error instanceof DialError && error.code === 'ETIMEDOUT');
    return timedOut
      ? { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out' }
      : { state: 'unhealthy', reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
  } finally {
    timer.cancel();
  }
}

class ProbeTimeout extends Error {
  override readonly name = 'ProbeTimeout';
}

function get(socket: Duplex, host: string, path: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    const request = httpRequest({
      createConnection: () => socket,
      method: 'GET',
      path,
      headers: {
        host,
        'user-agent': 'ELB-HealthChecker/2.0',
        connection: 'close',
        'accept-encoding': 'gzip, compressed',
      },
    });
    request.on('response', (response) => {
      response.resume();
      signal.removeEventListener('abort', abort);
      resolve(response.statusCode ?? 0);
      response.on('end', () => socket.destroy());
    });
    request.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    });
    return request.end();
  });
}

export function statusMatches(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [from = '', to = from] = part.trim().split('-');
    return status >= Number(from) && status <= Number(to);
  });
}
