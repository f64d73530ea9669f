/** What calibration finds of an app whose times are known, at a region whose control loops run faster. */
import { afterEach, expect, test } from 'vitest';
import { type CalibrationOptions, calibrate } from '../src/insight/simulate/calibrate.ts';
import { realClock } from '../src/region/clock/clock.ts';
import { groupTemplate } from './group-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

const timeScale = 60;
const [serviceMs, concurrency] = [100, 4];
/** Waits, and works on no more than so many at once. */
const server = `const { createServer } = require('node:http');
let free = ${concurrency};
const waiting = [];
const serve = (response) => setTimeout(() => {
  response.end('x');
  const next = waiting.shift();
  if (next) serve(next);
  else free++;
}, ${serviceMs});
createServer((request, response) => {
  if (request.url === '/health') return response.end();
  if (request.url === '/missing') return response.writeHead(404).end();
  if (free > 0) { free--; serve(response); } else waiting.push(response);
}).listen(8080);
`;

const host = 'api.calibrate.localhost';
let tested: TestedRegion | undefined;
afterEach(async () => {
  await tested?.close();
  tested = undefined;
});

test('service time and concurrency within a quarter, and the boot by when the balancer found it healthy', async () => {
  tested = await startRegion({ timeScale });
  const { region, config, create, get, eventTexts } = tested;
  const { clock } = region.scope;
  // Checks come sixty times as often as on AWS: they shall not take the app's time.
  const { Resources } = groupTemplate({
    host,
    server,
    count: 1,
    group: { MinSize: '1', MaxSize: '1', HealthCheckType: 'EC2', DefaultInstanceWarmup: 180 },
    launch: { InstanceType: 't2.micro', Monitoring: { Enabled: true } },
  });
  const Targets = {
    ...Resources.Targets,
    Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    Properties: { ...(Resources.Targets?.Properties as object), HealthCheckPath: '/health' },
  };
  expect(await create('api', { Resources: { ...Resources, Targets } })).toBe('CREATE_COMPLETE');
  await eventually(
    () => get(host),
    ({ status }) => status === 200,
  );
  const [healthy] = await eventually(
    () => region.events.recent().filter(({ kind }) => kind === 'target-healthy'),
    (found) => found.length > 0,
  );
  const steps: string[] = [];
  const options: CalibrationOptions = {
    origin: `http://127.0.0.1:${region.ports.http}`,
    host,
    path: '/',
    client: config,
    stack: 'api',
    timeScale,
    nowMs: () => clock.now(),
    healthyMs: new Map([[String(healthy?.data?.target), healthy?.atMs ?? 0]]),
    sinceMs: region.events.recent()[0]?.atMs ?? 0,
    onStep: (text) => void steps.push(text),
  };
  const real = realClock();
  const app = await calibrate(options, real);
  expect(app.serviceMs).toBeGreaterThan(0.95 * serviceMs);
  expect(app.serviceMs).toBeLessThan(1.25 * serviceMs);
  expect(app.serviceVariation).toBeLessThan(0.5);
  expect(app.concurrency).toBe(concurrency);
  // It mostly waits.
  expect(app.cpuMs).toBeLessThan(0.25 * serviceMs);
  expect(app.bootSeconds).toBeGreaterThan(1);
  expect(steps).toEqual([
    // The stack has just been made.
    expect.stringMatching(/^Waiting for the next minute of the model: CloudWatch has no CPUUtilization of .* yet$/),
    ...['One request of / at a time', '64 at a time, for 2 s', 'Waiting for the metrics'],
  ]);
  // As after a restart of the region: its machines are found healthy anew.
  expect((await calibrate({ ...options, sinceMs: clock.now() }, real)).bootSeconds).toBe(60);
  expect(steps.at(-1)).toBe('No launch since the region began: a boot is taken for 60 s');
  await expect(calibrate({ ...options, path: '/missing' }, real)).rejects.toThrow('give a path that works with --path');
  await expect(calibrate({ ...options, stack: 'other' }, real)).rejects.toThrow();
  expect(eventTexts('internal-failure')).toEqual([]);
  real.stop();
}, 60_000);
