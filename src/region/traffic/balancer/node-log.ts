/** What one node writes into its balancer's access log: facts are gathered as a request goes on. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Peer } from '../fabric.ts';
import { certificateFor } from '../local-listener.ts';
import { type AccessEntry, AccessLogFile, type TlsFacts } from './access-log.ts';
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
  arrived(
    listener: ListenerConfig,
    request: IncomingMessage & { readonly method: string; readonly url: string },
    client: Peer,
    isWebSocket: boolean,
  ): LoggedRequest;
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
        connectionId: connectionId(request.socket),
      } as const;
      const bytesIn = headBytes(request);
      let rule: RuleConfig | undefined;
      underWay++;
      const add = (rest: Pick<AccessEntry, 'status' | 'bytesIn' | 'bytesOut'> & Partial<AccessEntry>) => {
        file.add({
          ...known,
          endedMs: clock.now(),
          ...(rule ? { rulePriority: rule.priority, action: rule.action.type } : {}),
          ...rest,
        });
        underWay--;
        if (retired && underWay === 0) file.flush();
      };
      return {
        matched(found) {
          rule = found;
        },
        own: (status, bytesOut, redirectUrl) =>
          add({ status, bytesIn, bytesOut, ...(redirectUrl === undefined ? {} : { redirectUrl }) }),
        forwarded: (group, { address, port: targetPort }, result, traceId) =>
          add({
            ...result,
            bytesIn: bytesIn + result.bytesIn,
            target: { address, port: targetPort },
            targetGroupArn: group.arn,
            traceId,
          }),
      };
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
