/** Questions per second to the DNS server, over UDP. */
import { createSocket } from 'node:dgram';
import { encode } from 'dns-packet';
import { webTemplate } from '../tests/web-template.ts';
import { type Load, middle } from './load.ts';
import { startRegion } from './region.ts';
import { loadText, perSecond, type Result, type Settings } from './result.ts';

const outstanding = 64;

export async function dns({ seconds, times }: Settings): Promise<Result> {
  const region = await startRegion();
  await region.createStack('web', webTemplate);
  const questions = { 'alias of a distribution': 'web.localhost', 'name that is not there': 'nobody.web.localhost' };
  const rows: Result['rows'][number][] = [];
  for (const [what, name] of Object.entries(questions)) {
    await ask(region.ports.dns, name, 1);
    const runs: Load[] = [];
    for (let i = 0; i < times; i++) runs.push(await ask(region.ports.dns, name, seconds));
    const found = middle(runs);
    rows.push({ who: 'Orrery', what, value: perSecond(found.requestsPerSecond), more: loadText(found) });
  }
  await region.process.end();
  const how = `A questions over UDP from one socket, ${outstanding} at a time. The asker is a Node process and takes its share of the time.`;
  return { title: 'DNS', how, rows, aims: [], missing: [] };
}

function ask(port: number, name: string, seconds: number): Promise<Load> {
  const question = encode({ type: 'query', id: 0, flags: 0x100, questions: [{ type: 'A', name }] });
  const socket = createSocket('udp4');
  const sentMs = new Float64Array(outstanding);
  const took: number[] = [];
  return new Promise((resolve, reject) => {
    const beganMs = performance.now();
    const send = (id: number) => {
      const packet = Buffer.from(question);
      packet.writeUInt16BE(id);
      sentMs[id] = performance.now();
      socket.send(packet, port, '127.0.0.1');
    };
    socket.on('error', reject);
    socket.on('message', (answer) => {
      const id = answer.readUInt16BE();
      const nowMs = performance.now();
      took.push(nowMs - (sentMs[id] ?? nowMs));
      if (nowMs - beganMs < seconds * 1000) {
        send(id);
        return;
      }
      socket.close();
      took.sort((a, b) => a - b);
      const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
      resolve({ requestsPerSecond: (took.length / (nowMs - beganMs)) * 1000, p50: at(0.5), p99: at(0.99) });
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let id = 0; id < outstanding; id++) send(id);
    });
  });
}
