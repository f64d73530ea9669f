/** One node of a load balancer: takes requests on its listeners' ports, and forwards them over its own interface. */
import type { IncomingMessage, ServerResponse } from 'node:http';
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
import { answerError, endToEnd, type ForwardResult, forward, TargetAgent } from './forward.ts';
import { clientClosed, nodeMeter } from './measure.ts';
import { actionFor, type RoutedRequest, redirectLocation } from './rules.ts';
import { type Candidates, selectTarget, type Turn } from './selection.ts';
import { stickyCookies, stickyTarget } from './stickiness.ts';
import { tunnel } from './tunnel.ts';

/** What a node shares with the others of its balancer. */
export interface NodeHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly random: Random;
  readonly meter: Meter | undefined;
  isHealthy(node: NodeConfig, group: TargetGroupConfig, target: TargetConfig): boolean;
  /** Counts requests in flight, of all nodes. */
  readonly inFlight: {
    add(group: TargetGroupConfig, target: TargetConfig, change: 1 | -1): void;
    of(group: TargetGroupConfig, target: TargetConfig): number;
  };
  note(kind: string, text: string, data?: Record<string, unknown>): void;
}

export interface BalancerNode {
  configure(config: BalancerConfig, node: NodeConfig): void;
  close(): void;
}

export function startNode(host: NodeHost, first: BalancerConfig, node: NodeConfig): BalancerNode {
  let config = first;
  let counted = nodeMeter(host.meter, config, node);
  const agent = new TargetAgent(host.fabric, node, host.clock, () => config.idleTimeoutMs);
  const turns = new Map<string, Turn>();
  const open = new Map<number, { protocol: string; close(): void }>();

  function listenerOn(port: number): ListenerConfig | undefined {
    return config.listeners.find((listener) => listener.port === port);
  }

  function handle(port: number, request: IncomingMessage, response: ServerResponse, client: Peer): void {
    const listener = listenerOn(port);
    if (!listener) {
      response.destroy();
      return;
    }
    const routed = routedRequest(request, client);
    const action = actionFor(listener, routed);
    counted.count('RequestCount', 1, 'Count');
    if (!action || invalidHeaders(request)) {
      finishOwn(response, 400);
      return;
    }
    switch (action.type) {
      case 'fixed-response': {
        const body = action.body ?? '';
        response.writeHead(action.status, {
          server: 'awselb/2.0',
          'content-type': action.contentType ?? 'text/plain',
          'content-length': Buffer.byteLength(body),
        });
        response.end(body);
        return;
      }
      case 'redirect':
        response.writeHead(action.status, {
          server: 'awselb/2.0',
          location: redirectLocation(action, routed, listener),
          'content-type': 'text/html',
          'content-length': 0,
        });
        counted.count('HTTP_Redirect_Count', 1, 'Count');
        response.end();
        return;
      case 'forward':
        forwardTo(action, listener, request, response, client);
    }
  }

  function choose(
    action: Extract<ActionConfig, { type: 'forward' }>,
    request: IncomingMessage,
  ): { group: TargetGroupConfig; target: TargetConfig | undefined } | undefined {
    const group = weighted(action, host.random.next());
    if (!group) return undefined;
    let turn = turns.get(group.arn);
    if (!turn) {
      turn = { next: 0 };
      turns.set(group.arn, turn);
    }
    const candidates: Candidates = {
      isHealthy: (target) => host.isHealthy(node, group, target),
      inFlight: (target) => host.inFlight.of(group, target),
      chance: () => host.random.next(),
    };
    const zone = (group.crossZone ?? config.crossZone) ? undefined : node.zone;
    return {
      group,
      target: selectTarget(
        group,
        zone,
        turn,
        candidates,
        stickyTarget(group, request.headers.cookie, host.clock.now()),
      ),
    };
  }

  function forwardTo(
    action: Extract<ActionConfig, { type: 'forward' }>,
    listener: ListenerConfig,
    request: IncomingMessage,
    response: ServerResponse,
    client: Peer,
  ): void {
    const chosen = choose(action, request);
    if (!chosen?.target) {
      finishOwn(response, 503);
      return;
    }
    const { group, target } = chosen;
    host.inFlight.add(group, target, 1);
    void forward(agent, host.clock, {
      request,
      response,
      target,
      headers: requestHeaders(request, listener, client),
      extraResponseHeaders: stickyCookies(group, target, host.clock.now()),
      idleTimeoutMs: config.idleTimeoutMs,
    }).then((result) => {
      host.inFlight.add(group, target, -1);
      measure(group, target, result);
    });
  }

  function requestHeaders(request: IncomingMessage, { protocol, port }: ListenerConfig, client: Peer): string[] {
    const kept: string[] = [];
    const raw = endToEnd(request.rawHeaders);
    let forwarded: string | undefined;
    let trace: string | undefined;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] ?? '';
      const value = raw[i + 1] ?? '';
      switch (name.toLowerCase()) {
        case 'x-forwarded-for':
          forwarded = forwarded === undefined ? value : `${forwarded}, ${value}`;
          break;
        case 'x-forwarded-proto':
        case 'x-forwarded-port':
          break;
        case 'x-amzn-trace-id':
          trace = value;
          break;
        default:
          if (!config.dropInvalidHeaders || validHeaderName.test(name)) kept.push(name, value);
      }
    }
    const appended = forwarded === undefined ? client.address : `${forwarded}, ${client.address}`;
    if (config.xForwardedFor === 'append') kept.push('X-Forwarded-For', appended);
    else if (config.xForwardedFor === 'preserve' && forwarded !== undefined) kept.push('X-Forwarded-For', forwarded);
    if (config.xForwardedFor !== 'remove')
      kept.push('X-Forwarded-Proto', protocol.toLowerCase(), 'X-Forwarded-Port', String(port));
    kept.push('X-Amzn-Trace-Id', traceId(trace));
    return kept;
  }

  /** A client's trace id is kept; the balancer adds its own `Self` before it. */
  function traceId(given: string | undefined): string {
    const fresh = `1-${Math.floor(host.clock.now() / 1000)
      .toString(16)
      .padStart(8, '0')}-${host.random.hex(24)}`;
    return given === undefined ? `Root=${fresh}` : `Self=${fresh};${given}`;
  }

  function invalidHeaders(request: IncomingMessage): boolean {
    return request.headers.host === undefined && request.httpVersion === '1.1';
  }

  function finishOwn(response: ServerResponse, status: number): void {
    answerError(response, status);
    counted.own(status);
  }

  function measure(group: TargetGroupConfig, target: TargetConfig, result: ForwardResult): void {
    counted.forwarded(group, target, result);
    if (result.byTarget || result.status === clientClosed) return;
    host.note(
      'target-failed',
      `${config.name} answered ${result.status} for ${target.id} (${target.address}:${target.port}): ${result.reason ?? ''}`,
      { target: target.id, status: result.status },
    );
  }

  function upgrade(port: number, request: IncomingMessage, socket: Duplex, head: Buffer, client: Peer): void {
    const listener = listenerOn(port);
    const action = listener && actionFor(listener, routedRequest(request, client));
    const chosen = action?.type === 'forward' ? choose(action, request) : undefined;
    if (!listener || !chosen?.target) {
      socket.end('HTTP/1.1 503 Service Temporarily Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const { group, target } = chosen;
    host.inFlight.add(group, target, 1);
    void tunnel({
      fabric: host.fabric,
      node,
      target,
      request,
      socket,
      head,
      headers: requestHeaders(request, listener, client),
    }).finally(() => host.inFlight.add(group, target, -1));
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
      });
      const stop = host.fabric.listen(node.privateIp, port, local.listener);
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
      config = next;
      counted = nodeMeter(host.meter, config, node);
      openListeners();
    },
    close() {
      for (const listening of open.values()) listening.close();
      open.clear();
      agent.destroy();
    },
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#invalid-headers */
const validHeaderName = /^[-A-Za-z0-9]+$/;

function routedRequest(request: IncomingMessage, client: Peer): RoutedRequest {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return {
    host: (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    method: request.method ?? 'GET',
    headers: request.headers,
    clientAddress: client.address,
  };
}

function weighted(
  { groups }: Extract<ActionConfig, { type: 'forward' }>,
  chance: number,
): TargetGroupConfig | undefined {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  let left = chance * total;
  for (const { group, weight } of groups) {
    left -= weight;
    if (left < 0) return group;
  }
  return groups.find(({ weight }) => weight > 0)?.group;
}
