/** `orrery trace --live`: the running stack, and a real request through it. */
import { DescribeStacksCommand, GetTemplateCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { UserError } from '../delivery/user-error.ts';
import { followLive } from '../insight/trace/live.ts';
import { requestOf } from '../insight/trace/request.ts';
import { TraceError, type TraceResult } from '../insight/trace/result.ts';
import { type TraceRequest, traceTemplate } from '../insight/trace/trace.ts';
import { realClock } from '../region/clock/clock.ts';
import { secureRandom } from '../region/clock/random.ts';
import { parseTemplate } from '../region/template.ts';
import { appDir } from './app.ts';
import { readEvents } from './region-events.ts';
import { findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

interface RunningStack {
  readonly name: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The journey by the template that runs, and the request as it went. */
export async function traceRunning(given: string, asked: TraceRequest): Promise<TraceResult> {
  const request = requestOf(asked.url, asked.method);
  if (asked.from !== undefined && asked.from !== 'internet')
    throw new UserError('A real request can only come from outside.', 'Leave out --from, or --live.');
  const running = await findRunning(appDir(given));
  if (!running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
  let unknown: TraceError | undefined;
  for (const stack of await stacksOf(running)) {
    const url = withoutDoor(localUrl(request, stack), running);
    try {
      const { template, parameters, name } = stack;
      const { region } = running;
      const result = await traceTemplate(
        { template, parameters, name: `the stack ${name}`, region },
        { ...asked, url },
      );
      return { ...result, live: await follow(running, url, asked.method) };
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      unknown ??= error;
    }
  }
  throw unknown ?? new UserError('No stack runs in this region.', 'Deliver the app: orrery up');
}

async function stacksOf(running: RunningRegion): Promise<RunningStack[]> {
  const { cloudFormation } = targetOf(running);
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
  const standing = Stacks.filter(({ StackStatus = '' }) => !StackStatus.startsWith('DELETE'));
  return Promise.all(
    standing.map(async ({ StackName = '', Parameters = [] }: Stack) => {
      const { TemplateBody = '' } = await cloudFormation.send(new GetTemplateCommand({ StackName }));
      const parameters = Object.fromEntries(
        Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue]),
      );
      return { name: StackName, template: TemplateBody, parameters };
    }),
  );
}

/** `myapp.com` is `myapp.localhost` here: a parameter whose default is the one has the other as its value. */
function localUrl({ url, host, kind }: ReturnType<typeof requestOf>, { template, parameters }: RunningStack): string {
  if (kind !== 'web') return url;
  const found = Object.entries(parseTemplate(template).parameters).flatMap(([name, definition]) => {
    const [before, after = ''] = [String((definition as { Default?: unknown }).Default ?? ''), parameters[name]];
    return before.includes('.') && after !== before && (host === before || host.endsWith(`.${before}`))
      ? [[before, after] as const]
      : [];
  });
  const [pair] = found;
  if (!pair || pair[1] === '') return url;
  const there = new URL(url);
  there.hostname = `${host.slice(0, host.length - pair[0].length)}${pair[1]}`;
  return there.href;
}

/** The ports that `orrery up` tells of stand for 443 and 80, on which the model listens. */
function withoutDoor(url: string, { ports }: RunningRegion): string {
  if (!URL.canParse(url)) return url;
  const there = new URL(url);
  const port = Number(there.port);
  if (port === 0 || ![ports.https, ports.tls, ports.http].includes(port)) return url;
  there.port = '';
  return there.href.replace(/^https?/, port === ports.http ? 'http' : 'https');
}

async function follow(running: RunningRegion, url: string, method: string | undefined) {
  const clock = realClock();
  const { ec2 } = targetOf(running);
  try {
    return await followLive(requestOf(url, method), {
      clock,
      random: secureRandom(),
      ports: running.ports,
      events: (each, signal) => readEvents(running, true, each, signal),
      async machineAt(address) {
        const Filters = [{ Name: 'private-ip-address', Values: [address] }];
        const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
        const [one] = Reservations.flatMap(({ Instances = [] }) => Instances);
        if (one?.InstanceId === undefined) return undefined;
        const group = one.Tags?.find(({ Key }) => Key === 'aws:cloudformation:logical-id')?.Value;
        const name = group === undefined ? one.InstanceId : `${group} ${one.InstanceId}`;
        return { name, zone: one.Placement?.AvailabilityZone ?? '' };
      },
    });
  } finally {
    clock.stop();
  }
}
