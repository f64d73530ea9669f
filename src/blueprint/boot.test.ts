/** What the template says of the boot, carried out by the machines of the model: real processes on a modelled network. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Machine, Machines } from '../region/machines/machine.ts';
import { until } from '../region/machines/machines.suite.ts';
import { processMachines } from '../region/machines/process-driver.ts';
import { releaseZip, type TestHost, testHost, testSpec } from '../region/machines/test-host.suite.ts';
import { unmodelledUserData } from '../region/machines/user-data.ts';
import type { ConfigInput } from './config.ts';
import { synthesise } from './synthesise.ts';

let host: TestHost;
let machines: Machines;

beforeEach(() => {
  host = testHost();
  machines = processMachines(host);
});
afterEach(async () => {
  await machines.close();
  await host.dispose();
});

/** What the engine makes of the functions that the boot uses. */
function resolved(value: unknown, refs: Readonly<Record<string, string>>, yes: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(item, refs, yes)).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, argument] = ['', undefined]] = Object.entries(value);
  if (key === 'Ref') return argument === 'AWS::NoValue' ? undefined : refs[String(argument)];
  if (key === 'Fn::If' && Array.isArray(argument))
    return resolved(argument[yes.has(String(argument[0])) ? 1 : 2], refs, yes);
  if (key === 'Fn::Base64') return resolved(argument, refs, yes);
  if (key === 'Fn::Sub') {
    const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
    const names = { ...refs, ...(resolved(own, refs, yes) as Record<string, string>) };
    return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_all, literal, name) =>
      literal ? `\${${name}}` : (names[name] ?? ''),
    );
  }
  const entries = Object.entries(value).map(([name, item]) => [name, resolved(item, refs, yes)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

async function boot(config: ConfigInput, yes: readonly string[]): Promise<Machine> {
  const refs = {
    'AWS::StackName': 'app',
    'AWS::Region': 'us-east-1',
    'AWS::URLSuffix': 'amazonaws.com',
    ReleaseBucket: 'releases',
    ReleaseKey: 'app/1.zip',
    DomainName: 'myapp.com',
    SpaOrigin: '',
    DataBucket: 'app-data',
    ApiLogs: 'app-logs',
    MachineRole: 'app-role',
  };
  const template = synthesise(config).template.Resources.ApiTemplate;
  const { LaunchTemplateData } = (template?.Properties ?? {}) as { LaunchTemplateData: { UserData: unknown } };
  const userData = String(resolved(LaunchTemplateData.UserData, refs, new Set(yes)));
  expect(unmodelledUserData(userData)).toEqual([]);
  host.metadata.set('ApiTemplate', resolved(template?.Metadata, refs, new Set(yes)) as Record<string, unknown>);
  const machine = machines.launch(testSpec({ userData }));
  await until(() => machine.boot.status !== 'running');
  return machine;
}

const place = (machine: Machine, path: string) => join(host.machinesDir, machine.spec.instanceId, 'root', path);

/** Without NAT the API's own endpoints are not needed for its answer. */
const server = `require('node:http').createServer((request, response) => {
  const { PORT, DATA_BUCKET, ALLOWED_ORIGIN, AWS_REGION, LOG_GROUP, GREETING } = process.env;
  response.writeHead(request.url === '/health' ? 200 : 404);
  response.end(JSON.stringify({ PORT, DATA_BUCKET, ALLOWED_ORIGIN, AWS_REGION, LOG_GROUP, GREETING }));
  console.log(request.url, process.env.GREETING, process.env.ALLOWED_ORIGIN, process.env.DATA_BUCKET);
}).listen(process.env.PORT);`;

describe('the boot', () => {
  it('without a release ends with the placeholder answering', async () => {
    const machine = await boot({ name: 'app' }, []);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(host.signals.map(({ status }) => status)).toEqual(['SUCCESS']);
    expect(readFileSync(place(machine, '/opt/api/server.js'), 'utf8')).toContain('Nothing is released here yet.');
  });

  it('with a release ends when that is healthy, and gives it its settings', async () => {
    host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': server }));
    const environment = { GREETING: 'he said "hi" to ${you} \\o/' };
    const machine = await boot({ name: 'app', domain: 'myapp.com', api: { environment } }, ['HasRelease', 'HasDomain']);
    expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
    expect(readFileSync(place(machine, '/var/log/api.log'), 'utf8')).toContain(
      `/health ${environment.GREETING} https://myapp.com app-data\n`,
    );
    expect(existsSync(place(machine, '/etc/systemd/system/api.service'))).toBe(true);
  });

  it('fails with the reason when there is no release where it should be', async () => {
    const machine = await boot({ name: 'app' }, ['HasRelease']);
    expect(machine.boot.status).toBe('failed');
    expect(host.signals).toEqual([
      expect.objectContaining({ status: 'FAILURE', reason: expect.stringContaining('NoSuchKey') }),
    ]);
  });
});
