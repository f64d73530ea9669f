/** A local region in a process of its own, as `orrery up --detach` leaves it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { pause, type Running, start, temporaryFolder } from './processes.ts';

export const main = join(import.meta.dirname, '..', 'dist', 'command', 'main.js');
export const doors = ['--port', '--tls-port', '--http-port', '--aws-port', '--dns-port'];

export type Ports = Readonly<Record<'aws' | 'dns' | 'https' | 'tls' | 'http', number>>;

export interface BenchRegion {
  readonly process: Running;
  readonly ports: Ports;
  /** For clients of the SDK. */
  readonly config: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  createStack(name: string, template: object): Promise<void>;
}

export async function startRegion(): Promise<BenchRegion> {
  const folder = temporaryFolder();
  const child = start(process.execPath, [main, 'region', folder, ...doors.flatMap((door) => [door, '0'])]);
  const { ports } = JSON.parse(await written(child, join(folder, '.orrery', 'region.json'))) as { ports: Ports };
  const config = {
    endpoint: `http://127.0.0.1:${ports.aws}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const stacks = new CloudFormationClient(config);
  return {
    process: child,
    ports,
    config,
    async createStack(StackName, template) {
      await stacks.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(template) }));
      for (;;) {
        const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
        const status = Stacks?.[0]?.StackStatus ?? '';
        if (status === 'CREATE_COMPLETE') return;
        if (!status.endsWith('_IN_PROGRESS')) throw new Error(`the stack ${StackName} ended as ${status}`);
        await pause(100);
      }
    },
  };
}

async function written(child: Running, file: string): Promise<string> {
  let over = false;
  void child.ended.then(() => {
    over = true;
  });
  for (;;) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text.endsWith('}\n')) return text;
    } catch {
      // Not yet.
    }
    if (over) throw new Error(`the region ended:\n${child.output()}`);
    await pause(10);
  }
}
