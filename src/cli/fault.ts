/** `orrery fault`: breaks something of a running region for a while. The region itself says what it makes of the request. */
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import type { FaultView } from '../region/faults.ts';
import { appDir } from './app.ts';
import { line, paint, table } from './print.ts';
import { endpointOf, findRunning } from './running.ts';

interface Options {
  readonly dir: string;
  readonly json?: boolean;
  readonly for?: string;
}

interface Asked {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly id?: string;
  readonly body?: Readonly<Record<string, string | undefined>>;
}

export function faultCommand(program: Command): void {
  const fault = program.command('fault').description('break something of the running region for a while');
  const command = (name: string, description: string) =>
    fault
      .command(name)
      .description(description)
      .option('--dir <dir>', "the app's folder", '.')
      .option('--json', 'for programs');
  const begins = (name: string, description: string) =>
    command(name, description).option('--for <duration>', 'how long, in model time: 30s, 10m', '5m');

  begins('zone <zone>', 'cut a zone off: no packet passes, its machines die, none can be launched').action(
    (target: string, options: Options) => begin(options, { kind: 'zone', target }),
  );
  begins('instance <id>', 'let a machine die, as when its hardware fails').action((target: string, options: Options) =>
    begin(options, { kind: 'instance', target }),
  );
  begins('nat [id]', 'let NAT gateways carry nothing: one, those of a zone, or all').action(
    (target: string | undefined, options: Options) => begin(options, { kind: 'nat', target }),
  );
  begins('health <instance>', 'let a machine answer health checks with 503, and nothing else').action(
    (target: string, options: Options) => begin(options, { kind: 'health', target }),
  );
  begins('latency <target> <delay>', 'slow a machine or a zone down, by so much each way: 200ms').action(
    (target: string, delay: string, options: Options) => begin(options, { kind: 'latency', target, delay }),
  );
  begins('endpoint <service>', 'let the VPC endpoints of a service (s3, logs), or one by its id, carry nothing').action(
    (target: string, options: Options) => begin(options, { kind: 'endpoint', target }),
  );
  command('list', 'the faults that last').action(async (options: Options) => {
    const { faults } = await ask<{ faults: FaultView[] }>(options, { method: 'GET' });
    if (options.json) line(JSON.stringify(faults, null, 2));
    else
      line(
        faults.length === 0 ? 'No fault lasts.' : table(faults.map((one) => [one.id, `until ${one.ends}`, one.text])),
      );
  });
  command('clear [fault]', 'end a fault, or all of them').action(async (id: string | undefined, options: Options) => {
    const asked = { method: 'DELETE', ...(id === undefined ? {} : { id }) } as const;
    const { faults } = await ask<{ faults: FaultView[] }>(options, asked);
    if (options.json) line(JSON.stringify(faults, null, 2));
    else
      line(faults.length === 0 ? 'No fault lasts.' : faults.map((one) => `${one.id} is over: ${one.text}`).join('\n'));
  });
}

async function begin(options: Options, body: NonNullable<Asked['body']>): Promise<void> {
  const view = await ask<FaultView>(options, { method: 'POST', body: { ...body, for: options.for } });
  if (options.json) line(JSON.stringify(view, null, 2));
  else line(`${paint.bold(view.id)}  ${view.text}, until ${view.ends}\nEnd it: orrery fault clear ${view.id}`);
}

async function ask<A>({ dir }: Options, { method, id, body }: Asked): Promise<A> {
  const running = await findRunning(appDir(dir));
  if (!running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
  const path = id === undefined ? '/_orrery/faults' : `/_orrery/faults/${encodeURIComponent(id)}`;
  const answer = await fetch(`${endpointOf(running)}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const said = (await answer.json()) as A & { readonly message?: string };
  if (!answer.ok) throw new UserError(said.message ?? `The region answered ${answer.status}.`);
  return said;
}
