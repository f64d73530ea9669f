/** What one node writes into its balancer's access log: facts are gathered as a request goes on. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../clock/clock.ts';
import type { Peer } from '../fabric.ts';
import { certificateFor } from '../local-listener.ts';
import { type AccessEntry, AccessLogFile, accessLine, type TlsFacts } from './access-log.ts';
import type {
  BalancerConfig,
  ListenerConfig,
  NodeConfig,
  RuleConfig,
  TargetConfig,
  TargetGroupConfig,
} from './config.ts';
import type { ForwardResult } from './forward.ts';
import type { NodeHost } from './node.ts';
import { headBytes, requestTarget, withoutPort } from './request-head.ts';

export interface LoggedRequest {
  matched(rule: RuleConfig | undefined): void;
  /** It was answered by the balancer itself. */
  own(status: number, bytesOut: number, redirectUrl?: string): void;
  forwarded(group: TargetGroupConfig, target: TargetConfig, result: ForwardResult, traceId: string): void;
}

export interface NodeLog {
  arrived(listener: ListenerConfig, request: RequestHead, client: Peer, isWebSocket: boolean): LoggedRequest;
  /** On a connection no request could be read. */
  malformed(listener: ListenerConfig | undefined, client: Peer, status: number, bytesOut: number): void;
  /** It gets no more requests. Delivers what there is; what is under way follows when its last request has ended. */
  retire(): void;
}

/** Undefined when the balancer keeps no log: then nothing is gathered. */
export function nodeLog(
  { clock, random, deliverLog }: Pick<NodeHost, 'clock' | 'random' | 'deliverLog'>,
  config: BalancerConfig,
  node: NodeConfig,
): NodeLog | undefined {
  if (!config.accessLogs) return undefined;
  const file = new AccessLogFile(clock, (text, endMs) => deliverLog(config, node, text, endMs));
  const connections = new WeakMap<object, string>();
  let underWay = 0;
  let retired = false;
  const freshId = () => `TID_${random.hex(32)}`;

  function connectionId(socket: object): string {
    const id = connections.get(socket) ?? freshId();
    connections.set(socket, id);
    return id;
  }

  return {
    arrived(listener, request, client, isWebSocket) {
      underWay++;
      const arrival = { listener, request, client, isWebSocket, connectionId: connectionId(request.socket) };
      return gather(clock, config, node, arrival, (entry) => {
        file.add(entry);
        underWay--;
        if (retired && underWay === 0) file.flush();
      });
    },
    malformed(listener, client, status, bytesOut) {
      if (!listener) return;
      const nowMs = clock.now();
      file.add({
        type: listener.protocol === 'HTTPS' ? 'https' : 'http',
        balancer: config.dimension,
        client: { address: client.address, port: client.port },
        arrivedMs: nowMs,
        endedMs: nowMs,
        timeScale: clock.scale,
        status,
        bytesIn: 0,
        bytesOut,
        host: node.privateIp,
        port: listener.port,
        connectionId: freshId(),
      });
    },
    retire() {
      retired = true;
      file.flush();
    },
  };
}

type RequestHead = IncomingMessage & { readonly method: string; readonly url: string };

interface Arrival {
  readonly listener: ListenerConfig;
  readonly request: RequestHead;
  readonly client: Peer;
  readonly isWebSocket: boolean;
  readonly connectionId: string;
}

/** Gathers the facts of one request, and gives them to `add` when it is over. */
function gather(
  clock: Clock,
  config: BalancerConfig,
  node: NodeConfig,
  { listener, request, client, isWebSocket, connectionId }: Arrival,
  add: (entry: AccessEntry) => void,
): LoggedRequest {
  const { protocol, port } = listener;
  const secure = protocol === 'HTTPS';
  const { method, url, httpVersion: version, headers } = request;
  const known = {
    type: isWebSocket ? (secure ? 'wss' : 'ws') : secure ? 'https' : 'http',
    balancer: config.dimension,
    client: { address: client.address, port: client.port },
    arrivedMs: clock.now(),
    timeScale: clock.scale,
    request: { method, url, version },
    host: withoutPort(requestTarget(url).authority ?? headers.host ?? node.privateIp),
    port,
    userAgent: headers['user-agent'],
    tls: tlsFacts(request.socket, listener),
    connectionId,
  } as const;
  const bytesIn = headBytes(request);
  let rule: RuleConfig | undefined;
  const end = (rest: Pick<AccessEntry, 'status' | 'bytesIn' | 'bytesOut'> & Partial<AccessEntry>) =>
    add({
      ...known,
      endedMs: clock.now(),
      ...(rule ? { rulePriority: rule.priority, action: rule.action.type } : {}),
      ...rest,
    });
  return {
    matched(found) {
      rule = found;
    },
    own: (status, bytesOut, redirectUrl) =>
      end({ status, bytesIn, bytesOut, ...(redirectUrl === undefined ? {} : { redirectUrl }) }),
    forwarded: (group, { address, port: targetPort }, result, traceId) =>
      end({
        ...result,
        bytesIn: bytesIn + result.bytesIn,
        target: { address, port: targetPort },
        targetGroupArn: group.arn,
        traceId,
      }),
  };
}

/**
 * Whether the client asks to be told of its request's way: by a field of its own in the tracing header, which balancers
 * hand on as it is. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
 */
function isTraced(header: string | readonly string[] | undefined): header is string {
  return typeof header === 'string' && header.includes('Orrery=trace');
}

/** Tells, as an event, what an access log would have of the request; undefined for those that nobody traces. */
export function tracedRequest(
  { clock, note }: Pick<NodeHost, 'clock' | 'note'>,
  config: BalancerConfig,
  node: NodeConfig,
  arrival: Omit<Arrival, 'connectionId'>,
): LoggedRequest | undefined {
  const header = arrival.request.headers['x-amzn-trace-id'];
  if (!isTraced(header)) return undefined;
  return gather(clock, config, node, { ...arrival, connectionId: '-' }, (entry) => {
    const { arrivedMs, sentMs, answeredMs, endedMs, timeScale, ...facts } = entry;
    const between = (from: number | undefined, to: number | undefined) =>
      from === undefined || to === undefined ? undefined : Math.max(0, to - from) / timeScale;
    note('request-traced', accessLine(entry), {
      trace: header.slice(0, longestTrace),
      balancer: config.name,
      node: node.zone,
      nodeAddress: node.publicIp ?? node.privateIp,
      port: facts.port,
      rulePriority: facts.rulePriority,
      action: facts.action,
      status: facts.status,
      targetStatus: facts.targetStatus,
      target: facts.target,
      requestMs: between(arrivedMs, sentMs),
      targetMs: between(sentMs, answeredMs),
      responseMs: between(answeredMs, endedMs),
    });
  });
}

/** Characters of the header in an event. */
const longestTrace = 500;

/** Both are told. */
export function both(one: LoggedRequest | undefined, other: LoggedRequest | undefined): LoggedRequest | undefined {
  if (!one || !other) return one ?? other;
  return {
    matched(rule) {
      one.matched(rule);
      other.matched(rule);
    },
    own(...given) {
      one.own(...given);
      other.own(...given);
    },
    forwarded(...given) {
      one.forwarded(...given);
      other.forwarded(...given);
    },
  };
}

function tlsFacts(socket: object, { certificates }: ListenerConfig): TlsFacts | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const serverName = (socket as TLSSocket & { servername?: string | false }).servername || undefined;
  return {
    cipher: socket.getCipher().name,
    protocol: socket.getProtocol() ?? '-',
    serverName,
    certificateArn: certificateFor(certificates, serverName)?.arn,
  };
}
