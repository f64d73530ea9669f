/**
 * Where an instance's AWS calls come in. The call's own signature says which service of which region it is for; the
 * name of that service's endpoint is resolved as in the VPC and the way there asked of the network, before the region's
 * endpoint sees the request, together with the way it took.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { formatAddress } from '../network/address.ts';
import { delayOf } from '../network/faults.ts';
import type { RoundTrip } from '../network/verdict.ts';
import type { Egress } from './egress.ts';
import { endpointName } from './endpoint-name.ts';
import { messageOf } from './errors.ts';
import type { MachineHost, MachineSpec, MachineVia } from './machine.ts';
import type { TrafficCount } from './traffic-count.ts';

/** The server is not listening yet. */
export function awsEndpoint(host: MachineHost, spec: MachineSpec, egress: Egress, traffic: TrafficCount): Server {
  const counted = new WeakMap<Socket, { in: number; out: number }>();
  const calls = callConnections(host);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { service, region } = targetOf(request, spec.region);
    const name = endpointName(service, region);
    let verdict: RoundTrip;
    try {
      ({ verdict } = await egress.waitForWay(name, 443, gone.signal));
    } catch (error) {
      // What a client sees of packets that vanish: no answer, in the end no connection.
      if (!gone.signal.aborted) host.note('aws-call-failed', `${spec.instanceId}: ${name}: ${messageOf(error)}`);
      socket.destroy();
      return;
    }
    const delayMs = delayOf(host.fabric.world(), verdict);
    if (delayMs > 0) await host.clock.sleep(2 * delayMs * host.clock.scale, gone.signal).catch(() => {});
    const via = viaOf(spec, verdict);
    const connection = calls(socket, verdict);
    response.once('close', () => {
      const before = counted.get(socket) ?? { in: 0, out: 0 };
      const now = { in: socket.bytesWritten, out: socket.bytesRead };
      counted.set(socket, now);
      const bytesIn = now.in - before.in;
      const bytesOut = now.out - before.out;
      traffic.add(bytesIn, bytesOut);
      connection.sent += bytesOut;
      connection.received += bytesIn;
    });
    if (!gone.signal.aborted) host.serveAws(request, response, via);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      host.note('aws-call-failed', `${spec.instanceId}: ${messageOf(error)}`);
      request.socket.destroy();
    });
  });
  // Uploads take what they take, and clients keep their connections for long.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 120_000;
  return server;
}

interface CallConnection {
  readonly verdict: RoundTrip;
  sent: number;
  received: number;
  end(): void;
}

/**
 * A client's connection to this endpoint stands for one to the address of each service that it calls through it: the
 * fabric counts those as it counts any other.
 */
function callConnections(host: MachineHost): (socket: Socket, verdict: RoundTrip) => CallConnection {
  const open = new WeakMap<Socket, Map<string, CallConnection>>();
  return (socket, verdict) => {
    let ofSocket = open.get(socket);
    if (!ofSocket) {
      const made = new Map<string, CallConnection>();
      open.set(socket, made);
      socket.once('close', () => {
        // After the last answer's own `close`, which counts it.
        queueMicrotask(() => {
          for (const one of made.values()) one.end();
        });
      });
      ofSocket = made;
    }
    const to = formatAddress(verdict.forward.sent.destination.address);
    const known = ofSocket.get(to);
    // The same way as before: the same connection.
    if (known && JSON.stringify(known.verdict.via) === JSON.stringify(verdict.via)) return known;
    known?.end();
    const made: CallConnection = { verdict, sent: 0, received: 0, end: host.fabric.carry(verdict, () => made) };
    ofSocket.set(to, made);
    return made;
  };
}

function viaOf(spec: MachineSpec, verdict: RoundTrip): MachineVia {
  const { via, forward } = verdict;
  const base = {
    sourceIp: formatAddress(forward.source.address),
    vpcId: spec.vpcId,
    instanceId: spec.instanceId,
  };
  if (via?.kind === 'gatewayEndpoint' || via?.kind === 'interfaceEndpoint') return { ...base, vpcEndpointId: via.id };
  return via?.kind === 'nat' ? { ...base, natGatewayId: via.id } : base;
}

const scopePattern = /(?:^|[ ,=])[^/ ,=]+\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request/;

/** Which service's endpoint a request would have gone to, had it not been sent here. */
export function targetOf(request: IncomingMessage, ownRegion: string): { service: string; region: string } {
  const { authorization } = request.headers;
  const query = new URL(request.url ?? '/', 'http://endpoint').searchParams;
  const credential = query.get('X-Amz-Credential') ?? credentialOf(authorization);
  const scope = credential === undefined ? null : scopePattern.exec(credential);
  if (scope?.[1] && scope[2]) return { region: scope[1], service: signedAs(scope[2]) };
  // Unsigned: what has a target or a form is not S3.
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const [prefix = ''] = target.split(/[_.]/);
    return { service: prefix.toLowerCase(), region: ownRegion };
  }
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  return { service: form || query.get('Action')?.startsWith('AssumeRoleWith') ? 'sts' : 's3', region: ownRegion };
}

function credentialOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /Credential=([^, ]+)/.exec(authorization)?.[1];
}

/** Signing names that are not the endpoint's first label. */
function signedAs(service: string): string {
  return service === 's3express' || service === 's3-object-lambda' ? 's3' : service;
}
