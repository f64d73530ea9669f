/** Connections of one node to its targets, kept open between requests. */
import type { Duplex } from 'node:stream';
import type { buildConnector, Dispatcher } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock, Timer } from '../../clock/clock.ts';
import type { World } from '../../network/world.ts';
import type { Fabric } from '../fabric.ts';
import type { NodeConfig, TargetConfig } from './config.ts';

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues */
const connectTimeoutMs = 10_000;
/** Of a whole answer's head: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const answerHeadBytes = 32 * 1024;
const never = 2 ** 31 - 1;

/** Nothing was sent or received on a target's connection for the balancer's idle timeout. */
export class IdleTimeout extends Error {
  override readonly name = 'IdleTimeout';
  constructor() {
    super('the target did not answer within the idle timeout');
  }
}

/**
 * A target may close a kept connection just as a request is given to it: that one is answered 502, as on AWS.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
 */
export class TargetPool {
  readonly #fabric: Fabric;
  readonly #node: NodeConfig;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: () => number;
  readonly #opened: (socket: Duplex) => void;
  readonly #pools = new Map<string, Pool>();
  #world: World | undefined;

  constructor(
    fabric: Fabric,
    node: NodeConfig,
    clock: Clock,
    idleTimeoutMs: () => number,
    opened: (socket: Duplex) => void,
  ) {
    this.#fabric = fabric;
    this.#node = node;
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#opened = opened;
  }

  /** Takes requests for a target: each is given a connection of its own as long as it lasts. */
  of({ address, port }: Pick<TargetConfig, 'address' | 'port'>): Dispatcher {
    this.#follow();
    const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    let pool = this.#pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, {
        connect: (options, done) => this.#connect(options, done),
        pipelining: 1,
        maxHeaderSize: answerHeadBytes,
        // Time is the clock's. What a target says of its own patience (`Keep-Alive: timeout=5`) a balancer ignores.
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: never,
        keepAliveMaxTimeout: never,
        keepAliveTimeoutThreshold: -never,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  /** Requests under way fail before it resolves. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /**
   * What a network ACL now drops it drops of open connections, too: in a changed world they are made anew. Requests
   * under way stay on theirs, where what is dropped is waited for.
   */
  #follow(): void {
    const world = this.#fabric.world();
    if (world === this.#world) return;
    this.#world = world;
    for (const pool of this.#pools.values()) void pool.close();
    this.#pools.clear();
  }

  #connect({ hostname, port }: buildConnector.Options, done: buildConnector.Callback): void {
    let activeMs = this.#clock.now();
    this.#fabric
      .dial({
        from: { address: this.#node.privateIp, interfaceId: this.#node.interfaceId },
        to: { address: hostname, port: Number(port) },
        timeoutMs: connectTimeoutMs,
        moved: () => {
          activeMs = this.#clock.now();
        },
      })
      .then(
        ({ socket }) => {
          this.#opened(socket);
          this.#endWhenIdle(socket, () => activeMs);
          // Declared for sockets alone; any duplex does.
          done(null, socket as Parameters<buildConnector.Callback>[1] & object);
        },
        (error: Error) => done(error, null),
      );
  }

  /** One timer per connection, which looks at the last activity when it fires, rather than one per chunk or request. */
  #endWhenIdle(socket: Duplex, activeMs: () => number): void {
    let timer: Timer;
    const look = () => {
      const leftMs = this.#idleTimeoutMs() - (this.#clock.now() - activeMs());
      if (leftMs <= 0) socket.destroy(new IdleTimeout());
      else timer = this.#clock.after(leftMs, look);
    };
    timer = this.#clock.after(this.#idleTimeoutMs(), look);
    socket.once('close', () => timer.cancel());
  }
}
