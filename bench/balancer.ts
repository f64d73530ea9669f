/** Requests per second through the load balancer, nginx and HAProxy, each with one process before the same Node server. */
import { request } from 'node:http';
import { apiServer, apiTemplate } from '../tests/api-template.ts';
import { type Repeated, repeated, wrk } from './load.ts';
import { pause } from './processes.ts';
import { startRegion } from './region.ts';
import { loadText, perSecond, type Result, type Row, ratio, type Settings } from './result.ts';
import { haproxy, nginx, nodeServer } from './servers.ts';

const host = 'api.try.localhost';

export async function balancer(settings: Settings): Promise<Result> {
  const how =
    'GET of a short answer over 32 kept connections. Orrery: front door, network verdict, load balancer node, machine. The ' +
    'others: one worker, kept connections to the same server.';
  if (!wrk) return { title: 'Load balancer', how, rows: [], aims: [], missing: ['wrk: apt install wrk'] };
  const found = new Map<string, Repeated>();
  const region = await startRegion();
  await region.createStack('api', apiTemplate);
  await answers(region.ports.http);
  found.set(
    'Orrery',
    await repeated({ url: `http://127.0.0.1:${region.ports.http}/`, headers: { Host: host } }, settings),
  );
  await region.process.end();

  const upstream = await nodeServer(apiServer);
  found.set('Node, nothing before it', await repeated({ url: `${upstream.url}/` }, settings));
  const missing: string[] = [];
  for (const [name, begin] of [
    ['nginx', () => nginx(upstream.port, false)],
    ['HAProxy', () => haproxy(upstream.port)],
  ] as const) {
    const server = await begin();
    if (!server) missing.push(`${name}: apt install ${name.toLowerCase()}`);
    else found.set(name, await repeated({ url: `${server.url}/`, headers: { Host: host } }, settings));
    await server?.end();
  }
  await upstream.end();

  const own = found.get('Orrery')?.requestsPerSecond ?? Number.NaN;
  const ofNginx = found.get('nginx')?.requestsPerSecond;
  return {
    title: 'Load balancer',
    how,
    rows: [...found].map(
      ([who, load]): Row => ({
        who,
        what: 'requests',
        value: perSecond(load.requestsPerSecond),
        more: `${loadText(load)}${who === 'Orrery' ? '' : `; Orrery is ${ratio(own, load.requestsPerSecond)}`}`,
      }),
    ),
    aims:
      ofNginx === undefined
        ? []
        : [{ aim: 'no slower than half of nginx', measured: ratio(own, ofNginx), met: own >= ofNginx / 2 }],
    missing,
  };
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const status = await new Promise<number>((resolve) => {
      const asked = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', () => resolve(0)).end();
    });
    if (status === 200) return;
    await pause(100);
  }
}
