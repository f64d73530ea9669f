/**
 * `cfn-init` and `cfn-signal`. They call CloudFormation over the network like everything else, but are known to it by
 * the instance's identity, not by credentials.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-helper-scripts-reference.html
 */
import { runInit } from './cfn-init.ts';
import { endpointName } from './endpoint-name.ts';
import { BootError, NotModelled, SignalUnheard } from './errors.ts';
import type { Guest } from './guest.ts';
import type { CommandCall, CommandResult } from './shell.ts';

const flags: Readonly<Record<string, string>> = {
  '-s': 'stack',
  '--stack': 'stack',
  '-r': 'resource',
  '--resource': 'resource',
  '--region': 'region',
  '-c': 'configsets',
  '--configsets': 'configsets',
  '-e': 'exit-code',
  '--exit-code': 'exit-code',
  '-i': 'id',
  '--id': 'id',
};

interface Options {
  readonly values: ReadonlyMap<string, string>;
  readonly verbose: boolean;
}

/** `-s X`, `--stack X` and `--stack=X`. `-s` and `-r` of cfn-signal are `--success` and `--reason`. */
function read({ name, args }: CommandCall, short: Readonly<Record<string, string>>): Options {
  const values = new Map<string, string>();
  let verbose = false;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const [flag = '', inline] = arg.startsWith('--') ? splitOnce(arg) : [arg];
    if (flag === '-v' || flag === '--verbose') {
      verbose = true;
      continue;
    }
    const key = short[flag] ?? flags[flag];
    if (key === undefined) throw new NotModelled(`not modelled: ${name} ${arg}`);
    const value = inline ?? args[++index];
    if (value === undefined) throw new BootError(`${flag} needs a value`);
    values.set(key, value);
  }
  return { values, verbose };
}

function splitOnce(arg: string): [string, string | undefined] {
  const equals = arg.indexOf('=');
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

/** Asks for the way to CloudFormation; the reason when there is none. */
async function reachCloudFormation(guest: Guest, region: string): Promise<void> {
  await guest.egress.way(endpointName('cloudformation', region), 443);
}

function stackAndResource({ values }: Options, guest: Guest): { stack: string; resource: string; region: string } {
  const stack = values.get('stack');
  const resource = values.get('resource');
  if (stack === undefined || resource === undefined)
    throw new BootError('Error: You must specify --stack and --resource');
  const region = values.get('region') ?? guest.spec.region;
  if (region !== guest.spec.region) throw new NotModelled(`not modelled: a stack of another region (${region})`);
  return { stack, resource, region };
}

export async function cfnInitProgram(call: CommandCall): Promise<CommandResult> {
  const { guest } = call;
  const options = read(call, {});
  const { stack, resource, region } = stackAndResource(options, guest);
  await reachCloudFormation(guest, region);
  const { metadata } = await guest.host.describeStackResource(guest.spec, stack, resource);
  const sets = (options.values.get('configsets') ?? 'default').split(',');
  await runInit(guest, metadata, sets).catch((error: unknown) => {
    if (!(error instanceof NotModelled)) throw error;
    const what = error.message.replace(/^not modelled: /, '');
    throw new NotModelled(`not modelled: AWS::CloudFormation::Init of ${resource}: ${what}`);
  });
  return { status: 0 };
}

export async function cfnSignalProgram(call: CommandCall): Promise<CommandResult> {
  const { guest } = call;
  const options = read(call, { '-s': 'success', '--success': 'success', '-r': 'reason', '--reason': 'reason' });
  const { values } = options;
  const { stack, resource, region } = stackAndResource(options, guest);
  const success = values.get('success');
  const code = values.get('exit-code');
  if (success !== undefined && code !== undefined)
    throw new BootError('Error: --success and --exit-code exclude each other');
  const worked = code === undefined ? success !== 'false' : Number(code) === 0;
  const given = values.get('reason');
  // cfn-signal's own text when it is given only an exit code.
  const reason = given ?? (worked || code === undefined ? undefined : `cfn-signal: exit code ${code}`);
  await reachCloudFormation(guest, region);
  const status = worked ? 'SUCCESS' : 'FAILURE';
  try {
    await guest.host.signalResource(guest.spec, stack, resource, status, reasonWithCause(guest, worked, reason));
  } catch (error) {
    if (!(error instanceof SignalUnheard)) throw error;
    // So it is with each machine of a group whose stack is complete:
    // https://github.com/aws-cloudformation/aws-cloudformation-templates/issues/126
    return { status: 1, stderr: `ValidationError: ${error.message}\n`, unheard: status };
  }
  guest.signals.sent++;
  if (!worked) guest.signals.sentFailure = true;
  return { status: 0 };
}

/** A failure without a reason of its own brings the error that came before it: it is what everybody looks for. */
function reasonWithCause(guest: Guest, worked: boolean, reason: string | undefined): string | undefined {
  if (worked) return reason;
  const words = guest.console.lastWords();
  const parts = [reason, guest.signals.lastError, words === '' ? undefined : `last written by its services: ${words}`];
  return (
    parts
      .filter((part) => part !== undefined)
      .join(': ')
      .slice(0, 1000) || undefined
  );
}
