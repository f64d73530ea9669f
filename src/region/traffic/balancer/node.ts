/** One node of a load balancer: takes requests on its listeners' ports, and forwards them over its own interface. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import type { Fabric, Peer } from '../fabric.ts';
import { localListener } from '../local-listener.ts';
import type { Meter } from '../planes.ts';
import type {
  ActionConfig,
  BalancerConfig,
  ListenerConfig,
  NodeConfig,
  TargetConfig,
  TargetGroupConfig,
} from './config.ts';
import { type ForwardResult, forward } from './forward.ts';
import { type HealthNow, nodeMeter } from './measure.ts';
import { both, type LoggedRequest, type NodeLog, nodeLog, tracedRequest } from './node-log.ts';
import { answerBytes, answerOwn, ownAnswerBytes, statusOfMalformed } from './own-answer.ts';
import { forwardedHeaders, headBytes, refusalOf, requestTarget, withoutPort } from './request-head.ts';
import { type RoutedRequest, redirectLocation, ruleFor } from './rules.ts';
import { Selection } from './selection.ts';
import { stickyCookies, stickyTarget } from './stickiness.ts';
import { TargetPool } from './target-pool.ts';
import type { ClientSide } from './tunnel.ts';

/** What a node shares with the others of its balancer. */
export interface NodeHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly random: Random;
  readonly meter: Meter | undefined;
  /** Moves with each change of a configuration or of a target's health. */
  epoch(): number;
  isHealthy(node: NodeConfig, group: TargetGroupConfig, target: TargetConfig): boolean;
  /** Requests in flight to a target, of all nodes. */
  flying(group: TargetGroupConfig, target: TargetConfig): { count: number };
  note(kind: string, text: string, data?: Record<string, unknown>): void;
  /** Takes a file of access log lines, to be written where the balancer's configuration says. */
  deliverLog(config: BalancerConfig, node: NodeConfig, text: string, endMs: number): void;
}

export interface BalancerNode {
  configure(config: BalancerConfig, node: NodeConfig): void;
  /** Counts the connections that are open now, of clients and to targets. */
  countConnections(): void;
  /** Ends what is under way; resolves when its log has been handed on. */
  close(): Promise<void>;
}

/** A request on its way through a node. */
interface Passing {
  readonly listener: ListenerConfig;
  readonly head: RequestHead;
  readonly response: ServerResponse;
  readonly client: Peer;
  /** With the query. */
  readonly path: string;
  readonly tunnel: ClientSide | undefined;
  readonly logged: LoggedRequest | undefined;
}

/** What a server reads has both. */
type RequestHead = IncomingMessage & { readonly method: string; readonly url: string };

/** What an upgrade brings besides its request. */
interface Upgrade {
  readonly tunnel?: ClientSide;
  /** Why it cannot be forwarded, as a status. */
  readonly refusal?: number;
}

interface Chosen {
  readonly group: TargetGroupConfig;
  /** None is healthy, and so all get requests. */
  readonly failsOpen: boolean;
  /** The group's stickiness did not decide. */
  readonly unbound: boolean;
}

/** Characters of a request's path, with its query, in an event. */
const toldOfPath = 500;

type ForwardAction = Extract<ActionConfig, { type: 'forward' }>;

export function startNode(host: NodeHost, first: BalancerConfig, node: NodeConfig): BalancerNode {
  const { clock, random } = host;
  let config = first;
  const health: HealthNow = {
    epoch: host.epoch,
    isHealthy: (group, target) => host.isHealthy(node, group, target),
  };
  let counted = nodeMeter(host.meter, config, node, clock.scale, health);
  let connections = 0;
  const idleTimeoutMs = () => config.idleTimeoutMs * clock.scale;
  const targets = new TargetPool(host.fabric, node, clock, idleTimeoutMs, connected);
  const selections = new Map<string, Selection>();
  const open = new Map<number, { protocol: string; close(): void }>();
  let log: NodeLog | undefined = nodeLog(host, config, node);
  /** Since when a client's connection is open. */
  const since = new WeakMap<Duplex, number>();
  /** Clients' connections that have become WebSockets. */
  const tunnels = new Set<Duplex>();
  let underWay = 0;
  let idle: (() => void) | undefined;

  function connected(socket: Duplex): void {
    counted.count('NewConnectionCount', 1, 'Count');
    connections++;
    socket.once('close', () => connections--);
  }

  function listenerOn(port: number): ListenerConfig | undefined {
    return config.listeners.find((listener) => listener.port === port);
  }

  function handle(
    port: number,
    request: IncomingMessage,
    response: ServerResponse,
    client: Peer,
    { tunnel, refusal: refused }: Upgrade = {},
  ): void {
    const listener = listenerOn(port);
    if (!listener) {
      response.destroy();
      return;
    }
    limitConnection(request, response);
    const head = request as RequestHead;
    const isWebSocket = tunnel !== undefined;
    const logged = both(
      log?.arrived(listener, head, client, isWebSocket),
      tracedRequest(host, config, node, { listener, request: head, client, isWebSocket }),
    );
    const refusal = refused ?? refusalOf(head);
    if (refusal !== undefined) {
      finishOwn(head, response, refusal, logged);
      return;
    }
    const { path, authority } = requestTarget(head.url);
    const routed = routedRequest(head, path, authority, client);
    const rule = ruleFor(listener, routed);
    logged?.matched(rule);
    counted.evaluated(listener, rule);
    const action = rule?.action;
    switch (action?.type) {
      case 'fixed-response': {
        counted.count('HTTP_Fixed_Response_Count', 1, 'Count');
        const bytesOut = answerFixed(action, response);
        counted.own(action.status, headBytes(head) + bytesOut);
        logged?.own(action.status, bytesOut);
        return;
      }
      case 'redirect': {
        counted.count('HTTP_Redirect_Count', 1, 'Count');
        const location = redirectLocation(action, routed, listener);
        const bytesOut = answerOwn(response, action.status, ['Location', location]);
        counted.own(action.status, headBytes(head) + bytesOut);
        logged?.own(action.status, bytesOut, location);
        return;
      }
      case 'forward':
        forwardTo(action, { listener, head, response, client, path, tunnel, logged });
        return;
      default:
        finishOwn(head, response, 503, logged);
    }
  }

  /**
   * A connection is one of the balancer's from its first request on.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#http-client-keep-alive-duration
   */
  function limitConnection({ socket }: IncomingMessage, response: ServerResponse): void {
    const openedMs = since.get(socket);
    if (openedMs === undefined) {
      since.set(socket, clock.now());
      connected(socket);
    } else if (clock.now() - openedMs >= config.clientKeepAliveMs * clock.scale) response.shouldKeepAlive = false;
  }

  function choose(
    action: ForwardAction,
    { head: request }: Passing,
  ): (Chosen & { readonly target: TargetConfig | undefined }) | undefined {
    const group = weighted(action, random);
    if (!group) return undefined;
    let selection = selections.get(group.arn);
    if (!selection) {
      selection = new Selection();
      selections.set(group.arn, selection);
    }
    const zone = (group.crossZone ?? config.crossZone) ? undefined : node.zone;
    const view = {
      epoch: host.epoch(),
      isHealthy: (target: TargetConfig) => host.isHealthy(node, group, target),
      inFlight: (target: TargetConfig) => host.flying(group, target).count,
      chance: random.next,
    };
    const sticky = stickyTarget(group, request.headers.cookie, clock);
    const target = selection.choose(group, zone, view, sticky);
    const unbound = group.stickiness !== undefined && target?.id !== sticky;
    return { group, target, failsOpen: selection.failsOpen, unbound };
  }

  function forwardTo(action: ForwardAction, passing: Passing): void {
    const { listener, head, response, client, path, tunnel, logged } = passing;
    const chosen = choose(action, passing);
    if (!chosen?.target) {
      finishOwn(head, response, 503, logged);
      return;
    }
    const { group, target, failsOpen, unbound } = chosen;
    if (failsOpen) counted.failedOpen(group, target);
    if (unbound) counted.count('NonStickyRequestCount', 1, 'Count');
    const trace = freshTrace();
    const flying = host.flying(group, target);
    flying.count++;
    underWay++;
    if (tunnel) tunnels.add(tunnel.socket);
    const entrance = { config, listener, nodeAddress: node.privateIp, clientAddress: client.address };
    const headers = forwardedHeaders(head, entrance, trace);
    forward(
      targets.of(target),
      clock,
      {
        request: head,
        response,
        path,
        headers,
        extraResponseHeaders: stickyCookies(group, target, clock.now()),
        idleTimeoutMs: idleTimeoutMs(),
        ...(tunnel ? { tunnel } : {}),
      },
      (result) => {
        flying.count--;
        if (tunnel) tunnels.delete(tunnel.socket);
        measure(group, target, head, path, result);
        // The trace id is the last of the headers.
        logged?.forwarded(group, target, result, headers.at(-1) ?? trace);
        if (--underWay === 0) idle?.();
      },
    );
  }

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html#request-tracing-syntax */
  function freshTrace(): string {
    return `1-${Math.floor(clock.now() / 1000)
      .toString(16)
      .padStart(8, '0')}-${random.hex(24)}`;
  }

  function finishOwn(
    head: RequestHead,
    response: ServerResponse,
    status: number,
    logged: LoggedRequest | undefined,
  ): void {
    const bytesOut = answerOwn(response, status);
    counted.own(status, headBytes(head) + bytesOut);
    logged?.own(status, bytesOut);
  }

  function measure(
    group: TargetGroupConfig,
    target: TargetConfig,
    head: Parameters<typeof headBytes>[0],
    path: string,
    result: ForwardResult,
  ): void {
    counted.forwarded(group, target, result, headBytes(head));
    if (result.targetStatus !== undefined || result.status < 500) return;
    host.note(
      'target-failed',
      `${config.name} answered ${result.status} for ${target.id} (${target.address}:${target.port}): ${result.reason ?? ''}`,
      { target: target.id, status: result.status, node: node.zone, path: path.slice(0, toldOfPath) },
    );
  }

  /** WebSockets alone: what else a client would change to is left out of what the target gets. */
  function upgrade(port: number, request: IncomingMessage, socket: Duplex, head: Buffer, client: Peer): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    const protocol = request.headers.upgrade?.toLowerCase();
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    // Node's parser has given up at the end of the head: a body cannot be told from what follows it.
    if (hasBody) handle(port, request, response, client, { refusal: 400 });
    else if (protocol === 'websocket') handle(port, request, response, client, { tunnel: { protocol, socket, head } });
    else handle(port, request, response, client);
  }

  /** Opens what is new, closes what is gone; requests under way keep their server. */
  function openListeners(): void {
    for (const [port, listening] of open) {
      if (listenerOn(port)?.protocol === listening.protocol) continue;
      listening.close();
      open.delete(port);
    }
    for (const { port, protocol } of config.listeners) {
      if (open.has(port)) continue;
      const local = localListener(protocol, () => listenerOn(port)?.certificates ?? [], {
        request: (request, response, client) => handle(port, request, response, client),
        upgrade: (request, socket, head, client) => upgrade(port, request, socket, head, client),
        malformed(error, client) {
          const status = statusOfMalformed(error);
          const answer = ownAnswerBytes(status, clock.date());
          counted.own(status, answer.length);
          log?.malformed(listenerOn(port), client, status, answer.length);
          return answer;
        },
      });
      const stop = host.fabric.listen(node.privateIp, port, local.listener, node.interfaceId);
      open.set(port, {
        protocol,
        close() {
          stop();
          local.close();
        },
      });
    }
  }

  openListeners();
  return {
    configure(next) {
      const [before, after] = [config.accessLogs, next.accessLogs];
      const sameLogs = before?.bucket === after?.bucket && before?.prefix === after?.prefix;
      config = next;
      counted = nodeMeter(host.meter, config, node, clock.scale, health);
      if (!sameLogs) {
        // Requests under way keep the log that they began with.
        log?.retire();
        log = nodeLog(host, config, node);
      }
      openListeners();
    },
    countConnections() {
      if (connections > 0) counted.count('ActiveConnectionCount', connections, 'Count', 1);
    },
    async close() {
      for (const listening of open.values()) listening.close();
      open.clear();
      for (const socket of tunnels) socket.destroy();
      const ended = underWay > 0 && new Promise<void>((resolve) => (idle = resolve));
      await targets.close();
      await ended;
      log?.retire();
    },
  };
}

function answerFixed(
  { status, contentType, body = '' }: Extract<ActionConfig, { type: 'fixed-response' }>,
  response: ServerResponse,
): number {
  const length = Buffer.byteLength(body);
  const pairs = ['Server', 'awselb/2.0', 'Content-Type', contentType ?? 'text/plain', 'Content-Length', String(length)];
  response.writeHead(status, pairs);
  response.end(body);
  return answerBytes(status, pairs) + length;
}

function routedRequest(
  { headers, method }: RequestHead,
  target: string,
  authority: string | undefined,
  client: Peer,
): RoutedRequest {
  const mark = target.indexOf('?');
  return {
    host: withoutPort(authority ?? headers.host ?? '').toLowerCase(),
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    method,
    headers,
    clientAddress: client.address,
  };
}

function weighted({ groups }: ForwardAction, random: Random): TargetGroupConfig | undefined {
  if (groups.length === 1) return groups[0]?.weight === 0 ? undefined : groups[0]?.group;
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.next() * total;
  for (const { group, weight } of groups) {
    left -= weight;
    if (left < 0) return group;
  }
  return undefined;
}
